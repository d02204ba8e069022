"""Tells when a picture was taken: the first of several tags that has a date.

`PRIORITY` is the order. The name of a file and its own times are never asked, nor are tags that a
program changes when it saves a picture, such as `IFD0:ModifyDate`.
"""

import re
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from dam.media.camera.values import Groups, TagValue, TakenAt

_OLDEST_YEAR, _LATEST_YEAR = 1826, 2100  # the first photograph; a clock that was never set
_UNSET = (datetime(1904, 1, 1), datetime(1970, 1, 1))  # noqa: DTZ001 - where clocks begin to count


class DateTag(NamedTuple):
    """A tag with a date, and those that say more about it: group and name each.

    Args:
        date: The date, maybe with a time.
        time: The time, where it is in a tag of its own.
        fraction: Parts of a second.
        offsets: The distance from UTC: the first of these that is there.
        is_utc: The time is in UTC.
        is_day: A date alone is enough. Others have a time too, and without one they are damaged.
    """

    date: str
    time: str = ""
    fraction: str = ""
    offsets: tuple[str, ...] = ()
    is_utc: bool = False
    is_day: bool = False


PRIORITY = (
    DateTag(
        "ExifIFD:DateTimeOriginal",
        fraction="ExifIFD:SubSecTimeOriginal",
        offsets=("ExifIFD:OffsetTimeOriginal", "ExifIFD:OffsetTime"),
    ),
    DateTag("IFD0:DateTimeOriginal"),
    DateTag("XMP-exif:DateTimeOriginal", fraction="XMP-exif:SubSecTimeOriginal"),
    DateTag(
        "ExifIFD:CreateDate",
        fraction="ExifIFD:SubSecTimeDigitized",
        offsets=("ExifIFD:OffsetTimeDigitized", "ExifIFD:OffsetTime"),
    ),
    DateTag("XMP-photoshop:DateCreated", is_day=True),
    DateTag("IPTC:DateCreated", time="IPTC:TimeCreated", is_day=True),
    DateTag("XMP-exif:DateTimeDigitized"),
    DateTag("XMP-xmp:CreateDate"),
    DateTag("IPTC:DigitalCreationDate", time="IPTC:DigitalCreationTime", is_day=True),
    DateTag("GPS:GPSDateStamp", time="GPS:GPSTimeStamp", is_utc=True),
    DateTag("XMP-exif:GPSDateTime", is_utc=True),
)
"""The tags that may say when a picture was taken; the first that has a possible date is taken.

What the camera wrote when the shutter opened comes first, then what a person may have corrected or
a scanner has written, and last the clock of a satellite, which is not that of the place.
"""

_MOMENT = re.compile(
    r"([0-9]{4})[:/.-]([0-9]{1,2})[:/.-]([0-9]{1,2})"
    r"(?:[T ]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?)?"
    r" *(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_OFFSET = re.compile(r"([+-])([0-9]{1,2}):?([0-9]{2})?")
_MOST_OFFSET = 16 * 60
_MINUTES_OF_AN_HOUR = 60
_MINUTES_OF_A_DAY = 24 * 60


def taken_at(groups: Groups) -> TakenAt | None:
    """Return when a picture was taken, by its tags; None if none of them says so."""
    for tag in PRIORITY:
        if found := _moment(groups, tag):
            return found
    return None


def with_offset(time: datetime, minutes: int | None) -> datetime:
    """Return the clock of a place with its distance from UTC, if that is known and possible."""
    if minutes is None or abs(minutes) >= _MINUTES_OF_A_DAY:
        return time
    return time.replace(tzinfo=timezone(timedelta(minutes=minutes)))


def is_set(time: datetime) -> bool:
    """Tell whether a clock that shows this date and time of day was ever set."""
    return _OLDEST_YEAR <= time.year <= _LATEST_YEAR and time not in _UNSET


def _moment(groups: Groups, tag: DateTag) -> TakenAt | None:
    date = _text(groups, tag.date)
    if not date:
        return None
    time = _text(groups, tag.time)
    match = _MOMENT.fullmatch(f"{date} {time}" if time else date)
    if match is None or not (match[4] or tag.is_day):
        return None
    moment = _datetime(match, _text(groups, tag.fraction))
    if moment is None:
        return None
    offset = offset_minutes(match[8] or "")
    for name in tag.offsets:
        if offset is None:
            offset = offset_minutes(_text(groups, name))
    if offset is None and tag.is_utc:
        offset = 0
    return TakenAt(local_time=moment.isoformat(), utc_offset_minutes=offset, source=tag.date)


def _datetime(match: re.Match[str], fraction: str) -> datetime | None:
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    digits = match[7] or (fraction if fraction.isascii() and fraction.isdigit() else "")
    micro = int(digits[:6].ljust(6, "0")) if match[4] else 0
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), micro)  # noqa: DTZ001 - its zone is apart
    except ValueError:
        return None
    is_day = match[4] is None and _OLDEST_YEAR <= year <= _LATEST_YEAR  # no clock wrote it
    return moment if is_day or is_set(moment) else None


def offset_minutes(text: str) -> int | None:
    """Return the distance from UTC that `Z`, `+02:00`, `+0200` or `+02` says; None if none does.

    >>> offset_minutes("-05:30"), offset_minutes("Z"), offset_minutes("+02:99"), offset_minutes("")
    (-330, 0, None, None)
    """
    if text == "Z":
        return 0
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    hours, minutes_more = int(match[2]), int(match[3] or 0)
    minutes = hours * _MINUTES_OF_AN_HOUR + minutes_more
    if minutes > _MOST_OFFSET or minutes_more >= _MINUTES_OF_AN_HOUR:
        return None
    return -minutes if match[1] == "-" else minutes


def _text(groups: Groups, name: str) -> str:
    group, _, tag = name.partition(":")
    value: TagValue = groups.get(group, {}).get(tag)
    return str(value).strip() if isinstance(value, str | int) else ""
