"""Conditions on the values of fields: comparisons, intervals and patterns."""

import operator
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Double,
    LargeBinary,
    String,
    cast,
    false,
    literal,
    not_,
    select,
)

from dam.core.database.among import among
from dam.core.ecs.search_fields import ValueKind
from dam.errors import QueryTooLargeError
from dam.media.folding import fold
from dam.services.search_service.compiler.parts import (
    Context,
    Part,
    always,
    any_of,
    has_index,
    part_of,
)
from dam.services.search_service.fields import Field, Rows, ns_of
from dam.services.search_service.patterns import (
    MOST_BYTES,
    MOST_CHARACTERS,
    Pattern,
    plain_pattern,
    read_pattern,
)
from dam.services.search_service.query.tree import Comparison, Glob, Interval, Value
from dam.services.search_service.sql import ascii_lower, bytewise_key, is_plain

_LARGEST = 2**63 - 1
_HIGHEST = "\U0010ffff"
_COMPARE: Mapping[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_TYPES: Mapping[ValueKind, tuple[type, ...]] = {
    "text": (str,),
    "name": (str,),
    "time": (datetime,),
    "flag": (bool,),
}


async def part_of_field(
    context: Context, field: Field, condition: Comparison | Interval | Glob
) -> Part:
    """Return the part for a condition on a field.

    Raises:
        TypeError: The value is not of the field's kind; a parsed query has none such.
        QueryTooLargeError: A pattern is too long.
    """
    parts = [await _part_of_rows(context, field, rows, condition) for rows in field.rows]
    if len(parts) == 1:
        return parts[0]
    return Part(any_of([part.condition for part in parts]))


async def _part_of_rows(
    context: Context, field: Field, rows: Rows, condition: Comparison | Interval | Glob
) -> Part:
    what = f"{field.name}:"
    if field.kind not in {"text", "name"}:
        found = [] if isinstance(condition, Glob) else _bounds(field, rows, condition)
        return part_of(rows, *found, what=what, is_indexed=has_index(rows))
    if isinstance(condition, Interval):
        msg = f"{field.name} is a text and has no interval"
        raise TypeError(msg)
    if field.kind == "name" and not field.is_folded:
        return _by_name(context, field, rows, condition)
    pattern = folded(_pattern(condition))
    if field.is_folded:
        start = pattern.start if has_index(rows) else ""
        wanted = [_like(rows.value, pattern)]
        if start:
            wanted += [rows.value >= start, rows.value < start + _HIGHEST]
        return part_of(rows, *wanted, what=what, is_indexed=bool(start))
    return await _by_text(context, rows, pattern, what)


def bounded(pattern: Pattern) -> Pattern:
    """Return a pattern as it was written that is not too long.

    Raises:
        QueryTooLargeError: It is.
    """
    if pattern.length > MOST_CHARACTERS:
        raise QueryTooLargeError("characters in a pattern", MOST_CHARACTERS)
    return pattern


def bounded_like(pattern: Pattern) -> Pattern:
    """Return a folded pattern that SQLite takes; folding makes 18 characters of one, at most.

    Raises:
        QueryTooLargeError: It is too long, on PostgreSQL, too.
    """
    if len(pattern.like.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise QueryTooLargeError("bytes in a folded pattern", MOST_BYTES)
    return pattern


def folded(pattern: Pattern) -> Pattern:
    """Return the pattern that folded texts match.

    Raises:
        QueryTooLargeError: It is too long, before or after.
    """
    return bounded_like(bounded(pattern).folded())


def _pattern(condition: Comparison | Glob) -> Pattern:
    if isinstance(condition, Glob):
        return read_pattern(condition.pattern)
    if condition.operator != "=" or not isinstance(condition.value, str):
        msg = f"{condition.field} is a text; expected = and a text, found {condition}"
        raise TypeError(msg)
    return read_pattern(plain_pattern(condition.value))


def _like(value: ColumnElement[Any], pattern: Pattern) -> ColumnElement[bool]:
    if all(kind == "text" for kind, _ in pattern.pieces):
        return value == literal("".join(text for _, text in pattern.pieces), String())
    return value.like(literal(pattern.like, String()), escape="\\")


async def _by_text(context: Context, rows: Rows, pattern: Pattern, what: str) -> Part:
    """Return the part for a text that is not stored folded.

    Both databases fold ASCII. The texts that have anything else are folded and compared here.
    """
    value = rows.value if isinstance(rows.value.type, String) else cast(rows.value, String())
    odd = select(rows.entity_id, value).select_from(rows.source)
    read = await context.session.execute(odd.where(not_(is_plain(value)), *rows.conditions))
    ids = [entity_id for entity_id, text in read.all() if pattern.matches(fold(text))]
    part = part_of(rows, is_plain(value), _like(ascii_lower(value), pattern), what=what)
    if not ids:
        return part
    return Part(any_of([part.condition, lambda entity_id: among(entity_id, ids)]))


def _by_name(context: Context, field: Field, rows: Rows, condition: Comparison | Glob) -> Part:
    pattern, value = bounded(_pattern(condition)), rows.value
    if any("\0" in text or not _is_whole(text) for _, text in pattern.pieces):
        return Part(always(false()))
    what, is_indexed = f"{field.name}:", has_index(rows)
    if all(kind == "text" for kind, _ in pattern.pieces):
        wanted = literal("".join(text for _, text in pattern.pieces), String())
        return part_of(rows, value == wanted, what=what, is_indexed=is_indexed)
    if context.is_sqlite:
        globbed = value.op("GLOB", is_comparison=True)(literal(pattern.glob, String()))
        return part_of(rows, globbed, what=what)
    return part_of(rows, _like(bytewise_key(value), pattern), what=what)


def _is_whole(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _bounds(
    field: Field, rows: Rows, condition: Comparison | Interval
) -> list[ColumnElement[bool]]:
    if isinstance(condition, Comparison):
        return [compare(rows.value, condition.operator, _stored(field, condition.value))]
    end = "<" if condition.is_half_open else "<="
    bounds = (">=", condition.low), (end, condition.high)
    found = [
        compare(rows.value, sign, _stored(field, value))
        for sign, value in bounds
        if value is not None
    ]
    return found or [rows.value.is_not(None)]


def _stored(field: Field, value: Value) -> Value:
    expected = _TYPES.get(field.kind, (int, float))
    is_stray_flag = isinstance(value, bool) and bool not in expected
    is_bytes = isinstance(value, bytes)
    if not is_bytes and (not isinstance(value, expected) or is_stray_flag):
        names = " or ".join(kind.__name__ for kind in expected)
        msg = f"{field.name} is compared with {value!r}; expected {names}"
        raise TypeError(msg)
    return ns_of(value) if field.is_in_ns and isinstance(value, datetime) else value


def compare(value: ColumnElement[Any], sign: str, other: Value) -> ColumnElement[bool]:
    """Return a comparison with a bound parameter of the value's own type."""
    return _COMPARE[sign](value, bound(value, other))


def bound(value: ColumnElement[Any], other: Value) -> ColumnElement[Any]:
    """Return a value as a parameter; a number keeps its type, so that 1.5 is not rounded."""
    if isinstance(other, bool):
        return literal(other, Boolean())
    if isinstance(other, int) and abs(other) <= _LARGEST:
        return literal(other, BigInteger())
    if isinstance(other, int | float):
        return literal(_as_float(other), Double())
    if isinstance(other, bytes):
        return literal(other, LargeBinary())
    return literal(other, value.type)


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")
