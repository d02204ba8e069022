"""Inserts and updates many rows with one statement, at the drivers' speed.

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
    Label,
    Result,
    Select,
    String,
    Table,
    Text,
    Update,
    bindparam,
    func,
    select,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import aiosqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate

from dam.core.database.column_types import UtcDateTime
from dam.core.database.portions import portions
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
    columns, values = _checked(table, rows)
    if session.get_bind().dialect.name == "sqlite":
        done = await _run_on_sqlite(session, *_for_sqlite(table, columns, conflict), values)
    else:
        insert, kept = _for_postgresql(table, columns, conflict), {"preserve_rowcount": True}
        done = await session.execute(insert, _arrays(values), execution_options=kept)
    assert isinstance(done, CursorResult)
    return done.rowcount


async def update_by_key(
    session: AsyncSession, table: Table, key: str, rows: Sequence[Mapping[str, Any]]
) -> set[Any]:
    """Change rows that are there already; return the keys of those that were. The caller commits.

    Args:
        session: A session that may write.
        table: The table of the rows.
        key: The column that says which row is changed; no two rows have the same value in it.
        rows: Values by column; all rows name `key` and the same columns to change.

    Raises:
        UnstorableValueError: SQLite and PostgreSQL would not store a value alike.
    """
    if not rows:
        return set()
    columns, values = _checked(table, rows)
    if session.get_bind().dialect.name == "postgresql":
        found = await session.scalars(_update_for_postgresql(table, key, columns), _arrays(values))
        return set(found.all())
    done = await _run_on_sqlite(session, *_update_for_sqlite(table, key, columns), values)
    assert isinstance(done, CursorResult)
    if done.rowcount == len(rows):
        return set(values[key])
    there: set[Any] = set()  # nobody else writes until this transaction ends
    for keys in portions(values[key]):
        there.update(await session.scalars(select(table.c[key]).where(table.c[key].in_(keys))))
    return there


def _checked(
    table: Table, rows: Sequence[Mapping[str, Any]]
) -> tuple[tuple[str, ...], dict[str, list[Any]]]:
    """Return the columns of rows, and the values of each column; both databases store them."""
    columns = tuple(rows[0])
    values = {name: [row[name] for row in rows] for name in columns}
    refuse_unequal(table, values)
    return columns, values


async def _run_on_sqlite(
    session: AsyncSession,
    statement: str,
    processes: Mapping[str, _Process | None],
    values: Mapping[str, Sequence[Any]],
) -> Result[Any]:
    given = (
        map(process, values[name]) if process else values[name]
        for name, process in processes.items()
    )
    connection = await session.connection()
    return await connection.exec_driver_sql(statement, list(zip(*given, strict=True)))


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
    return _compiled_for_sqlite(table, insert, columns)


@cache
def _update_for_sqlite(
    table: Table, key: str, columns: tuple[str, ...]
) -> tuple[str, dict[str, _Process | None]]:
    """Return the statement, and its columns in order, each with its conversion for the driver."""
    changing = update(table).where(table.c[key] == bindparam(key))
    return _compiled_for_sqlite(table, changing, [name for name in columns if name != key])


def _compiled_for_sqlite(
    table: Table, statement: Insert | Update, columns: Sequence[str]
) -> tuple[str, dict[str, _Process | None]]:
    compiled = statement.compile(dialect=_SQLITE, column_keys=list(columns))
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

    insert = postgresql.insert(table).from_select(columns, _unnested(table, columns))
    if conflict is None:
        return insert
    replaced = {name: insert.excluded[name] for name in conflict.replaced}
    if replaced:
        return insert.on_conflict_do_update(index_elements=conflict.columns, set_=replaced)
    return insert.on_conflict_do_nothing(index_elements=conflict.columns)


@cache
def _update_for_postgresql(
    table: Table, key: str, columns: tuple[str, ...]
) -> ReturningUpdate[Any]:
    given = _unnested(table, columns).subquery("given")
    changed = {name: given.c[name] for name in columns if name != key}
    changing = update(table).values(changed).where(table.c[key] == given.c[key])
    return changing.returning(table.c[key])


def _unnested(table: Table, columns: Sequence[str]) -> Select[*tuple[Any, ...]]:
    """Select rows out of one array per column; `_arrays` gives them."""
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - as above

    def values(name: str) -> Label[Any]:
        type_ = table.c[name].type
        # A cast to a text of limited length would cut a longer one; an insert refuses it.
        item = Text() if isinstance(type_, String) else type_
        return func.unnest(bindparam(f"all_{name}", type_=postgresql.ARRAY(item))).label(name)

    return select(*map(values, columns))


def _arrays(values: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the parameters of a statement with `_unnested`.

    An `UPDATE` would set a column to a parameter that has its very name.
    """
    return {f"all_{name}": given for name, given in values.items()}
