"""Databases that can only be read: every state of SQLite's files, and both ways of PostgreSQL."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.database import Database
from dam.core.database.read_only_file import unwritable_part
from dam.errors import DatabaseChangedError, DatabaseError, DatabaseReadOnlyError, ExitCode
from tests.core.worlds import CONTEXT, new_entities
from tests.databases import reading_role

TWO_STATES = """
PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1);
PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO t VALUES (2);
"""


async def count(session: AsyncSession) -> object:
    return await session.scalar(text("SELECT count(*) FROM t"))


async def add_row(session: AsyncSession) -> None:
    await session.execute(text("INSERT INTO t VALUES (3)"))


def make(path: Path, log: str = "full", index: str = "full") -> None:
    """Make a database with a row in the file itself, and another in its log."""
    original = path.with_name("original")
    with closing(sqlite3.connect(original, isolation_level=None)) as connection:
        connection.executescript(TWO_STATES)
        for end, state in (("", "full"), ("-wal", log), ("-shm", index)):
            if state != "absent":
                shutil.copyfile(f"{original}{end}", f"{path}{end}")
            if state == "empty":
                Path(f"{path}{end}").write_bytes(b"")
    original.unlink()


def mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("index", ["absent", "empty", "full"])
@pytest.mark.parametrize("log", ["absent", "empty", "full"])
async def test_a_read_only_medium_is_read_with_all_that_is_in_the_log(
    other_file_system: Path, log: str, index: str
) -> None:
    path = other_file_system / "d ä?.db"
    make(path, log, index)
    before = names(other_file_system)
    mount("-o", "remount,ro", other_file_system)
    database = Database(f"sqlite:///{other_file_system}/d%20%C3%A4%3F.db", CONTEXT)

    assert await database.read(count) == (2 if log == "full" else 1)
    with pytest.raises(DatabaseReadOnlyError) as caught:
        await database.write(add_row)
    assert await database.read(count) == (2 if log == "full" else 1)

    assert caught.value.message == (
        f"the database {database.safe_url} is read-only: {path} cannot be written to"
    )
    assert caught.value.hint == (
        "commands that only read work, such as `status`; to change it, make the file, its folder, "
        "and the files -wal and -shm beside it writable"
    )
    assert caught.value.exit_code == ExitCode.ENVIRONMENT
    await database.close()
    assert names(other_file_system) == before


async def test_a_file_without_a_log_of_its_own_is_read(other_file_system: Path) -> None:
    path = other_file_system / "d.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
    mount("-o", "remount,ro", other_file_system)
    database = Database(f"sqlite:///{path}", CONTEXT)
    assert await database.read(count) == 1
    await database.close()


async def test_an_interrupted_write_without_a_log_is_told_and_not_read(
    other_file_system: Path,
) -> None:
    path = other_file_system / "d.db"
    write(
        path,
        "PRAGMA cache_size = 1",
        "CREATE TABLE t (x)",
        "BEGIN",
        "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r LIMIT 100) "
        "INSERT INTO t SELECT randomblob(1000) FROM r",
        end="os._exit(0)",
    )
    assert names(other_file_system) == ["d.db", "d.db-journal"]
    mount("-o", "remount,ro", other_file_system)
    database = Database(f"sqlite:///{path}", CONTEXT)
    with pytest.raises(DatabaseError) as caught:
        await database.read(count)
    assert (caught.value.message, caught.value.hint) == (
        f"the database sqlite:///{path} failed: a write to it was interrupted, and must be undone "
        f"before it can be read; but {path} cannot be written to",
        "make the file and its folder writable, then run the command again",
    )
    await database.close()


@pytest.fixture
def both_ways(other_file_system: Path) -> tuple[Path, Path]:
    """A database without a log: where it can be written to, and where it can only be read."""
    writable, read_only = other_file_system / "writable", other_file_system / "read-only"
    writable.mkdir()
    read_only.mkdir()
    make(writable / "d.db", "absent", "absent")
    mount("--bind", writable, read_only)
    mount("-o", "remount,bind,ro", read_only)
    return writable / "d.db", read_only / "d.db"


def write(path: Path, *statements: str, end: str = "") -> None:
    """Write to a database in another process; it is not closed if the process ends at once."""
    script = (
        "import os, sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "for statement in sys.argv[2:]: connection.execute(statement)\n"
    )
    subprocess.run([sys.executable, "-c", script + end, path, *statements], check=True)


async def test_a_write_during_an_unlocked_reading_is_noticed(both_ways: tuple[Path, Path]) -> None:
    path, shown = both_ways
    database = Database(f"sqlite:///{shown}", CONTEXT)

    async def count_meanwhile(session: AsyncSession) -> object:
        found = await count(session)
        write(path, "INSERT INTO t VALUES (3)")  # and closing it empties its log
        return found

    with pytest.raises(DatabaseChangedError) as caught:
        await database.read(count_meanwhile)
    assert (caught.value.message, caught.value.hint) == (
        f"the database sqlite:///{shown} failed: another program wrote to it while it was read; "
        "as it is read-only here, it could not be locked",
        "run the command again",
    )
    with pytest.raises(DatabaseChangedError):  # what the connection remembers is old
        await database.read(count)
    await database.close()

    database = Database(f"sqlite:///{shown}", CONTEXT)
    assert await database.read(count) == 2
    await database.close()


async def test_a_log_that_others_begin_does_not_disturb(both_ways: tuple[Path, Path]) -> None:
    path, shown = both_ways
    database, later = (Database(f"sqlite:///{shown}", CONTEXT) for _ in range(2))
    assert await database.read(count) == 1
    write(path, "INSERT INTO t VALUES (3)", end="os._exit(0)")
    assert names(path.parent) == ["d.db", "d.db-shm", "d.db-wal"]
    assert await database.read(count) == 1
    assert await later.read(count) == 2
    await database.close()
    await later.close()


async def test_a_file_is_read_only_if_its_folder_is(other_file_system: Path) -> None:
    folder = other_file_system / "folder"
    folder.mkdir()
    make(folder / "d.db", "absent", "absent")
    mount("--bind", folder, folder)
    mount("--bind", folder / "d.db", folder / "d.db")
    mount("-o", "remount,bind,ro", folder)
    database = Database(f"sqlite:///{folder}/d.db", CONTEXT)
    assert await database.read(count) == 1
    with pytest.raises(DatabaseReadOnlyError, match=f"read-only: {folder} cannot be written to"):
        await database.write(add_row)
    await database.close()


async def test_a_server_that_refuses_to_write_is_read_only(postgres_url: str) -> None:
    url = f"{postgres_url}&options=-c%20default_transaction_read_only%3Don"
    database = Database(url, CONTEXT)
    assert await database.read(AsyncSession.scalar, text("SELECT 1")) == 1
    with pytest.raises(DatabaseReadOnlyError) as caught:
        await database.write(new_entities, 1)
    assert str(caught.value) == (
        f"the database {database.safe_url} is read-only: the server refuses to write"
    )
    assert caught.value.hint == (
        "commands that only read work, such as `status`; to change it, use a server and a user "
        "that may write to it"
    )
    await database.close()


async def test_a_role_that_may_only_read_is_told_so(postgres_url: str) -> None:
    with reading_role(postgres_url) as url:
        database = Database(url, CONTEXT)
        assert await database.read(AsyncSession.scalar, text("SELECT count(*) FROM entities")) == 0
        with pytest.raises(DatabaseReadOnlyError, match="is read-only: for this user: permission"):
            await database.write(new_entities, 1)
        await database.close()


def test_a_log_that_comes_and_goes_keeps_nobody_from_writing(tmp_path: Path) -> None:
    path, log = tmp_path / "x.db", tmp_path / "x.db-wal"
    path.touch()
    come_and_go = f"import os\nwhile True: open({str(log)!r}, 'w').close(); os.unlink({str(log)!r})"
    with subprocess.Popen([sys.executable, "-c", come_and_go]) as other:
        while not log.exists():
            assert other.poll() is None
        found = {unwritable_part(path) for _ in range(20_000)}
        other.kill()
    assert found == {None}
