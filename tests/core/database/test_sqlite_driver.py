"""Our driver answers as the standard library's does, whatever number of rows comes at once."""

import asyncio
import shutil
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, text

from dam.core.database.database import Database
from dam.core.database.sqlite_driver import OneVisitConnection, connect
from tests.core.worlds import CONTEXT, all_entities, new_entities

AROUND_A_FETCH = [0, 1, 999, 1000, 1001, 2000, 2001]
COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?) SELECT i FROM n"


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[OneVisitConnection]:
    connection = await connect(str(tmp_path / "ours.db"), isolation_level=None)
    await connection.execute("CREATE TABLE numbers (i INTEGER PRIMARY KEY)")
    yield connection
    await connection.close()


@pytest.fixture
def reference(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "theirs.db", isolation_level=None)
    connection.execute("CREATE TABLE numbers (i INTEGER PRIMARY KEY)")
    yield connection
    connection.close()


@pytest.fixture
async def sqlite_database(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    path = shutil.copyfile(sqlite_template, tmp_path / "dam.sqlite")
    database = Database(f"sqlite:///{path}", CONTEXT)
    yield database
    await database.close()


@pytest.mark.parametrize("rows", AROUND_A_FETCH)
async def test_all_rows_come(connection: OneVisitConnection, rows: int) -> None:
    cursor = connection.cursor()
    await cursor.execute(COUNT, (rows,))
    assert await cursor.fetchall() == [(i,) for i in range(1, rows + 1)]
    assert await cursor.fetchall() == []
    await cursor.close()


@pytest.mark.parametrize("rows", AROUND_A_FETCH)
@pytest.mark.parametrize("size", [1, 7, 999, 1000, 1001, 5000])
async def test_rows_come_in_pages(
    connection: OneVisitConnection, reference: sqlite3.Connection, rows: int, size: int
) -> None:
    ours, theirs = connection.cursor(), reference.cursor()
    await ours.execute(COUNT, (rows,))
    theirs.execute(COUNT, (rows,))
    while page := theirs.fetchmany(size):
        assert await ours.fetchmany(size) == page
    assert await ours.fetchmany(size) == []
    await ours.close()


@pytest.mark.parametrize("rows", AROUND_A_FETCH)
async def test_pages_ones_and_the_rest_make_the_whole(
    connection: OneVisitConnection, rows: int
) -> None:
    cursor = connection.cursor()
    await cursor.execute(COUNT, (rows,))
    first = await cursor.fetchone()
    found = [first] if first else []
    found += await cursor.fetchmany(3)
    found += await cursor.fetchall()
    assert found == [(i,) for i in range(1, rows + 1)]
    assert await cursor.fetchone() is None
    await cursor.close()


@pytest.mark.parametrize("rows", AROUND_A_FETCH)
async def test_what_was_written_is_counted(
    connection: OneVisitConnection, reference: sqlite3.Connection, rows: int
) -> None:
    insert = f"INSERT INTO numbers {COUNT} RETURNING i"
    ours, theirs = connection.cursor(), reference.cursor()
    await ours.execute(insert, (rows,))
    theirs.execute(insert, (rows,))
    assert await ours.fetchall() == theirs.fetchall()
    assert (ours.rowcount, ours.lastrowid) == (theirs.rowcount, theirs.lastrowid)
    for statement in ("UPDATE numbers SET i = -i", "SELECT 1", "DELETE FROM numbers"):
        await ours.execute(statement)
        theirs.execute(statement)
        assert (ours.rowcount, ours.description) == (theirs.rowcount, theirs.description)
        assert await ours.fetchall() == theirs.fetchall()
    await ours.close()


async def test_two_cursors_have_their_own_rows(connection: OneVisitConnection) -> None:
    first, second = connection.cursor(), connection.cursor()
    await first.execute(COUNT, (2500,))
    await second.execute(COUNT.replace("SELECT i FROM", "SELECT -i FROM"), (2500,))
    pairs = []
    while row := await first.fetchone():
        pairs.append((row, await second.fetchone()))
    assert pairs == [((i,), (-i,)) for i in range(1, 2501)]
    await first.close()
    await second.close()


async def test_a_closed_connection_says_so(tmp_path: Path) -> None:
    connection = await connect(str(tmp_path / "ours.db"))
    await connection.close()
    await connection.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        await connection.rollback()


async def test_a_stream_gives_every_row_while_others_ask(sqlite_database: Database) -> None:
    async with sqlite_database.reader() as session:
        streamed = await session.stream(text(COUNT.replace("?", "2500")))
        found = []
        async for row in streamed:
            if row.i % 500 == 0:
                assert await session.scalar(text("SELECT 1")) == 1
            found.append(row.i)
    assert found == list(range(1, 2501))


async def test_a_stream_that_is_left_early_leaves_the_connection_usable(
    sqlite_database: Database,
) -> None:
    for _ in range(8):  # more than there are connections
        async with sqlite_database.reader() as session:
            streamed = await session.stream(text(COUNT.replace("?", "2500")))
            assert (await anext(aiter(streamed))).i == 1


async def test_a_write_cancelled_in_the_middle_of_a_statement_leaves_nothing(
    sqlite_database: Database,
) -> None:
    begun, may_end = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def hold() -> int:
        loop.call_soon_threadsafe(begun.set)
        may_end.wait()
        return 1

    @event.listens_for(sqlite_database._writers.sync_engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.create_function("hold", 0, hold)

    async def write_and_hold() -> None:
        async with sqlite_database.writer() as session:
            await new_entities(session, 2)
            await session.execute(text("SELECT hold()"))

    task = asyncio.create_task(write_and_hold())
    await begun.wait()
    task.cancel()
    may_end.set()
    await asyncio.wait([task])
    assert task.cancelled()
    assert await sqlite_database.read(all_entities) == []
    assert await sqlite_database.write(new_entities, 1) == [1]
