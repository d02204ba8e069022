"""The tags of videos and songs: cleaned, and those of songs and cameras read as values."""

import math
import re
from collections.abc import Mapping
from datetime import datetime

from dam.media.camera.times import is_set, offset_minutes
from dam.media.camera.values import Position, TakenAt
from dam.media.clean_text import clean_text
from dam.media.streams.values import SongTags

_MOST_TAGS = 500
_MOST_KEY_CHARACTERS = 100
_MOST_CHARACTERS = 10_000
_MOST_CHARACTERS_IN_ALL = 100_000
_LATEST_YEAR = 9999
_MOST_TRACK = 1_000_000
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_COMPACT_YEAR = re.compile(r"\d{4}(?=\d{4}(?!\d))")
_NUMBER = re.compile(r"\s*(\d{1,9})")
_TIME = re.compile(
    r"(\d{4})[-:](\d\d)[-:](\d\d)[T ](\d\d):(\d\d):(\d\d)"
    r"(?:[.,](\d{1,9}))?\s*(Z|[+-]\d\d:?(?:\d\d)?)?"
)
_POSITION = re.compile(r"([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)?")
_QUICKTIME = "com.apple.quicktime."
_ANDROID = "com.android."
_TIMES = (f"{_QUICKTIME}creationdate", "creation_time", "date")
_POSITIONS = (f"{_QUICKTIME}location.iso6709", "location", "location-eng")
_MAKES = (f"{_QUICKTIME}make", "make", f"{_ANDROID}manufacturer")
_MODELS = (f"{_QUICKTIME}model", "model", f"{_ANDROID}model")
_MOST_DEGREES = (90, 180)
_SIGNS = frozenset({*_MAKES, *_MODELS, *_POSITIONS})


def cleaned_tags(*sources: Mapping[str, str]) -> dict[str, str]:
    """Return the tags by their names in lower case; of one that is twice, the first.

    Args:
        sources: The tags as PyAV gives them, where bytes that are not UTF-8 are surrogates; they
            are read as Windows reads them. What is too much is left out.
    """
    tags: dict[str, str] = {}
    left = _MOST_CHARACTERS_IN_ALL
    for key, value in (pair for source in sources for pair in source.items()):
        name = clean_text(_decoded(key).lower(), _MOST_KEY_CHARACTERS)
        if len(tags) >= _MOST_TAGS or left <= 0:
            break
        text = clean_text(_decoded(value), min(left, _MOST_CHARACTERS))
        if name and text and name not in tags:
            tags[name] = text
            left -= len(text)
    return tags


def _decoded(text: str) -> str:
    if text.isascii():
        return text
    part = text[: 4 * _MOST_CHARACTERS]
    try:
        return part.encode("utf-8", "strict").decode("utf-8")
    except UnicodeEncodeError:
        raw = part.encode("utf-8", "surrogateescape" if _is_escaped(part) else "replace")
        return raw.decode("cp1252", "replace") if _is_escaped(part) else raw.decode("utf-8")


def _is_escaped(text: str) -> bool:
    """Tell whether each surrogate stands for a byte."""
    return all(not "\ud800" <= letter <= "\udfff" or letter >= "\udc80" for letter in text)


def song_tags(tags: Mapping[str, str]) -> SongTags:
    """Return the tags of a song; those are left out that do not hold what their names say."""
    return SongTags(
        artist=_first(tags, "artist", "author"),
        album=tags.get("album"),
        album_artist=_first(tags, "album_artist", "albumartist", "album artist"),
        track=_number(_first(tags, "track", "tracknumber"), _MOST_TRACK),
        year=_year(_first(tags, "date", "year", "originaldate")),
        genre=tags.get("genre"),
    )


def _first(tags: Mapping[str, str], *names: str) -> str | None:
    return next((tags[name] for name in names if name in tags), None)


def _number(text: str | None, most: int) -> int | None:
    """Return the number at the start of a text such as `2/10`."""
    found = _NUMBER.match(text or "")
    return int(found[1]) if found and int(found[1]) <= most else None


def _year(text: str | None) -> int | None:
    """Return the year in a date such as `1987`, `1987-03-31`, `31.3.1987` or `19870331`."""
    found = _YEAR.search(text or "") or _COMPACT_YEAR.match(text or "")
    return int(found[0]) if found and 0 < int(found[0]) <= _LATEST_YEAR else None


def recorded_at(tags: Mapping[str, str]) -> TakenAt | None:
    """Return when a camera recorded a video: QuickTime's local time, else the container's in UTC.

    Programs write their own time when they convert a video, so the tags must name a camera or a
    place. A date without a time of day is that of a release, and is left out; so is a clock never
    set.
    """
    if not any(name in _SIGNS or name.startswith((_QUICKTIME, _ANDROID)) for name in tags):
        return None
    for source in _TIMES:
        found = _TIME.match(tags.get(source, ""))
        if found is None:
            continue
        *parts, fraction, zone = found.groups()
        microseconds = (fraction or "").ljust(6, "0")[:6]
        try:
            at = datetime.strptime(".".join((*parts, microseconds)), "%Y.%m.%d.%H.%M.%S.%f")  # noqa: DTZ007 - as the file says
        except ValueError:
            continue
        if is_set(at):
            return TakenAt(
                local_time=at.isoformat(timespec="microseconds"),
                utc_offset_minutes=offset_minutes((zone or "").removesuffix(":")),
                source=source,
            )
    return None


def position(tags: Mapping[str, str]) -> Position | None:
    """Return the place in QuickTime's form `+48.1234+011.5678+519.0/`; 0, 0 is none."""
    found = _POSITION.match(_first(tags, *_POSITIONS) or "")
    if found is None:
        return None
    latitude, longitude = float(found[1]), float(found[2])
    altitude = float(found[3]) if found[3] else None
    is_on_earth = all(
        abs(degrees) <= most
        for degrees, most in zip((latitude, longitude), _MOST_DEGREES, strict=True)
    )
    if not is_on_earth or latitude == longitude == 0:
        return None
    if altitude is not None and not math.isfinite(altitude):
        altitude = None
    return Position(latitude=latitude, longitude=longitude, altitude_m=altitude)


def camera(tags: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return the maker and the model of the camera."""
    return _first(tags, *_MAKES), _first(tags, *_MODELS)
