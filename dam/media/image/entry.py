"""Pictures: what a header says, and what one small decoded bitmap says.

These functions run in worker processes: they take a path and return plain values. Pillow and numpy
are imported when they are first called; without the extra `image` they raise `MissingExtraError`.
Every fault of a file is an `ItemError`.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from dam.errors import MissingExtraError
from dam.media.limits import MediaLimits

RECIPE_VERSION = 1
"""Changes with every change of the small bitmap or of a hash; never compare across versions."""

DESCRIPTION_RECIPE = 1
"""Rises with every change of what `file_type` or `describe_image` says of the same bytes."""

Transform = Literal[
    "none",
    "rotate90",
    "rotate180",
    "rotate270",
    "flip-horizontal",
    "flip-vertical",
    "transpose",
    "transverse",
]
"""How a picture is turned or mirrored; degrees clockwise, as ImageMagick and EXIF count."""

_DEFAULT_LIMITS = MediaLimits()

# Two threads at an import that fails: only one of them would be told what is missing.
_IMPORTING = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDescription:
    """What the header of a picture says.

    Attributes:
        format: Pillow's name of the format: `JPEG`, `PNG`, `HEIF`, ...
        width_px: Width as displayed, orientation applied.
        height_px: Height as displayed, orientation applied.
        orientation: EXIF's number, 1 to 8, as stored.
        mode: Pillow's pixel mode: `L`, `RGB`, `RGBA`, `CMYK`, `I;16`, ...
        bit_depth: Bits per channel as stored.
        frame_count: Frames of an animation, or pages.
        is_animated: The frames are meant to be played.
    """

    media_type: str
    format: str
    width_px: int
    height_px: int
    orientation: int
    mode: str
    bit_depth: int
    has_alpha: bool
    frame_count: int
    is_animated: bool


@dataclass(frozen=True, slots=True)
class PerceptualHashes:
    """Unsigned 64-bit hashes of one bitmap; the same bits as `imagehash` gives for it."""

    phash: int
    ahash: int
    dhash: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnail:
    """A small upright sRGB picture, encoded."""

    content: bytes
    media_type: str
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageAnalysis:
    """What the pixels of a picture say, all from one scaled decode.

    Attributes:
        has_structure: False for one colour, near one colour, or bands of it: the hashes are then
            accidents of rounding and must be left out of likeness.
    """

    recipe_version: int
    hashes: PerceptualHashes
    has_structure: bool
    thumbnail: Thumbnail


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryHashes:
    """The hashes of a picture to search for, as it is and turned and mirrored."""

    recipe_version: int
    by_transform: dict[Transform, PerceptualHashes]
    has_structure: bool


def describe_image(
    path: str | bytes | os.PathLike[str], limits: MediaLimits = _DEFAULT_LIMITS
) -> ImageDescription:
    """Return what the header of a picture says; no pixel is decoded."""
    with _extra_image():
        from dam.media.image import description  # noqa: PLC0415 - the extra may be absent
    return description.describe(path, limits)


def analyse_image(
    path: str | bytes | os.PathLike[str], limits: MediaLimits = _DEFAULT_LIMITS
) -> ImageAnalysis:
    """Return hashes and thumbnail of a picture, of the first frame if there are many."""
    with _extra_image():
        from dam.media.image import analysis  # noqa: PLC0415 - the extra may be absent
    return analysis.analyse(path, limits)


def hash_query_image(
    path: str | bytes | os.PathLike[str], limits: MediaLimits = _DEFAULT_LIMITS
) -> QueryHashes:
    """Return the hashes of a picture in all eight positions.

    A stored picture near `by_transform[t]` looks like the query after `t` was done to the query.
    """
    with _extra_image():
        from dam.media.image import analysis  # noqa: PLC0415 - the extra may be absent
    return analysis.hash_query(path, limits)


def require_extra() -> None:
    """Return if pictures can be looked at here, and raise `MissingExtraError` otherwise."""
    with _extra_image():
        from dam.media.image import analysis  # noqa: F401, PLC0415 - the extra may be absent


@contextmanager
def _extra_image() -> Iterator[None]:
    try:
        with _IMPORTING:
            yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("PIL", "numpy"):
            raise MissingExtraError("image", "looking at pictures") from error
        raise
