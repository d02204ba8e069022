"""Reads and writes points in time, and spans such as a month."""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from dam.services.search_service.query.tree import Value

Unit = Literal["year", "month", "day", "minute", "second"]

_UNITS: tuple[Unit, ...] = ("year", "month", "day", "minute", "second")
_SHOWN: dict[Unit, int] = {"year": 4, "month": 7, "day": 10, "minute": 16, "second": 19}
_PARTS: dict[Unit, int] = {"year": 1, "month": 2, "day": 3, "minute": 5, "second": 6}
_UNIT_OF = {parts: unit for unit, parts in _PARTS.items()}
_LAST = datetime.max.replace(tzinfo=UTC)
"""Stands for the first moment after the year 9999, which no `datetime` is."""
_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)
_AGO = re.compile(r"([0-9]{1,6})(min|h|d|w|mo|y)")
_DAYS = {"min": 1 / 1440, "h": 1 / 24, "d": 1, "w": 7}


@dataclass(frozen=True)
class Reading:
    """A value; for a time with less than full precision also the first moment after it.

    `is_ago`: it was written as the time that has passed since.
    """

    value: Value
    end: datetime | None = None
    is_ago: bool = False


def read_time(text: str, now: datetime) -> Reading | None:
    """Return a point in time in the zone of `now`, or None if the text is none."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        if text.lower() in {"today", "yesterday"}:
            start = midnight - timedelta(days=text.lower() == "yesterday")
            return Reading(start, _first_after(start, "day"))
        if ago := _AGO.fullmatch(text):
            return _ago(int(ago[1]), ago[2], now)
        date = _DATE.fullmatch(text)
        return _date(date, midnight) if date else None
    except (ValueError, OverflowError):
        return None


def step(moment: datetime, unit: Unit, by: int = 1) -> datetime:
    """Return the moment that comes this number of years, months and so on later."""
    if unit == "year":
        return moment.replace(year=moment.year + by)
    if unit == "month":
        months = moment.year * 12 + moment.month - 1 + by
        return moment.replace(year=months // 12, month=months % 12 + 1)
    return moment + by * timedelta(**{f"{unit}s": 1})


def exact_text(moment: datetime) -> str:
    """Return a text that is read as this very moment."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def start_text(moment: datetime) -> str:
    """Return the shortest text that is read as a span with this start."""
    unit = next((unit for unit in _UNITS if _is_start(moment, unit)), None)
    return _text(moment, unit) if unit and moment != _LAST else exact_text(moment)


def span_text(low: datetime | None, high: datetime) -> str:
    """Return the shortest text for the span from `low` up to `high`, which is outside."""
    finest = low if low and _is_start(low, "second") else high
    unit = next(unit for unit in _UNITS if _is_start(high, unit) and _is_start(finest, unit))
    last = _start_of_last(unit) if high == _LAST else step(high, unit, -1)
    if low == last:
        return _text(last, unit)
    first = "" if low is None else _text(low, unit) if low is finest else exact_text(low)
    return f"{first}..{_text(last, unit)}"


def _first_after(start: datetime, unit: Unit) -> datetime:
    try:
        return step(start, unit)
    except (ValueError, OverflowError):
        return _LAST


def _start_of_last(unit: Unit) -> datetime:
    """Return the start of the last year, month and so on that there is."""
    parts = (9999, 12, 31, 23, 59, 59)[: _PARTS[unit]]
    year, month, day, hour, minute, second = (*parts, *(0, 1, 1, 0, 0, 0)[len(parts) :])
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def _text(moment: datetime, unit: Unit) -> str:
    return moment.isoformat()[: _SHOWN[unit]]


def _is_start(moment: datetime, unit: Unit) -> bool:
    if moment == _LAST:
        return True
    smallest = moment.month, moment.day, moment.hour, moment.minute, moment.second
    at = {"year": 0, "month": 1, "day": 2, "minute": 4, "second": 5}[unit]
    return not moment.microsecond and smallest[at:] == (1, 1, 0, 0, 0)[at:]


def _ago(count: int, unit: str, now: datetime) -> Reading | None:
    if unit in _DAYS:
        moment = now - timedelta(days=count * _DAYS[unit])
    else:
        months = now.year * 12 + now.month - 1 - count * (12 if unit == "y" else 1)
        year, month = months // 12, months % 12 + 1
        day = min(now.day, calendar.monthrange(year, month)[1])
        moment = now.replace(year=year, month=month, day=day)
    return Reading(moment, is_ago=True)


def _date(date: re.Match[str], midnight: datetime) -> Reading | None:
    given = [int(part) for part in date.groups()[:6] if part]
    year, month, day, hour, minute, second = given + [0, 1, 1, 0, 0, 0][len(given) :]
    start = midnight.replace(
        year=year, month=month, day=day, hour=hour, minute=minute, second=second
    )
    if date[8]:
        zone = datetime.fromisoformat(f"2000-01-01T00:00:00{date[8]}").tzinfo
        start = start.replace(tzinfo=zone).astimezone(midnight.tzinfo)
    if date[7]:
        return Reading(start.replace(microsecond=int(date[7].ljust(6, "0"))))
    return Reading(start, _first_after(start, _UNIT_OF[len(given)]))
