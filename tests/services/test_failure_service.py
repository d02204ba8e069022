"""Open failures are listed, and their systems try again."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId, ProcessingErrorComponent
from dam.core.world import World
from dam.errors import EntityNotFoundError, UnknownNameError
from dam.models import NeedsContentAnalysisComponent
from dam.services import ecs_service
from dam.services.failure_service import Failure, failures_at, list_failures
from dam.services.process_service import retry
from tests.services.conftest import Add

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


async def fail(session: AsyncSession, entity_id: EntityId, system: str) -> None:
    failure = ProcessingErrorComponent(
        system=system, error="OSError", message="no", hint="do", attempts=2, occurred_at=NOW
    )
    await ecs_service.add_component(session, entity_id, failure)


@pytest.fixture
async def failed(world: World, add: Add, tmp_path: Path) -> list[EntityId]:
    """Two assets at which the analysis failed, nothing else being pending for them."""
    ids = []
    for name in (b"a.jpg", b"b\xff.jpg"):
        path = tmp_path / Path(name.decode(errors="surrogateescape"))
        path.write_bytes(name)
        ids.append(await add(path))
        await world.run(fail, ids[-1], "analyse_images")
    return ids


async def marked(world: World) -> Sequence[EntityId]:
    async def read(session: AsyncSession) -> Sequence[EntityId]:
        marker = NeedsContentAnalysisComponent
        return (await session.scalars(select(marker.entity_id).order_by(marker.entity_id))).all()

    return await world.read(read)


async def test_failures_are_listed_with_the_name_of_the_file(
    world: World, failed: list[EntityId]
) -> None:
    assert await world.read(list_failures) == [
        Failure(
            entity_id=entity_id,
            system="analyse_images",
            error="OSError",
            message="no",
            hint="do",
            attempts=2,
            occurred_at=NOW,
            name=name,
        )
        for entity_id, name in zip(failed, ["a.jpg", "b\udcff.jpg"], strict=True)
    ]


async def test_failures_are_found_at_paths_and_below_them(
    world: World, failed: list[EntityId], tmp_path: Path
) -> None:
    async def at(*paths: Path) -> list[tuple[str, EntityId]]:
        found = await world.read(failures_at, map(os.fspath, paths), since=None)
        return [(path, failure.entity_id) for path, failure in found]

    first, second = str(tmp_path / "a.jpg"), str(tmp_path / "b\udcff.jpg")
    assert await at(tmp_path) == [(first, failed[0]), (second, failed[1])]
    assert await at(tmp_path.parent, Path("/"), Path(second)) == await at(tmp_path)
    assert await at(Path(second), tmp_path / "a") == [(second, failed[1])]
    assert await world.read(failures_at, [first], since=datetime.max.replace(tzinfo=UTC)) == []


@pytest.mark.usefixtures("failed")
async def test_failures_since_a_moment_leave_older_ones_out(world: World) -> None:
    assert len(await world.read(list_failures, since=NOW)) == 2
    assert await world.read(list_failures, since=datetime(2026, 5, 2, tzinfo=UTC)) == []


async def test_all_failures_are_marked_again_and_stay_until_that_succeeds(
    world: World, failed: list[EntityId]
) -> None:
    assert (await retry(world)).marked == 2
    assert await marked(world) == failed
    assert len(await world.read(list_failures)) == 2


async def test_only_what_is_named_is_marked_again(world: World, failed: list[EntityId]) -> None:
    assert (await retry(world, failed[1:])).marked == 1
    assert await marked(world) == failed[1:]


@pytest.mark.usefixtures("failed")
async def test_no_name_is_not_all_names(world: World) -> None:
    assert (await retry(world, [])).marked == 0


@pytest.mark.usefixtures("failed")
async def test_a_dry_run_only_counts(world: World) -> None:
    assert (await retry(world, is_dry_run=True)).marked == 2
    assert await marked(world) == []


async def test_only_failures_of_a_system_are_marked_again(
    world: World, failed: list[EntityId]
) -> None:
    await world.run(fail, failed[0], "extract_metadata")
    assert (await retry(world, system="extract_metadata")).marked == 1
    assert await marked(world) == []


async def test_a_system_that_is_gone_is_named_and_the_rest_is_marked(
    world: World, failed: list[EntityId]
) -> None:
    await world.run(fail, failed[0], "read_pages")
    answer = await retry(world)
    assert (answer.marked, answer.unknown) == (2, {"read_pages": 1})


async def test_an_unknown_system_is_refused_with_those_that_are_known(world: World) -> None:
    with pytest.raises(UnknownNameError) as caught:
        await retry(world, system="analyze_images")
    assert caught.value.message == (
        "no system named 'analyze_images'; known: import_comic, extract_metadata, analyse_images"
    )
    assert caught.value.hint == "did you mean 'analyse_images'?"


async def test_an_unknown_id_is_refused(world: World, failed: list[EntityId]) -> None:
    with pytest.raises(EntityNotFoundError):
        await retry(world, [failed[0], 999_999])
    assert await marked(world) == []
