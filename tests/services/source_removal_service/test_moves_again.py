"""An import after a move that was killed: what that has ended is known, what stays is told."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import table_of
from dam.core.world import World
from dam.models import (
    FileLocationComponent,
    OriginalSourceInfoComponent,
    PendingSourceRemovalComponent,
)
from dam.services.import_service import FileOutcome, ImportOptions, import_files
from dam.storage.content_store import ImportMode
from dam.storage.sources.found_file import find_file
from tests.core.worlds import rows_of
from tests.faults.state import names_below, sha256
from tests.services.conftest import rot


async def aside_of(world: World, path: Path) -> Path:
    (row,) = await world.read(rows_of, PendingSourceRemovalComponent)
    return path.with_name(os.fsdecode(row.aside_name or b""))


async def import_again(
    world: World, *paths: object, mode: ImportMode = "move"
) -> list[FileOutcome]:
    outcomes: list[FileOutcome] = []
    given = [path if isinstance(path, tuple) else str(path) for path in paths]
    await import_files(world, given, ImportOptions(mode=mode), outcomes.append)  # type: ignore[arg-type] # paths, or found files
    return outcomes


def keep(path: Path) -> object:
    return path


def through_a_link(path: Path) -> object:
    link = path.parent.with_name("link")
    link.symlink_to(path.parent)
    return link / path.name


def walked(path: Path) -> object:
    return find_file(path)


@pytest.mark.parametrize("name", [keep, through_a_link, walked])
async def test_a_named_path_that_the_import_has_removed_is_known(
    world: World, left: Path, name: Callable[[Path], object]
) -> None:
    digest, named = sha256(left), name(left)
    (seen,) = await world.read(rows_of, OriginalSourceInfoComponent)
    (outcome,) = await import_again(world, named)
    assert outcome == FileOutcome(
        path=named.path if isinstance(named, tuple) else str(named),  # type: ignore[attr-defined] # a found file
        status="known",
        entity_id=seen.entity_id,
        sha256=digest,
        size_bytes=7,
    )
    assert names_below(left.parent) == []
    (again,) = await world.read(rows_of, OriginalSourceInfoComponent)
    assert again.last_seen_at > seen.last_seen_at  # by which its open failures are found


@pytest.mark.parametrize("is_aside", [True, False])
async def test_it_is_known_however_far_the_killed_one_came(
    world: World, left: Path, *, is_aside: bool
) -> None:
    if is_aside:
        await asyncio.to_thread(left.rename, await aside_of(world, left))
    else:
        await asyncio.to_thread(left.unlink)
    assert [outcome.status for outcome in await import_again(world, left)] == ["known"]
    assert await world.read(rows_of, PendingSourceRemovalComponent) == []
    assert [outcome.status for outcome in await import_again(world, left)] == ["failed"]


@pytest.mark.parametrize("mode", ["copy", "hardlink", "reference"])
async def test_what_had_gone_is_known_to_an_import_in_another_mode(
    world: World, left: Path, mode: ImportMode
) -> None:
    digest = sha256(left)
    await asyncio.to_thread(left.unlink)
    (outcome,) = await import_again(world, left, mode=mode)
    assert (outcome.path, outcome.status, outcome.sha256) == (str(left), "known", digest)
    assert await world.read(rows_of, PendingSourceRemovalComponent) == []
    assert [outcome.status for outcome in await import_again(world, left, mode=mode)] == ["failed"]


async def set_aside(world: World, left: Path) -> None:
    await asyncio.to_thread(left.rename, await aside_of(world, left))


async def pull_the_disk(_: World, left: Path) -> None:
    await asyncio.to_thread(left.parent.rename, left.parent.with_name("disk"))


async def unmount_the_disk(world: World, left: Path) -> None:
    await pull_the_disk(world, left)
    left.parent.mkdir()
    os.utime(left.parent, (1_500_000_000, 1_500_000_000))  # made long before the disk was mounted


async def lose_the_copy(world: World, left: Path) -> None:
    await asyncio.to_thread(left.unlink)
    await world.run(delete_places)


async def delete_places(session: AsyncSession) -> None:
    await session.execute(delete(table_of(FileLocationComponent)))


@pytest.mark.parametrize(
    ("lose", "status"),
    [
        (set_aside, "unchanged"),
        (pull_the_disk, "failed"),
        (unmount_the_disk, "failed"),
        (lose_the_copy, "failed"),
    ],
)
async def test_what_may_still_be_somewhere_or_is_nowhere_does_not_count_as_gone(
    world: World, left: Path, lose: Callable[[World, Path], Awaitable[None]], status: str
) -> None:
    await lose(world, left)
    assert [outcome.status for outcome in await import_again(world, left, mode="copy")] == [status]
    assert await world.read(rows_of, PendingSourceRemovalComponent) == []


async def test_another_file_that_has_the_name_by_now_is_imported(world: World, left: Path) -> None:
    await asyncio.to_thread(left.rename, await aside_of(world, left))
    await asyncio.to_thread(left.write_bytes, b"another")
    (outcome,) = await import_again(world, left)
    assert (outcome.status, outcome.sha256 is None) == ("added", False)
    assert names_below(left.parent) == []


async def test_what_was_changed_is_imported_and_nothing_else_told_of_it(
    world: World, left: Path
) -> None:
    await asyncio.to_thread(left.write_bytes, b"more than before")
    (outcome,) = await import_again(world, left)
    assert (outcome.status, outcome.error) == ("added", None)


async def test_what_stays_is_told_by_an_import_of_others(
    world: World, left: Path, tmp_path: Path
) -> None:
    digest = sha256(left)
    await asyncio.to_thread(left.write_bytes, b"more than before")
    other = tmp_path / "other"
    other.write_bytes(b"other")
    added, told = await import_again(world, other)
    assert (added.status, added.error) == ("added", None)
    assert (told.path, told.status, told.sha256) == (str(left), "known", digest)
    assert (told.error, told.message) == (
        "SourceReplacedError",
        f"{left} changed after it was moved in, and is not removed",
    )
    assert [outcome.path for outcome in await import_again(world, left.parent / "nothing")] == [
        str(left.parent / "nothing")
    ]


async def test_what_cannot_be_removed_now_is_told_by_an_import_of_its_folder_alone(
    world: World, left: Path, tmp_path: Path
) -> None:
    rot(world, sha256(left))
    other = tmp_path / "other"
    other.write_bytes(b"other")
    assert [outcome.error for outcome in await import_again(world, other)] == [None]
    found = [(outcome.path, outcome.error) for outcome in await import_again(world, left.parent)]
    assert (str(left), "ContentDamagedError") in found


async def test_what_waits_for_its_disk_is_not_told_by_an_import_of_others(
    world: World, left: Path, tmp_path: Path
) -> None:
    left.parent.rename(tmp_path / "away")
    other = tmp_path / "other"
    other.write_bytes(b"other")
    assert [outcome.error for outcome in await import_again(world, other)] == [None]
