"""Systems run in their order until nothing is left to do."""

from dataclasses import dataclass

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.config import WorldConfig, WorldContext
from dam.core.ecs.rows import mark
from dam.core.scheduling.report import RunReport
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, system
from dam.core.systems.params import MarkedEntityList, Resource, WorldReader, WorldSession
from dam.core.world import World
from dam.errors import ExitCode, NotSettledError
from dam.models import (
    ImageDimensionsComponent,
    NeedsContentAnalysisComponent,
    NeedsMetadataExtractionComponent,
)
from tests.core.worlds import (
    OpenWorld,
    builder_of,
    marked,
    new_entities,
    rows_of,
    size,
    widths,
)

Describe = NeedsMetadataExtractionComponent
Analyse = NeedsContentAnalysisComponent


@system(stage=SystemStage.METADATA_EXTRACTION, batch_size=2)
async def describe(assets: MarkedEntityList[Describe], commands: Commands) -> None:
    for asset in assets:
        commands.set(asset, size(len(assets)))
        commands.mark(asset, Analyse)


@system(stage=SystemStage.CONTENT_ANALYSIS)
async def analyse(
    assets: MarkedEntityList[Analyse], commands: Commands, reader: WorldReader
) -> None:
    known = await reader.run(widths)
    for asset in assets:
        commands.set(asset, size(known[asset] * 10))


async def test_stages_follow_each_other_until_nothing_is_pending(open_world: OpenWorld) -> None:
    async with open_world(analyse, describe) as world:
        ids = await world.run(new_entities, 5, Describe)
        report = await world.scheduler.run_until_idle()
        assert await world.read(widths) == dict(zip(ids, [20, 20, 20, 20, 10], strict=True))
        assert await world.read(marked, Describe) == []
        assert await world.read(marked, Analyse) == []
    assert report == RunReport(processed=report.processed, failed=0)
    assert report.processed == {"describe": 5, "analyse": 5}


async def test_a_stage_alone_leaves_the_next_ones_work(open_world: OpenWorld) -> None:
    async with open_world(describe, analyse) as world:
        ids = await world.run(new_entities, 3, Describe)
        report = await world.scheduler.execute_stage(SystemStage.METADATA_EXTRACTION)
        assert await world.read(marked, Analyse) == ids
        await world.scheduler.run_until_idle([SystemStage.METADATA_EXTRACTION])
        assert await world.read(marked, Analyse) == ids
    assert report.processed == {"describe": 3}


async def test_a_stage_goes_on_until_nothing_of_it_is_left(open_world: OpenWorld) -> None:
    stage = SystemStage.POST_PROCESSING
    order = []

    @system(stage=stage)
    async def first(_assets: MarkedEntityList[Describe]) -> None:
        order.append("first")

    @system(stage=stage, after=[first])
    async def second(assets: MarkedEntityList[Analyse], commands: Commands) -> None:
        order.append("second")
        for asset in assets:
            commands.mark(asset, Describe)

    @system(stage=stage)
    async def unmarked() -> None:
        order.append("unmarked")

    async with open_world(second, first, unmarked) as world:
        await world.run(new_entities, 2, Analyse)
        await world.scheduler.execute_stage(stage)
        assert await world.read(marked, Describe) == []
    assert order == ["unmarked", "second", "first"]


async def test_after_is_kept_at_run_time(open_world: OpenWorld) -> None:
    order = []

    @system(stage=SystemStage.POST_PROCESSING)
    async def first(_commands: Commands) -> None:
        order.append("first")

    @system(stage=SystemStage.POST_PROCESSING, after=[first])
    async def second(_session: WorldSession) -> None:
        order.append("second")

    @system(stage=SystemStage.ASSET_INGESTION)
    async def early() -> None:
        order.append("early")

    async with open_world(second, first, early) as world:
        report = await world.scheduler.run_until_idle()
    assert order == ["early", "first", "second"]
    assert report.processed == {"early": 0, "first": 0, "second": 0}


async def test_a_system_that_is_switched_off_is_skipped(open_world: OpenWorld) -> None:
    def wants_sha1(config: WorldConfig) -> bool:
        return "sha1" in config.extra_digests

    @system(stage=SystemStage.METADATA_EXTRACTION, run_if=wants_sha1)
    async def digest(assets: MarkedEntityList[Describe], commands: Commands) -> None:
        for asset in assets:
            commands.set(asset, size(1))

    async with open_world(digest) as world:
        ids = await world.run(new_entities, 2, Describe)
        assert (await world.scheduler.run_until_idle()).processed == {}
        assert await world.read(marked, Describe) == ids
    async with open_world(digest, extra_digests=frozenset({"sha1"})) as world:
        assert (await world.scheduler.run_until_idle()).processed == {"digest": 2}


async def test_a_system_gets_what_its_signature_asks_for(database_url: str) -> None:
    @dataclass(frozen=True)
    class Store:
        name: str

    got: list[object] = []

    @system(stage=SystemStage.POST_PROCESSING)
    async def asks(
        context: WorldContext, config: WorldConfig, store: Resource[Store], reader: WorldReader
    ) -> None:
        got.extend([context.world_name, config.workers, store, await reader.run(widths)])

    builder = builder_of(database_url, asks, workers=3)
    builder.add_resource(Store, lambda _: Store("mine"))
    world = await builder.build()
    await world.scheduler.run_until_idle()
    await world.close()
    assert got == ["test", 3, Store("mine"), {}]


async def test_a_session_system_writes_with_the_orm(open_world: OpenWorld) -> None:
    @system(stage=SystemStage.METADATA_EXTRACTION)
    async def describe_in_session(
        assets: MarkedEntityList[Describe], session: WorldSession
    ) -> None:
        for asset in assets:
            component = size(7)
            component.entity_id = asset
            session.add(component)

    async with open_world(describe_in_session) as world:
        ids = await world.run(new_entities, 2, Describe)
        await world.scheduler.run_until_idle()
        assert await world.read(widths) == dict.fromkeys(ids, 7)
        assert await world.read(marked, Describe) == []


async def test_a_reader_gives_pages(open_world: OpenWorld) -> None:
    pages = []

    @system(stage=SystemStage.POST_PROCESSING)
    async def look(reader: WorldReader) -> None:
        table = ImageDimensionsComponent.__table__
        key = ImageDimensionsComponent.entity_id
        pages.extend([page async for page in reader.pages(table.select(), key=key, size=2)])

    async with open_world(describe, look) as world:
        ids = await world.run(new_entities, 5, Describe)
        await world.scheduler.run_until_idle()
    assert [[row.entity_id for row in page] for page in pages] == [ids[:2], ids[2:4], ids[4:]]


@pytest.mark.slow
async def test_systems_that_mark_for_each_other_without_end_are_stopped(
    open_world: OpenWorld,
) -> None:
    @system(stage=SystemStage.METADATA_EXTRACTION)
    async def ping(assets: MarkedEntityList[Describe], commands: Commands) -> None:
        for asset in assets:
            commands.mark(asset, Analyse)

    @system(stage=SystemStage.CONTENT_ANALYSIS)
    async def pong(assets: MarkedEntityList[Analyse], session: WorldSession) -> None:
        await mark(session, Describe, assets)

    async with open_world(ping, pong) as world:
        (entity_id,) = await world.run(new_entities, 1, Describe)
        with pytest.raises(NotSettledError) as caught:
            await world.scheduler.run_until_idle()
        rows = await world.read(rows_of, Describe)
        assert [(row.entity_id, row.lease_token) for row in rows] == [(entity_id, None)]
    assert str(caught.value) == "the work does not end; still marking entities: ping"
    assert caught.value.hint == (
        "a system must not keep marking the entities that it was given or created"
    )
    assert caught.value.exit_code is ExitCode.BUG


@pytest.mark.slow
async def test_work_that_keeps_coming_in_is_no_fault(open_world: OpenWorld) -> None:
    left = 50

    async def one_more(session: AsyncSession) -> None:
        await new_entities(session, 1, Describe)

    @system(stage=SystemStage.METADATA_EXTRACTION)
    async def describe_while_others_import(
        _assets: MarkedEntityList[Describe], world: Resource[World]
    ) -> None:
        nonlocal left
        if left:
            left -= 1
            await world.run(one_more)

    async with open_world(describe_while_others_import) as world:
        await world.run(one_more)
        report = await world.scheduler.run_until_idle()
    assert report.processed == {"describe_while_others_import": 51}


async def test_a_system_that_is_fed_all_the_time_does_not_starve_the_next_ones(
    open_world: OpenWorld,
) -> None:
    order = []

    @system(stage=SystemStage.METADATA_EXTRACTION, batch_size=2)
    async def describe_while_others_import(
        assets: MarkedEntityList[Describe], commands: Commands, world: Resource[World]
    ) -> None:
        order.append("describe")
        for asset in assets:
            commands.mark(asset, Analyse)
        if len(order) < 20:
            await world.run(new_entities, 2, Describe)

    @system(stage=SystemStage.CONTENT_ANALYSIS)
    async def analyse_what_there_is(_assets: MarkedEntityList[Analyse]) -> None:
        order.append("analyse")

    async with open_world(describe_while_others_import, analyse_what_there_is) as world:
        await world.run(new_entities, 2, Describe)
        report = await world.scheduler.run_until_idle()
    assert "analyse" in order[:4]
    assert report.processed["analyse_what_there_is"] == 2 * order.count("describe")


async def test_an_observer_hears_how_it_goes_on(open_world: OpenWorld) -> None:
    heard = []

    class Listening:
        def advanced(self, system: str, entities: int) -> None:
            heard.append((system, entities))

        def waiting(self, entities: int, _seconds: float | None) -> None:
            heard.append(("waiting", entities))

    async with open_world(describe) as world:
        await world.run(new_entities, 3, Describe)
        await world.scheduler.run_until_idle(observer=Listening())
    assert heard == [("describe", 2), ("describe", 1)]


async def test_systems_are_plain_functions() -> None:
    commands = Commands([4, 5])
    await describe(MarkedEntityList[Describe]([4, 5]), commands)
    assert commands.entities.failures == {}
