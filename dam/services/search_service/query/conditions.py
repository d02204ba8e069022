"""Turns one term of a query, a word or a field with its value, into a condition."""

import dataclasses
import re
from dataclasses import dataclass
from datetime import datetime

from dam.core.ecs.search_fields import ValueKind
from dam.errors import QuerySyntaxError
from dam.services.search_service.query.fields import Field
from dam.services.search_service.query.names import (
    CHOICES,
    WHERE_FIELDS_ARE,
    Names,
    column_kind,
    columns_of,
    nearest,
    saved_key,
)
from dam.services.search_service.query.patterns import (
    containing,
    has_wildcard,
    pattern_of,
    unescaped,
)
from dam.services.search_service.query.special import SPECIAL, Limit
from dam.services.search_service.query.times import Reading
from dam.services.search_service.query.tokens import Token
from dam.services.search_service.query.tree import (
    Comparison,
    ComponentCondition,
    Condition,
    Glob,
    Interval,
    Operator,
    Sort,
    Span,
    Value,
    Word,
)
from dam.services.search_service.query.values import RATIO_WITHIN, expected_values, read_value

_FIELD = re.compile(r"([^:\0]+):")
_TURNED: dict[Operator, Operator] = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "=": ">="}


@dataclass(frozen=True)
class Saved:
    """The saved query with this key, which stands here for its conditions."""

    key: str


@dataclass(frozen=True)
class Reader:
    """Reads the terms of one query.

    `span` is the place of all its conditions, if the query stands inside of another one.
    """

    query: str
    now: datetime
    names: Names
    span: Span | None = None

    def read(self, token: Token) -> Condition | Sort | Limit | Saved:
        """Return what a term means.

        Raises:
            QuerySyntaxError: There is no such field, or it takes no such value.
        """
        span = self.span or Span(token.start, token.end)
        if token.mask.startswith("@"):
            return Saved(saved_key(unescaped(token.text[1:])))
        match = _FIELD.match(token.mask)
        if match is None and ":" in token.mask:
            raise self._no_field(token, token.text)
        if match is None:
            text = unescaped(token.text) if token.is_phrase else token.text
            return Word(text, span, token.is_phrase)
        at = match.end()
        text, mask = token.text[at:], token.mask[at:]
        field = Field(self.query, match[1], text, mask, span, token.start, token.start + at)
        name = match[1].lower()
        if not text and name != "failed":
            raise field.fault(f"a value of {match[1]}, right after the colon")
        if special := SPECIAL.get(name):
            return special(field, self.names)
        if "." in name:
            return self._of_component(field)
        whole = self.names.whole(name)
        if whole is None:
            raise self._no_field(token, match[1])
        return self._of_field(whole, field)

    def _of_field(self, name: str, field: Field) -> Condition:
        if name in CHOICES:
            return Comparison(name, "=", field.one_of(CHOICES[name]), field.span)
        condition = self._of_kind(name, self.names.fields[name], field)
        if name == "ext" and isinstance(condition, Glob):
            return dataclasses.replace(condition, pattern=_extension(condition.pattern))
        if name == "ext" and isinstance(condition, Comparison):
            return dataclasses.replace(condition, value=_extension(str(condition.value)))
        return condition

    def _of_kind(self, name: str, kind: ValueKind, field: Field) -> Comparison | Interval | Glob:
        if kind in {"text", "name"}:
            return _text_condition(name, kind, field)
        if kind != "flag" and ".." in field.mask:
            return self._interval(name, kind, field)
        operator, part = field.without_operator()
        if kind == "flag" and operator not in {None, "="}:
            raise field.fault(*expected_values(kind, part.text))
        reading = self._value(kind, part)
        if kind == "time":
            return _time_condition(name, operator, reading, field.span)
        if kind == "ratio" and operator in {None, "="} and isinstance(reading.value, float):
            low, high = (reading.value * (1 + part) for part in (-RATIO_WITHIN, RATIO_WITHIN))
            return Interval(name, low, high, field.span)
        return Comparison(name, operator or "=", reading.value, field.span)

    def _value(self, kind: ValueKind, field: Field) -> Reading:
        reading = read_value(kind, field.text, self.now)
        if reading is None:
            raise field.fault(*expected_values(kind, field.text))
        return reading

    def _interval(self, name: str, kind: ValueKind, field: Field) -> Interval:
        at = field.mask.index("..")
        first, second = field.part(0, at), field.part(at + 2)
        if not first.text and not second.text:
            raise field.fault("a value before or after ..")
        low = self._value(kind, first) if first.text else None
        high = self._value(kind, second) if second.text else None
        if _is_turned(low, high):
            low, high = high, low
        end = high.end if high else None
        low_value = low.value if low else None
        high_value = high.value if high and end is None else end
        if _is_above(low_value, high_value) or (end is not None and low_value == end):
            raise field.fault("the smaller value first")
        return Interval(name, low_value, high_value, field.span, end is not None)

    def _of_component(self, field: Field) -> Condition:
        class_name, _, column_name = field.name.partition(".")
        component = self.names.component(class_name)
        if component is None:
            near = self.names.nearest_component(class_name)
            shown = near and f"{near}.{column_name}"
            raise field.name_fault(class_name, "a component", suggestion=shown)
        name = component.__name__
        kind = column_kind(component, column_name.lower())
        if kind is None:
            near = nearest(column_name, columns_of(component))
            shown = near and f"{name}.{near}"
            raise field.name_fault(field.name, f"a field of {name}", suggestion=shown)
        condition = (
            _bytes_condition(column_name.lower(), field)
            if kind == "bytes"
            else self._of_kind(column_name.lower(), kind, field)
        )
        return ComponentCondition(name, condition, field.span)

    def _no_field(self, token: Token, found: str) -> QuerySyntaxError:
        near = nearest(found, [*self.names.everything(), *SPECIAL])
        expected = "a field", "quotes around a text with a colon"
        suggestion = near and f"{near}:"
        return QuerySyntaxError(
            self.query, token.start, found, expected, suggestion, hint=WHERE_FIELDS_ARE
        )


def _extension(text: str) -> str:
    return text.lower().lstrip(".")


def _is_turned(low: Reading | None, high: Reading | None) -> bool:
    """Tell whether the ends are ages, of which the smaller one is the later time."""
    if low is None or high is None:
        return any(end is not None and end.is_ago for end in (low, high))
    return low.is_ago and high.is_ago and _is_above(low.value, high.value)


def _is_above(low: Value | None, high: Value | None) -> bool:
    if isinstance(low, datetime) and isinstance(high, datetime):
        return low > high
    return isinstance(low, int | float) and isinstance(high, int | float) and low > high


def _bytes_condition(name: str, field: Field) -> Comparison:
    operator, value = field.without_operator()
    if operator not in {None, "="} or not re.fullmatch(r"(?:[0-9a-fA-F]{2})+", value.text):
        raise field.fault("hex digits, two for each byte")
    return Comparison(name, "=", bytes.fromhex(value.text), field.span)


def _text_condition(name: str, kind: ValueKind, field: Field) -> Comparison | Glob:
    operator, value = field.without_operator()
    if operator not in {None, "="}:
        raise field.fault("a text", "= and a text")
    pattern = pattern_of(value.text)
    if operator or (kind == "name" and not has_wildcard(pattern)):
        return Comparison(name, "=", unescaped(value.text), field.span)
    return Glob(name, containing(pattern), field.span)


def _time_condition(
    name: str, operator: Operator | None, reading: Reading, span: Span
) -> Comparison | Interval:
    if reading.is_ago:
        return Comparison(name, _TURNED[operator or "="], reading.value, span)
    if reading.end is None or operator in {">=", "<"}:
        return Comparison(name, operator or "=", reading.value, span)
    if operator == ">":
        return Comparison(name, ">=", reading.end, span)
    if operator == "<=":
        return Comparison(name, "<", reading.end, span)
    return Interval(name, reading.value, reading.end, span, is_half_open=True)
