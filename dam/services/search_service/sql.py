"""Parts of SQL that SQLite and PostgreSQL write differently and mean alike."""

import json
from collections.abc import Iterable
from typing import Any, Self

from sqlalchemy import (
    Boolean,
    ClauseElement,
    ColumnElement,
    Executable,
    Integer,
    String,
    bindparam,
    false,
    literal,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import BigInteger


class Claim(FunctionElement[bool]):
    """A function that is a condition by itself.

    SQLAlchemy would write ` = 1` behind it on SQLite, which then would use no index.
    """

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> Self:  # noqa: ARG002 - SQLAlchemy's
        """Return the function as it is."""
        return self


class _InIds(Claim):
    """Whether a column is one of many ids, which are one parameter."""

    inherit_cache = True


def in_ids(
    column: ColumnElement[Any], ids: Iterable[int], *, is_sqlite: bool
) -> ColumnElement[bool]:
    """Return the condition that a column is one of these ids, however many they are.

    Example: `in_ids(link.c.tag_entity_id, [3, 4], is_sqlite=True)`.

    Args:
        column: A column of ids.
        ids: The ids; without any, nothing is found.
        is_sqlite: Whether the statement is for SQLite, which has no arrays.
    """
    chosen = sorted(set(ids))
    if not chosen:
        return false()
    if len(chosen) == 1:
        return column == literal(chosen[0])
    if is_sqlite:
        return _InIds(column, bindparam(None, json.dumps(chosen), String()))
    return _InIds(column, bindparam(None, chosen, ARRAY(BigInteger)))


@compiles(_InIds, "sqlite")
def _in_json(element: _InIds, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    column, ids = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({ids}))"  # noqa: S608 - of compiled parts


@compiles(_InIds, "postgresql")
def _in_array(element: _InIds, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    column, ids = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = ANY ({ids})"


class holds(Claim):  # noqa: N801 - reads like the SQL functions beside it
    """A flag as it stands: in this form SQLite knows it from the condition of a partial index."""

    inherit_cache = True


@compiles(holds)
def _flag(element: holds, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return compiler.process(element.clauses, **options)


class is_plain(Claim):  # noqa: N801 - reads like the SQL functions beside it
    """Whether a text has only printable ASCII characters: what both databases fold alike."""

    inherit_cache = True


@compiles(is_plain, "sqlite")
def _sqlite_plain(element: is_plain, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"({compiler.process(element.clauses, **options)} NOT GLOB '*[^ -~]*')"


@compiles(is_plain, "postgresql")
def _postgresql_plain(element: is_plain, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"({compiler.process(element.clauses, **options)} COLLATE \"C\" !~ '[^ -~]')"


class ascii_lower(FunctionElement[str]):  # noqa: N801
    """A text with its ASCII letters in lower case."""

    type = String()
    inherit_cache = True


@compiles(ascii_lower, "sqlite")
def _sqlite_lower(element: ascii_lower, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"lower({compiler.process(element.clauses, **options)})"


@compiles(ascii_lower, "postgresql")
def _postgresql_lower(element: ascii_lower, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f'lower({compiler.process(element.clauses, **options)} COLLATE "C")'


class bytewise_key(FunctionElement[str]):  # noqa: N801
    """A text that is compared and sorted by its code points."""

    type = String()
    inherit_cache = True


@compiles(bytewise_key, "sqlite")
def _sqlite_key(element: bytewise_key, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return compiler.process(element.clauses, **options)


@compiles(bytewise_key, "postgresql")
def _postgresql_key(element: bytewise_key, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f'({compiler.process(element.clauses, **options)} COLLATE "C")'


class hex_digits(FunctionElement[str]):  # noqa: N801
    """Bytes as hex digits in lower case."""

    type = String()
    inherit_cache = True


@compiles(hex_digits, "sqlite")
def _sqlite_hex(element: hex_digits, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"lower(hex({compiler.process(element.clauses, **options)}))"


@compiles(hex_digits, "postgresql")
def _postgresql_hex(element: hex_digits, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"encode({compiler.process(element.clauses, **options)}, 'hex')"


class year_of(FunctionElement[int]):  # noqa: N801
    """The year of a time, in UTC."""

    type = Integer()
    inherit_cache = True


@compiles(year_of, "sqlite")
def _sqlite_year(element: year_of, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"CAST(substr({compiler.process(element.clauses, **options)}, 1, 4) AS INTEGER)"


@compiles(year_of, "postgresql")
def _postgresql_year(element: year_of, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    text = compiler.process(element.clauses, **options)
    return f"CAST(extract(year FROM {text} AT TIME ZONE 'UTC') AS INTEGER)"


class Explained(Executable, ClauseElement):
    """The plan of a statement, in place of its rows."""

    inherit_cache = False

    def __init__(self, statement: ClauseElement) -> None:
        self.statement = statement


@compiles(Explained, "sqlite")
def _sqlite_plan(element: Explained, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"EXPLAIN QUERY PLAN {compiler.process(element.statement, **options)}"


@compiles(Explained, "postgresql")
def _postgresql_plan(element: Explained, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"EXPLAIN {compiler.process(element.statement, **options)}"
