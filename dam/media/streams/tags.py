"""The tags of videos and songs: cleaned, and those of songs read as values."""

import re
from collections.abc import Mapping

from dam.media.clean_text import clean_text, decoded_text
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
_ARTIST, _ALBUM, _GENRE = ("artist", "author"), ("album",), ("genre",)
_ALBUM_ARTIST = ("album_artist", "albumartist", "album artist")
_TRACK, _YEARS = ("track", "tracknumber"), ("date", "year", "originaldate")
_KNOWN = frozenset({"title", *_ARTIST, *_ALBUM, *_ALBUM_ARTIST, *_TRACK, *_YEARS, *_GENRE})


def cleaned_tags(*sources: Mapping[str, str]) -> dict[str, str]:
    """Return the tags by their names in lower case; of one that is twice, the first.

    Where there are too many, those that say what a song is come before others.

    Args:
        sources: The tags as PyAV gives them, where bytes that are not UTF-8 are surrogates; texts
            with many of them are read as Windows reads them. What is too much is left out.
    """
    tags: dict[str, str] = {}
    left = _MOST_CHARACTERS_IN_ALL
    pairs = (pair for source in sources for pair in source.items())
    for key, value in sorted(pairs, key=lambda pair: pair[0].lower() not in _KNOWN):
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
        return decoded_text(raw, "cp1252")


def _is_escaped(text: str) -> bool:
    """Tell whether each surrogate stands for a byte."""
    return all(not "\ud800" <= letter <= "\udfff" or letter >= "\udc80" for letter in text)


def song_tags(tags: Mapping[str, str]) -> SongTags:
    """Return the tags of a song; those are left out that do not hold what their names say."""
    return SongTags(
        artist=first_of(tags, *_ARTIST),
        album=first_of(tags, *_ALBUM),
        album_artist=first_of(tags, *_ALBUM_ARTIST),
        track=_number(first_of(tags, *_TRACK), _MOST_TRACK),
        year=_year(first_of(tags, *_YEARS)),
        genre=first_of(tags, *_GENRE),
    )


def first_of(tags: Mapping[str, str], *names: str) -> str | None:
    """Return the value of the first of these names that is there."""
    return next((tags[name] for name in names if name in tags), None)


def _number(text: str | None, most: int) -> int | None:
    """Return the number at the start of a text such as `2/10`; 0 is none."""
    found = _NUMBER.match(text or "")
    return int(found[1]) if found and 1 <= int(found[1]) <= most else None


def _year(text: str | None) -> int | None:
    """Return the year in a date such as `1987`, `1987-03-31`, `31.3.1987` or `19870331`."""
    found = _YEAR.search(text or "") or _COMPACT_YEAR.match(text or "")
    return int(found[0]) if found and 0 < int(found[0]) <= _LATEST_YEAR else None
