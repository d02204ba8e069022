"""Values that one database would keep and another refuse: refused before either sees them.

SQLite keeps any value in any column, and texts that are too long or have a NUL in them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from types import NoneType
from typing import Any

from sqlalchemy import (
    Boolean,
    ClauseElement,
    DateTime,
    Double,
    Enum,
    Integer,
    LargeBinary,
    String,
    Table,
)
from sqlalchemy.types import TypeDecorator

from dam.core.types import UtcDateTime
from dam.errors import UnstorableValueError

_KEPT_BY: list[tuple[type[Any], tuple[type, ...]]] = [
    (Boolean, (bool,)),
    (Integer, (int,)),
    (Double, (float, int)),
    (String, (str,)),
    (LargeBinary, (bytes, bytearray, memoryview)),
    (DateTime, (datetime,)),
]


def refuse_unequal(table: Table, values: Mapping[str, Sequence[Any]]) -> None:
    """Look at the values of some columns, each with all that shall be written to it.

    A column is looked at as a whole, in C: one by one, values would take as long as to write them.

    Raises:
        UnstorableValueError: One of them is of a wrong type, too long, or a text with a NUL in it.
    """
    for name, given in values.items():
        expected, limit = _rule(table, name)
        kinds = set(map(type, given)) - {NoneType}
        if not kinds.issubset(expected) and (odd := _odd(kinds, expected)):
            wanted = " or ".join(kind.__name__ for kind in expected)
            raise UnstorableValueError(f"{table.name}.{name}", f"a {odd.__name__}", wanted)
        if expected == (str,):
            _refuse_texts(f"{table.name}.{name}", [text for text in given if text], limit)


@cache
def _rule(table: Table, name: str) -> tuple[tuple[type, ...], int | None]:
    """Return what a column takes, and how long a text may be; `object` where anything goes."""
    kind = table.c[name].type
    if isinstance(kind, UtcDateTime):
        return (datetime,), None
    if isinstance(kind, TypeDecorator | Enum):  # which have their own ways with values
        return (object,), None
    expected = next((taken for column, taken in _KEPT_BY if isinstance(kind, column)), (object,))
    return expected, kind.length if isinstance(kind, String) else None


def _odd(kinds: set[type], expected: tuple[type, ...]) -> type | None:
    """Return a type that is none of those expected; to both databases a bool is no number."""
    for kind in kinds:
        if issubclass(kind, ClauseElement):  # the database itself makes the value
            continue
        is_stray_bool = kind is bool and bool not in expected and object not in expected
        if is_stray_bool or not issubclass(kind, expected):
            return kind
    return None


def _refuse_texts(column: str, texts: Sequence[str], limit: int | None) -> None:
    if "\0" in "".join(texts):
        raise UnstorableValueError(column, "a text with a NUL in it", "one without")
    if limit is not None and texts and (longest := max(map(len, texts))) > limit:
        found = f"a text of {longest} characters"
        raise UnstorableValueError(column, found, f"at most {limit}")
