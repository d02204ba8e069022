"""Reads IPTC's data sets: titles, captions, keywords and dates, as newspapers write them."""

import re
from collections.abc import Iterator

from dam.media.camera.tag_names import IPTC_LISTS, IPTC_TAGS
from dam.media.camera.values import Groups, TagValue
from dam.media.clean_text import clean_text, decoded_text

_MARK = 0x1C
_MOST_SETS = 10_000
_MOST_OF_ONE = 1000
_ENVELOPE, _APPLICATION, _CHARACTERS = 1, 2, 90
_UTF8 = b"\x1b%G"
_LONG = 0x8000
_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_TIME = re.compile(r"(\d\d)(\d\d)(\d\d)(?:([+-]\d\d)(\d\d))?", re.ASCII)


def read_iptc(block: bytes, groups: Groups) -> None:
    """Add the tags of a block of IPTC to groups; tags that are there stay."""
    found: dict[int, list[str]] = {}
    is_utf8 = False
    for record, number, content in _data_sets(block):
        if (record, number) == (_ENVELOPE, _CHARACTERS):
            is_utf8 = content == _UTF8
        elif record == _APPLICATION and number in IPTC_TAGS:
            values = found.setdefault(number, [])
            if len(values) < _MOST_OF_ONE:
                values.append(_text(IPTC_TAGS[number], content, is_utf8=is_utf8))
    if not found:
        return
    tags = groups.setdefault("IPTC", {})
    for number, values in found.items():
        value: TagValue = values[-1]
        if number in IPTC_LISTS and len(values) > 1:
            value = values
        tags.setdefault(IPTC_TAGS[number], value)


def _data_sets(block: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield record, number and content of each data set, up to the first byte that begins none."""
    at = 0
    for _ in range(_MOST_SETS):
        if at + 5 > len(block) or block[at] != _MARK:
            return
        record, number = block[at + 1], block[at + 2]
        size = int.from_bytes(block[at + 3 : at + 5], "big")
        at += 5
        if size & _LONG:  # the size itself is in that many bytes
            wide = size & ~_LONG
            if wide > 4:  # noqa: PLR2004 - no longer size is written
                return
            size = int.from_bytes(block[at : at + wide], "big")
            at += wide
        yield record, number, block[at : at + size]
        at += size


def _text(name: str, content: bytes, *, is_utf8: bool) -> str:
    raw = content.partition(b"\0")[0]
    text = clean_text(decoded_text(raw) if is_utf8 else raw.decode("latin-1"))
    if "Date" in name and (date := _DATE.fullmatch(text)):
        return ":".join(date.groups())
    if "Time" in name and (time := _TIME.fullmatch(text)):
        zone = f"{time[4]}:{time[5]}" if time[4] else ""
        return f"{time[1]}:{time[2]}:{time[3]}{zone}"
    return text
