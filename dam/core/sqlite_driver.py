"""SQLite for SQLAlchemy's event loop: a statement costs one visit to the connection's thread.

With aiosqlite's own cursor it costs four: to make the cursor, execute, fetch and close. A visit
costs more than most of our statements do.
"""

import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import aiosqlite

T = TypeVar("T")

_FETCHED_AT_ONCE = 1000


class OneVisitCursor:
    """What SQLAlchemy asks of an asynchronous cursor.

    Invariant: the driver's cursor is kept only while it has rows that were not fetched with their
    statement, and is touched in the connection's thread alone.
    """

    arraysize = 1

    def __init__(self, connection: "OneVisitConnection") -> None:
        self._connection = connection
        self._cursor: sqlite3.Cursor | None = None
        self._rows: list[tuple[Any, ...]] = []
        self.description: tuple[tuple[str, None, None, None, None, None, None], ...] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> "OneVisitCursor":
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """Execute a statement and fetch its first rows, which mostly are all."""
        await self._connection.visit(self._execute, sqlite3.Cursor.execute, statement, parameters)

    async def executemany(self, statement: str, parameters: Sequence[Sequence[Any]]) -> None:
        """Execute a statement for each row of parameters."""
        await self._connection.visit(
            self._execute, sqlite3.Cursor.executemany, statement, parameters
        )

    def _execute(
        self, run: Callable[..., sqlite3.Cursor], statement: str, parameters: Sequence[Any]
    ) -> None:
        cursor = self._connection.driver_cursor()
        run(cursor, statement, parameters)
        self.description = cursor.description
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        self._rows = cursor.fetchmany(_FETCHED_AT_ONCE) if cursor.description else []
        if len(self._rows) == _FETCHED_AT_ONCE:
            self._cursor = cursor
        else:
            cursor.close()

    async def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows that were not fetched yet."""
        rows, self._rows = self._rows, []
        if self._cursor is not None:
            rows += await self._connection.visit(self._cursor.fetchall)
        return rows

    async def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """Return the next rows, at most `size`; none at the end."""
        wanted = size or self.arraysize
        if self._cursor is not None and len(self._rows) < wanted:
            count = max(wanted, _FETCHED_AT_ONCE)
            self._rows += await self._connection.visit(self._cursor.fetchmany, count)
        rows, self._rows = self._rows[:wanted], self._rows[wanted:]
        return rows

    async def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row, None at the end."""
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def __aiter__(self) -> AsyncIterator[tuple[Any, ...]]:
        while row := await self.fetchone():
            yield row

    async def close(self) -> None:
        """Forget the rows that were not fetched."""
        self._rows = []
        if self._cursor is not None:
            await self._connection.visit(self._cursor.close)
            self._cursor = None


class OneVisitConnection(aiosqlite.Connection):
    """aiosqlite's connection and thread, with cursors of ours."""

    def cursor(self) -> OneVisitCursor:  # type: ignore[override]  # what SQLAlchemy asks of it
        """Return a cursor; nothing is done yet."""
        return OneVisitCursor(self)

    def driver_cursor(self) -> sqlite3.Cursor:
        """Return a cursor of the driver; for the connection's thread."""
        return self._conn.cursor()

    async def visit(self, function: Callable[..., T], *arguments: object) -> T:
        """Return what `function` answers in the connection's thread."""
        answer: T = await self._execute(function, *arguments)
        return answer


def connect(database: str, **options: Any) -> OneVisitConnection:  # noqa: ANN401 - the driver's own
    """Return a connection for SQLAlchemy's `async_creator_fn`; it opens when it is awaited."""
    connection = OneVisitConnection(partial(sqlite3.connect, database, **options), 1)
    # As SQLAlchemy does: an interpreter that ends does not wait for a forgotten connection.
    connection._thread.daemon = True  # noqa: SLF001
    return connection
