"""Open failures are listed, and their systems try again."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId, ProcessingErrorComponent
from dam.core.scheduling.failures import record_failures
from dam.core.world import World
from dam.errors import EntityNotFoundError, UnknownNameError
from dam.models import (
    FilePropertiesComponent,
    ImagePerceptualPHashComponent,
    NeedsContentAnalysisComponent,
)
from dam.services import ecs_service
from dam.services.failure_service import Failure, dismiss, failures_at, list_failures
from dam.services.process_service import process, retry
from dam.services.status_service import status
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
    world: World, failed: list[EntityId], tmp_path: Path
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
            paths=(str(tmp_path / name),),
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
        "no system named 'analyze_images'; "
        "known: import_comic, extract_metadata, analyse_images, index_words"
    )
    assert caught.value.hint == "did you mean 'analyse_images'?"


async def test_an_unknown_id_is_refused(world: World, failed: list[EntityId]) -> None:
    with pytest.raises(EntityNotFoundError):
        await retry(world, [failed[0], 999_999])
    assert await marked(world) == []


async def test_a_dismissed_failure_is_not_listed_or_counted(
    world: World, failed: list[EntityId], tmp_path: Path
) -> None:
    assert await dismiss(world, failed[:1], is_dry_run=True) == 1
    assert len(await world.read(list_failures)) == 2
    assert [await dismiss(world, failed[:1]) for _ in range(2)] == [1, 0]
    assert [one.entity_id for one in await world.read(list_failures)] == failed[1:]
    found = await world.read(failures_at, [str(tmp_path)], since=None)
    assert [one.entity_id for _, one in found] == failed[1:]
    assert (await world.read(status)).failures == 1
    kept = await world.read(list_failures, includes_dismissed=True)
    assert [one.dismissed_at is None for one in kept] == [False, True]


@pytest.mark.usefixtures("failed")
async def test_all_failures_with_an_error_are_dismissed_and_an_unknown_one_is_refused(
    world: World,
) -> None:
    with pytest.raises(UnknownNameError) as caught:
        await dismiss(world, error="OsError")
    assert caught.value.message == "no failure named 'OsError'; known: OSError"
    assert [await dismiss(world, error="OSError") for _ in range(2)] == [2, 0]


@pytest.mark.parametrize(("message", "is_open"), [("no", False), ("yes", True)])
async def test_the_same_failure_again_stays_dismissed_and_another_one_is_open(
    world: World, failed: list[EntityId], message: str, *, is_open: bool
) -> None:
    await dismiss(world, failed)
    again = {failed[0]: OSError(message)}
    await world.run(record_failures, "analyse_images", again, now=NOW)
    assert [one.entity_id for one in await world.read(list_failures)] == failed[:1] * is_open


async def test_a_retry_leaves_dismissed_failures_out_unless_they_are_named(
    world: World, failed: list[EntityId]
) -> None:
    await dismiss(world, failed)
    assert (await retry(world)).marked == 0
    assert await world.read(list_failures) == []
    assert (await retry(world, failed[:1])).marked == 1
    assert [one.entity_id for one in await world.read(list_failures)] == failed[:1]


async def test_what_an_older_version_described_fails_openly_again(
    world: World, failed: list[EntityId]
) -> None:
    async def describe_before(session: AsyncSession) -> None:
        file = FilePropertiesComponent
        older = update(file).values(media_type="image/jpeg", description_recipe=0)
        await session.execute(older.where(file.entity_id == failed[0]))

    await dismiss(world, failed)
    await world.run(describe_before)
    await process(world, marks_outdated=True, is_dry_run=True)
    assert await world.read(list_failures) == []
    await process(world, marks_outdated=True)
    assert [one.entity_id for one in await world.read(list_failures)] == failed[:1]


@pytest.mark.parametrize(
    ("stage", "reopened"),
    [("metadata-extraction", ["analyse_images"]), ("asset-ingestion", [])],
)
async def test_what_comes_after_a_stage_fails_openly_again(
    world: World, failed: list[EntityId], stage: str, reopened: list[str]
) -> None:
    async def describe_before(session: AsyncSession) -> None:
        await session.execute(
            update(FilePropertiesComponent).values(media_type="image/jpeg", description_recipe=0)
        )

    await dismiss(world, failed)
    await world.run(describe_before)
    await process(world, stages=[stage], marks_outdated=True)
    found = await world.read(list_failures)
    assert [one.system for one in found if one.entity_id == failed[0]] == reopened


async def test_what_comes_before_an_outdated_result_stays_dismissed(
    world: World, failed: list[EntityId]
) -> None:
    async def hash_before(session: AsyncSession) -> None:
        hashes = ImagePerceptualPHashComponent(recipe=0, value=None)
        await ecs_service.set_component(session, failed[0], hashes)

    await world.run(hash_before)
    await world.run(fail, failed[0], "extract_metadata")
    await dismiss(world, failed)
    await process(world, marks_outdated=True)
    found = [(one.entity_id, one.system) for one in await world.read(list_failures)]
    assert found == [(failed[0], "analyse_images")]
