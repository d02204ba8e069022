"""`among`: a column has one of many values, which cost one parameter however many they are."""

from collections.abc import Collection
from typing import Any, NewType

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Dialect,
    Select,
    String,
    TableValuedAlias,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from dam.core.database.claim import Claim


class _Array(UserDefinedType[str]):
    """An array of PostgreSQL, written by us: its driver would look at each number by itself."""

    cache_ok = True
    render_bind_cast = True

    def get_col_spec(self, **_: object) -> str:
        return "BIGINT[]"


class _Numbers(TypeDecorator[list[int]]):
    """Whole numbers in one parameter: the text of an array, or on SQLite of JSON."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        own = _Array() if dialect.name == "postgresql" else String()
        return dialect.type_descriptor(own)

    def process_bind_param(self, value: list[int] | None, dialect: Dialect) -> str:
        numbers = ",".join(map(str, value or ()))
        return f"{{{numbers}}}" if dialect.name == "postgresql" else f"[{numbers}]"


class _Among(Claim):
    """A column, and the numbers in one parameter."""

    inherit_cache = True


def among(
    column: ColumnElement[Any] | InstrumentedAttribute[Any], numbers: "Collection[int] | ArrayText"
) -> ColumnElement[bool]:
    """Return the condition that a column of whole numbers has one of these values.

    Unlike `in_`, it takes one parameter, so it needs no `portions`, and is read faster. A single
    value is compared with `=`: then an index that has another column next has its rows in order.

    Example: `select(Entity).where(among(Entity.id, entity_ids))`.
    """
    if isinstance(numbers, str):
        return _Among(column, bindparam(None, numbers, type_=_Array()))
    if len(numbers) == 1:
        (number,) = numbers
        return column == bindparam(None, number, type_=BigInteger())
    return _Among(column, bindparam(None, list(numbers), type_=_Numbers()))


ArrayText = NewType("ArrayText", str)
"""Whole numbers as PostgreSQL writes an array of them: to read them here would take long."""


def array_text(
    numbers: ColumnElement[Any] | InstrumentedAttribute[Any],
) -> ColumnElement[str]:
    """Return the numbers of all rows as an `ArrayText`, or NULL without rows; for PostgreSQL."""
    return cast(func.array_agg(numbers), String())


def unnested(numbers: ArrayText, name: str) -> Select[int]:
    """Return the statement that selects these numbers as a column; for PostgreSQL.

    Example: `unnested(ArrayText("{3,4}"), "entity_id")`.

    Args:
        numbers: The numbers.
        name: The name of the column.
    """
    given = bindparam(None, numbers, type_=_Array())
    return select(func.unnest(given, type_=BigInteger()).label(name))


def json_rows(numbers: Collection[int]) -> TableValuedAlias:
    """Return rows with these whole numbers in the column `value`, in one parameter; for SQLite."""
    given = bindparam(None, list(numbers), type_=_Numbers())
    return func.json_each(given).table_valued(column("value", BigInteger()))


@compiles(_Among, "sqlite")
def _on_sqlite(element: _Among, compiler: SQLCompiler, **options: object) -> str:
    column, numbers = element.clauses
    values = select(func.json_each(numbers).table_valued("value").c.value)
    return compiler.process(column.in_(values), **options)


@compiles(_Among, "postgresql")
def _on_postgresql(element: _Among, compiler: SQLCompiler, **options: object) -> str:
    column, numbers = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = ANY ({numbers})"
