"""Reads the values of fields: numbers, sizes, durations, ratios, times and flags."""

import math
import re
from datetime import datetime
from typing import Literal

from dam.core.ecs.search_fields import ValueKind
from dam.services.search_service.query.times import Reading, read_time

_EXPECTED: dict[str, tuple[str, ...]] = {
    "integer": ("a whole number, as in 3000 or 3k",),
    "number": ("a number, as in 1.5",),
    "size": ("a size, as in 2MB, 2MiB or 2000",),
    "duration": ("a duration, as in 90s, 1m30s or 1:30",),
    "ratio": ("a ratio, as in 16/9 or 1.78",),
    "time": ("a time, as in 2024, 2024-05, 2024-05-17, today, 6h, 3d, 2w or 6mo",),
    "flag": ("yes", "no"),
}
_TOO_LARGE = "a number of at most 9,223,372,036,854,775,807"
_NUMBER_LIKE = re.compile(r"-?[0-9]+(?:e\+?[0-9]+)?(?:[kmgtp]i?b?|b)?", re.IGNORECASE | re.ASCII)
_COUNTED = frozenset({"integer", "number", "size", "duration", "ratio"})
RATIO_WITHIN = 0.01
"""The part of a ratio by which an equal one may differ."""

_LARGEST = 2**63 - 1
_LONGEST = 60
_NUMBER = r"-?[0-9]{1,19}(?:\.[0-9]{1,20})?(?:e[+-]?[0-9]{1,3})?"
_PLAIN = re.compile(rf"({_NUMBER})([kKM]?)")
_SIZE = re.compile(rf"({_NUMBER})((?:[kmgtp]i?b?)|b)?", re.IGNORECASE | re.ASCII)
_CLOCK = re.compile(r"(?:([0-9]{1,5}):)?([0-9]{1,5}):([0-9]{2}(?:\.[0-9]{1,6})?)")
_SPANS = re.compile(
    r"(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m(?:in)?)?(?:([0-9]{1,9}(?:\.[0-9]{1,6})?)s?)?",
    re.IGNORECASE | re.ASCII,
)
_FRACTION = re.compile(rf"({_NUMBER})(?:[/:]({_NUMBER}))?")
_FLAGS = {"yes": True, "true": True, "no": False, "false": False}


def read_value(kind: ValueKind, text: str, now: datetime) -> Reading | None:
    """Return a value of a kind that is no text, or None if the text is none."""
    if len(text) > _LONGEST:
        return None
    if kind == "time":
        return read_time(text, now)
    if kind == "flag":
        flag = _FLAGS.get(text.lower())
        return None if flag is None else Reading(flag)
    number = _number(kind, text)
    if number is None or not math.isfinite(number) or abs(number) > _LARGEST:
        return None
    return _reading(kind, number)


def expected_values(kind: ValueKind | Literal["bytes"], text: str) -> tuple[str, ...]:
    """Return what could stand in the place of a text that is no value of a kind."""
    is_number = kind in _COUNTED and _NUMBER_LIKE.fullmatch(text)
    return (_TOO_LARGE,) if is_number else _EXPECTED[kind]


def _reading(kind: ValueKind, number: float) -> Reading | None:
    if kind == "size":
        return Reading(round(number))
    if kind == "integer":
        return Reading(int(number)) if number == int(number) else None
    return Reading(float(number))


def _number(kind: ValueKind, text: str) -> float | int | None:
    if kind == "duration":
        return _duration(text)
    if kind == "ratio":
        return _ratio(text)
    match = (_SIZE if kind == "size" else _PLAIN).fullmatch(text)
    if match is None:
        return None
    unit = (match[2] or "").lower()
    base = 1024 if "i" in unit else 1000
    factor: int = base ** (" kmgtp".index(unit[0]) if unit and unit != "b" else 0)
    if not set(match[1].lower()) & {".", "e"}:
        return int(match[1]) * factor
    return round(float(match[1]) * factor, 6) if factor > 1 else float(match[1])


def _ratio(text: str) -> float | None:
    match = _FRACTION.fullmatch(text)
    below = float(match[2] or 1) if match else 0.0
    return float(match[1]) / below if match and below else None


def _duration(text: str) -> float | None:
    if re.fullmatch(_NUMBER, text):
        return float(text)
    match = _CLOCK.fullmatch(text) or _SPANS.fullmatch(text)
    if match is None or not text:
        return None
    return int(match[1] or 0) * 3600 + int(match[2] or 0) * 60 + float(match[3] or 0)
