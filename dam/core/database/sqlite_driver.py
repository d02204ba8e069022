"""Async SQLite driver for SQLAlchemy: a statement costs one visit to the connection's thread.

With aiosqlite's own objects it costs four: to make a cursor, execute, fetch and close. A visit
takes longer than most of our statements. Also, if a file cannot be opened, aiosqlite's thread may
outlive the event loop and print a traceback.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from dam.core.database.sqlite_lock import WaitingConnection, WaitingCursor

T = TypeVar("T")
_Row = tuple[Any, ...]

_FETCHED_AT_ONCE = 1000


class OneVisitCursor:
    """The asynchronous cursor that SQLAlchemy needs.

    Invariant: the driver's cursor is kept only while it has rows that were not fetched together
    with their statement; only the connection's thread touches it.
    """

    arraysize = 1

    def __init__(self, connection: "OneVisitConnection") -> None:
        self._connection = connection
        self._cursor: sqlite3.Cursor | None = None
        self._rows: deque[_Row] = deque()
        self.description: tuple[_Row, ...] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> "OneVisitCursor":
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """Execute a statement and fetch its first 1000 rows, mostly all of them."""
        await self._connection.visit(self._execute, WaitingCursor.execute, statement, parameters)

    async def executemany(self, statement: str, parameters: Sequence[Sequence[Any]]) -> None:
        """Execute a statement for each row of parameters."""
        execute = WaitingCursor.executemany
        await self._connection.visit(self._execute, execute, statement, parameters)

    def _execute(
        self, execute: Callable[..., object], statement: str, parameters: Sequence[Any]
    ) -> None:
        cursor = self._connection.driver_cursor()
        execute(cursor, statement, parameters)
        self.description, self.lastrowid = cursor.description, cursor.lastrowid
        self._rows = deque(cursor.fetchmany(_FETCHED_AT_ONCE) if cursor.description else ())
        self.rowcount = cursor.rowcount  # with RETURNING, it is known once the rows are fetched
        if len(self._rows) == _FETCHED_AT_ONCE:
            self._cursor = cursor
        else:
            cursor.close()

    async def fetchall(self) -> list[_Row]:
        """Return all remaining rows."""
        if self._cursor is not None:
            self._rows += await self._connection.visit(self._fetch_rest, self._cursor)
        rows = list(self._rows)
        self._rows.clear()
        return rows

    def _fetch_rest(self, cursor: sqlite3.Cursor) -> list[_Row]:
        rows: list[_Row] = cursor.fetchall()
        self.rowcount = cursor.rowcount
        return rows

    async def fetchmany(self, size: int | None = None) -> list[_Row]:
        """Return the next rows, at most `size`; none at the end."""
        wanted = size or self.arraysize
        if self._cursor is not None and len(self._rows) < wanted:
            count = max(wanted, _FETCHED_AT_ONCE)
            self._rows += await self._connection.visit(self._cursor.fetchmany, count)
        return [self._rows.popleft() for _ in range(min(wanted, len(self._rows)))]

    async def fetchone(self) -> _Row | None:
        """Return the next row, or None at the end."""
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def close(self) -> None:
        """Drop the remaining rows."""
        self._rows.clear()
        if self._cursor is not None:
            await self._connection.visit(self._cursor.close)
            self._cursor = None


class OneVisitConnection:
    """The connection that SQLAlchemy's dialect for aiosqlite needs; awaiting it opens it.

    Invariant: the driver's connection is used in one thread, from its opening to its end.
    """

    def __init__(self, open_file: Callable[[], sqlite3.Connection]) -> None:
        self._open_file = open_file
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        # SQLAlchemy's dialect reads this attribute, named as aiosqlite's: while it is None, the
        # dialect silently skips every commit and rollback.
        self._connection: sqlite3.Connection | None = None

    def __await__(self) -> Generator[Any, None, "OneVisitConnection"]:
        return self._opened().__await__()

    async def _opened(self) -> "OneVisitConnection":
        try:
            self._connection = await self.visit(self._open_file)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        return self

    async def visit(self, function: Callable[..., T], *arguments: object) -> T:
        """Run `function` in the connection's thread and return its result."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)

    @property
    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise sqlite3.ProgrammingError("the connection is closed")
        return self._connection

    def cursor(self) -> OneVisitCursor:
        """Return a cursor, without a visit to the thread."""
        return OneVisitCursor(self)

    def driver_cursor(self) -> sqlite3.Cursor:
        """Return a cursor of the driver; only the connection's thread may use it."""
        return self._open.cursor()

    async def execute(self, statement: str) -> None:
        """Execute a statement that has no rows."""
        await self.cursor().execute(statement)

    async def commit(self) -> None:
        """Commit the transaction, if there is one."""
        await self.visit(self._open.commit)

    async def rollback(self) -> None:
        """Roll back the transaction, if there is one."""
        await self.visit(self._open.rollback)

    async def create_function(
        self, name: str, arity: int, function: Callable[..., Any], *, deterministic: bool = False
    ) -> None:
        """Make a Python function callable from SQL under this name."""
        create = partial(self._open.create_function, deterministic=deterministic)
        await self.visit(create, name, arity, function)

    async def close(self) -> None:
        """Close the file and end the thread."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            try:
                await self.visit(connection.close)
            finally:
                self._thread.shutdown(wait=False)

    def stop(self) -> None:
        """Close the file and end the thread, without waiting: there may be no event loop."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            self._thread.submit(connection.close)
        self._thread.shutdown(wait=False)


def connect(
    database: str,
    *,
    open_file: Callable[..., WaitingConnection] | None = None,
    **options: Any,  # noqa: ANN401 - the driver's own
) -> OneVisitConnection:
    """Return a connection for SQLAlchemy's `async_creator_fn`.

    It is opened by `open_file(**options)`, if that is given.
    """
    return OneVisitConnection(partial(open_file or partial(WaitingConnection, database), **options))


def hangs_together(path: Path) -> bool:
    """Tell whether a database, its log included, has all its pages and at least one; reads all."""
    try:
        # By a new connection: one that is open may remember pages that the file has lost.
        with closing(WaitingConnection(uri_of_existing(path), uri=True)) as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()  # 0 for an empty file
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            return bool(pages) and found == "ok"
    except sqlite3.DatabaseError as error:
        if not error.sqlite_errorname.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            raise
        return False


def uri_of_existing(path: Path) -> str:
    """Return a URI with which SQLite opens a file but does not create one."""
    return f"{path.absolute().as_uri()}?mode=rw"
