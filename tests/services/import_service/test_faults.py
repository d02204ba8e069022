"""Files that cannot be had and disks that cannot be used: named, and nothing by halves."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import build_world
from dam.core.ecs.components import Entity
from dam.core.world import World
from dam.errors import (
    CacheUnusableError,
    DatabaseError,
    DatabaseLockedError,
    ExitCode,
    StoreUnusableError,
)
from dam.services.failure_service import list_failures
from dam.services.import_service import FileOutcome, ImportOptions, add_files, import_files
from dam.services.thumbnail_service import find_thumbnails
from dam.storage.content_store import ImportMode
from tests.databases import world_config
from tests.faults.state import assert_complete, dump

PICTURES = Path(__file__).parents[2] / "assets" / "pictures"


async def add(
    world: World, paths: Iterable[str | Path], mode: ImportMode = "copy"
) -> dict[str, tuple[str, str | None]]:
    outcomes: list[FileOutcome] = []
    options = ImportOptions(mode=mode)
    await import_files(world, map(str, paths), options, outcomes.append)
    return {one.path: (one.status, one.message) for one in outcomes}


def write(path: Path, content: bytes = b"content") -> Path:
    path.write_bytes(content)
    return path


async def test_a_file_that_vanishes_after_it_was_found_is_a_named_failure(
    world: World, tmp_path: Path
) -> None:
    gone, stays = write(tmp_path / "gone"), write(tmp_path / "stays")

    def paths() -> Iterator[Path]:
        yield gone
        gone.unlink()  # whoever asks for the next has looked at this one
        yield stays

    assert await add(world, paths()) == {
        str(gone): ("failed", f"cannot read {gone}: no such file"),
        str(stays): ("added", None),
    }


async def test_a_file_that_becomes_a_fifo_is_not_waited_for(world: World, tmp_path: Path) -> None:
    path = write(tmp_path / "a")

    def paths() -> Iterator[Path]:
        yield path
        path.unlink()
        os.mkfifo(path)

    assert await add(world, paths()) == {
        str(path): ("failed", f"{path} is a FIFO, not a regular file")
    }


@pytest.mark.parametrize("mode", ["copy", "hardlink", "move", "reference"])
async def test_files_that_grow_or_cannot_be_read_fail_alone(
    world: World, tmp_path: Path, mode: ImportMode
) -> None:
    """The kernel's own files are regular ones, say that they are empty, and are not."""
    good = write(tmp_path / "good")
    grows, unreadable = "/proc/self/status", "/proc/self/mem"
    found = await add(world, [grows, good, unreadable], mode)
    assert found == {
        grows: ("failed", f"{grows} changed while it was read"),
        str(good): ("added", None),
        unreadable: ("failed", f"cannot read {unreadable}: input/output error of the disk"),
    }


async def test_paths_that_lead_nowhere_are_named_failures(world: World, tmp_path: Path) -> None:
    loop, nul, long = tmp_path / "loop", f"{tmp_path}/a\0b", tmp_path / ("x" * 256)
    loop.symlink_to(loop)
    inside = write(tmp_path / "file") / "inside"
    paths: list[Path | str] = [loop, nul, long, inside, tmp_path / "missing"]
    assert await add(world, paths) == {
        str(loop): ("failed", "too many symbolic links"),
        nul: ("failed", "a path cannot contain a NUL; use -0 for a NUL-separated list"),
        str(long): ("failed", "the name is too long"),
        str(inside): ("failed", "a part of the path is not a folder"),
        str(tmp_path / "missing"): ("failed", "no such file"),
    }


def fill(folder: Path, *, free_bytes: int) -> None:
    """Leave so much of a file system to others."""
    status = os.statvfs(folder)
    write(folder / "filler", bytes(status.f_bavail * status.f_frsize - free_bytes))


@asynccontextmanager
async def world_at(sqlite: Path, template: Path, **changes: object) -> AsyncIterator[World]:
    shutil.copyfile(template, sqlite)
    config = world_config(f"sqlite:///{sqlite}", worker_kind="thread", **changes)
    world = await build_world(config, plugins=False)
    try:
        yield world
    finally:
        await world.close()


async def test_a_full_disk_under_the_store_stops_the_import_and_keeps_what_was_done(
    other_file_system: Path,
    tmp_path: Path,
    sqlite_template: Path,
) -> None:
    small = [write(tmp_path / name, name.encode() * 1000) for name in "abc"]
    big = write(tmp_path / "d", bytes(3_000_000))
    store = other_file_system / "store"
    sqlite = tmp_path / "dam.db"
    async with world_at(sqlite, sqlite_template, storage_url=str(store)) as world:
        await add_files(world, map(str, small), ImportOptions())
        with pytest.raises(StoreUnusableError) as caught:
            await add_files(world, [str(big)], ImportOptions())
        assert caught.value.message == f"the store {store} is not usable: no space left on the disk"
        assert caught.value.hint == "free some space on that disk"
        await assert_complete(world, small)


async def test_a_full_disk_under_the_database_stops_the_import_and_keeps_what_was_done(
    other_file_system: Path,
    tmp_path: Path,
    sqlite_template: Path,
) -> None:
    sqlite = other_file_system / "dam.db"
    files = [write(tmp_path / str(number), b"%d" % number) for number in range(500)]
    recorded: list[FileOutcome] = []
    async with world_at(sqlite, sqlite_template) as world:
        await add(world, files[:1])
        fill(other_file_system, free_bytes=300_000)
        with pytest.raises(DatabaseError) as caught:
            await import_files(world, map(str, files[1:]), ImportOptions(), recorded.append)
        assert caught.value.message == (
            f"the database sqlite:///{sqlite} failed: database or disk is full"
        )
        assert caught.value.hint == "check its disk and permissions"
        assert caught.value.exit_code is ExitCode.ENVIRONMENT
        rows = await world.read(dump)
        assert len(rows["component_original_source_info"]) == 1 + len(recorded) < 500
        subprocess.run(  # noqa: ASYNC221 - nothing else is to happen meanwhile
            ["mount", "-o", "remount,size=64m", str(other_file_system)], check=True
        )
        await add_files(world, map(str, files), ImportOptions())
        await assert_complete(world, files)


async def test_a_full_disk_under_the_cache_costs_thumbnails_and_not_the_import(
    other_file_system: Path,
    tmp_path: Path,
    sqlite_template: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pictures = sorted(PICTURES.glob("*.jpg"))
    fill(other_file_system, free_bytes=50_000)
    sqlite, cache = tmp_path / "dam.db", other_file_system / "cache"
    async with world_at(sqlite, sqlite_template, cache_path=cache) as world:
        await add_files(world, map(str, pictures), ImportOptions())
        (warning,) = caplog.records
        assert warning.message == "thumbnails are not kept"
        assert vars(warning)["reason"].endswith(" is not usable: no space left on the disk")
        assert await world.read(list_failures) == []
        await assert_complete(world, pictures)
        ids = list(await world.read(entity_ids))
        with pytest.raises(CacheUnusableError):
            await find_thumbnails(world, ids)
        (other_file_system / "filler").unlink()
        assert {found.error for found in await find_thumbnails(world, ids)} == {None}


async def entity_ids(session: AsyncSession) -> Sequence[int]:
    return (await session.scalars(select(Entity.id))).all()


async def test_a_read_only_store_is_named_and_references_need_none(
    other_file_system: Path,
    tmp_path: Path,
    sqlite_template: Path,
) -> None:
    store, sqlite, path = other_file_system / "store", tmp_path / "dam.db", write(tmp_path / "a")
    subprocess.run(  # noqa: ASYNC221 - nothing else is to happen meanwhile
        ["mount", "-o", "remount,ro", str(other_file_system)], check=True
    )
    async with world_at(sqlite, sqlite_template, storage_url=str(store)) as world:
        with pytest.raises(StoreUnusableError) as caught:
            await add_files(world, [str(path)], ImportOptions())
        assert (
            caught.value.message == f"the store {store} is not usable: the file system is read-only"
        )
        assert await add(world, [path], "reference") == {str(path): ("added", None)}


@pytest.mark.parametrize("mode", ["copy", "move"])
async def test_a_database_that_another_program_keeps_locked_is_named_and_nothing_is_lost(
    tmp_path: Path, sqlite_template: Path, mode: ImportMode
) -> None:
    sqlite, path = tmp_path / "dam.db", write(tmp_path / "a")
    async with world_at(sqlite, sqlite_template, busy_timeout_s=0.1) as world:
        other = sqlite3.connect(sqlite, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseLockedError) as caught:
            await add_files(world, [str(path)], ImportOptions(mode=mode))
        assert caught.value.message == (
            f"the database sqlite:///{sqlite} failed: another program kept it locked for 0.1 s"
        )
        assert caught.value.hint == (
            "close the program that has it open, then run the command again"
        )
        assert path.read_bytes() == b"content"
        other.close()
        await add_files(world, [str(path)], ImportOptions())
        await assert_complete(world, [path])
