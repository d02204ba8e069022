"""What is said of a picture, as plain values."""

from dataclasses import dataclass
from typing import Literal

BITMAP_RECIPE = 1
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
