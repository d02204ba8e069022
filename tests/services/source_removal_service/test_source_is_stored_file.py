"""A source that is the stored file itself stays, whatever path leads to it."""

import asyncio
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from dam.core.world import World
from dam.errors import InsideStoreError
from dam.models import PendingSourceRemovalComponent
from dam.services.file_operations import FileOperationsResource
from dam.services.import_service import FileOutcome, ImportOptions, import_files
from dam.services.source_removal_service import work_off_removals
from tests.conftest import unavailable
from tests.core.worlds import rows_of
from tests.faults.state import names_below, sha256
from tests.services.conftest import Add, leave


@pytest.fixture
async def stored(world: World, add: Add, home: Path) -> Path:
    """A stored file with one name, of an inode that is not ours: a user's, until he removed it."""
    path = home / "a"
    path.write_bytes(b"content")
    await add(path, "hardlink")
    stored = world.resources.get(FileOperationsResource).store.local_path(sha256(path))
    await asyncio.to_thread(path.unlink)
    return stored


@contextmanager
def mounted(*arguments: str | Path, at: Path) -> Iterator[None]:
    at.mkdir()
    if subprocess.run(["mount", *arguments, at], check=False, capture_output=True).returncode:
        unavailable("such a file system cannot be mounted here: this needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", at], check=True)


@contextmanager
def bound(folder: Path, at: Path) -> Iterator[None]:
    with mounted("--bind", folder, at=at):
        yield


@contextmanager
def put_elsewhere(folder: Path, at: Path) -> Iterator[None]:
    """As who has given a part of his store another disk."""
    folder.rename(at)
    folder.symlink_to(at)
    yield


@contextmanager
def below_an_overlay(folder: Path, at: Path) -> Iterator[None]:
    """There the very files are others, by their device, and so are the folders."""
    lower, work = at.with_name("lower"), at.with_name("work")
    for path in (lower, work):
        path.mkdir()
    options = f"lowerdir={lower},upperdir={folder},workdir={work}"
    with mounted("-t", "overlay", "-o", options, "overlay", at=at):
        yield


REACHED = [bound, put_elsewhere, below_an_overlay]
Reached = Callable[[Path, Path], AbstractContextManager[None]]


async def move(world: World, path: Path) -> list[FileOutcome]:
    outcomes: list[FileOutcome] = []
    options = ImportOptions(mode="move", is_recursive=True)
    await import_files(world, [str(path)], options, outcomes.append)
    return outcomes


@pytest.mark.parametrize("is_shard", [True, False])
@pytest.mark.parametrize("reached", REACHED)
async def test_a_stored_file_stays_when_it_is_moved_in_by_another_path(
    world: World, stored: Path, home: Path, reached: Reached, *, is_shard: bool
) -> None:
    at = home / "elsewhere"
    with reached(stored.parent if is_shard else stored.parent.parent, at):
        (outcome,) = await move(world, at)
        assert (outcome.status, outcome.error) == ("known", "InsideStoreError")
        assert outcome.message == f"{outcome.path} is inside the store, and is not removed"
        assert names_below(stored.parent) == [stored.name]
    assert await world.read(rows_of, PendingSourceRemovalComponent) == []


@pytest.mark.parametrize("reached", REACHED)
async def test_a_stored_file_that_is_ours_alone_stays_as_well(
    world: World, add: Add, home: Path, reached: Reached
) -> None:
    (home / "a").write_bytes(b"content")
    await add(home / "a")
    stored = world.resources.get(FileOperationsResource).store.local_path(sha256(home / "a"))
    at = home / "elsewhere"
    with reached(stored.parent, at):
        (outcome,) = await move(world, at)
        assert outcome.error is not None
        assert names_below(stored.parent) == [stored.name]


@pytest.mark.parametrize("is_aside", [True, False])
@pytest.mark.parametrize("reached", REACHED)
async def test_a_stored_file_stays_when_an_earlier_move_has_noted_it(
    world: World, stored: Path, home: Path, reached: Reached, *, is_aside: bool
) -> None:
    """Also where that was killed when it had set the file aside."""
    at = home / "elsewhere"
    with reached(stored.parent, at):
        source = at / stored.name
        await leave(world, 1, source)
        if is_aside:
            (row,) = await world.read(rows_of, PendingSourceRemovalComponent)
            await asyncio.to_thread(source.rename, at / os.fsdecode(row.aside_name or b""))
        done = await work_off_removals(world)
        assert (done.removed, [type(error) for _, error in done.left]) == (0, [InsideStoreError])
        assert names_below(stored.parent) == [stored.name]
    assert await world.read(rows_of, PendingSourceRemovalComponent) == []


async def test_another_name_of_a_stored_file_goes(world: World, add: Add, home: Path) -> None:
    path = home / "a"
    path.write_bytes(b"content")
    await add(path, "hardlink")
    stored = world.resources.get(FileOperationsResource).store.local_path(sha256(path))
    (outcome,) = await move(world, path)
    assert (outcome.status, outcome.error) == ("unchanged", None)
    assert (path.exists(), stored.read_bytes()) == (False, b"content")
