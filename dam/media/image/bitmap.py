"""Decoding of an opened picture into one small upright bitmap, scaled down on the way."""

import struct
from typing import Any, BinaryIO, cast

import numpy as np
from PIL import Image
from PIL.GifImagePlugin import GifImageFile

from dam.media.image.colour_profile import in_srgb
from dam.media.image.frames import ANIMATED_FORMATS, has_many_gif_frames
from dam.media.image.memory import decodable_pixels, refuse_large, refuse_large_progressive
from dam.media.image.perceptual_hash import hash_bitmap
from dam.media.image.readers.drawn import DrawnFile
from dam.media.image.reading import JPEG_FORMATS, orientation_of, turns_itself
from dam.media.image.tones import eight_bit, is_deep
from dam.media.image.turning import turned
from dam.media.image.values import LITTLE_CONTRAST
from dam.media.limits import MediaLimits
from dam.media.structure.source import ByteSource

LONGEST_SIDE_PX = 256

_MOST_PIXELS_OF_FRAMES = 105_000_000
_CODESTREAM, _CODING = b"\xff\x4f\xff\x51", b"\xff\x52"
_CODING_WITHIN, _LEVELS_AT = 64 << 10, 9
_OPAQUE = 255
_SHRINKABLE_MODES = frozenset({"L", "RGB", "CMYK", "YCbCr"})
# The end, and what decoders raise on a damaged frame; the first one was sound.
_ENDS_OF_FRAMES = (EOFError, OSError, ValueError, SyntaxError, LookupError, struct.error)


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
    scale_down(image, limits)
    refuse_large(image, limits)
    is_animated = _is_animated(image, limits)
    image.load()
    small = shrink(image)
    if is_animated:
        # A small plain picture is shrunk to itself, and each other frame would be drawn over it.
        small = _frame_with_structure(image, small.copy() if small is image else small)
    return turned(small, orientation)


def scale_down(image: Image.Image, limits: MediaLimits) -> None:
    """Make the decoder scale a picture down to what a bitmap needs, if it can do that.

    Raises:
        MediaLimitError: Even so, a JPEG would take too much memory.
    """
    longest = max(image.size)
    # The decoder of a JPEG then halves it as long as it stays at least this large.
    width, height = (max(1, side * LONGEST_SIDE_PX // longest) for side in image.size)
    if image.format in JPEG_FORMATS:
        refuse_large_progressive(image, limits)
        image.draft(None, (width, height))
    elif isinstance(image, DrawnFile):
        image.draft(None, (width, height))
    elif image.format == "JPEG2000":
        _leave_out_levels(image, decodable_pixels(image, limits))


def _leave_out_levels(image: Any, most_pixels: int) -> None:  # noqa: ANN401 - the type would load its plugin
    """Make the decoder of JPEG 2000 leave out the finest levels, if all are too large for it."""
    levels, pixels = _levels_of(image.fp), image.width * image.height
    leave_out = 0
    while pixels > most_pixels and leave_out < levels:
        leave_out += 1
        pixels //= 4
    if leave_out:
        image.reduce = leave_out


def _levels_of(file: BinaryIO) -> int:
    """Return the number of levels of a JPEG 2000, each half as wide; 0 if it does not tell."""
    position = file.tell()
    file.seek(0)
    head = file.read(_CODING_WITHIN)
    file.seek(position)
    at = head.find(_CODING, max(0, head.find(_CODESTREAM)))
    return head[at + _LEVELS_AT] if 0 <= at < len(head) - _LEVELS_AT else 0


def upright(image: Image.Image) -> Image.Image:
    """Return an opened picture decoded, and turned as its metadata say; of frames the first."""
    orientation = 1 if turns_itself(image) else orientation_of(image)
    image.load()
    return turned(image, orientation)


def _is_animated(image: Image.Image, limits: MediaLimits) -> bool:
    """Tell whether a picture is an animation; of a GIF, Pillow would read all of it for that."""
    if isinstance(image, GifImageFile) and image.fp is not None:
        file = cast("BinaryIO", image.fp)
        position = file.tell()
        is_animated = has_many_gif_frames(ByteSource(file, limits.max_metadata_bytes))
        file.seek(position)
        return is_animated
    return image.format in ANIMATED_FORMATS and getattr(image, "is_animated", False)


def _frame_with_structure(image: Image.Image, first: Image.Image) -> Image.Image:
    """Return the first frame that has structure, shrunk; `first`, if none of the next ones has."""
    small = first
    most = _MOST_PIXELS_OF_FRAMES // (image.width * image.height)
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
    if _contrast(on_white) >= LITTLE_CONTRAST:
        return on_white
    return max(on_white, on_black, key=_contrast)


def _contrast(picture: Image.Image) -> float:
    return float(np.asarray(picture.convert("L")).std())
