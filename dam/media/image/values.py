"""Plain values for descriptions, hashes and thumbnails of pictures."""

from dataclasses import dataclass
from typing import Literal

from dam.errors import ItemError
from dam.media.camera.values import CameraFacts, StatedFacts

BITMAP_RECIPE = 1
"""Version of the small bitmap and of the hashes; hashes of different versions must not be compared.

Raise it with every change of either."""
LITTLE_CONTRAST = 12.0
"""A picture with less shows next to nothing: the standard deviation of its grey levels.

Of an ivory drawing on white it is 3."""
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
"""A way to turn or mirror a picture; degrees are clockwise, as in ImageMagick and EXIF."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDescription:
    """Facts from the header of a picture.

    Attributes:
        format: Pillow's name of the format: `JPEG`, `PNG`, `HEIF`, ...
        width_px: Width as displayed, with the orientation applied.
        height_px: Height as displayed, with the orientation applied.
        orientation: EXIF's number, 1 to 8, as stored.
        mode: Pillow's pixel mode: `L`, `RGB`, `RGBA`, `CMYK`, `I;16`, ...
        bit_depth: Bits per channel as stored.
        frame_count: Number of frames of an animation, or of pages.
        is_animated: The frames are an animation, not pages.
        duration_s: How long the animation runs, in seconds; None if that is not known.
    """

    format: str
    width_px: int
    height_px: int
    orientation: int
    mode: str
    bit_depth: int
    has_alpha: bool
    frame_count: int
    is_animated: bool
    duration_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFacts:
    """All facts about a picture.

    Attributes:
        description: Those in its header; None if it cannot be opened as a picture.
        camera: Those in its metadata, which do not need a decoder.
        failure: Why there is no description.
    """

    description: ImageDescription | None
    camera: CameraFacts
    failure: ItemError | None = None

    @property
    def stated(self) -> StatedFacts:
        """What its metadata says for people."""
        return self.camera.stated


@dataclass(frozen=True, slots=True)
class PerceptualHashes:
    """Unsigned 64-bit hashes of one bitmap, with the same bits that `imagehash` computes for it."""

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
    """Hashes and thumbnail of a picture, all from one scaled decode.

    Attributes:
        recipe_version: `BITMAP_RECIPE` at the time.
        has_structure: False for a picture of (nearly) one colour, or of bands. Its hashes are then
            accidents of rounding and must not be compared with others.
        fault: Why they show only a part of the picture; None if they show all of it.
    """

    recipe_version: int
    hashes: PerceptualHashes
    has_structure: bool
    thumbnail: Thumbnail
    fault: ItemError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryHashes:
    """The hashes of a picture to search for, as it is, and turned and mirrored in each way."""

    recipe_version: int
    by_transform: dict[Transform, PerceptualHashes]
    has_structure: bool
