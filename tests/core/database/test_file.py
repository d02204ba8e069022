"""A SQLite file that is moved, replaced or emptied while it is open."""

import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select, text

from dam.core.config import WorldContext
from dam.core.database.database import Database
from dam.errors import DatabaseReplacedError
from dam.settings.locations import quoted_path


def remove(path: Path) -> None:
    path.unlink()


def rename(path: Path) -> None:
    path.rename(path.with_name("aside"))


def replace(path: Path) -> None:
    copy = path.with_name("copy")
    shutil.copyfile(path, copy)
    copy.replace(path)


def replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def content(path: Path) -> bytes:
    return path.read_bytes()


def size_bytes(path: Path) -> int:
    return path.stat().st_size


def names_beside(path: Path) -> list[str]:
    return [each.name for each in path.parent.iterdir()]


def empty(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate()


FOUND: dict[Callable[[Path], None], str] = {
    remove: "no such file",
    rename: "no such file",
    replace: "another file is in its place",
    replace_by_folder: "another file is in its place",
    empty: "it was emptied or cut short",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a?b#c%20 é.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (a)")
        connection.execute("CREATE TABLE wide (a)")
        connection.executemany("INSERT INTO wide VALUES (?)", [("x" * 4000,)] * 100)
    connection.close()
    return path


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = Database(
        f"sqlite:///{quoted_path(str(path))}", WorldContext(world_name="test", run_id="test")
    )
    async with database.reader() as session:
        await session.execute(select(1))
    yield database
    await database.close()


@pytest.mark.parametrize("change", FOUND)
async def test_a_file_that_is_another_one_by_now_is_refused(
    database: Database, path: Path, change: Callable[[Path], None]
) -> None:
    await database.require_same_file()

    change(path)

    with pytest.raises(DatabaseReplacedError) as caught:
        await database.require_same_file()
    assert caught.value.message == (
        f"the database sqlite:///{path} is not the one that the command started with: "
        f"{FOUND[change]}; no source was removed after that"
    )


async def test_no_connection_is_opened_to_another_file(database: Database, path: Path) -> None:
    replace(path)
    before = content(path)

    with pytest.raises(DatabaseReplacedError):
        async with database.writer():  # the first one, so with a connection of its own
            pass

    assert content(path) == before


@pytest.mark.parametrize("take_away", [remove, rename])
async def test_no_file_is_made_in_the_place_of_one_that_went_away(
    database: Database, path: Path, take_away: Callable[[Path], None]
) -> None:
    take_away(path)

    with pytest.raises(DatabaseReplacedError) as caught:
        async with database.writer():
            pass

    assert "no such file" in caught.value.message
    assert path.name not in names_beside(path)


@pytest.mark.parametrize("is_written_after", [False, True])
async def test_a_file_that_sqlite_made_shorter_is_the_same(
    database: Database, path: Path, *, is_written_after: bool
) -> None:
    await database.require_same_file()
    before_bytes = size_bytes(path)

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("DELETE FROM wide")
        other.execute("VACUUM")
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if is_written_after:  # to the log, so that the file has less pages than the database
            other.executemany("INSERT INTO wide VALUES (?)", [("x" * 4000,)] * 20)
        assert size_bytes(path) < before_bytes
        await database.require_same_file()


@pytest.mark.parametrize("left", [0, 1, 100, 4096, 9 * 4096, 99 * 4096 + 1])
async def test_a_file_that_has_lost_pages_is_refused(
    database: Database, path: Path, left: int
) -> None:
    async with database.reader() as session:
        await session.execute(text("SELECT * FROM wide"))  # so this connection remembers all pages
    await database.require_same_file()

    os.truncate(path, left)

    with pytest.raises(DatabaseReplacedError) as caught:
        await database.require_same_file()
    assert "it was emptied or cut short" in caught.value.message


async def test_what_is_written_makes_no_other_file_of_it(database: Database) -> None:
    assert database.opened_file is not None
    async with database.writer() as session:
        await session.execute(select(1))
    await database.require_same_file()
