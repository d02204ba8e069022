"""Reads the values of fields: numbers, sizes, durations, ratios, times and flags."""

import calendar
import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from dam.core.ecs.search_fields import ValueKind
from dam.services.search_service.query.tree import Value

EXPECTED: dict[str, tuple[str, ...]] = {
    "integer": ("a whole number, as in 3000 or 3k",),
    "number": ("a number, as in 1.5",),
    "size": ("a size, as in 2MB, 2MiB or 2000",),
    "duration": ("a duration, as in 90s, 1m30s or 1:30",),
    "ratio": ("a ratio, as in 16/9 or 1.78",),
    "time": ("a time, as in 2024, 2024-05, 2024-05-17, today, 3d, 2w or 6mo",),
    "flag": ("yes", "no"),
}
_LARGEST = 2**63 - 1
_LONGEST = 40
_YEARS = range(1000, 9000)
_RATIO_WITHIN = 0.01
_NUMBER = r"-?[0-9]{1,19}(?:\.[0-9]{1,15})?"
_PLAIN = re.compile(rf"({_NUMBER})([kM]?)")
_SIZE = re.compile(rf"({_NUMBER})((?:[kmgtp]i?b?)|b)?", re.IGNORECASE)
_CLOCK = re.compile(r"(?:([0-9]{1,5}):)?([0-9]{1,5}):([0-9]{2}(?:\.[0-9]{1,6})?)")
_SPANS = re.compile(
    r"(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,9}(?:\.[0-9]{1,6})?)s?)?", re.IGNORECASE
)
_FRACTION = re.compile(rf"({_NUMBER})(?:[/:]({_NUMBER}))?")
_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2}))?)?)?", re.ASCII
)
_AGO = re.compile(r"([0-9]{1,6})(min|h|d|w|mo|y)")
_DAYS = {"min": 1 / 1440, "h": 1 / 24, "d": 1, "w": 7}


@dataclass(frozen=True)
class Reading:
    """A value, and for a time with less than full precision the first moment after it."""

    value: Value
    end: Value | None = None
    is_ago: bool = False


_FLAGS = {"yes": True, "true": True, "no": False, "false": False}


def read_value(kind: ValueKind, text: str, now: datetime) -> Reading | None:
    """Return a value of a kind that is no text, or None if the text is none."""
    if len(text) > _LONGEST:
        return None
    if kind == "time":
        return _time(text, now)
    if kind == "flag":
        flag = _FLAGS.get(text.lower())
        return None if flag is None else Reading(flag)
    number = _number(kind, text)
    if number is None or not math.isfinite(number) or abs(number) > _LARGEST:
        return None
    return _reading(kind, number)


def _reading(kind: ValueKind, number: float) -> Reading | None:
    if kind == "ratio":
        return Reading(float(number), number * (1 + _RATIO_WITHIN))
    if kind == "size":
        return Reading(round(number))
    if kind == "integer":
        return Reading(int(number)) if number == int(number) else None
    return Reading(float(number))


def _number(kind: ValueKind, text: str) -> float | int | None:
    if kind == "duration":
        return _duration(text)
    if kind == "ratio":
        match = _FRACTION.fullmatch(text)
        below = float(match[2] or 1) if match else 0
        return float(match[1]) / below if match and below else None
    match = (_SIZE if kind == "size" else _PLAIN).fullmatch(text)
    if match is None:
        return None
    unit = (match[2] or "").lower()
    base = 1024 if "i" in unit else 1000
    factor: int = base ** (" kmgtp".index(unit[0]) if unit and unit != "b" else 0)
    if "." not in match[1]:
        return int(match[1]) * factor
    return round(float(match[1]) * factor, 6) if factor > 1 else float(match[1])


def _duration(text: str) -> float | None:
    match = _CLOCK.fullmatch(text) or _SPANS.fullmatch(text)
    if match is None or not text:
        return None
    return int(match[1] or 0) * 3600 + int(match[2] or 0) * 60 + float(match[3] or 0)


def _time(text: str, now: datetime) -> Reading | None:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        if text.lower() in {"today", "yesterday"}:
            start = midnight - timedelta(days=text.lower() == "yesterday")
            return Reading(start, start + timedelta(days=1))
        if ago := _AGO.fullmatch(text):
            return _ago(int(ago[1]), ago[2], now)
        date = _DATE.fullmatch(text)
        return _date(date, midnight) if date else None
    except (ValueError, OverflowError):
        return None


def _ago(count: int, unit: str, now: datetime) -> Reading | None:
    if unit in _DAYS:
        moment = now - timedelta(days=count * _DAYS[unit])
    else:
        months = now.year * 12 + now.month - 1 - count * (12 if unit == "y" else 1)
        year, month = months // 12, months % 12 + 1
        day = min(now.day, calendar.monthrange(year, month)[1])
        moment = now.replace(year=year, month=month, day=day)
    return Reading(moment, is_ago=True) if moment.year in _YEARS else None


def _date(date: re.Match[str], midnight: datetime) -> Reading | None:
    year, month, day, hour, minute = (int(part) if part else None for part in date.groups())
    if year is None or year not in _YEARS:
        return None
    start = midnight.replace(year=year, month=month or 1, day=day or 1)
    if month is None:
        return Reading(start, start.replace(year=year + 1))
    if day is None:
        later = start.replace(year=year + month // 12, month=month % 12 + 1)
        return Reading(start, later)
    if hour is None or minute is None:
        return Reading(start, start + timedelta(days=1))
    start = start.replace(hour=hour, minute=minute)
    return Reading(start, start + timedelta(minutes=1))
