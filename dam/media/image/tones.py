"""Grey levels of pictures with more than eight bits, for thumbnails, likeness and PDF pages.

The file is asked for its range.

Most such files do not say which of their values is white. Then the values themselves tell it.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

_BITS, _INTERPRETATION, _SAMPLE_FORMAT = 258, 262, 339
_LARGEST_VALUE, _NO_DATA = 281, 42113
_WHITE_IS_ZERO, _UNSIGNED = 0, 1
_FULL_BITS = (16, 32)  # of these containers, files may use only some bits
_WHITES = (1.0, 255.0, 65535.0)
_RARE_PERCENT = 0.5
_SAMPLE = 1_000_000
_GREATEST_VALUE = 1e30  # greater ones stand for "no value here"
_KINDS: dict[int, type[np.uint8 | np.uint16]] = {8: np.uint8, 16: np.uint16}
_Grey = NDArray[np.uint8 | np.uint16]


class _Range(NamedTuple):
    """What a file says about its values.

    Attributes:
        bits: Of one value.
        is_signed: Values may be negative.
        white: The largest value; None if the file does not tell.
        no_data: The value that stands for "no value here".
        is_negative: The lowest value is white.
    """

    bits: int
    is_signed: bool = False
    white: float | None = None
    no_data: float | None = None
    is_negative: bool = False


def is_deep(image: Image.Image) -> bool:
    """Tell whether `eight_bit` and `sixteen_bit` apply to a picture."""
    return image.mode.startswith("I") or image.mode == "F"


def eight_bit(image: Image.Image, opened: Image.Image | None = None) -> Image.Image:
    """Return a picture of mode `I`, `I;16` or `F` in mode `L`.

    Whole numbers keep their black: zero. White is the largest value of the bits that are used: a
    scan of 12 bits in 16 is as bright as its copy in 8. Negative and floating-point values are
    stretched to the full range; a few values far outside it do not count.

    Args:
        image: The picture.
        opened: The same picture as it was opened, with its tags, if `image` is a copy.
    """
    return _grey(image, image if opened is None else opened, 8)


def sixteen_bit(image: Image.Image, opened: Image.Image) -> Image.Image:
    """Return a picture of mode `I;16` with the grey levels that `eight_bit` returns, but finer."""
    return _grey(image, opened, 16)


def _grey(image: Image.Image, opened: Image.Image, bits: int) -> Image.Image:
    found = _range_of(opened)
    values = np.asarray(image)
    if opened.format == "FITS" and values.dtype.kind == "u":
        values = values.astype(np.int16)  # Pillow takes them for unsigned
    if values.dtype.kind == "i" and not found.is_signed:
        values = values.view(np.uint32)
    is_float = values.dtype.kind == "f"
    grey = _of_floats(values, found, bits) if is_float else _of_integers(values, found, bits)
    return Image.fromarray(_white(bits) - grey if found.is_negative else grey)


def _range_of(image: Image.Image) -> _Range:
    if not isinstance(image, TiffImageFile):
        # Pillow stretches the values of a PGM to 16 bits.
        is_sixteen = image.mode != "I" or image.format == "PPM"
        return _Range(bits=16 if is_sixteen else 32, is_signed=not is_sixteen)
    tags = image.tag_v2
    return _Range(
        bits=int(tags.get(_BITS, (1,))[0]),
        is_signed=int(tags.get(_SAMPLE_FORMAT, (_UNSIGNED,))[0]) != _UNSIGNED,
        white=_number(tags.get(_LARGEST_VALUE)),
        no_data=_number(tags.get(_NO_DATA)),
        is_negative=tags.get(_INTERPRETATION) == _WHITE_IS_ZERO,
    )


def _number(value: Any) -> float | None:  # noqa: ANN401 - whatever a file has in this place
    try:
        return float(value[0] if isinstance(value, tuple) else str(value).strip("\0 "))
    except (ValueError, IndexError, TypeError):
        return None


def _of_integers(values: NDArray[Any], found: _Range, bits: int) -> _Grey:
    low, high = int(values.min()), int(values.max())
    if low < 0:
        return _of_floats(values.astype(np.float64), found, bits)
    if found.white and found.white >= high:
        return _scaled(values.astype(np.float64), 0.0, found.white, bits)
    unused = bits - used_bits(high, found.bits - found.is_signed)
    grey = values >> -unused if unused <= 0 else values.astype(np.uint32) << unused
    return grey.clip(0, _white(bits)).astype(_KINDS[bits])


def used_bits(high: int, bits: int) -> int:
    """Return how many bits values up to `high` use, as an even number, at least 8.

    A picture may be dark: it uses all bits unless a quarter of their range is enough.
    """
    if bits not in (*_FULL_BITS, *(full - 1 for full in _FULL_BITS)):
        return max(bits, 8)
    used = max(8, (high - 1).bit_length() + 1 & ~1)
    return bits if used > bits - 2 else used


def _of_floats(values: NDArray[Any], found: _Range, bits: int) -> _Grey:
    is_value = np.abs(values) < _GREATEST_VALUE  # false for NaN, too
    if found.no_data is not None:
        is_value &= values != found.no_data
    known = values[is_value]
    if not known.size:
        return np.zeros(values.shape, _KINDS[bits])
    sample = known[:: known.size // _SAMPLE + 1]
    rare_low, rare_high = np.percentile(sample, (_RARE_PERCENT, 100 - _RARE_PERCENT))
    span = rare_high - rare_low
    if span > 0:
        known = known[(known >= rare_low - span) & (known <= rare_high + span)]
    low, high = float(known.min()), float(known.max())
    if low >= 0:
        whites = (white for white in _WHITES if white / 4 < high <= white)
        if white := next(whites, None):
            low, high = 0.0, white
    return _scaled(np.where(is_value, values, low), low, high, bits)


def _scaled(values: NDArray[Any], low: float, high: float, bits: int) -> _Grey:
    scale = _white(bits) / (high - low) if high > low else 0.0
    grey: _Grey = ((values - low) * scale).clip(0, _white(bits)).astype(_KINDS[bits])
    return grey


def _white(bits: int) -> int:
    return (1 << bits) - 1
