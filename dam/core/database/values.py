"""Refuses values that SQLite would store and PostgreSQL would not, before either gets them.

SQLite stores any value in any column, also numbers that are too large, texts that are too long, and
texts with a NUL in them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from types import NoneType
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    ClauseElement,
    DateTime,
    Double,
    Enum,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
)
from sqlalchemy.types import TypeDecorator

from dam.core.database.column_types import UtcDateTime
from dam.errors import UnstorableValueError

_KEPT_BY: list[tuple[type[Any], tuple[type, ...]]] = [
    (Boolean, (bool,)),
    (Integer, (int,)),
    (Double, (float, int)),
    (String, (str,)),
    (LargeBinary, (bytes, bytearray, memoryview)),
    (DateTime, (datetime,)),
]
# Bits of PostgreSQL's integers, without the sign; SQLite's all have 64 bits.
_BITS: list[tuple[type[Any], int]] = [(SmallInteger, 15), (BigInteger, 63), (Integer, 31)]


def at_least(least: int, **number: int) -> None:
    """Raise a `ValueError` if an argument, given by its name, is below `least`.

    Example: `at_least(0, count=count)`.
    """
    for name, value in number.items():
        if value < least:
            msg = f"{name} is {value}; expected {least} or more"
            raise ValueError(msg)


def refuse_text(**several: object) -> None:
    """Raise a `TypeError` if an argument, given by its name, is one text instead of several.

    A text is a sequence of texts itself, its characters, so no type checker finds this mistake.

    Example: `refuse_text(tags=tags)`.
    """
    for name, value in several.items():
        if isinstance(value, str | bytes):
            msg = f"{name} is one text, {value!r}; expected several, such as [{value!r}]"
            raise TypeError(msg)


class _Rule(NamedTuple):
    """The values that a column takes: their types (`object` for any) and their limits."""

    expected: tuple[type, ...]
    is_optional: bool
    length: int | None = None
    limits: tuple[int, int] | None = None


def refuse_unequal(table: Table, values: Mapping[str, Sequence[Any]]) -> None:
    """Check the values that are about to be written, column by column.

    Each column is checked as a whole, in C: to check values one by one would take as long as to
    write them.

    Args:
        table: Where they will be written.
        values: By column, its values in all rows.

    Raises:
        UnstorableValueError: A value is of a wrong type, too long, too large, a text with a NUL in
            it, or None where the column needs a value and has no default.
    """
    for name, given in values.items():
        rule, column = _rule(table, name), f"{table.name}.{name}"
        all_are = set(map(type, given))
        kinds = all_are - {NoneType}
        if kinds != all_are and not rule.is_optional:
            raise UnstorableValueError(column, "None", _names(rule.expected))
        if not kinds.issubset(rule.expected) and (odd := _odd(kinds, rule.expected)):
            raise UnstorableValueError(column, f"a {odd.__name__}", _names(rule.expected))
        if rule.expected == (str,):
            _refuse_texts(column, [text for text in given if text], rule.length)
        elif rule.limits:
            numbers = given if all_are == {int} else [n for n in given if isinstance(n, int)]
            _refuse_numbers(column, numbers, rule.limits)


@cache
def _rule(table: Table, name: str) -> _Rule:
    column = table.c[name]
    kind = column.type
    is_made = column.primary_key or column.default is not None or column.server_default is not None
    is_optional = bool(column.nullable) or is_made
    if isinstance(kind, UtcDateTime):
        return _Rule((datetime,), is_optional)
    if isinstance(kind, TypeDecorator | Enum):  # these convert and check values themselves
        return _Rule((object,), is_optional)
    expected = next((taken for sort, taken in _KEPT_BY if isinstance(kind, sort)), (object,))
    bits = next((bits for sort, bits in _BITS if isinstance(kind, sort)), None)
    return _Rule(
        expected,
        is_optional,
        length=kind.length if isinstance(kind, String) else None,
        limits=(-(1 << bits), (1 << bits) - 1) if bits else None,
    )


def _odd(kinds: set[type], expected: tuple[type, ...]) -> type | None:
    """Return a type that was not expected, if there is one; a bool does not count as a number."""
    for kind in kinds:
        if issubclass(kind, ClauseElement):  # the database itself makes the value
            continue
        is_stray_bool = kind is bool and bool not in expected and object not in expected
        if is_stray_bool or not issubclass(kind, expected):
            return kind
    return None


def _names(kinds: tuple[type, ...]) -> str:
    return " or ".join(kind.__name__ for kind in kinds)


def _refuse_numbers(column: str, numbers: Sequence[int], allowed: tuple[int, int]) -> None:
    low, high = allowed
    for number in (min(numbers, default=0), max(numbers, default=0)):
        if not low <= number <= high:
            raise UnstorableValueError(column, str(number), f"a number from {low} to {high}")


def _refuse_texts(column: str, texts: Sequence[str], limit: int | None) -> None:
    if "\0" in "".join(texts):
        raise UnstorableValueError(column, "a text with a NUL in it", "one without")
    if limit is not None and texts and (longest := max(map(len, texts))) > limit:
        found = f"a text of {longest} characters"
        raise UnstorableValueError(column, found, f"at most {limit}")
