"""Decoding of an opened picture into one small upright bitmap, scaled down on the way."""

import numpy as np
from PIL import Image

from dam.errors import MediaLimitError
from dam.media.image.reading import orientation_of, turns_itself
from dam.media.limits import MediaLimits

LONGEST_SIDE_PX = 256

_BACKGROUND = (255, 255, 255, 255)
_SHRINKABLE_MODES = frozenset({"L", "RGB", "CMYK", "YCbCr"})
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def small_upright_bitmap(image: Image.Image, limits: MediaLimits) -> Image.Image:
    """Return the picture upright, of mode `L`, `RGB`, `CMYK` or `YCbCr`, never enlarged.

    Its longest side is at most 256 pixels. Transparent parts are laid on white, as programs do
    that export to JPEG. 16-bit values lose their low byte; floating-point values are stretched to
    the full range. Of several frames the first is used.

    Raises:
        MediaLimitError: The picture would decode to too many pixels or rows.
    """
    orientation = 1 if turns_itself(image) else orientation_of(image)
    longest = max(image.size)
    if image.format in ("JPEG", "MPO"):
        # The decoder then halves the picture as long as it stays at least this large.
        width, height = (max(1, side * LONGEST_SIDE_PX // longest) for side in image.size)
        image.draft(None, (width, height))
    pixels = image.width * image.height
    if pixels > limits.max_decoded_pixels:
        raise MediaLimitError("pixels to decode", pixels, limits.max_decoded_pixels)
    if image.height > limits.max_decoded_rows:
        raise MediaLimitError("rows to decode", image.height, limits.max_decoded_rows)
    image.load()
    small = shrink(image)
    return small.transpose(_TURNS[orientation]) if orientation in _TURNS else small


def upright(image: Image.Image) -> Image.Image:
    """Return an opened picture decoded, and turned as its metadata say; of frames the first."""
    orientation = 1 if turns_itself(image) else orientation_of(image)
    image.load()
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def shrink(image: Image.Image) -> Image.Image:
    """Return a picture as `small_upright_bitmap` does, but as it lies."""
    plain = _plain(image)
    longest = max(plain.size)
    if longest > LONGEST_SIDE_PX:
        width, height = (max(1, round(side * LONGEST_SIDE_PX / longest)) for side in plain.size)
        # A gap of 1 first reduces by whole factors, which is two to four times faster.
        plain = plain.resize((width, height), Image.Resampling.HAMMING, reducing_gap=1.0)
    if plain.mode != "RGBA":
        return plain
    ground = Image.new("RGBA", plain.size, _BACKGROUND)
    return Image.alpha_composite(ground, plain).convert("RGB")


def _plain(image: Image.Image) -> Image.Image:
    """Return the picture in a mode that can be resized: `RGBA` only if a part is transparent."""
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bit(image)
    if image.has_transparency_data:
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        is_opaque = rgba.getchannel("A").getextrema() == (255, 255)
        return rgba.convert("RGB") if is_opaque else rgba
    if image.mode == "LAB":
        return image.getchannel("L")
    if image.mode in _SHRINKABLE_MODES:
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    if image.mode == "F":
        finite = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
        low, high = float(finite.min()), float(finite.max())
        scaled = (finite - low) * (255.0 / (high - low) if high > low else 0.0)
        return Image.fromarray(scaled.astype(np.uint8))
    return Image.fromarray((np.clip(values, 0, 0xFFFF) >> 8).astype(np.uint8))
