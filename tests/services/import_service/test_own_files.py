"""Folders that hold the world's own database, store and cache: these are never opened."""

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import build_world
from dam.core.world import World
from dam.errors import ImportStoppedError
from dam.services.comic_import_service import ComicImportOptions, count_comics
from dam.services.import_service import FileOutcome, ImportOptions, count_files, import_files
from dam.storage.sources.walk import SkippedPath, Walk
from tests.databases import world_config

OTHER_PROGRAM = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("CREATE TABLE IF NOT EXISTS notes (text)")
for (path,) in connection.execute("SELECT path_text FROM component_original_source_info"):
    print(path)
connection.close()
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    return folder


@pytest.fixture
async def world(tree: Path, sqlite_template: Path) -> AsyncIterator[World]:
    """A world that is kept inside the folder that is to be added."""
    shutil.copyfile(sqlite_template, tree / "dam.db")
    world = await open_in(tree)
    yield world
    await world.close()


async def open_in(tree: Path) -> World:
    config = world_config(
        f"sqlite:///{tree / 'dam.db'}",
        storage_url=str(tree / "store"),
        cache_path=tree / "z" / "thumbs",
        worker_kind="thread",
    )
    return await build_world(config, plugins=False)


async def add(world: World, *paths: Path, is_rehash: bool = False) -> list[FileOutcome]:
    outcomes: list[FileOutcome] = []
    options = ImportOptions(is_recursive=True, is_rehash=is_rehash)
    await import_files(world, map(os.fspath, paths), options, outcomes.append)
    return outcomes


def told(tree: Path, outcomes: list[FileOutcome]) -> dict[str, str]:
    return {os.path.relpath(one.path, tree): one.message or one.status for one in outcomes}


def run_other_program(database: Path) -> list[str]:
    """Have another program write to the database and close it; return the paths that it saw."""
    command = [sys.executable, "-c", OTHER_PROGRAM, str(database)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return sorted(done.stdout.splitlines())


async def test_no_committed_row_is_lost_when_the_folder_holds_the_open_database(
    world: World, tree: Path
) -> None:
    """Opening and closing the file would drop our locks on it.

    Another program that comes and goes would then take itself for the last one, and remove the log
    that we go on writing to: nobody else would ever see what we commit from then on.
    """
    for name in ("first", "second", "third"):
        (tree / name).write_bytes(name.encode())
        await add(world, tree, is_rehash=True)
        others_see = run_other_program(tree / "dam.db")
    assert others_see == sorted(str(tree / name) for name in ("first", "second", "third"))


async def test_what_belongs_to_the_world_is_skipped_also_under_other_names(
    world: World, tree: Path
) -> None:
    os.link(tree / "dam.db", tree / "link.db")
    (tree / "z" / "thumbs").mkdir(parents=True)
    await world.read(select_nothing)  # opens the database, which makes its log
    ours = "belongs to this world"
    assert told(tree, await add(world, tree)) == dict.fromkeys(
        ["dam.db", "dam.db-shm", "dam.db-wal", "link.db", "store", "z/thumbs"], ours
    )
    inside = [tree / "store" / ".lock", tree / "dam.db", tree / "z" / ".." / "store"]
    assert {one.message for one in await add(world, *inside)} == {ours}


async def test_an_import_counts_what_it_tells_of(world: World, tree: Path) -> None:
    (tree / "file").touch()
    outcomes = await add(world, tree)
    await add(world, tree)  # a store that is not empty now
    options = ImportOptions(is_recursive=True)
    assert count_files(world, [str(tree)], options, lambda: False) == len(outcomes)


async def test_counting_stops_when_told(world: World, tree: Path) -> None:
    for name in ("a", "b", "c"):
        (tree / "folder" / name).mkdir(parents=True)
    answers = iter([False, False, True])
    options = ImportOptions(is_recursive=True)
    with pytest.raises(ImportStoppedError):
        count_files(world, [str(tree / "folder")], options, lambda: next(answers))
    assert list(answers) == []


async def test_counting_comics_stops_when_told(world: World, tree: Path) -> None:
    for name in ("a", "b", "c"):
        (tree / "folder" / name).mkdir(parents=True)
    answers = iter([False, False, True])
    options = ComicImportOptions(is_recursive=True)
    with pytest.raises(ImportStoppedError):
        count_comics(world, [str(tree / "folder")], options, lambda: next(answers))
    assert list(answers) == []


def test_what_is_made_while_the_walk_goes_on_is_passed_by(tree: Path) -> None:
    own = [tree / "z" / "thumbs", tree / "z" / "dam.db-wal"]
    (tree / "a").touch()
    (tree / "z").mkdir()
    walk = Walk(is_recursive=True, own=own).walk([str(tree)])
    found = [next(walk)]
    own[0].mkdir()
    (own[0] / "thumbnail").touch()
    own[1].touch()
    found += walk
    assert [(item.path, isinstance(item, SkippedPath)) for item in found] == [
        (str(tree / "a"), False),
        (str(own[1]), True),
        (str(own[0]), True),
    ]


def test_a_folder_that_becomes_ours_among_named_files_is_passed_by_from_then_on(
    tree: Path,
) -> None:
    (tree / "z").mkdir()
    for name in ("a", "b"):
        (tree / "z" / name).touch()
    named = [str(tree / "z" / name) for name in ("a", "b")]
    walk = Walk(is_recursive=False, own=[tree / "cache"]).walk(named)
    found = [next(walk)]
    (tree / "cache").symlink_to("z")
    found += walk
    assert [isinstance(item, SkippedPath) for item in found] == [False, True]


def test_a_named_link_is_judged_by_where_it_leads(tree: Path) -> None:
    (tree / "store").mkdir()
    (tree / "store" / "stored").touch()
    (tree / "file").touch()
    (tree / "link").symlink_to("store/stored")
    walk = Walk(is_recursive=False, own=[tree / "store"])
    found = list(walk.walk([str(tree / "file"), str(tree / "link")]))
    assert [isinstance(item, SkippedPath) for item in found] == [False, True]


async def select_nothing(session: AsyncSession) -> None:
    await session.execute(select(1))
