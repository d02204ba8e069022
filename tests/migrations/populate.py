"""A small database with some rows in every table, as one that is in use.

`python -m tests.migrations.populate > tests/migrations/REVISION.sql` freezes one when a revision is
released; the file then never changes again.
"""

import sqlite3
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Column, Table, select, text

from dam.core.database.column_types import JsonText, LocalDateTime, UtcDateTime
from dam.core.ecs.components import Base, table_of
from dam.models import WorldIdentity
from tests.databases import create_schema
from tests.migrations.schemas import connected

ROWS = 3

_VALUES: dict[type, Callable[[str, int], object]] = {
    int: lambda _name, number: number,
    float: lambda _name, number: number / 2,
    bool: lambda _name, number: number % 2 == 0,
    str: lambda name, number: f"{name}-{number}",
    bytes: lambda _name, number: bytes([number]) * 8,
    datetime: lambda _name, number: datetime(2026, 1, number, tzinfo=UTC),
}


def populate(url: str) -> None:
    """Put rows into every table that has none; all belong to the entities 1 to 3."""
    with connected(url) as connection:
        for table in Base.metadata.sorted_tables:
            if connection.execute(select(table).limit(1)).first() is None:
                rows = [_row(table, number) for number in range(1, ROWS + 1)]
                connection.execute(table.insert(), rows)
        if connection.dialect.name == "sqlite":
            connection.execute(text(f"UPDATE entity_counter SET last_id = {ROWS}"))  # noqa: S608 - a number
        else:
            connection.execute(text(f"SELECT setval('entity_id_seq', {ROWS})"))


def _row(table: Table, number: int) -> dict[str, object]:
    return {column.name: _value(column, number) for column in table.columns}


def _value(column: Column[object], number: int) -> object:
    if isinstance(column.type, JsonText):
        return {column.name: number}
    kind = (
        datetime
        if isinstance(column.type, UtcDateTime | LocalDateTime)
        else column.type.python_type
    )
    return _VALUES[kind](column.name, number)


def freeze() -> None:
    """Print a populated SQLite database of the newest revision as SQL."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "dam.sqlite"
        create_schema(f"sqlite:///{file}")
        populate(f"sqlite:///{file}")
        connection = sqlite3.connect(file)
        identity = table_of(WorldIdentity).name
        connection.execute(f"UPDATE {identity} SET uuid = ?", ("0" * 32,))  # noqa: S608 - a name of ours
        # The tables that FTS5 keeps for it hold all; it is not there before a file is opened anew.
        of_fts = 'INSERT INTO "search_words" '
        lines = (line for line in connection.iterdump() if not line.startswith(of_fts))
        sys.stdout.writelines(f"{line}\n" for line in lines)
        connection.close()


if __name__ == "__main__":
    freeze()
