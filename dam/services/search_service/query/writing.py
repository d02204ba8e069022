"""Writes the tree of a query as text, which is parsed into the same tree again."""

from datetime import datetime

from dam.services.search_service.query.names import Names, known_names
from dam.services.search_service.query.patterns import (
    contained,
    escaped,
    has_wildcard,
    quoted,
    tag_value,
    unescaped,
)
from dam.services.search_service.query.times import exact_text, span_text, start_text
from dam.services.search_service.query.tree import (
    And,
    Comparison,
    ComponentCondition,
    Condition,
    DigestStart,
    Failed,
    Glob,
    InPlace,
    Interval,
    Near,
    Not,
    OfComic,
    Or,
    Presence,
    Query,
    Similar,
    Tagged,
    Value,
    Word,
)


def text_of(query: Query) -> str:
    """Return the text of a query that `parse` made, maybe with conditions left out or added.

    Times are those of the zone in which it was parsed; relative ones are no longer relative.

    Example: `text_of(parse("width:>3k or  tag:cat", now=now))` is `width:>3000 or tag:cat`.
    """
    parts = [] if query.condition is None else [condition_text(query.condition)]
    parts += [f"sort:{'-' if sort.is_descending else ''}{sort.field}" for sort in query.sorts]
    parts += [] if query.limit is None else [f"limit:{query.limit}"]
    return " ".join(parts)


def condition_text(condition: Condition) -> str:
    """Return the text of a condition, as `text_of` does."""
    return _Writer(known_names()).text(condition)


class _Writer:
    def __init__(self, names: Names) -> None:
        self.names = names

    def text(self, condition: Condition) -> str:
        match condition:
            case Or(conditions):
                text = " or ".join(self._bracketed(each, Or) for each in conditions)
            case And(conditions):
                text = " ".join(self._bracketed(each, And, Or) for each in conditions)
            case Not(Presence() as presence):
                text = f"missing:{presence.name}"
            case Not(inner):
                text = f"-{self._bracketed(inner, And, Or)}"
            case Comparison() | Interval() | Glob():
                text = f"{condition.field}:{self._value(condition, is_field=True)}"
            case ComponentCondition(component, inner):
                text = f"{component}.{inner.field}:{self._value(inner, is_field=False)}"
            case _:
                text = _leaf_text(condition)
        return text

    def _bracketed(self, condition: Condition, *kinds: type[Condition]) -> str:
        text = self.text(condition)
        return f"({text})" if isinstance(condition, kinds) else text

    def _value(self, condition: Comparison | Interval | Glob, *, is_field: bool) -> str:
        match condition:
            case Interval():
                return _interval_text(condition)
            case Glob():
                is_word = is_field and self.names.fields.get(condition.field) == "name"
                return _pattern_text(condition.pattern, is_word=is_word)
            case Comparison(field, "=", str(value)):
                is_word = is_field and self.names.fields.get(field) == "name"
                is_plain = is_word and value and not has_wildcard(escaped(value))
                return f"{'' if is_plain else '='}{quoted(escaped(value))}"
            case Comparison(_, ">=" | "<" as operator, datetime() as moment):
                return f"{operator}{start_text(moment)}"
            case Comparison(_, operator, value):
                return f"{'' if operator == '=' else operator}{_value_text(value)}"


def _interval_text(condition: Interval) -> str:
    low, high = condition.low, condition.high
    if condition.is_half_open and isinstance(high, datetime):
        return span_text(low if isinstance(low, datetime) else None, high)
    first = start_text(low) if isinstance(low, datetime) else _value_text(low)
    return f"{first}..{_value_text(high)}"


def _value_text(value: Value | None) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer():
            return str(int(value))
        case bytes():
            return value.hex()
        case datetime():
            return exact_text(value)
        case _:
            return str(value)


def _pattern_text(pattern: str, *, is_word: bool = False) -> str:
    """Return a pattern as a value, in its shortest form.

    Unless `is_word`, a value without wildcards is read as one with a `*` on both sides.
    """
    plain = None if is_word else contained(pattern)
    return quoted((plain or pattern).replace('"', '\\"'))


def _leaf_text(  # noqa: C901 - one case a class
    condition: Word | Presence | Tagged | Similar | Near | InPlace | DigestStart | Failed | OfComic,
) -> str:
    match condition:
        case Word(text):
            shown = f'"{escaped(text)}"' if condition.is_phrase else text
        case Presence(name):
            shown = f"has:{name}"
        case Tagged():
            shown = f"tag:{_tag_text(condition)}"
        case Similar(entity_id, distance):
            shown = f"similar:{entity_id}"
            if distance is not None:
                shown += f"{'<' if condition.is_strict else '<='}{distance}"
        case Near(latitude, longitude, distance):
            shown = f"gps:{_plain(latitude)},{_plain(longitude)},{_plain(distance)}m"
        case InPlace(place):
            shown = f"in:{place}"
        case DigestStart(hex_digits):
            shown = f"sha256:{hex_digits}"
        case Failed():
            shown = f"failed:{_pattern_text(condition.pattern or '', is_word=True)}"
        case OfComic():
            shown = _comic_text(condition)
    return shown


def _plain(number: float) -> str:
    """Return a number without an exponent."""
    return f"{number:.15f}".rstrip("0").removesuffix(".")


def _comic_text(condition: OfComic) -> str:
    field, pattern = "series" if condition.is_series else "comic", condition.pattern
    if has_wildcard(pattern):
        return f"{field}:{_pattern_text(pattern)}"
    return f"{field}:={quoted(escaped(unescaped(pattern)))}"


def _tag_text(condition: Tagged) -> str:
    name = tag_value(condition.name, is_glob=condition.is_glob)
    if condition.value is None:
        return name
    return f"{name}{condition.operator}{quoted(escaped(condition.value))}"
