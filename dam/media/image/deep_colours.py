"""Colours of sixteen bits a channel, of which a file uses fewer.

Pillow keeps the high byte of each value. Of 12 bits in 16 that leaves 16 shades, all nearly black.
So such a file is decoded once more for the low bytes.
"""

import sys

import numpy as np
from PIL import Image, ImageFile

from dam.media.image.tones import used_bits

_FORMATS = frozenset({"PNG", "TIFF"})
_DEEP = (";16L", ";16B", ";16N")
_NATIVE = "L" if sys.byteorder == "little" else "B"
_OTHER_BYTE = {"L": "B", "B": "L", "N": "B" if _NATIVE == "L" else "L"}
_DARK = 64  # a high byte below this: of the sixteen bits, a quarter of the range is enough


def has_deep_colours(image: ImageFile.ImageFile) -> bool:
    """Tell whether a picture that is not decoded yet has several channels of sixteen bits."""
    if image.format not in _FORMATS or image.mode not in ("RGB", "RGBA", "CMYK"):
        return False
    return bool(image.tile) and all(_raw_mode(tile).endswith(_DEEP) for tile in image.tile)


def are_dark(image: Image.Image) -> bool:
    """Tell whether all values of a decoded picture are below a quarter of the range."""
    return _brightest(image) < _DARK


def read_low_bytes(image: ImageFile.ImageFile) -> None:
    """Make a picture that is not decoded yet decode the low byte of each value."""
    image.tile = [tile._replace(args=_other_byte(tile.args)) for tile in image.tile]


def combined(high: Image.Image, low: Image.Image) -> Image.Image:
    """Return a picture in eight bits a channel, given the high and the low bytes of its values."""
    shift = used_bits(_brightest(high) << 8 | 0xFF, 16) - 8
    colours = []
    for upper, lower in list(zip(high.split(), low.split(), strict=True))[: _colours_of(high)]:
        values = np.asarray(upper).astype(np.uint16) << 8 | np.asarray(lower)
        colours.append(Image.fromarray((values >> shift).clip(0, 255).astype(np.uint8)))
    return Image.merge(high.mode, [*colours, *high.split()[len(colours) :]])


def _colours_of(image: Image.Image) -> int:
    return 4 if image.mode == "CMYK" else 3


def _brightest(image: Image.Image) -> int:
    """Return the largest high byte of a colour; a fourth channel of `RGBA` does not count."""
    levels = image.histogram()
    return max(at % 256 for at in range(256 * _colours_of(image)) if levels[at])


def _raw_mode(tile: ImageFile._Tile) -> str:
    args = tile.args
    return str(args[0] if isinstance(args, tuple) else args)


def _other_byte(args: tuple[object, ...] | str | None) -> tuple[object, ...] | str | None:
    if isinstance(args, tuple):
        return (_other_byte(str(args[0])), *args[1:])
    if args is None:
        return None
    return args[:-1] + _OTHER_BYTE[args[-1]]
