"""Makes facts of the tags of a picture: which tag is asked first, and what is no answer."""

import json
import math
import re
from collections.abc import Iterator, Sequence

from dam.media.camera.exif import WrongDegrees, is_number
from dam.media.camera.times import taken_at
from dam.media.camera.values import CameraFacts, Groups, Position, TagValue
from dam.media.clean_text import clean_text

MAKES = ("IFD0:Make", "XMP-tiff:Make")
MODELS = ("IFD0:Model", "XMP-tiff:Model", "IFD0:UniqueCameraModel")
LENSES = ("ExifIFD:LensModel", "XMP-exifEX:LensModel", "XMP-aux:Lens")
TITLES = ("XMP-dc:Title", "IPTC:ObjectName", "IFD0:XPTitle", "ExifIFD:ImageTitle", "PNG:Title")
DESCRIPTIONS = (
    "XMP-dc:Description",
    "IPTC:Caption-Abstract",
    "IFD0:ImageDescription",
    "IFD0:XPComment",
    "ExifIFD:UserComment",
    "PNG:Description",
    "PNG:Comment",
    "GIF:Comment",
)
AUTHORS = (
    "XMP-dc:Creator",
    "IPTC:By-line",
    "IFD0:Artist",
    "IFD0:XPAuthor",
    "XMP-tiff:Artist",
    "ExifIFD:Photographer",
    "PNG:Author",
)
EXPOSURES = (
    "ExifIFD:ExposureTime",
    "IFD0:ExposureTime",
    "XMP-exif:ExposureTime",
    "ExifIFD:ShutterSpeedValue",
)
APERTURES = ("ExifIFD:FNumber", "IFD0:FNumber", "XMP-exif:FNumber", "ExifIFD:ApertureValue")
ISOS = (
    "ExifIFD:ISO",
    "IFD0:ISO",
    "XMP-exifEX:PhotographicSensitivity",
    "XMP-exif:ISO",
    "ExifIFD:RecommendedExposureIndex",
    "ExifIFD:StandardOutputSensitivity",
    "ExifIFD:ISOSpeed",
)
FOCAL_LENGTHS = ("ExifIFD:FocalLength", "IFD0:FocalLength", "XMP-exif:FocalLength")
ORIENTATIONS = ("IFD0:Orientation", "XMP-tiff:Orientation")
RATINGS = ("XMP-xmp:Rating", "IFD0:Rating", "ExifIFD:Rating")
KEYWORDS = ("XMP-dc:Subject", "IPTC:Keywords", "IFD0:XPKeywords")
PATHS = {
    "XMP-lr:HierarchicalSubject": "|",
    "XMP-digiKam:TagsList": "/",
    "XMP-microsoft:LastKeywordXMP": "/",
}
"""Keywords that are paths from the general to the special, and what separates their parts."""

_ISO_TOO_LARGE = 65_535  # a field of 16 bits that is full; another tag then has the number
_MOST_KEYWORDS = 1000
_LONGEST_KEYWORD = 400
_MOST_SECONDS = 1_000_000
_LEAST = 1e-6  # of seconds, f-numbers and millimetres
_LARGEST = 1_000_000
_HALF_OF_32_BITS = 1 << 31
_STARS_OF_PERCENT = ((1, 1), (25, 2), (50, 3), (75, 4), (99, 5))
_MOST_STARS = 5
_BOILERPLATE = re.compile(
    r"(OLYMPUS DIGITAL CAMERA|MINOLTA DIGITAL CAMERA|KONICA MINOLTA DIGITAL CAMERA"
    r"|SONY DSC|SAMSUNG DIGITAL CAMERA|SAMSUNG CAMERA PICTURES|DIGITAL CAMERA|DCIM\\.*"
    r"|<(KENOX|Digimax|Samsung).*>|default|binary comment|charset=.*|ASCII)",
    re.IGNORECASE,
)
_MOST_METADATA = 500_000


def facts_of(groups: Groups) -> CameraFacts:
    """Return the facts that the tags of a picture state; of several tags the first one counts."""
    exposure = _number(groups, EXPOSURES)
    return CameraFacts(
        make=_text(groups, MAKES),
        model=_text(groups, MODELS),
        lens=_text(groups, LENSES) or _lens_by_numbers(groups),
        exposure_time_s=exposure if exposure and exposure <= _MOST_SECONDS else None,
        f_number=_number(groups, APERTURES),
        iso=_iso(groups),
        focal_length_mm=_number(groups, FOCAL_LENGTHS),
        orientation=_orientation(groups),
        taken_at=taken_at(groups),
        position=position_of(groups),
        rating=_rating(groups),
        title=_text(groups, TITLES),
        description=next(
            (text for text in _texts(groups, DESCRIPTIONS) if not _BOILERPLATE.fullmatch(text)),
            None,
        ),
        author=_text(groups, AUTHORS),
        keywords=tuple(_keywords(groups)),
        metadata=metadata_text(groups),
    )


def states_rating(groups: Groups) -> bool:
    """Tell whether the tags of a picture say how many stars it has, be it none."""
    return next(_numbers(groups, RATINGS), None) is not None


def metadata_text(groups: Groups) -> str:
    """Return all tags as JSON; those without a name, then the longest, only if there is room."""
    shown = {group: tags for group, tags in groups.items() if tags}
    if not shown:
        return ""
    text = json.dumps(shown, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    if len(text) <= _MOST_METADATA:
        return text
    lengths = [
        (name.startswith("0x"), len(json.dumps(value, ensure_ascii=False)), group, name)
        for group, tags in shown.items()
        for name, value in tags.items()
    ]
    left = _MOST_METADATA // 2  # the names and what separates them take room, too
    kept: Groups = {}
    for _, length, group, name in sorted(lengths):
        left -= length + len(name) + 4
        if left > 0:
            kept.setdefault(group, {})[name] = shown[group][name]
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def position_of(groups: Groups) -> Position | None:
    """Return the place of a picture; None if it has none, or one that is not on the earth.

    A latitude and a longitude of exactly 0 are what cameras write that found no satellites. EXIF
    has to say on which side of the equator and of Greenwich a place is; XMP's numbers have a sign.
    """
    gps, xmp = groups.get("GPS", {}), groups.get("XMP-exif", {})
    for tags in (gps, xmp):
        latitude = _signed(tags, "GPSLatitude", "NS", 90, is_stated=tags is xmp)
        longitude = _signed(tags, "GPSLongitude", "EW", 180, is_stated=tags is xmp)
        if latitude is not None and longitude is not None and (latitude or longitude):
            return Position(latitude=latitude, longitude=longitude, altitude_m=_altitude(tags))
    return None


def _signed(
    tags: dict[str, TagValue], name: str, sides: str, most: float, *, is_stated: bool
) -> float | None:
    """Return degrees with a sign; None without the side that they are on, unless it is stated."""
    value = _as_number(tags.get(name))
    if value is None or abs(value) > most or isinstance(tags[name], WrongDegrees):
        return None
    side = str(tags.get(f"{name}Ref", "")).strip().upper()[:1]
    if not is_stated and (not side or side not in sides):
        return None
    return -value if side == sides[1] and value > 0 else value


def _altitude(tags: dict[str, TagValue]) -> float | None:
    value = _as_number(tags.get("GPSAltitude"))
    if value is not None and value >= _HALF_OF_32_BITS:  # some programs write it with a sign
        value -= 2 * _HALF_OF_32_BITS
    if value is None or abs(value) > _LARGEST:
        return None
    is_below = str(tags.get("GPSAltitudeRef", "0")) in ("1", "3")
    return -value if is_below and value > 0 else value


def _values(groups: Groups, names: Sequence[str]) -> Iterator[TagValue]:
    for name in names:
        group, _, tag = name.partition(":")
        if (value := groups.get(group, {}).get(tag)) is not None:
            yield value


def _texts(groups: Groups, names: Sequence[str]) -> Iterator[str]:
    for value in _values(groups, names):
        parts = value if isinstance(value, list | tuple) else [value]
        text = ", ".join(str(part) for part in parts if isinstance(part, str | int | float))
        if clean := clean_text(text):
            yield clean


def _text(groups: Groups, names: Sequence[str]) -> str | None:
    return next(_texts(groups, names), None)


def _as_number(value: TagValue) -> float | None:
    if isinstance(value, list | tuple):
        value = value[0] if value else None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return float(value) if is_number(value) else None  # type: ignore[arg-type] # as just asked


def _numbers(groups: Groups, names: Sequence[str]) -> Iterator[float]:
    for value in _values(groups, names):
        if (number := _as_number(value)) is not None:
            yield number


def _number(groups: Groups, names: Sequence[str]) -> float | None:
    found = (each for each in _numbers(groups, names) if _LEAST <= each <= _LARGEST)
    return next(found, None)


def _iso(groups: Groups) -> int | None:
    found = [round(each) for each in _numbers(groups, ISOS) if 1 <= each <= 10 * _LARGEST]
    return next((each for each in found if each != _ISO_TOO_LARGE), found[0] if found else None)


def _orientation(groups: Groups) -> int | None:
    found = (int(each) for each in _numbers(groups, ORIENTATIONS))
    return next((each for each in found if each in range(1, 9)), None)


def _lens_by_numbers(groups: Groups) -> str | None:
    """Return a lens by its focal lengths and largest apertures, as `24-105mm f/4`."""
    value = groups.get("ExifIFD", {}).get("LensInfo")
    if not isinstance(value, list) or len(value) != 4:  # noqa: PLR2004 - two of each
        return None
    short, long, wide, tele = (_as_number(part) or 0 for part in value)
    if not 0 < short <= long:
        return None
    lengths = f"{short:g}" if short == long else f"{short:g}-{long:g}"
    apertures = f"{wide:g}" if wide == tele or not tele else f"{wide:g}-{tele:g}"
    return f"{lengths}mm f/{apertures}" if wide else f"{lengths}mm"


def _rating(groups: Groups) -> int | None:
    """Return the stars, 1 to 5. The rating 0 is none, and -1 a picture that was rejected.

    Half a star is a whole one: 4.5 is 5.
    """
    for stars in _numbers(groups, RATINGS):
        whole = math.floor(stars + 0.5)
        return whole if 1 <= whole <= _MOST_STARS else None
    for percent in _numbers(groups, ("IFD0:RatingPercent", "XMP-microsoft:RatingPercent")):
        return max((stars for least, stars in _STARS_OF_PERCENT if percent >= least), default=None)
    return None


def _keywords(groups: Groups) -> Iterator[str]:
    """Yield each keyword once; those that are paths as their last part, and as a whole."""
    seen: set[str] = set()
    for keyword in _all_keywords(groups):
        clean = " ".join(clean_text(keyword, _LONGEST_KEYWORD + 1).split())
        if clean and len(clean) <= _LONGEST_KEYWORD and clean not in seen:
            seen.add(clean)
            yield clean
        if len(seen) == _MOST_KEYWORDS:
            return


def _all_keywords(groups: Groups) -> Iterator[str]:
    for value in _values(groups, KEYWORDS):
        if isinstance(value, list):
            yield from (str(each) for each in value if isinstance(each, str | int | float))
        else:
            yield from str(value).split(";")
    for name, separator in PATHS.items():
        for value in _values(groups, (name,)):
            for path in value if isinstance(value, list) else [value]:
                parts = [part.strip() for part in str(path).split(separator) if part.strip()]
                yield from parts[-1:]
                yield "/".join(parts)
