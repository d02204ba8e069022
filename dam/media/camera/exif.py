"""Values of EXIF's tags, as plain values by name."""

import codecs
import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from dam.media.camera.blocks import Blocks
from dam.media.camera.jpeg import jpeg_blocks
from dam.media.camera.tag_names import EXIF, GPS, IFD0, INTEROP, PANASONIC
from dam.media.camera.values import Groups, TagValue
from dam.media.clean_text import clean_text, decoded_text
from dam.media.structure.source import ByteSource
from dam.media.structure.tiff import Directory, Entry, Tiff

_EXIF_OFFSET, _GPS_OFFSET, _INTEROP_OFFSET = 0x8769, 0x8825, 0xA005
_XMP, _IPTC, _RESOURCES, _PANASONIC_JPEG = 0x2BC, 0x83BB, 0x8649, 0x2E
_PANASONIC_MARK = b"U\0"
_TEXT, _UTF8, _BYTES, _UNDEFINED = 2, 129, 1, 7
_MOST_TEXT_BYTES = 40_000
_MOST_NUMBER_BYTES = 256
_LARGEST_EXPONENT = 100
_PARTS_OF_ONE = 60  # minutes of a degree, and seconds of a minute
_ESCAPE, _TO_JIS = b"\x1b", b"\x1b$B"
codecs.lookup("iso2022_jp"), codecs.lookup("cp932")  # a confined worker can load no codec later
_TEXTS = frozenset({"ExifVersion", "FlashpixVersion", "InteropVersion"})
_SMALL = frozenset({"FileSource", "SceneType", "GPSAltitudeRef", "GPSDifferential"})
_NAMES: Mapping[str, Mapping[int, str]] = {
    "IFD0": {**EXIF, **IFD0},  # camera makers put tags of one directory into another
    "ExifIFD": {**IFD0, **EXIF},
    "GPS": GPS,
    "InteropIFD": INTEROP,
}


def read_exif(source: ByteSource, groups: Groups) -> Blocks:
    """Add the tags of a TIFF to groups, and return the blocks in it; tags that are there stay."""
    blocks = Blocks()
    tiff = Tiff.open(source)
    if tiff is None:
        return blocks
    main = tiff.directory(tiff.first)
    is_panasonic = source.read(2, 2) == _PANASONIC_MARK
    _add(groups, "IFD0", tiff, main, PANASONIC if is_panasonic else {})
    exif = tiff.directory(tiff.offset(main.get(_EXIF_OFFSET)))
    _add(groups, "ExifIFD", tiff, exif)
    _add(groups, "GPS", tiff, tiff.directory(tiff.offset(main.get(_GPS_OFFSET))))
    _add(groups, "InteropIFD", tiff, tiff.directory(tiff.offset(exif.get(_INTEROP_OFFSET))))
    _take_blocks(main, blocks)
    if is_panasonic and _PANASONIC_JPEG in main:
        jpeg = main[_PANASONIC_JPEG]
        found = jpeg_blocks(source.part(jpeg.start, jpeg.size))
        blocks.exif, blocks.xmp = found.exif, [*blocks.xmp, *found.xmp]
    return blocks


def read_part(source: ByteSource, group: str, groups: Groups) -> None:
    """Add the tags of a TIFF that has only the directory of one group."""
    tiff = Tiff.open(source)
    if tiff is not None:
        _add(groups, group, tiff, tiff.directory(tiff.first))


def _take_blocks(main: Directory, blocks: Blocks) -> None:
    if _XMP in main:
        blocks.add_xmp(main[_XMP].content)
    if _IPTC in main:  # its type may be any, but its bytes are in their order
        blocks.iptc.append(main[_IPTC].content)
    elif _RESOURCES in main:
        blocks.add_resources(ByteSource.of(main[_RESOURCES].content))


def _add(
    groups: Groups,
    group: str,
    tiff: Tiff,
    directory: Directory,
    own_names: Mapping[int, str] = MappingProxyType({}),
) -> None:
    if not directory:
        return
    names, tags = _NAMES[group], groups.setdefault(group, {})
    for tag, entry in directory.items():
        name = names.get(tag) or own_names.get(tag)
        if name is None:
            if tag in _OF_STRUCTURE or entry.kind in (_BYTES, _UNDEFINED):
                continue
            name = f"0x{tag:04x}"
        if name not in tags and (value := _value(tiff, name, entry)) is not _NOTHING:
            tags[name] = value


_NOTHING: TagValue = object()  # type: ignore[assignment] # tells apart from None, which is a value
_OF_STRUCTURE = frozenset(
    {_XMP, _IPTC, _RESOURCES, _PANASONIC_JPEG, _EXIF_OFFSET, _GPS_OFFSET, _INTEROP_OFFSET}
    | {0x14A, 0x111, 0x117, 0x144, 0x145, 0x201, 0x202, 0x118, 0x927C, 0x8773, 0xC4A5}
)


def _value(tiff: Tiff, name: str, entry: Entry) -> TagValue:
    is_undefined = entry.kind == _UNDEFINED and name not in _SMALL
    is_read = name in _READERS or name in _TEXTS or entry.kind in (_TEXT, _UTF8)
    if not is_read and (entry.size > _MOST_NUMBER_BYTES or (is_undefined and name not in _LISTS)):
        return _NOTHING
    most = min(entry.size, _MOST_TEXT_BYTES)
    entry = entry.loaded(most)
    if entry.size < most:
        return _NOTHING
    if name in _READERS:
        return _READERS[name](tiff, entry)
    if is_read:
        return exif_text(entry.content)
    if is_undefined:
        return list(entry.content[:8])
    numbers = tiff.numbers(entry)
    return numbers[0] if len(numbers) == 1 or name in _SMALL else numbers


_LISTS = frozenset({"ComponentsConfiguration", "GPSVersionID", "DNGVersion"})


def exif_text(content: bytes) -> str:
    """Return the text up to the first NUL: UTF-8, or else Latin-1."""
    return clean_text(decoded_text(content.partition(b"\0")[0]))


def _utf16(_: Tiff, entry: Entry) -> TagValue:
    content = entry.content[: len(entry.content) // 2 * 2]
    return clean_text(content.decode("utf-16-le", "replace").partition("\0")[0])


def _comment(tiff: Tiff, entry: Entry) -> TagValue:
    """Return a text behind eight bytes that name its characters, in any case of letters."""
    named, content = entry.content[:8].partition(b"\0")[0].rstrip(b" "), entry.content[8:]
    letters = content.rstrip(b"\0")
    # Ricoh's cameras write `Unicode` before a text that is ASCII.
    is_ascii = named != b"UNICODE" and letters.isascii() and b"\0" not in letters
    if named.upper() == b"UNICODE" and not is_ascii:
        return _unicode(content[: len(content) // 2 * 2], tiff.order)
    if named.upper() == b"JIS":
        return _japanese(content)
    is_named = named.upper() in (b"", b"ASCII", b"UNICODE")
    return exif_text(content if is_named else entry.content)


def _unicode(content: bytes, order: str) -> str:
    """Return a text of UTF-16. Its order of bytes need not be that of its TIFF.

    As exiftool guesses: the lower bytes are those of which more are different, or else fewer are 0.
    """
    upper, lower = content[::2], content[1::2]
    bytes_of_both = [(len(set(each)), -each.count(0)) for each in (upper, lower)]
    if bytes_of_both[0] != bytes_of_both[1]:
        order = ">" if bytes_of_both[0] < bytes_of_both[1] else "<"
    code = "utf-16-be" if order == ">" else "utf-16-le"
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        code = "utf-16"
    return clean_text(content.decode(code, "replace").partition("\0")[0])


def _japanese(content: bytes) -> str:
    """Return a text of JIS, which is often ISO 2022 or Shift JIS instead; empty if it is none."""
    raw = content.partition(b"\0")[0].rstrip()
    code = "iso2022_jp" if raw.isascii() else "cp932"
    if raw.isascii() and _ESCAPE not in raw:
        raw = _TO_JIS + raw
    try:
        return clean_text(raw.decode(code))
    except UnicodeDecodeError:
        return ""


def _first(tiff: Tiff, entry: Entry) -> TagValue:
    """Return the first of several numbers, or the number that a text has."""
    if entry.kind in (_TEXT, _UTF8, _UNDEFINED):
        return exif_text(entry.content)
    return tiff.numbers(entry)[0]


class WrongDegrees(float):
    """Degrees with 60 minutes or seconds, or more: a tag as exiftool shows it, but no place."""


def _degrees(tiff: Tiff, entry: Entry) -> TagValue:
    """Return degrees, minutes and seconds as degrees; None if one of them is no number."""
    if entry.kind in (_TEXT, _UTF8, _UNDEFINED):
        return None
    degrees, minutes, seconds = [*tiff.numbers(entry), 0, 0][:3]
    if degrees is None or minutes is None or seconds is None:
        return None
    found = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(found):
        return None
    is_right = 0 <= minutes < _PARTS_OF_ONE and 0 <= seconds < _PARTS_OF_ONE
    return found if is_right else WrongDegrees(found)


def _clock(tiff: Tiff, entry: Entry) -> TagValue:
    """Return hours, minutes and seconds as `12:30:05.25`; None if one of them is no number."""
    if entry.kind in (_TEXT, _UTF8):
        return exif_text(entry.content)
    parts = tiff.numbers(entry)
    if len(parts) < 3 or not all(part is not None and part >= 0 for part in parts):  # noqa: PLR2004
        return None
    hours, minutes, seconds = (part or 0 for part in parts[:3])
    total = round(hours * 3600 + minutes * 60 + seconds, 6)
    if not math.isfinite(total):
        return None
    text = f"{total // 3600:02.0f}:{total % 3600 // 60:02.0f}:{total % 60:09.6f}"
    return text.rstrip("0").removesuffix(".") if "." in text else text


def _shutter_speed(tiff: Tiff, entry: Entry) -> TagValue:
    """Return the seconds for a speed in stops."""
    value = tiff.numbers(entry)[0]
    return None if value is None else 2.0**-value if abs(value) < _LARGEST_EXPONENT else 0


def _aperture(tiff: Tiff, entry: Entry) -> TagValue:
    """Return the f-number for an aperture in stops."""
    value = tiff.numbers(entry)[0]
    return 2 ** (value / 2) if value is not None and abs(value) < _LARGEST_EXPONENT else None


def _date(_: Tiff, entry: Entry) -> TagValue:
    return exif_text(entry.content).replace("-", ":")


_READERS: dict[str, Callable[[Tiff, Entry], TagValue]] = {
    **dict.fromkeys(("XPTitle", "XPComment", "XPAuthor", "XPKeywords", "XPSubject"), _utf16),
    **dict.fromkeys(("UserComment", "GPSProcessingMethod", "GPSAreaInformation"), _comment),
    **dict.fromkeys(("GPSLatitude", "GPSLongitude"), _degrees),
    **dict.fromkeys(("GPSDestLatitude", "GPSDestLongitude"), _degrees),
    **dict.fromkeys(("ApertureValue", "MaxApertureValue"), _aperture),
    **dict.fromkeys(("Orientation", "ExposureTime", "FNumber", "FocalLength"), _first),
    "GPSTimeStamp": _clock,
    "GPSDateStamp": _date,
    "ShutterSpeedValue": _shutter_speed,
}


def is_number(value: TagValue) -> bool:
    """Tell whether a value is a finite number, and no flag."""
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return is_one and math.isfinite(value)  # type: ignore[arg-type] # is a number, as just asked
