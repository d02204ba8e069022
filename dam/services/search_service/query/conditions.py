"""Turns one term of a query, a word or a field with its value, into a condition."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dam.core.ecs.components import AnyComponent, table_of
from dam.core.ecs.search_fields import ValueKind
from dam.errors import QuerySyntaxError
from dam.services.search_service.query.names import (
    CHOICES,
    Names,
    columns_of,
    component_named,
    nearest,
)
from dam.services.search_service.query.tokens import Token
from dam.services.search_service.query.tree import (
    Comparison,
    ComponentCondition,
    Condition,
    DigestStart,
    Failed,
    Glob,
    InPlace,
    Interval,
    Not,
    OfComic,
    Operator,
    Place,
    Presence,
    Similar,
    Sort,
    Span,
    Tagged,
    Word,
)
from dam.services.search_service.query.values import EXPECTED, Reading, read_value

_FIELD = re.compile(r"([^:\0]+):")
_OPERATORS: tuple[Operator, ...] = (">=", "<=", ">", "<", "=")
_TAG_OPERATOR = re.compile(r">=|<=|>|<|=")
_SIMILAR = re.compile(r"([0-9]{1,18})(?:(<=?)([0-9]{1,2}))?")
_TURNED: dict[Operator, Operator] = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "=": ">="}
_PLACES: tuple[Place, ...] = ("managed", "referenced", "archive", "trash")


@dataclass(frozen=True)
class Limit:
    """At most so many results."""

    count: int


@dataclass(frozen=True)
class Field:
    """A field of a term: its name as written, and its value with the mask of what was quoted."""

    query: str
    name: str
    text: str
    mask: str
    span: Span
    value_start: int

    def fault(self, *expected: str, suggestion: str | None = None) -> QuerySyntaxError:
        """Return the error of this value."""
        return QuerySyntaxError(self.query, self.value_start, self.text, expected, suggestion)


@dataclass(frozen=True)
class Reader:
    """Reads the terms of one query."""

    query: str
    now: datetime
    names: Names

    def read(self, token: Token) -> Condition | Sort | Limit:
        """Return what a term means.

        Raises:
            QuerySyntaxError: There is no such field, or it takes no such value.
        """
        span = Span(token.start, token.end)
        match = _FIELD.match(token.mask)
        if match is None:
            if ":" in token.mask or token.mask.startswith("@"):
                raise self._no_field(token, token.text)
            text = unescaped(token.text) if token.is_phrase else token.text
            return Word(text, span, token.is_phrase)
        at = match.end()
        text, mask = token.text[at:], token.mask[at:]
        field = Field(self.query, match[1], text, mask, span, token.start + at)
        name = match[1].lower()
        if not text and name != "failed":
            raise field.fault(f"a value of {match[1]}, right after the colon")
        if special := _SPECIAL.get(name):
            return special(self, field)
        if "." in name:
            return self._of_component(field)
        whole = self.names.whole(name)
        if whole is None:
            raise self._no_field(token, match[1])
        if whole in CHOICES:
            return Comparison(whole, "=", one_of(field, CHOICES[whole]), span)
        if whole == "ext":
            field = Field(
                self.query, name, text.lower().removeprefix("."), mask, span, field.value_start
            )
        return self.of_kind(whole, self.names.fields[whole], field)

    def of_kind(self, name: str, kind: ValueKind, field: Field) -> Comparison | Interval | Glob:
        """Return the condition of a field that holds values of a kind."""
        if kind in {"text", "name"}:
            return _text_condition(name, kind, field)
        if kind != "flag" and ".." in field.mask:
            return self._interval(name, kind, field)
        operator = _operator(field.mask) if kind != "flag" else None
        value = self._value(kind, field, field.text[len(operator or "") :])
        if kind == "time":
            return _time_condition(name, operator, value, field.span)
        if value.end is not None and operator in {None, "="}:
            low = value.value * 0.99 if isinstance(value.value, float) else value.value
            return Interval(name, low, value.end, field.span)
        return Comparison(name, operator or "=", value.value, field.span)

    def _value(self, kind: ValueKind, field: Field, text: str) -> Reading:
        value = read_value(kind, text, self.now)
        if value is None:
            raise field.fault(*EXPECTED[kind])
        return value

    def _interval(self, name: str, kind: ValueKind, field: Field) -> Interval:
        at = field.mask.index("..")
        first, second = field.text[:at], field.text[at + 2 :]
        if not first and not second:
            raise field.fault("a value before or after ..")
        low = self._value(kind, field, first) if first else None
        high = self._value(kind, field, second) if second else None
        if low and high and low.is_ago and high.is_ago:
            low, high = sorted((low, high), key=lambda each: str(each.value))
        low_value = low.value if low else None
        has_end = kind == "time" and high is not None and high.end is not None
        high_value = high.end if high and has_end else high.value if high else None
        if low and high and _is_above(low.value, high.value):
            raise field.fault("the smaller value first")
        return Interval(name, low_value, high_value, field.span, has_end)

    def _of_component(self, field: Field) -> Condition:
        class_name, _, column_name = field.name.partition(".")
        component = self.component(class_name, field)
        columns = columns_of(component)
        if column_name not in columns:
            near = nearest(column_name, columns)
            raise QuerySyntaxError(
                self.query,
                field.span.start,
                field.name,
                (f"a field of {component.__name__}",),
                f"{component.__name__}.{near}" if near else None,
            )
        condition = self._of_column(component, column_name, field)
        return ComponentCondition(component.__name__, condition, field.span)

    def _of_column(
        self, component: type[AnyComponent], name: str, field: Field
    ) -> Comparison | Interval | Glob:
        kind = type(table_of(component).c[name].type).__name__
        if kind == "LargeBinary":
            if not re.fullmatch(r"(?:[0-9a-fA-F]{2})+", field.text):
                raise field.fault("hex digits, two for each byte")
            return Comparison(name, "=", bytes.fromhex(field.text), field.span)
        kinds: dict[str, ValueKind] = {
            "BigInteger": "integer",
            "Integer": "integer",
            "Double": "number",
            "Float": "number",
            "Boolean": "flag",
            "UtcDateTime": "time",
        }
        return self.of_kind(name, kinds.get(kind, "text"), field)

    def component(self, name: str, field: Field) -> type[AnyComponent]:
        """Return a component by its name."""
        component = component_named(name)
        if component is None:
            raise QuerySyntaxError(self.query, field.span.start, name, ("a component",))
        return component

    def _no_field(self, token: Token, found: str) -> QuerySyntaxError:
        near = nearest(found, self.names.everything())
        return QuerySyntaxError(
            self.query,
            token.start,
            found,
            ("a field, or quotes around a text with a colon or an @",),
            f"{near}:" if near else None,
        )


def unescaped(text: str) -> str:
    """Return a text without the backslashes that make characters plain."""
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def pattern_of(text: str) -> tuple[str, bool]:
    """Return a pattern in the form of `Glob`, and whether it has a wildcard."""
    pieces, has_wildcard = [], False
    for piece in re.findall(r"\\.|.", text, re.DOTALL):
        if len(piece) == 1:
            has_wildcard |= piece in "*?"
            pieces.append("\\\\" if piece == "\\" else piece)
        else:
            pieces.append(piece if piece[1] in "*?\\" else piece[1])
    return "".join(pieces), has_wildcard


def one_of(field: Field, choices: tuple[str, ...]) -> str:
    """Return the value of a field that takes one of a few words."""
    if field.text.lower() in choices:
        return field.text.lower()
    raise field.fault(", ".join(choices), suggestion=nearest(field.text, choices))


def _operator(mask: str) -> Operator | None:
    return next((each for each in _OPERATORS if mask.startswith(each)), None)


def _is_above(low: object, high: object) -> bool:
    if isinstance(low, datetime) and isinstance(high, datetime):
        return low > high
    return isinstance(low, int | float) and isinstance(high, int | float) and low > high


def _text_condition(name: str, kind: ValueKind, field: Field) -> Comparison | Glob:
    if (operator := _operator(field.mask)) == "=":
        return Comparison(name, "=", unescaped(field.text[1:]), field.span)
    if operator:
        raise field.fault("a text, or = and a text")
    pattern, has_wildcard = pattern_of(field.text)
    if kind == "name" and not has_wildcard:
        return Comparison(name, "=", unescaped(field.text), field.span)
    return Glob(name, pattern if has_wildcard else f"*{pattern}*", field.span)


def _time_condition(
    name: str, operator: Operator | None, reading: Reading, span: Span
) -> Comparison | Interval:
    if reading.is_ago:
        return Comparison(name, _TURNED[operator or "="], reading.value, span)
    if operator == ">" and reading.end is not None:
        return Comparison(name, ">=", reading.end, span)
    if operator == "<=" and reading.end is not None:
        return Comparison(name, "<", reading.end, span)
    if operator in {">=", "<"}:
        return Comparison(name, operator, reading.value, span)
    return Interval(name, reading.value, reading.end, span, is_half_open=True)


def _tag(_: Reader, field: Field) -> Condition:
    match = _TAG_OPERATOR.search(field.mask)
    name = field.text[: match.start()] if match else field.text
    value = field.text[match.end() :] if match else None
    if not name or value == "":
        raise field.fault("a tag, as in cat, artist:moebius or rating>=4")
    pattern, is_glob = pattern_of(name)
    operator = next((each for each in _OPERATORS if match and each == match[0]), None)
    shown = pattern if is_glob else unescaped(name)
    return Tagged(shown, field.span, is_glob, operator, None if value is None else unescaped(value))


def _has(reader: Reader, field: Field) -> Condition:
    if whole := reader.names.whole(field.text):
        return Presence(whole, field.span)
    if component := component_named(field.text):
        return Presence(component.__name__, field.span, is_component=True)
    near = nearest(field.text, reader.names.everything())
    raise field.fault("a field or a component", suggestion=near)


def _missing(reader: Reader, field: Field) -> Condition:
    return Not(_has(reader, field))


def _sha256(_: Reader, field: Field) -> Condition:
    if not re.fullmatch(r"[0-9a-fA-F]{1,64}", field.text):
        raise field.fault("1 to 64 hex digits")
    return DigestStart(field.text.lower(), field.span)


def _comic(_: Reader, field: Field) -> Condition:
    is_series = field.name.lower() == "series"
    if field.mask.startswith("="):
        escaped = re.sub(r"([*?\\])", r"\\\1", unescaped(field.text[1:]))
        return OfComic(escaped, field.span, is_series)
    pattern, has_wildcard = pattern_of(field.text)
    return OfComic(pattern if has_wildcard else f"*{pattern}*", field.span, is_series)


def _similar(_: Reader, field: Field) -> Condition:
    match = _SIMILAR.fullmatch(field.text)
    if match is None:
        raise field.fault("an id, maybe with a distance, as in 12 or 12<8")
    distance = int(match[3]) if match[3] else None
    return Similar(int(match[1]), distance, field.span, match[2] == "<")


def _failed(_: Reader, field: Field) -> Condition:
    return Failed(field.span, pattern_of(field.text)[0] if field.text else None)


def _in(_: Reader, field: Field) -> Condition:
    name = one_of(field, _PLACES)
    return InPlace(next(place for place in _PLACES if place == name), field.span)


def _sort(reader: Reader, field: Field) -> Sort:
    name = field.text.removeprefix("-")
    if whole := reader.names.whole(name):
        return Sort(whole, field.text.startswith("-"))
    raise field.fault("a field to sort by", suggestion=nearest(name, reader.names.everything()))


def _limit(_: Reader, field: Field) -> Limit:
    if not re.fullmatch(r"[1-9][0-9]{0,17}", field.text):
        raise field.fault("a whole number above 0")
    return Limit(int(field.text))


_SPECIAL: dict[str, Callable[[Reader, Field], Condition | Sort | Limit]] = {
    "tag": _tag,
    "tags": _tag,
    "has": _has,
    "missing": _missing,
    "sha256": _sha256,
    "comic": _comic,
    "series": _comic,
    "similar": _similar,
    "failed": _failed,
    "in": _in,
    "sort": _sort,
    "limit": _limit,
}
