"""Camera facts beside exiftool's: the tags of EXIF, GPS, IPTC and XMP, and the fields made of them.

Of the folder `exif`, all files are compared that are pictures or XMP for exiftool, but for two: an
`.eip` is a ZIP file with a picture in it, and `XMP.xml` a list in exiftool's own form. Of XMP, the
groups in `_RENAMED` are left out: exiftool gives the fields of their structures names of its own.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from dam.media.camera.facts import facts_of
from dam.media.camera.reading import read_groups
from dam.media.camera.sidecar import read_sidecar
from dam.media.camera.tag_names import EXIF, GPS, IFD0, INTEROP, IPTC_TAGS, NAMESPACES
from dam.media.camera.values import CameraFacts, Groups
from dam.media.limits import MediaLimits
from tests.benchmarks.pictures import CORPUS
from tests.benchmarks.truth.table import Row

TITLE = "camera facts beside exiftool"
LEAST = 0.99

_TYPES = frozenset(
    {"JPEG", "JPS", "TIFF", "BTF", "GIF", "PNG", "BMP", "PSD", "HEIF", "HEIC", "AVIF", "WEBP"}
    | {"Extended WEBP", "JP2", "J2C", "JXL", "JXL Codestream", "XMP", "CR2", "CR3", "CRW", "DNG"}
    | {"NEF", "RAF", "RW2", "MRW", "IIQ", "X3F"}
)
_LEFT_OUT = frozenset({"XMP.xml"})
_OF_DIRECTORIES = {*IFD0.values(), *EXIF.values()}
_NAMED: Mapping[str, set[str]] = {
    "IFD0": _OF_DIRECTORIES,
    "ExifIFD": _OF_DIRECTORIES,
    "GPS": {*GPS.values()},
    "InteropIFD": {*INTEROP.values()},
    "IPTC": {*IPTC_TAGS.values()},
}
_RENAMED = frozenset({"iptcExt", "plus", "mwg-kw", "GCamera", "rdf"})
_XMP = frozenset(f"XMP-{prefix}" for prefix in NAMESPACES.values() if prefix not in _RENAMED)
FIELDS: Mapping[str, tuple[str, ...]] = {
    "make": ("IFD0:Make",),
    "model": ("IFD0:Model",),
    "lens": ("ExifIFD:LensModel",),
    "exposure_time_s": ("ExifIFD:ExposureTime",),
    "f_number": ("ExifIFD:FNumber",),
    "iso": ("ExifIFD:ISO",),
    "focal_length_mm": ("ExifIFD:FocalLength",),
    "orientation": ("IFD0:Orientation",),
    "taken_at": ("ExifIFD:DateTimeOriginal",),
    "latitude": ("Composite:GPSLatitude",),
    "longitude": ("Composite:GPSLongitude",),
    "altitude_m": ("Composite:GPSAltitude",),
    "rating": ("XMP-xmp:Rating",),
    "title": ("XMP-dc:Title", "IPTC:ObjectName"),
    "description": ("XMP-dc:Description", "IPTC:Caption-Abstract"),
}
"""Fields of `CameraFacts`, and the tags of exiftool of which the first one that is there is it."""


def table() -> list[Row]:
    """Return the shares of equal tags by group, and of equal fields; and the speed as a note."""
    found = list(_compared())
    rows = [_row("all tags that we name", [one for one, _ in found], LEAST)]
    groups = sorted({group for tags, _ in found for group, *_ in tags})
    for group in groups:
        mine = [[tag for tag in tags if tag[0] == group] for tags, _ in found]
        rows.append(_row(f"tags of {group}", mine))
    for name in FIELDS:
        mine = [[field for field in fields if field[0] == name] for _, fields in found]
        rows.append(_row(name, mine))
    return [*rows, _speed()]


Compared = tuple[str, bool, str]
"""A group or a field, whether the values are equal, and the values for people."""


def _row(what: str, compared: list[list[Compared]], least: float | None = None) -> Row:
    flat = [one for some in compared for one in some]
    return Row(
        what=what,
        equal=sum(is_equal for _, is_equal, _ in flat),
        total=len(flat),
        least=least,
        wrong=[text for _, is_equal, text in flat if not is_equal],
    )


def _speed() -> Row:
    """Read all files once more, and tell how many a second of CPU; it is no share of anything."""
    paths = [path for path, _ in _files()]
    begin = time.process_time()
    for path in paths:
        _read(path)
    rate = len(paths) / (time.process_time() - begin)
    return Row(what=f"files read, {rate:,.0f} a second of CPU", equal=len(paths), total=len(paths))


@cache
def _files() -> tuple[tuple[Path, dict[str, Any]], ...]:
    found = []
    for listing in sorted((CORPUS / "exif").glob("*/exiftool.json")):
        for truth in json.loads(listing.read_text()):
            path = listing.parent / truth["SourceFile"]
            if truth.get("File:FileType") in _TYPES and path.name not in _LEFT_OUT:
                found.append((path, truth))
    return tuple(found)


def _read(path: Path) -> tuple[Groups, CameraFacts]:
    with path.open("rb") as file:
        if path.suffix == ".xmp":
            groups: Groups = json.loads(read_sidecar(file, MediaLimits()).metadata or "{}")
        else:
            groups = read_groups(file, MediaLimits())
    return groups, facts_of(groups)


def _compared() -> Iterator[tuple[list[Compared], list[Compared]]]:
    """Yield the tags, and the fields, of each file."""
    for path, truth in _files():
        groups, facts = _read(path)
        yield list(_tags(path, truth, groups)), list(_fields(path, truth, facts))


def _tags(path: Path, truth: Mapping[str, Any], groups: Groups) -> Iterator[Compared]:
    for key, expected in truth.items():
        group, _, name = key.partition(":")
        if name in _NAMED.get(group, ()) or group in _XMP:
            value = groups.get(group, {}).get(name, "nothing")
            text = f"{path.name} {key}: {value!r:.60}, exiftool {expected!r:.60}"
            yield group.partition("-")[0], is_same(name, expected, value), text


def _fields(path: Path, truth: Mapping[str, Any], facts: CameraFacts) -> Iterator[Compared]:
    taken, place = facts.taken_at, facts.position
    values = {name: getattr(facts, name, None) for name in FIELDS}
    values["taken_at"] = taken and taken.local_time.partition(".")[0].replace("T", " ")
    for name in ("latitude", "longitude", "altitude_m"):
        values[name] = getattr(place, name, None)
    for name, tags in FIELDS.items():
        stated = next((truth[tag] for tag in tags if truth.get(tag) not in (None, "")), None)
        if stated is None or _is_no_answer(name, stated):
            continue
        value = values[name]
        expected = str(stated).replace(":", "-", 2) if name == "taken_at" else stated
        text = f"{path.name} {name}: {value!r:.60}, exiftool {expected!r:.60}"
        yield name, is_same(name, expected, value), text


def _is_no_answer(name: str, stated: object) -> bool:
    """Tell whether a tag says nothing: zero, no day of the calendar, a blank."""
    if name == "taken_at":
        return re.match(r"(?!0000)\d{4}:(?!00)\d\d:(?!00)\d\d", str(stated)) is None
    is_zero = name not in ("latitude", "longitude", "altitude_m") and str(stated) in ("0", "-1")
    return is_zero or str(stated).strip() in ("", "undef", "inf")


def is_same(name: str, expected: object, value: object) -> bool:
    """Tell whether a value is what exiftool says, in another form and rounded.

    Places are equal within 0.00001 degrees, other numbers within a ten-thousandth part, since
    exiftool rounds. A list is equal to its items with spaces between them.
    """
    if isinstance(expected, list) or isinstance(value, list):
        first, second = _items(expected, value), _items(value, expected)
        pairs = zip(first, second, strict=False)
        return len(first) == len(second) and all(is_same(name, *pair) for pair in pairs)
    try:
        one, other = float(str(expected)), float(str(value))
    except ValueError:
        return _text(expected) == _text(value)
    if "atitude" in name or "ongitude" in name:
        return abs(one - other) < 1e-5
    return abs(one - other) <= 1e-4 * max(abs(one), abs(other))


def _items(value: object, other: object) -> list[object]:
    if isinstance(value, list):
        return value
    is_joined = isinstance(value, str) and isinstance(other, list) and len(other) > 1
    return [*value.split(" ")] if is_joined and isinstance(value, str) else [value]


def _text(value: object) -> str:
    text = "" if value is None else " ".join(str(value).split())
    return "" if text in ("undef", "inf") else text
