"""Decoding of an opened picture into one small upright bitmap, scaled down on the way."""

import struct
from functools import cache

import numpy as np
from PIL import Image, ImageCms

from dam.errors import MediaLimitError
from dam.media.image.frames import ANIMATED_FORMATS
from dam.media.image.perceptual_hash import hash_bitmap
from dam.media.image.reading import JPEG_FORMATS, orientation_of, turns_itself
from dam.media.image.tones import eight_bit, is_deep
from dam.media.limits import MediaLimits

LONGEST_SIDE_PX = 256

_OPAQUE = 255
_LITTLE_CONTRAST = 12.0  # standard deviation of the grey levels; of an ivory drawing on white: 3
_SHRINKABLE_MODES = frozenset({"L", "RGB", "CMYK", "YCbCr"})
# The end, and what decoders raise on a damaged frame; the first one was sound.
_ENDS_OF_FRAMES = (EOFError, OSError, ValueError, SyntaxError, LookupError, struct.error)
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
    that export to JPEG; on black, if next to nothing could be seen on white. Deep values are
    brought to eight bits as by `eight_bit`. Of an animation, the first frame is used that has
    structure, else the first.

    Raises:
        MediaLimitError: The picture would decode to too many pixels or rows.
    """
    orientation = 1 if turns_itself(image) else orientation_of(image)
    longest = max(image.size)
    if image.format in JPEG_FORMATS:
        # The decoder then halves the picture as long as it stays at least this large.
        width, height = (max(1, side * LONGEST_SIDE_PX // longest) for side in image.size)
        image.draft(None, (width, height))
    refuse_large(image, limits)
    image.load()
    small = shrink(image)
    if image.format in ANIMATED_FORMATS and getattr(image, "is_animated", False):
        small = _frame_with_structure(image, small, limits)
    return turned(small, orientation)


def refuse_large(image: Image.Image, limits: MediaLimits) -> None:
    """Raise `MediaLimitError` if the picture would decode to too many pixels or rows."""
    pixels = image.width * image.height
    if pixels > limits.max_decoded_pixels:
        raise MediaLimitError("pixels to decode", pixels, limits.max_decoded_pixels)
    if image.height > limits.max_decoded_rows:
        raise MediaLimitError("rows to decode", image.height, limits.max_decoded_rows)


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """Return a picture upright, given EXIF's orientation of it."""
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def upright(image: Image.Image) -> Image.Image:
    """Return an opened picture decoded, and turned as its metadata say; of frames the first."""
    orientation = 1 if turns_itself(image) else orientation_of(image)
    image.load()
    return turned(image, orientation)


def _frame_with_structure(
    image: Image.Image, first: Image.Image, limits: MediaLimits
) -> Image.Image:
    """Return the first frame that has structure, shrunk; `first`, if none of the next ones has."""
    small = first
    most = limits.max_decoded_pixels // (image.width * image.height)
    for number in range(1, most + 1):
        if hash_bitmap(grey_of(small))[1]:
            return small
        try:
            image.seek(number)
            image.load()
        except _ENDS_OF_FRAMES:
            break
        small = shrink(image)
    return first


def shrink(image: Image.Image) -> Image.Image:
    """Return a picture as `small_upright_bitmap` does, but as it lies, and of the present frame."""
    plain = _plain(image)
    longest = max(plain.size)
    if longest > LONGEST_SIDE_PX:
        width, height = (max(1, round(side * LONGEST_SIDE_PX / longest)) for side in plain.size)
        # A gap of 1 first reduces by whole factors, which is two to four times faster.
        plain = plain.resize((width, height), Image.Resampling.HAMMING, reducing_gap=1.0)
    return _on_ground(plain) if plain.mode == "RGBA" else plain


def in_srgb(lab: Image.Image) -> Image.Image:
    """Return a picture of mode `LAB` in mode `RGB`."""
    return ImageCms.applyTransform(lab, _lab_to_srgb()) or lab.getchannel("L")


def grey_of(bitmap: Image.Image) -> Image.Image:
    """Return the grey bitmap to hash, the same that `imagehash` makes of the RGB one."""
    if bitmap.mode not in ("L", "RGB"):
        bitmap = bitmap.convert("RGB")
    return bitmap.convert("L")


def _plain(image: Image.Image) -> Image.Image:
    """Return the picture in a mode that can be resized: `RGBA` only if a part is transparent."""
    if is_deep(image):
        return eight_bit(image)
    if image.mode == "LAB":  # before it is scaled: the mean of colours in Lab is another one
        return in_srgb(image)
    if image.has_transparency_data:
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        lowest, highest = rgba.getchannel("A").getextrema()
        if lowest == _OPAQUE:
            return rgba.convert("RGB")
        # If all is clear, but there is a picture, then the fourth channel is no transparency.
        is_unused = highest == 0 and rgba.getcolors(1) is None  # more than one colour
        return _without_alpha(rgba) if is_unused else rgba
    if image.mode in _SHRINKABLE_MODES:
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _without_alpha(rgba: Image.Image) -> Image.Image:
    return Image.merge("RGB", rgba.split()[:3])


def _on_ground(rgba: Image.Image) -> Image.Image:
    """Lay a picture on white, or on black if that shows what white hides."""
    on_white, on_black = (
        Image.alpha_composite(Image.new("RGBA", rgba.size, ground), rgba).convert("RGB")
        for ground in ("white", "black")
    )
    if _contrast(on_white) >= _LITTLE_CONTRAST:
        return on_white
    return max(on_white, on_black, key=_contrast)


def _contrast(picture: Image.Image) -> float:
    return float(np.asarray(picture.convert("L")).std())


@cache
def _lab_to_srgb() -> ImageCms.ImageCmsTransform:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
