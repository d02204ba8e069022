"""Torn pictures: files that end too early, or whose data breaks off; what can be decoded is used.

What is missing is found by decoding twice, on different grounds: there, the two pictures differ.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageFile

from dam.errors import TornPictureError, UnreadablePictureError
from dam.media.image.bitmap import shrink, small_upright_bitmap
from dam.media.image.declared_size import FILLED_FORMATS
from dam.media.image.memory import decodable_pixels, refuse_large, refuse_large_progressive
from dam.media.image.readers.drawn import DrawnFile
from dam.media.image.reading import (
    DECODER_FAULTS,
    JPEG_FORMATS,
    open_picture,
    orientation_of,
    turns_itself,
)
from dam.media.image.turning import turned
from dam.media.limits import MediaLimits
from dam.media.open_file import AnyFile

_JPEG_END = b"\xff\xd9"
_PASS, _PROGRESSIVE, _RESTARTS = b"\xff\xda", b"\xff\xc2", b"\xff\xdd\x00\x04"
_FIRST_MARKER, _FIRST_RESTART = 0xFF, 0xD0
_BLOCK_ROWS = 16
_LOST_BYTES = (1, 2, 4, 8, 16, 32, 64)
_PART_BYTES = 4096
_MOST_NOISE_BYTES = 32 << 20
_MOST_COMPARED_PIXELS = 16_000_000
_HALF = {"1": 255, "I;16": 0x8000, "I;16B": 0x8000, "I;16L": 0x8000}


class DecodedPart(NamedTuple):
    """What could be decoded of a picture, small and upright.

    Attributes:
        bitmap: The picture.
        icc_profile: Its colour profile.
        fault: What is missing; None if nothing is.
        lost_bytes: How many of the last bytes of the file had to be left out.
    """

    bitmap: Image.Image
    icc_profile: bytes | None
    fault: TornPictureError | None
    lost_bytes: int = 0


class PartInFull(NamedTuple):
    """What could be decoded of a picture, in full size.

    Attributes:
        opened: The picture that was opened.
        upright: Its pixels, upright; those that are missing are grey.
        fault: What is missing; None if nothing is.
    """

    opened: ImageFile.ImageFile
    upright: Image.Image
    fault: TornPictureError | None


class _Drawn(NamedTuple):
    image: Image.Image
    picture_format: str
    orientation: int
    is_jpeg: bool = False
    has_restarts: bool = False
    passes: int | None = None


def decoded_part(
    source: AnyFile,
    limits: MediaLimits,
    media_type: str | None,
    error: UnreadablePictureError,
) -> DecodedPart:
    """Return the part of a picture that can be decoded.

    Args:
        source: Its path, or the open file, which stays open.
        limits: What a file may demand at most.
        media_type: Of the file, if it is known already.
        error: What decoding it as a whole raised.

    Raises:
        UnreadablePictureError: Nothing could be decoded: the given error.
        MediaLimitError: The picture would decode to too many pixels or rows.
    """
    if isinstance(error.__cause__, MemoryError):
        raise error
    if part := _without_last_bytes(source, limits, media_type, error):
        return part
    drawn = _drawn(source, limits, media_type, is_half_grey=True, end=_JPEG_END)
    if drawn is None:
        raise error
    image = drawn.image
    noise = _noise(min(image.width * image.height, _MOST_NOISE_BYTES), drawn.has_restarts)
    other = _drawn(source, limits, media_type, is_half_grey=False, end=noise + _JPEG_END)
    missing = 1.0 if other is None else _missing(drawn, other)
    if missing == 1:
        raise error
    bitmap = turned(shrink(image), drawn.orientation)
    if drawn.is_jpeg:
        with open_picture(source, limits, media_type, jpeg_end=_JPEG_END) as picture:
            bitmap = small_upright_bitmap(picture.image, limits)  # the same as if it had its end
    fault = TornPictureError(drawn.picture_format, missing, drawn.passes) if missing else None
    return DecodedPart(bitmap, image.info.get("icc_profile"), fault)


@contextmanager
def part_in_full(
    source: AnyFile, limits: MediaLimits, error: UnreadablePictureError
) -> Iterator[PartInFull]:
    """Open the part of a picture that can be decoded, in full size; as `decoded_part` otherwise."""
    part = decoded_part(source, limits, None, error)
    with open_picture(source, limits, jpeg_end=_JPEG_END, lost_bytes=part.lost_bytes) as picture:
        image = picture.image
        orientation = 1 if turns_itself(image) else orientation_of(image)
        _load_on_ground(image, is_half_grey=True)
        # A plain picture: the other one would be decoded again by each use.
        plain = image._new(image.im)  # noqa: SLF001
        yield PartInFull(image, turned(plain, orientation), part.fault)


def _without_last_bytes(
    source: AnyFile,
    limits: MediaLimits,
    media_type: str | None,
    error: UnreadablePictureError,
) -> DecodedPart | None:
    """Decode a file that ends too early and was filled with zeros; None if it was not.

    The decoder of AVIF may stumble over the first zeros. It goes on, if they begin elsewhere.
    """
    if error.picture_format not in FILLED_FORMATS:
        return None
    for lost_bytes in _LOST_BYTES:
        with (
            suppress(UnreadablePictureError),
            open_picture(source, limits, media_type, lost_bytes=lost_bytes) as picture,
        ):
            if not picture.missing:
                return None
            bitmap = small_upright_bitmap(picture.image, limits)
            fault = TornPictureError(error.picture_format, picture.missing)
            profile = picture.image.info.get("icc_profile")
            return DecodedPart(bitmap, profile, fault, lost_bytes)
    return None


def _drawn(
    source: AnyFile,
    limits: MediaLimits,
    media_type: str | None,
    *,
    is_half_grey: bool,
    end: bytes,
) -> _Drawn | None:
    """Decode a picture on a ground, half grey or black, as far as it goes; None if it does not.

    A JPEG gets an end instead: its decoder then makes of what is there all that can be made.
    """
    with (
        suppress(UnreadablePictureError),
        open_picture(source, limits, media_type, jpeg_end=end) as picture,
    ):
        image = picture.image
        if isinstance(image, DrawnFile):
            return None  # it draws all or nothing, and on no ground
        orientation = 1 if turns_itself(image) else orientation_of(image)
        most = min(_MOST_COMPARED_PIXELS, decodable_pixels(image, limits))
        refuse_large_progressive(image, limits)
        times = math.ceil(math.sqrt(image.width * image.height / most))
        image.draft(None, (max(1, image.width // times), max(1, image.height // times)))
        refuse_large(image, limits)
        found = {}
        if image.format in JPEG_FORMATS:
            image.load()
            picture.file.seek(0)
            content = picture.file.read().removesuffix(end)
            found = _jpeg_facts(content, is_progressive="progressive" in image.info)
        else:
            _load_on_ground(image, is_half_grey=is_half_grey)
        # A plain picture: this one would be decoded again by each use.
        plain = image._new(image.im)  # noqa: SLF001
        if plain.width * plain.height > most:
            plain = shrink(plain)
        return _Drawn(plain, image.format or "", orientation, **found)
    return None


def _load_on_ground(image: ImageFile.ImageFile, *, is_half_grey: bool) -> None:
    image.load_prepare()
    level = _HALF.get(image.im.mode, 128) if is_half_grey else 0
    bands = image.im.bands
    image.im.paste(level if bands == 1 else (level,) * bands, (0, 0, *image.size))
    vars(image)["load_prepare"] = lambda: None  # some decoders would clear the ground in it
    with suppress(*DECODER_FAULTS):
        image.load()


def _jpeg_facts(content: bytes, *, is_progressive: bool) -> dict[str, Any]:
    """Return the fields of a `_Drawn` that only a JPEG has."""
    passes = content[content.rfind(_PROGRESSIVE) :].count(_PASS) if is_progressive else None
    return {"is_jpeg": True, "has_restarts": _RESTARTS in content, "passes": passes}


def _noise(count: int, has_restarts: bool) -> bytes:  # noqa: FBT001 - of the picture, not of this
    """Return bytes that make a JPEG decoder draw something; it waits for the marks of restarts."""
    noise = np.random.default_rng(0).integers(0, _FIRST_MARKER, count, dtype=np.uint8).tobytes()
    if not has_restarts:
        return noise
    return noise[:_PART_BYTES] + b"".join(
        bytes((_FIRST_MARKER, _FIRST_RESTART + number)) + noise[:_PART_BYTES] for number in range(8)
    )


def _missing(first: _Drawn, second: _Drawn) -> float:
    """Return the share of pixels in which the same picture, drawn twice, differs."""
    one, two = first.image, second.image
    differs = np.asarray(one) != np.asarray(two)
    if differs.ndim == 3:  # noqa: PLR2004 - height, width and channels
        differs = differs.any(axis=2)
    rows = differs.any(axis=1)
    if first.is_jpeg and rows.any():
        # Where it begins, the decoder of a JPEG loses everything that follows.
        differs[rows.argmax() + _BLOCK_ROWS :] = True
    return float(differs.mean())
