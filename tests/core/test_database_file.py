"""A SQLite file that is moved, replaced or emptied while it is open."""

import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from dam.core.config import WorldContext
from dam.core.database import Database
from dam.errors import DatabaseReplacedError


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
    path = tmp_path / "dam.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()
    return path


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{path}", WorldContext(world_name="test", run_id="test"))
    async with database.reader() as session:
        await session.execute(select(1))
    yield database
    await database.close()


@pytest.mark.parametrize("change", FOUND)
async def test_a_file_that_is_another_one_by_now_is_refused(
    database: Database, path: Path, change: Callable[[Path], None]
) -> None:
    assert database.opened_file is not None
    database.opened_file.require_same()

    change(path)

    with pytest.raises(DatabaseReplacedError) as caught:
        database.opened_file.require_same()
    assert caught.value.message == (
        f"the database sqlite:///{path} is not the one that the command began with: "
        f"{FOUND[change]}; no source was removed after that"
    )


async def test_no_connection_is_opened_to_another_file(database: Database, path: Path) -> None:
    replace(path)
    before = content(path)

    with pytest.raises(DatabaseReplacedError):
        async with database.writer():  # the first one, so with a connection of its own
            pass

    assert content(path) == before


async def test_what_is_written_makes_no_other_file_of_it(database: Database) -> None:
    assert database.opened_file is not None
    async with database.writer() as session:
        await session.execute(select(1))
    database.opened_file.require_same()
