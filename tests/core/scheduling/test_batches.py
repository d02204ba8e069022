"""One bad entity never stops a batch, in either kind of system."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import delete

from dam.core.ecs.components import Entity, ProcessingErrorComponent
from dam.core.ecs.rows import mark, write_rows
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, system
from dam.core.systems.params import MarkedEntityList, Resource, WorldSession
from dam.core.world import World
from dam.errors import DamError, MissingExtraError
from dam.models import (
    ContentHashSHA256Component,
    ImageDimensionsComponent,
    NeedsContentAnalysisComponent,
    NeedsMetadataExtractionComponent,
)
from tests.core.worlds import (
    OpenWorld,
    all_entities,
    failures,
    marked,
    new_entities,
    rows_of,
    size,
    widths,
)

Describe = NeedsMetadataExtractionComponent
STAGE = SystemStage.METADATA_EXTRACTION

Systems = tuple[list[list[int]], Callable[..., Awaitable[None]]]


def with_commands(bad: Callable[[int], Exception | None], *, raises: bool) -> Systems:
    """Return a system that works through `Commands`, and the list of its calls."""
    calls: list[list[int]] = []

    @system(stage=STAGE)
    async def describe(assets: MarkedEntityList[Describe], commands: Commands) -> None:
        calls.append(list(assets))
        for asset in assets:
            error = bad(asset)
            if error is not None and raises:
                raise error
            if error is not None:
                commands.fail(asset, error)
            else:
                commands.set(asset, size(1))

    return calls, describe


def in_session(bad: Callable[[int], Exception | None], *, raises: bool) -> Systems:
    """Return the same system in the other kind."""
    calls: list[list[int]] = []

    @system(stage=STAGE)
    async def describe(assets: MarkedEntityList[Describe], session: WorldSession) -> None:
        calls.append(list(assets))
        for asset in assets:
            error = bad(asset)
            if error is not None and raises:
                raise error
            if error is not None:
                assets.fail(asset, error)
            else:
                row = {"entity_id": asset, "width": 1, "height": 1}
                await write_rows(session, ImageDimensionsComponent, [row], replace=False)

    return calls, describe


both_kinds = pytest.mark.parametrize("kind", [with_commands, in_session])


def third_is_bad(entity_id: int) -> Exception | None:
    return ValueError("not a picture") if entity_id == 3 else None


@both_kinds
async def test_an_entity_that_is_given_up_costs_itself_only(
    open_world: OpenWorld, kind: Callable[..., Systems]
) -> None:
    calls, describe = kind(third_is_bad, raises=False)
    async with open_world(describe) as world:
        await world.run(new_entities, 5, Describe)
        report = await world.scheduler.run_until_idle()
        assert await world.read(widths) == dict.fromkeys([1, 2, 4, 5], 1)
        assert await world.read(failures) == {3: ("describe", "ValueError", "not a picture", 1)}
        assert await world.read(marked, Describe) == []
    assert (report.processed, report.failed) == ({"describe": 5}, 1)
    assert calls == [[1, 2, 3, 4, 5]]


@both_kinds
async def test_an_unexpected_error_drops_the_batch_and_tries_one_by_one(
    open_world: OpenWorld, kind: Callable[..., Systems]
) -> None:
    calls, describe = kind(third_is_bad, raises=True)
    async with open_world(describe) as world:
        await world.run(new_entities, 5, Describe)
        report = await world.scheduler.run_until_idle()
        assert await world.read(widths) == dict.fromkeys([1, 2, 4, 5], 1)
        assert await world.read(failures) == {3: ("describe", "ValueError", "not a picture", 1)}
        assert await world.read(marked, Describe) == []
    assert (report.processed, report.failed) == ({"describe": 5}, 1)
    assert calls == [[1, 2, 3, 4, 5], [1], [2], [3], [4], [5]]


@both_kinds
async def test_the_environments_fault_stops_the_run_and_keeps_all_markers(
    open_world: OpenWorld, kind: Callable[..., Systems]
) -> None:
    fault = MissingExtraError("image", "reading pictures")
    calls, describe = kind(lambda entity_id: fault if entity_id == 3 else None, raises=True)
    async with open_world(describe) as world:
        await world.run(new_entities, 5, Describe)
        with pytest.raises(MissingExtraError):
            await world.scheduler.run_until_idle()
        assert await world.read(widths) == {}
        assert await world.read(failures) == {}
        rows = await world.read(rows_of, Describe)
        assert [(row.lease_token, row.attempts) for row in rows] == [(None, 0)] * 5
    assert calls == [[1, 2, 3, 4, 5]]


@both_kinds
async def test_attempts_grow_and_success_forgets_the_failure(
    open_world: OpenWorld, kind: Callable[..., Systems]
) -> None:
    is_repaired = False

    def bad(entity_id: int) -> Exception | None:
        return None if is_repaired or entity_id != 2 else ValueError("not yet")

    _calls, describe = kind(bad, raises=True)
    async with open_world(describe) as world:
        await world.run(new_entities, 2, Describe)
        for attempts in (1, 2, 3):
            await world.scheduler.run_until_idle()
            found = await world.read(failures)
            assert found == {2: ("describe", "ValueError", "not yet", attempts)}
            await world.run(mark_second)
        is_repaired = True
        await world.scheduler.run_until_idle()
        assert await world.read(failures) == {}
        assert await world.read(widths) == {1: 1, 2: 1}


async def mark_second(session: WorldSession) -> None:
    await mark(session, Describe, [2])


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError(), "ValueError"),
        (ValueError("half a pair: \udcff"), r"half a pair: \udcff"),
        (ValueError("a NUL\0inside"), r"a NUL\x00inside"),
        (ValueError("\N{GRINNING FACE}" * 300), "\N{GRINNING FACE}" * 300),
    ],
)
async def test_any_message_can_be_kept(
    open_world: OpenWorld, error: Exception, message: str
) -> None:
    _calls, describe = with_commands(lambda _: error, raises=False)
    async with open_world(describe) as world:
        await world.run(new_entities, 1, Describe)
        await world.scheduler.run_until_idle()
        assert await world.read(failures) == {1: ("describe", "ValueError", message, 1)}


async def test_what_to_do_about_a_failure_is_kept(open_world: OpenWorld) -> None:
    error = DamError("no decoder", "install one")
    error.requirement = "codec"
    _calls, describe = with_commands(lambda _: error, raises=False)
    async with open_world(describe) as world:
        await world.run(new_entities, 1, Describe)
        await world.scheduler.run_until_idle()
        (row,) = await world.read(rows_of, ProcessingErrorComponent)
    assert (row.message, row.hint) == ("no decoder", "install one")
    assert row.requirement == "codec"


async def test_rows_that_do_not_fit_split_the_batch_without_a_second_call(
    open_world: OpenWorld,
) -> None:
    calls = []

    @system(stage=STAGE)
    async def digest(assets: MarkedEntityList[Describe], commands: Commands) -> None:
        calls.append(list(assets))
        for asset in assets:
            same = b"same" if asset in {2, 4} else bytes([asset])
            commands.set(asset, ContentHashSHA256Component(digest=same * 8))
            commands.set(asset, size(1))

    async with open_world(digest) as world:
        await world.run(new_entities, 4, Describe)
        report = await world.scheduler.run_until_idle()
        assert await world.read(widths) == dict.fromkeys([1, 2, 3], 1)
        ((entity_id, (_system, error, _message, _attempts)),) = (await world.read(failures)).items()
        assert await world.read(marked, Describe) == []
    assert (entity_id, error) == (4, "IntegrityError")
    assert calls == [[1, 2, 3, 4]]
    assert report.failed == 1


async def test_a_value_that_no_column_takes_fails_its_entity(open_world: OpenWorld) -> None:
    @system(stage=STAGE)
    async def describe(assets: MarkedEntityList[Describe], commands: Commands) -> None:
        for asset in assets:
            commands.set(asset, size(2**70 if asset == 2 else 1))

    async with open_world(describe) as world:
        await world.run(new_entities, 3, Describe)
        await world.scheduler.run_until_idle()
        assert await world.read(widths) == {1: 1, 3: 1}
        assert list(await world.read(failures)) == [2]


async def test_an_update_without_a_row_fails_its_entity_and_keeps_its_other_writes(
    open_world: OpenWorld,
) -> None:
    calls = []

    @system(stage=STAGE)
    async def describe(assets: MarkedEntityList[Describe], commands: Commands) -> None:
        calls.append(list(assets))
        for asset in assets:
            if asset != 2:
                commands.set(asset, size(1))
            commands.update(asset, ImageDimensionsComponent, width=2)
            commands.mark(asset, NeedsContentAnalysisComponent)

    async with open_world(describe) as world:
        await world.run(new_entities, 3, Describe)
        for attempts in (1, 2):
            report = await world.scheduler.run_until_idle()
            assert report.failed == 1
            assert await world.read(widths) == {1: 2, 3: 2}
            message = "entity 2 has no ImageDimensionsComponent to update"
            found = await world.read(failures)
            assert found == {2: ("describe", "NoComponentError", message, attempts)}
            assert await world.read(marked, NeedsContentAnalysisComponent) == [1, 2, 3]
            await world.run(mark_second)
    assert calls == [[1, 2, 3], [2]]


async def test_an_entity_that_is_deleted_meanwhile_is_no_failure(open_world: OpenWorld) -> None:
    async def delete_second(session: WorldSession) -> None:
        await session.execute(delete(Entity).where(Entity.id == 2))

    @system(stage=STAGE)
    async def describe(
        assets: MarkedEntityList[Describe], commands: Commands, world: Resource[World]
    ) -> None:
        await world.run(delete_second)
        for asset in assets:
            commands.set(asset, size(1))
            commands.mark(asset, NeedsContentAnalysisComponent)

    async with open_world(describe) as world:
        await world.run(new_entities, 3, Describe)
        report = await world.scheduler.run_until_idle()
        assert await world.read(widths) == {1: 1, 3: 1}
        assert await world.read(failures) == {}
        assert await world.read(all_entities) == [1, 3]
    assert report.failed == 0
