"""Inserts many rows with one statement, at the drivers' speed.

SQLAlchemy's own `executemany` processes each value of each row anew, which takes longer than
writing it. Here a statement is compiled once for its table and columns. SQLite gets tuples.
PostgreSQL gets one array per column, because an `executemany` would send each row as a message.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    Column,
    CursorResult,
    Insert,
    Result,
    String,
    Table,
    Text,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import aiosqlite
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.column_types import UtcDateTime
from dam.core.database.values import refuse_unequal

_Process = Callable[[Any], Any]

_SQLITE = aiosqlite.dialect()


@dataclass(frozen=True)
class Conflict:
    """Rule for a new row that equals an existing row in `columns`.

    The existing row takes the new values in its columns `replaced`. Without any it stays as it is,
    and the new row is dropped.
    """

    columns: tuple[str, ...]
    replaced: tuple[str, ...] = ()


async def insert_rows(
    session: AsyncSession,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    conflict: Conflict | None = None,
) -> int:
    """Insert rows in their order; return how many were written. The caller commits.

    Args:
        session: A session that may write.
        table: The table of the rows.
        rows: Values by column; all rows name the same columns.
        conflict: What to do with a row that exists already; without it, that is an error.

    Raises:
        UnstorableValueError: SQLite and PostgreSQL would not store a value alike.
    """
    if not rows:
        return 0
    columns = tuple(rows[0])
    values = {name: [row[name] for row in rows] for name in columns}
    refuse_unequal(table, values)
    if session.get_bind().dialect.name == "sqlite":
        statement, processes = _for_sqlite(table, columns, conflict)
        given = (
            map(process, values[name]) if process else values[name]
            for name, process in processes.items()
        )
        connection = await session.connection()
        tuples = list(zip(*given, strict=True))
        done: Result[Any] = await connection.exec_driver_sql(statement, tuples)
    else:
        insert = _for_postgresql(table, columns, conflict)
        done = await session.execute(insert, values, execution_options={"preserve_rowcount": True})
    assert isinstance(done, CursorResult)
    return done.rowcount


@cache
def _for_sqlite(
    table: Table, columns: tuple[str, ...], conflict: Conflict | None
) -> tuple[str, dict[str, _Process | None]]:
    """Return the statement, and its columns in order, each with its conversion for the driver."""
    insert = sqlite.insert(table)
    if conflict:
        replaced = {name: insert.excluded[name] for name in conflict.replaced}
        insert = (
            insert.on_conflict_do_update(index_elements=conflict.columns, set_=replaced)
            if replaced
            else insert.on_conflict_do_nothing(index_elements=conflict.columns)
        )
    compiled = insert.compile(dialect=_SQLITE, column_keys=list(columns))
    names = compiled.positiontup or ()
    return str(compiled), {name: _sqlite_process(table.c[name]) for name in names}


def _sqlite_process(column: Column[Any]) -> _Process | None:
    process = column.type.dialect_impl(_SQLITE).bind_processor(_SQLITE)
    if process and isinstance(column.type, UtcDateTime):
        return lru_cache(maxsize=8)(process)  # rows of one batch mostly have one time
    return process


@cache
def _for_postgresql(table: Table, columns: tuple[str, ...], conflict: Conflict | None) -> Insert:
    # Not at the top: it imports the dialects of all PostgreSQL drivers, which SQLite never needs.
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415

    def values(name: str) -> Any:  # noqa: ANN401 - no name for an element of a select
        type_ = table.c[name].type
        # A cast to a text of limited length would cut a longer one; an insert refuses it.
        item = Text() if isinstance(type_, String) else type_
        return func.unnest(bindparam(name, type_=postgresql.ARRAY(item)))

    insert = postgresql.insert(table).from_select(columns, select(*map(values, columns)))
    if conflict is None:
        return insert
    replaced = {name: insert.excluded[name] for name in conflict.replaced}
    if replaced:
        return insert.on_conflict_do_update(index_elements=conflict.columns, set_=replaced)
    return insert.on_conflict_do_nothing(index_elements=conflict.columns)
