"""A recording: when, where and by which camera a video was made, as its tags tell.

A container has a time in UTC, `creation_time`. A camera writes when it recorded; a program that
converts, cuts or repacks a video writes its own time there, or none. exiftool, Immich and
PhotoPrism take it from both. Here it counts only

- in the containers that cameras write: in Matroska and ASF it is always that of a program;
- if no program has signed: in a tag such as `encoder`, or as the handler of a stream. Programs such
  as HandBrake, which write their own time, spoil it in any case. Another name there, FFmpeg's too,
  spoils it unless it is that of a maker of cameras, or the tags name a camera or a place: FFmpeg
  leaves the time out, or keeps it with these tags if it is told to.

So a camera that writes nothing but the time is believed, and a converted video is not. A program
that signs nowhere cannot be told from a camera. The time of QuickTime's `creationdate`, which has
the distance from UTC, always counts and comes first: programs keep it, but do not write it. The
`date` of a video may be that of its release, and counts beside a camera or a place alone, if it has
a time of day. Midnight of 1904 and of 1970 are clocks that were never set.
"""

import math
import re
from collections.abc import Collection, Mapping
from datetime import datetime

from dam.media.camera.times import is_set, offset_minutes
from dam.media.camera.values import Position, TakenAt
from dam.media.streams.tags import first_of

_TIME = re.compile(
    r"(\d{4})[-:](\d\d)[-:](\d\d)[T ](\d\d):(\d\d):(\d\d)"
    r"(?:[.,](\d{1,9}))?\s*(Z|[+-]\d\d:?(?:\d\d)?)?"
)
_POSITION = re.compile(r"([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)?")
_QUICKTIME = "com.apple.quicktime."
_ANDROID = "com.android."
_LOCAL, _OF_CONTAINER, _DATE = f"{_QUICKTIME}creationdate", "creation_time", "date"
_POSITIONS = (f"{_QUICKTIME}location.iso6709", "location", "location-eng")
_MAKES = (f"{_QUICKTIME}make", "make", f"{_ANDROID}manufacturer")
_MODELS = (f"{_QUICKTIME}model", "model", f"{_ANDROID}model")
_MOST_DEGREES = (90, 180)
_SIGNS = frozenset({*_MAKES, *_MODELS, *_POSITIONS})
_SIGNED_BY = ("encoder", "encoding_tool", "software", "product_name", "wmfsdkversion")
_OF_CAMERAS = frozenset({"mov", "mp4", "3gp", "3g2", "avi", "mpeg", "mpegts", "mxf"})
_PROGRAMS = re.compile(
    r"handbrake|mencoder|\bvlc\b|gpac|mp4box|l-smash|mainconcept|adobe|premiere"
    r"|final ?cut|imovie|davinci|resolve|shotcut|kdenlive|vegas|avidemux|virtualdub|\bobs\b"
    r"|mkvmerge|google inc|\bnero\b|movie ?maker|gstreamer|cyberlink|wondershare|camtasia"
    r"|telegram|youtube|whatsapp",
    re.IGNORECASE,
)
_MAKERS = re.compile(
    r"canon|nikon|sony|gopro|dji|panasonic|lumix|olympus|pentax|fuji|kodak|casio|samsung|ricoh"
    r"|leica|insta360|garmin|blackmagic|\barri|\bred\b|jvc|minolta|sanyo|xiaomi|huawei|ambarella",
    re.IGNORECASE,
)
_KEEPERS = re.compile(r"\blav[fc]|x26[45]|^core media", re.IGNORECASE)
"""Handlers of FFmpeg, and of Apple, whose exports lack the name of the device."""


def recorded_at(
    tags: Mapping[str, str], container: str, handlers: Collection[str] = ()
) -> TakenAt | None:
    """Return when a camera recorded a video; None if it does not say, or a program has changed it.

    Args:
        tags: Those of the file, cleaned.
        container: Our name of it, such as `mp4`.
        handlers: What the streams name as their handlers and encoders.

    Example: `recorded_at({"creation_time": "2024-05-17T10:11:12Z"}, "mp4")` is that time, in UTC;
    with `"encoder": "HandBrake 1.8"` it is None.
    """
    for source in (_LOCAL, _OF_CONTAINER, _DATE):
        if source == _OF_CONTAINER and not _is_of_camera(tags, container, handlers):
            continue
        if source == _DATE and not _has_sign(tags):
            continue
        if found := _moment(tags.get(source, ""), source):
            return found
    return None


def _is_of_camera(tags: Mapping[str, str], container: str, handlers: Collection[str]) -> bool:
    """Tell whether the time of the container is that of a recording."""
    names = [tags[key] for key in _SIGNED_BY if key in tags]
    if container not in _OF_CAMERAS or any(map(_PROGRAMS.search, (*names, *handlers))):
        return False
    is_signed = bool(names) or any(map(_KEEPERS.search, handlers))
    return not is_signed or _has_sign(tags) or any(map(_MAKERS.search, names))


def _has_sign(tags: Mapping[str, str]) -> bool:
    """Tell whether tags name a camera or a place."""
    return any(name in _SIGNS or name.startswith((_QUICKTIME, _ANDROID)) for name in tags)


def _moment(text: str, source: str) -> TakenAt | None:
    found = _TIME.match(text)
    if found is None:
        return None
    *parts, fraction, zone = found.groups()
    microseconds = (fraction or "").ljust(6, "0")[:6]
    try:
        at = datetime.strptime(".".join((*parts, microseconds)), "%Y.%m.%d.%H.%M.%S.%f")  # noqa: DTZ007 - as the file says
    except ValueError:
        return None
    if not is_set(at):
        return None
    return TakenAt(
        local_time=at.isoformat(timespec="microseconds"),
        utc_offset_minutes=offset_minutes((zone or "").removesuffix(":")),
        source=source,
    )


def position(tags: Mapping[str, str]) -> Position | None:
    """Return the place in QuickTime's form `+48.1234+011.5678+519.0/`; 0, 0 is none."""
    found = _POSITION.match(first_of(tags, *_POSITIONS) or "")
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
    return first_of(tags, *_MAKES), first_of(tags, *_MODELS)
