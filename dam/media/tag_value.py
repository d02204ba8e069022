"""Values of tags, such as the 5 of `rating=5`: their types, and their one form."""

import math
import re
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

ValueType = Literal["integer", "number", "text", "date"]
"""Of which type the values of a tag are; a date is written as `2024-05-17`."""

VALUE_TYPES: tuple[ValueType, ...] = get_args(ValueType)
EXPECTED: dict[ValueType, str] = {
    "integer": "a whole number",
    "number": "a number",
    "text": "a text",
    "date": "a date such as 2024-05-17",
}

_INTEGER = re.compile(r"[+-]?\d{1,15}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})(e[+-]?\d{1,2})?", re.ASCII | re.I)
_LONG = 1e15  # from here on, digits before the point would be invented
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True)
class TagValue:
    """A value in the one form that it has, and a number by which it compares, if it has one."""

    text: str
    number: float | None = None


def read_value(text: str, kind: ValueType) -> TagValue | None:
    """Return a value of a type; None if the text is no such value.

    Example: `read_value("+05", "integer")` returns `TagValue("5", 5.0)`.
    """
    text = text.strip()
    if kind == "text":
        return TagValue(text)
    if kind == "integer" and _INTEGER.fullmatch(text):
        return TagValue(str(int(text)), float(int(text)))
    if kind == "number" and _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        number = float(text) + 0.0  # -0.0 is 0.0
        is_short = number.is_integer() and abs(number) < _LONG
        return TagValue(str(int(number)) if is_short else repr(number), number)
    if kind == "date" and _DATE.fullmatch(text):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return None
        return TagValue(day.isoformat(), float(day.toordinal()))
    return None


def guess_type(text: str) -> ValueType:
    """Return the narrowest type that a value can have.

    >>> [guess_type(text) for text in ("5", "5.5", "2024-05-17", "five")]
    ['integer', 'number', 'date', 'text']
    """
    kinds: tuple[ValueType, ...] = ("integer", "number", "date")
    return next((kind for kind in kinds if read_value(text, kind) is not None), "text")
