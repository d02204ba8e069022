"""The rules of both databases, and the words for what can be wrong with them."""

import asyncio
import os
import shutil
import socket
import sqlite3
import subprocess
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.config import context_of
from dam.core.database.database import Database
from dam.core.ecs.components import Entity, table_of
from dam.core.ecs.rows import create_entities
from dam.errors import (
    DatabaseBusyError,
    DatabaseCorruptError,
    DatabaseLockedError,
    DatabaseUnreachableError,
    ExitCode,
    NestedWriterError,
    ReaderWritesError,
)
from dam.models import ImageDimensionsComponent
from tests.core.worlds import CONTEXT, HANG_S, NOW, all_entities, new_entities
from tests.databases import MAX_VALUES


async def query_one(database: Database) -> object:
    async with database.reader() as session:
        return await session.scalar(text("SELECT 1"))


async def test_what_was_written_is_there_after_the_commit(database: Database) -> None:
    ids = await database.write(new_entities, 2)
    assert await database.read(all_entities) == ids


async def test_an_error_rolls_everything_back(database: Database) -> None:
    async def fail(session: AsyncSession) -> None:
        await new_entities(session, 2)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(fail)
    assert await database.read(all_entities) == []


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(ReaderWritesError, match=r"^a reader cannot write; call"):
        await database.read(new_entities, 1)
    assert await database.read(all_entities) == []


async def test_a_reader_stays_with_what_it_began_with(database: Database) -> None:
    async with database.reader() as session:
        assert await all_entities(session) == []
        ids = await database.write(new_entities, 1)
        assert await all_entities(session) == []
    assert await database.read(all_entities) == ids


async def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    async with asyncio.timeout(HANG_S), database.writer() as session:
        await new_entities(session, 1)
        assert await database.read(all_entities) == []


async def test_savepoints_take_back_only_their_own(database: Database) -> None:
    async def write(session: AsyncSession) -> None:
        await create_entities(session, 1, now=NOW)
        with pytest.raises(IntegrityError):
            async with session.begin_nested():
                await session.execute(table_of(Entity).insert(), {"id": 1, "created_at": NOW})
        await create_entities(session, 1, now=NOW)

    await database.write(write)
    assert await database.read(all_entities) == [1, 2]


async def test_foreign_keys_hold(database: Database) -> None:
    row = {"entity_id": 99, "width": 1, "height": 1}

    async def write(session: AsyncSession) -> None:
        await session.execute(table_of(ImageDimensionsComponent).insert(), row)

    with pytest.raises(IntegrityError):
        await database.write(write)


async def test_a_writer_inside_a_writer_is_refused_at_once(database: Database) -> None:
    async def nested(_session: AsyncSession) -> None:
        await database.write(new_entities, 1)

    async def in_a_task(_session: AsyncSession) -> None:
        await asyncio.create_task(database.write(new_entities, 1))

    async with asyncio.timeout(HANG_S):
        for fn in (nested, in_a_task):
            with pytest.raises(NestedWriterError, match="a writer was opened inside a writer"):
                await database.write(fn)
        await database.write(new_entities, 1)


async def test_a_task_that_a_writer_left_behind_may_write_later(database: Database) -> None:
    closed = asyncio.Event()

    async def later() -> None:
        await closed.wait()
        await database.write(new_entities, 1)

    async with database.writer():
        task = asyncio.create_task(later())
    closed.set()
    await task
    assert await database.read(all_entities) == [1]


async def test_writers_of_one_database_come_one_after_the_other(database: Database) -> None:
    async with asyncio.timeout(HANG_S):
        counts = await asyncio.gather(*(database.write(new_entities, 2) for _ in range(20)))
    assert sorted(i for ids in counts for i in ids) == await database.read(all_entities)


async def test_a_session_knows_its_world(database: Database) -> None:
    async with database.reader() as session:
        assert context_of(session) is CONTEXT


@pytest.fixture
async def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Database:
    """A set-up SQLite file that does not wait long for a lock."""
    path = shutil.copyfile(sqlite_template, tmp_path / "dam.db")
    return Database(f"sqlite:///{path}", CONTEXT, busy_timeout_s=0.05)


async def test_sqlite_runs_under_our_rules(sqlite_database: Database) -> None:
    found = {}
    async with sqlite_database.writer() as session:
        for rule in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout", "query_only"):
            found[rule] = await session.scalar(text(f"PRAGMA {rule}"))
    assert found == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "synchronous": 1,
        "busy_timeout": 50,
        "query_only": 0,
    }
    await sqlite_database.close()


async def test_postgresql_looks_rows_up_unless_its_owner_says_otherwise(postgres_url: str) -> None:
    async def cost_of_a_lookup(url: str) -> float:
        database = Database(url, CONTEXT)
        async with database.reader() as session:
            cost = await session.scalar(text("SHOW random_page_cost"))
        await database.close()
        return float(cost)

    assert await cost_of_a_lookup(postgres_url) == 1.1
    assert await cost_of_a_lookup(f"{postgres_url}&options=-c%20random_page_cost%3D3") == 3


async def test_postgresql_plans_each_statement_for_its_own_values(postgres_url: str) -> None:
    database = Database(postgres_url, CONTEXT)
    how_many = text("SELECT count(*) FROM generate_series(1, 3) AS n WHERE n = :n")
    by_plan = text("""
        SELECT custom_plans, generic_plans FROM pg_prepared_statements
        WHERE statement LIKE '%generate_series%'
    """)
    for n in range(20):  # the driver prepares what it runs the sixth time
        async with database.reader() as session:
            assert await session.scalar(how_many, {"n": n}) == (1 <= n <= 3)
    async with database.reader() as session:
        custom, generic = (await session.execute(by_plan)).one()
    await database.close()
    assert custom > 10
    assert generic == 0


async def test_a_durable_writer_is_durable_and_the_next_is_not(sqlite_database: Database) -> None:
    async with sqlite_database.writer(durable=True) as session:
        assert await session.scalar(text("PRAGMA synchronous")) == 2
    async with sqlite_database.writer() as session:
        assert await session.scalar(text("PRAGMA synchronous")) == 1
    await sqlite_database.close()


async def test_a_durable_writer_waits_for_the_disk_of_a_server_that_others_need_not(
    postgres_url: str,
) -> None:
    database = Database(f"{postgres_url}&options=-c%20synchronous_commit%3Doff", CONTEXT)
    async with database.writer(durable=True) as session:
        assert await session.scalar(text("SHOW synchronous_commit")) == "on"
    async with database.writer() as session:
        assert await session.scalar(text("SHOW synchronous_commit")) == "off"
    await database.close()


async def test_a_locked_database_says_so(sqlite_database: Database) -> None:
    assert sqlite_database.file is not None
    other = sqlite3.connect(sqlite_database.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseLockedError) as caught:
        await sqlite_database.write(new_entities, 1)
    other.close()
    assert str(caught.value) == (
        f"the database sqlite:///{sqlite_database.file} failed: "
        "another program kept it locked for 0.05 s"
    )
    assert caught.value.hint == "close the program that has it open, then run the command again"
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    assert await sqlite_database.write(new_entities, 1) == [1]
    await sqlite_database.close()


async def read_within_reads(database: Database, depth: int) -> None:
    async with database.reader() as session:
        await session.scalar(text("SELECT 1"))
        if depth > 1:
            await read_within_reads(database, depth - 1)


async def test_more_nested_readers_than_connections_say_so(sqlite_database: Database) -> None:
    await read_within_reads(sqlite_database, 4)
    with pytest.raises(DatabaseBusyError) as caught:
        await read_within_reads(sqlite_database, 5)
    assert str(caught.value) == (
        f"the database sqlite:///{sqlite_database.file} failed: "
        "no connection of this program was free for 0.05 s"
    )
    assert caught.value.hint == "finish some reads before you start more"
    await sqlite_database.close()


async def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    path = tmp_path / "dam.db"
    path.write_bytes(b"my shopping list, which is not short" * 1000)
    database = Database(f"sqlite:///{path}", CONTEXT)
    with pytest.raises(DatabaseCorruptError) as caught:
        await query_one(database)
    assert str(caught.value) == f"the database sqlite:///{path} failed: file is not a database"
    assert caught.value.hint == "restore it from a backup; the stored files are not touched"
    await database.close()


def damage(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096 * 8)


async def test_a_damaged_file_says_so(sqlite_database: Database) -> None:
    assert sqlite_database.file is not None
    damage(sqlite_database.file)
    with pytest.raises(DatabaseCorruptError) as caught:
        await sqlite_database.read(all_entities)
    assert "malformed" in str(caught.value)
    await sqlite_database.close()


async def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/gone/dam.db", CONTEXT)
    with pytest.raises(DatabaseUnreachableError) as caught:
        await query_one(database)
    assert str(caught.value) == (
        f"the database sqlite:///{tmp_path}/gone/dam.db failed: unable to open database file"
    )
    await database.close()


def test_a_file_that_does_not_open_leaves_no_thread_behind(tmp_path: Path) -> None:
    async def open_it() -> None:
        database = Database(f"sqlite:///{tmp_path}/gone/dam.db", CONTEXT)
        with pytest.raises(DatabaseUnreachableError):
            await query_one(database)
        await database.close()

    for _ in range(20):
        asyncio.run(open_it())  # a thread that outlives its loop dies with a traceback


async def test_a_server_that_is_not_there_says_so_without_the_password() -> None:
    database = Database("postgresql://me:secret@127.0.0.1:1/dam", CONTEXT)
    with pytest.raises(DatabaseUnreachableError) as caught:
        await query_one(database)
    start = "the database postgresql://me:***@127.0.0.1:1/dam failed: connection failed:"
    assert str(caught.value).startswith(start)
    assert "secret" not in str(caught.value)
    assert caught.value.hint == "check DAM_DATABASE_URL, and that the server is running"
    await database.close()


async def test_a_server_that_refuses_an_options_value_is_out_of_reach() -> None:
    for option in ("connect_timeout=soon", "sslmode=perhaps"):
        database = Database(f"postgresql://me:secret@127.0.0.1:1/dam?{option}", CONTEXT)
        with pytest.raises(DatabaseUnreachableError) as caught:
            await query_one(database)
        assert caught.value.hint == "check DAM_DATABASE_URL, and that the server is running"
        await database.close()


async def test_a_statement_that_a_server_at_work_does_not_take_is_our_own_fault(
    postgres_url: str,
) -> None:
    database = Database(postgres_url, CONTEXT)
    too_many = select(Entity.id).where(Entity.id.in_(range(MAX_VALUES + 1)))
    with pytest.raises(DBAPIError, match="number of parameters"):
        await database.read(AsyncSession.scalars, too_many)
    await database.close()


async def test_a_server_that_hangs_up_is_out_of_reach(postgres_url: str) -> None:
    database = Database(postgres_url, CONTEXT)

    async def hang_up(session: AsyncSession) -> None:
        raw = await (await session.connection()).get_raw_connection()
        assert isinstance(raw.driver_connection, psycopg.AsyncConnection)
        line = socket.socket(fileno=os.dup(raw.driver_connection.fileno()))
        with line:
            line.shutdown(socket.SHUT_RDWR)
        await session.execute(text("SELECT 1"))

    with pytest.raises(DatabaseUnreachableError) as caught:
        await database.read(hang_up)
    assert caught.value.hint == "check DAM_DATABASE_URL, and that the server is running"
    await database.close()


@pytest.fixture
def read_only_folder(other_file_system: Path) -> Path:
    subprocess.run(["mount", "-o", "remount,ro", str(other_file_system)], check=True)
    return other_file_system


async def test_a_read_only_file_system_is_named_as_the_cause(read_only_folder: Path) -> None:
    path = read_only_folder / "dam.db"
    database = Database(f"sqlite:///{path}", CONTEXT)
    with pytest.raises(DatabaseUnreachableError) as caught:
        await query_one(database)
    assert str(caught.value) == (
        f"the database sqlite:///{path} failed: unable to open database file; "
        "its folder cannot be written to: the file system is read-only"
    )
    await database.close()
