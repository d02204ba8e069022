"""`run_until_idle` comes to an end: it waits for others, and stops what has none."""

import asyncio

import psycopg
import pytest

from dam.core.ecs.rows import create_entities, mark
from dam.core.scheduling import settling
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemFunction, SystemStage, system
from dam.core.systems.params import MarkedEntityList, Resource, WorldSession
from dam.core.world import World
from dam.errors import NotSettledError
from dam.models import NeedsContentAnalysisComponent, NeedsMetadataExtractionComponent
from tests.core.worlds import NOW, OpenWorld, WorldOpener, all_entities, new_entities, rows_of

Describe = NeedsMetadataExtractionComponent
Analyse = NeedsContentAnalysisComponent
LOCK_THEM = "SELECT * FROM component_needs_content_analysis FOR UPDATE"


@pytest.mark.parametrize("kind", ["commands", "session", "in turn"])
async def test_work_that_creates_new_work_without_end_is_stopped(
    open_world: OpenWorld, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(settling, "_MAX_GENERATIONS", 10)  # each takes several transactions

    @system(stage=SystemStage.METADATA_EXTRACTION)
    async def breed(assets: MarkedEntityList[Describe], commands: Commands) -> None:
        for asset in assets:
            child = commands.create_entity(on_behalf_of=asset)
            commands.mark(child, Analyse if kind == "in turn" else Describe)

    @system(stage=SystemStage.METADATA_EXTRACTION)
    async def breed_in_session(assets: MarkedEntityList[Describe], session: WorldSession) -> None:
        await mark(session, Describe, await create_entities(session, len(assets), now=NOW))

    @system(stage=SystemStage.CONTENT_ANALYSIS)
    async def pass_on(assets: MarkedEntityList[Analyse], commands: Commands) -> None:
        for asset in assets:
            commands.mark(asset, Describe)

    first = breed_in_session if kind == "session" else breed
    async with open_world(first, pass_on) as world:
        await world.run(new_entities, 2, Describe)
        with pytest.raises(NotSettledError) as caught:
            await world.scheduler.run_until_idle()
        assert len(await world.read(all_entities)) == 2 * 12
        rows = [*await world.read(rows_of, Describe), *await world.read(rows_of, Analyse)]
        assert [row.lease_token for row in rows] == [None, None]
    told = "pass_on" if kind == "in turn" else first.__name__
    assert str(caught.value) == f"the work does not end; still marking entities: {told}"


def test_a_hundred_generations_are_work_that_may_end() -> None:
    guard = settling.SettlingGuard()
    for entity_id in range(1, 102):
        guard.admit("breed", [entity_id])
        guard.descended([entity_id], [entity_id + 1])
    with pytest.raises(NotSettledError):
        guard.admit("breed", [102])


async def test_what_others_mark_with_all_that_comes_in_is_no_fault(open_world: OpenWorld) -> None:
    calls = []

    @system(stage=SystemStage.METADATA_EXTRACTION, batch_size=2)
    async def describe_into_album(
        _assets: MarkedEntityList[Describe], world: Resource[World]
    ) -> None:
        calls.append("describe")
        await world.run(mark, Analyse, [album])
        if len(calls) < 80:
            await world.run(new_entities, 2, Describe)

    @system(stage=SystemStage.CONTENT_ANALYSIS)
    async def sum_up(_albums: MarkedEntityList[Analyse]) -> None:
        calls.append("sum up")

    async with open_world(describe_into_album, sum_up) as world:
        (album,) = await world.run(new_entities, 1)
        await world.run(new_entities, 2, Describe)
        await world.scheduler.run_until_idle()
        assert await world.read(rows_of, Analyse) == []
    assert calls.count("sum up") > 20


@pytest.mark.parametrize("kind", ["commands", "session"])
async def test_what_a_system_creates_for_itself_belongs_to_its_turn(
    open_world: OpenWorld, kind: str
) -> None:
    order = []

    @system(stage=SystemStage.METADATA_EXTRACTION, batch_size=2)
    async def unpack(assets: MarkedEntityList[Describe], commands: Commands) -> None:
        for asset in assets:
            order.append("unpack")
            if asset == parent:
                commands.mark(asset, Analyse)
                for _ in range(10):
                    commands.mark(commands.create_entity(on_behalf_of=asset), Describe)

    @system(stage=SystemStage.METADATA_EXTRACTION, batch_size=2)
    async def unpack_in_session(assets: MarkedEntityList[Describe], session: WorldSession) -> None:
        order.extend(["unpack"] * len(assets))
        if parent in assets:
            await mark(session, Analyse, [parent])
            await mark(session, Describe, await create_entities(session, 10, now=NOW))

    @system(stage=SystemStage.CONTENT_ANALYSIS)
    async def sum_up(_parents: MarkedEntityList[Analyse]) -> None:
        order.append("sum up")

    async with open_world(unpack_in_session if kind == "session" else unpack, sum_up) as world:
        (parent,) = await world.run(new_entities, 1, Describe)
        await world.scheduler.run_until_idle()
    assert order == [*["unpack"] * 11, "sum up"]


@pytest.mark.slow
async def test_however_many_entities_are_created_their_work_is_done(open_world: OpenWorld) -> None:
    @system(stage=SystemStage.METADATA_EXTRACTION, batch_size=7)
    async def unpack(assets: MarkedEntityList[Describe], commands: Commands) -> None:
        for asset in assets:
            for _ in range(2000 if asset == 1 else 0):
                commands.mark(commands.create_entity(on_behalf_of=asset), Describe)

    async with open_world(unpack) as world:
        await world.run(new_entities, 1, Describe)
        report = await world.scheduler.run_until_idle()
    assert report.processed == {"unpack": 2001}


@pytest.mark.parametrize("systems", [1, 2])
async def test_rows_that_somebody_has_locked_are_waited_for(
    postgres_url: str, systems: int
) -> None:
    heard: list[object] = []
    has_waited = asyncio.Event()

    class Listening:
        def advanced(self, system: str, entities: int) -> None:
            heard.append((system, entities))

        def waiting(self, entities: int, seconds: float | None) -> None:
            heard.append((entities, seconds))
            has_waited.set()

    @system(stage=SystemStage.CONTENT_ANALYSIS)
    async def analyse(_assets: MarkedEntityList[Analyse], _commands: Commands) -> None: ...

    @system(stage=SystemStage.CONTENT_ANALYSIS)
    async def describe(_assets: MarkedEntityList[Describe], _commands: Commands) -> None: ...

    functions: tuple[SystemFunction, ...] = (analyse, describe)
    async with WorldOpener(postgres_url)(*functions[:systems]) as world:
        await world.run(new_entities, 3, Analyse)
        async with await psycopg.AsyncConnection.connect(postgres_url) as other:
            await other.execute(LOCK_THEM)
            work = asyncio.create_task(world.scheduler.run_until_idle(observer=Listening()))
            await has_waited.wait()
        report = await work
    assert report.processed["analyse"] == 3
    assert heard == [(3, None), ("analyse", 3)]


async def test_what_comes_in_while_the_systems_find_nothing_is_no_foreign_work(
    open_world: OpenWorld,
) -> None:
    """As from an import in the same process: it is free, and nobody else is there to wait for."""
    waits = []

    class Listening:
        def advanced(self, _system: str, _entities: int) -> None: ...

        def waiting(self, entities: int, seconds: float | None) -> None:
            waits.append((entities, seconds))

    @system(stage=SystemStage.METADATA_EXTRACTION)
    async def describe(_assets: MarkedEntityList[Describe], _commands: Commands) -> None: ...

    @system(stage=SystemStage.POST_PROCESSING)
    async def bring(world: Resource[World]) -> None:
        if not brought:
            brought.extend(await world.run(new_entities, 3, Describe))

    brought: list[int] = []
    async with open_world(describe, bring) as world:
        report = await world.scheduler.run_until_idle(observer=Listening())
    assert (report.processed["describe"], waits) == (3, [])
