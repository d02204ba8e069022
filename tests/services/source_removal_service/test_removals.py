"""What a move has still to remove is in rows, and these are worked off with care."""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import table_of
from dam.core.world import World
from dam.errors import SourceReplacedError, UnknownNameError
from dam.models import FileLocationComponent, PendingSourceRemovalComponent
from dam.services.file_operations import FileOperationsResource
from dam.services.import_service import ImportOptions, import_files
from dam.services.process_service import process, with_systems
from dam.services.removal_service import remove_assets
from dam.services.source_removal_service import (
    WorkedOff,
    end_removals,
    keep_sources,
    note_removals,
    this_machine,
    work_off_removals,
)
from dam.services.source_removal_service.rows import pending_removals
from tests.core.worlds import rows_of
from tests.faults.state import names_below
from tests.services.conftest import Add, counts_at_commits, leave, rot


def is_there(path: Path) -> bool:
    return os.path.lexists(path)


async def pending(world: World) -> list[Path]:
    rows = await world.read(rows_of, PendingSourceRemovalComponent)
    return [Path(os.fsdecode(row.path)) for row in rows]


@pytest.mark.parametrize("mode", ["copy", "move", "reference"])
async def test_the_next_import_of_anything_removes_what_is_left(
    world: World, left: Path, tmp_path: Path, mode: str
) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"other")
    options = ImportOptions(mode=mode)  # type: ignore[arg-type] # one of them
    await import_files(world, [str(other)], options)
    assert not is_there(left)
    assert await pending(world) == []


async def test_a_dry_run_removes_nothing(world: World, left: Path) -> None:
    await import_files(world, [str(left.parent)], ImportOptions(mode="move", is_dry_run=True))
    assert await work_off_removals(world, is_dry_run=True) == WorkedOff(removed=1)
    assert is_there(left)
    assert await pending(world) == [left]


async def test_processing_removes_what_is_left_and_says_so(world: World, left: Path) -> None:
    planned = await process(world, is_dry_run=True)
    assert (planned.removed_sources, is_there(left)) == (1, True)
    done = await process(world)
    assert (done.removed_sources, done.left_sources) == (1, ())
    assert not is_there(left)


async def test_processing_says_what_it_leaves(world: World, left: Path) -> None:
    write_more(left)
    done = await process(world)
    assert done.removed_sources == 0
    assert [(path, type(error)) for path, error in done.left_sources] == [
        (left, SourceReplacedError)
    ]


async def test_the_systems_that_run_beside_an_import_leave_its_sources_to_it(
    world: World, left: Path
) -> None:
    async def work(_: Callable[[], None]) -> None:
        pass

    await with_systems(world, work)
    assert is_there(left)


async def test_processing_that_is_refused_removes_nothing(world: World, left: Path) -> None:
    with pytest.raises(UnknownNameError):
        await process(world, marker_name="NeedsNothing")
    assert is_there(left)


def write_more(path: Path) -> None:
    path.write_bytes(b"content and more")


def write_again(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def write_other_bytes(path: Path) -> None:
    """As a program does that sets the time back."""
    status = path.stat()
    path.write_bytes(b"CONTENT")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def link_to_it(path: Path) -> None:
    """As who has put the file elsewhere himself."""
    path.symlink_to(path.rename(path.parent.with_name("archived")))


@pytest.mark.parametrize(
    "change", [write_more, write_again, write_other_bytes, make_folder, link_to_it]
)
async def test_what_is_not_the_same_file_stays_for_good(
    world: World, left: Path, change: Callable[[Path], None]
) -> None:
    change(left)
    done = await work_off_removals(world)
    assert done.removed == 0
    assert [path for path, _ in done.left] == [left]
    assert is_there(left)
    assert await pending(world) == []


async def test_a_path_that_is_gone_is_done_and_one_out_of_reach_waits(
    world: World, left: Path, tmp_path: Path
) -> None:
    left.parent.rename(tmp_path / "away")  # as a disk that is pulled
    done = await work_off_removals(world)
    assert [error.message for _, error in done.left] == [f"{left.parent} is not there, or empty"]
    assert await pending(world) == [left]
    (tmp_path / "away").rename(left.parent)
    await asyncio.to_thread(left.rename, tmp_path / "kept by the user")
    assert await work_off_removals(world) == WorkedOff(removed=0)  # it was not this that did it
    assert await pending(world) == []


async def test_what_is_on_a_disk_that_is_not_mounted_waits_for_it(
    world: World, left: Path, tmp_path: Path
) -> None:
    left.parent.rename(tmp_path / "disk")
    left.parent.mkdir()
    os.utime(left.parent, (1_500_000_000, 1_500_000_000))  # made long before the disk was mounted
    for _ in range(2):
        done = await work_off_removals(world)
        assert (done.removed, [path for path, _ in done.left]) == (0, [left])
        assert [error.message for _, error in done.left] == [
            f"{left.parent} is not there, or empty"
        ]
    assert await pending(world) == [left]
    left.parent.rmdir()
    (tmp_path / "disk").rename(left.parent)
    assert await work_off_removals(world) == WorkedOff(removed=1)
    assert await pending(world) == []


@pytest.mark.parametrize("is_alone", [True, False])
async def test_what_the_user_has_removed_himself_is_over_and_not_counted(
    world: World, left: Path, *, is_alone: bool
) -> None:
    if not is_alone:
        left.with_name("b").write_bytes(b"another")
    await asyncio.to_thread(left.unlink)
    if not is_alone:
        os.utime(left.parent, (1_500_000_000, 1_500_000_000))  # as by a device without a clock
    assert (await process(world)).removed_sources == 0
    assert await pending(world) == []


async def test_another_machine_works_off_its_own(world: World, add: Add, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"content")
    await leave(world, await add(path), path, machine_id="0" * 64)
    assert await work_off_removals(world) == WorkedOff()
    await keep_sources(world, [str(path)])
    assert is_there(path)
    assert await pending(world) == [path]


@pytest.mark.parametrize("mode", ["copy", "hardlink", "reference"])
@pytest.mark.parametrize("is_folder", [True, False])
async def test_what_is_imported_in_another_mode_stays(
    world: World, left: Path, mode: str, *, is_folder: bool
) -> None:
    options = ImportOptions(mode=mode, is_recursive=True)  # type: ignore[arg-type] # one of them
    await import_files(world, [str(left.parent if is_folder else left)], options)
    assert is_there(left)
    assert await pending(world) == []


@pytest.mark.parametrize("is_folder", [True, False])
async def test_what_is_referred_to_through_a_link_stays(
    world: World, left: Path, tmp_path: Path, *, is_folder: bool
) -> None:
    link = tmp_path / "link"
    link.symlink_to(left.parent if is_folder else left)
    options = ImportOptions(mode="reference", is_recursive=True)
    report = await import_files(world, [str(link), "of no file\0"], options)
    assert report.counts == {"known": 1, "failed": 1}
    assert is_there(left)
    assert await pending(world) == []


async def test_what_was_moved_through_a_link_stays_when_its_folder_is_kept(
    world: World, add: Add, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    path = tmp_path / "link" / "a"
    path.write_bytes(b"content")
    await leave(world, await add(path), path)
    await keep_sources(world, [str(tmp_path / "folder")])
    assert await pending(world) == []


async def test_what_is_given_up_stays_and_nothing_beside_it(world: World, left: Path) -> None:
    await keep_sources(world, [str(left.with_name("b")), f"{left.parent}/ab"])
    assert await pending(world) == [left]
    await keep_sources(world, [str(left.parent)])
    assert await work_off_removals(world) == WorkedOff()
    assert is_there(left)


async def test_the_source_of_an_asset_that_is_removed_stays(world: World, left: Path) -> None:
    (row,) = await world.read(rows_of, PendingSourceRemovalComponent)
    await remove_assets(world, [row.entity_id])
    assert await work_off_removals(world) == WorkedOff()
    assert is_there(left)
    assert await pending(world) == []


async def test_a_source_stays_as_long_as_the_store_does_not_have_it(
    world: World, left: Path
) -> None:
    store = world.resources.get(FileOperationsResource).store
    stored = store.local_path(hashlib.sha256(b"content").digest())
    stored.rename(stored.with_name("elsewhere"))
    done = await work_off_removals(world)
    assert [type(error).__name__ for _, error in done.left] == ["ContentMissingError"]
    assert is_there(left)
    stored.with_name("elsewhere").rename(stored)
    assert await work_off_removals(world) == WorkedOff(removed=1)
    assert not is_there(left)


async def test_a_source_stays_when_its_stored_copy_has_rotted_since(
    world: World, left: Path
) -> None:
    rot(world, hashlib.sha256(b"content").digest())
    for _ in range(2):
        done = await work_off_removals(world)
        assert [type(error).__name__ for _, error in done.left] == ["ContentDamagedError"]
    assert is_there(left)
    assert await pending(world) == [left]


async def test_a_source_stays_when_the_world_knows_of_no_copy(world: World, left: Path) -> None:
    async def forget_places(session: AsyncSession) -> None:
        await session.execute(delete(table_of(FileLocationComponent)))

    await world.run(forget_places)
    assert await work_off_removals(world) == WorkedOff()
    assert is_there(left)
    assert await pending(world) == []


async def test_a_file_that_is_referred_to_stays(world: World, left: Path, add: Add) -> None:
    """A row that is there all the same, as when two commands ran at once."""
    entity_id = await add(left, "reference")
    await leave(world, entity_id, left)
    assert await work_off_removals(world) == WorkedOff()
    assert is_there(left)
    assert await pending(world) == []


@pytest.mark.parametrize("how", ["asset removed", "referred to", "given up", "needed"])
async def test_what_is_to_stay_since_the_rows_were_read_stays(
    world: World, left: Path, add: Add, how: str
) -> None:
    """As when another command runs beside one that works off thousands."""
    removals = await world.read(pending_removals, await this_machine())
    if how == "asset removed":
        await remove_assets(world, [removals[0].entity_id])
    elif how == "given up":
        await keep_sources(world, [str(left)])
    else:
        entity_id = await add(left, "reference")
        if how == "needed":
            await world.run(note_removals, removals, now=world.context.now())
            assert removals[0].entity_id == entity_id
    await end_removals(world, removals)
    assert is_there(left)
    assert await pending(world) == []


async def test_what_leads_into_the_store_stays(world: World, left: Path, tmp_path: Path) -> None:
    store = world.resources.get(FileOperationsResource).store
    stored = store.local_path(hashlib.sha256(b"content").digest())
    status = os.stat(left)  # noqa: PTH116 - as above
    stored.rename(stored.with_name("a"))
    shutil.copyfile(stored.with_name("a"), stored)
    os.utime(stored.with_name("a"), ns=(status.st_atime_ns, status.st_mtime_ns))
    left.parent.rename(tmp_path / "away")
    left.parent.symlink_to(stored.parent)
    done = await work_off_removals(world)
    assert [error.message for _, error in done.left] == [
        f"{left} is inside the store, and is not removed"
    ]
    assert is_there(left)
    assert await pending(world) == []


async def test_paths_may_be_of_any_bytes_and_long(world: World, add: Add, tmp_path: Path) -> None:
    folder = tmp_path
    while len(os.fsencode(folder)) < 3600:
        folder /= "d" * 200
    folder.mkdir(parents=True)
    path = folder / os.fsdecode(b"a\xff\n")
    path.write_bytes(b"content")
    await leave(world, await add(path), path)
    assert await pending(world) == [path]
    assert await work_off_removals(world) == WorkedOff(removed=1)
    assert not is_there(path)


async def test_many_are_removed_and_each_row_goes(world: World, tmp_path: Path) -> None:
    for number in range(600):
        (tmp_path / f"{number}").write_bytes(b"%d" % number)
    await import_files(world, [str(tmp_path)], ImportOptions(mode="move", is_recursive=True))
    assert names_below(tmp_path) == []
    assert await pending(world) == []


async def aside_of(world: World) -> str:
    (row,) = await world.read(rows_of, PendingSourceRemovalComponent)
    return os.fsdecode(row.aside_name or b"")


async def test_what_a_killed_removal_has_set_aside_goes(world: World, left: Path) -> None:
    aside = left.with_name(await aside_of(world))
    await asyncio.to_thread(left.rename, aside)
    assert await work_off_removals(world) == WorkedOff(removed=1)
    assert names_below(left.parent) == []
    assert await pending(world) == []


@pytest.mark.parametrize("how", ["given up", "asset removed"])
async def test_what_is_to_stay_and_was_set_aside_has_its_name_again(
    world: World, left: Path, how: str
) -> None:
    (row,) = await world.read(rows_of, PendingSourceRemovalComponent)
    await asyncio.to_thread(left.rename, left.with_name(await aside_of(world)))
    if how == "given up":
        await keep_sources(world, [str(left)])
    else:
        await remove_assets(world, [row.entity_id])
    assert names_below(left.parent) == [left.name]
    assert await pending(world) == []


async def test_what_is_removed_is_noted_with_the_last_commit_that_needs_it(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"content")
    found = counts_at_commits(
        world, path, "component_content_hash_sha256", "component_pending_source_removal"
    )
    await import_files(world, [str(path)], ImportOptions(mode="move"))
    assert set(found) <= {(0, 0), (1, 1)}
    assert (1, 1) in found
    assert not is_there(path)
