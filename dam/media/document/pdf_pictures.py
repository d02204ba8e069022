"""Pictures that a PDF cannot hold as they are: which these are, and PNGs that look the same."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dam.media.image.bitmap import in_srgb
from dam.media.image.reading import orientation_of, turns_itself

# Quarter turns, which a page of a PDF can have; the others are mirrored.
_TURNS = (1, 3, 6, 8)
_ALPHA_KEPT = ("PNG", "TIFF")
_DEEP_MAX = 0xFFFF
_DEEP_BITS = 16
_MOST = (0.05, 99.95)
_BITS, _PHOTOMETRIC, _MAX_SAMPLE = 258, 262, 281  # tags of TIFF


def is_misread(image: Image.Image) -> bool:
    """Tell whether img2pdf would take a picture, but lose its transparency or turn it wrongly."""
    orientation = orientation_of(image)
    if orientation not in _TURNS or (turns_itself(image) and orientation != 1):
        return True
    is_kept = image.format in _ALPHA_KEPT and image.mode != "1"
    return image.has_transparency_data and not is_kept


def plain_png(image: Image.Image, plain: Image.Image) -> bytes:
    """Return an opened picture, upright, as a PNG that every PDF can hold.

    Its pixels are kept. Only what has no such PNG changes: samples of more than 8 bits beside
    transparency lose their low byte, longer whole numbers and fractions are stretched to 16 bits,
    and Lab and YCbCr become sRGB.

    Args:
        image: The picture as it was opened, with its profile and tags.
        plain: Its pixels, upright.
    """
    profile = image.info.get("icc_profile")
    if plain.mode == "LAB":
        plain, profile = in_srgb(plain), None
    elif plain.mode.startswith("I") or plain.mode == "F":
        plain = _sixteen_bit(plain, image)
    elif plain.has_transparency_data:
        plain = _with_alpha(plain)
    elif plain.mode not in ("1", "L", "P", "RGB"):
        plain, profile = plain.convert("RGB"), None if plain.mode == "CMYK" else profile
    content = io.BytesIO()
    plain.save(content, "PNG", icc_profile=profile)
    return content.getvalue()


def _with_alpha(image: Image.Image) -> Image.Image:
    """Return a picture as `RGBA` or `LA`; as `RGB` or `L` if no part of it is transparent."""
    is_grey = image.mode in ("1", "L", "LA", "La")
    clear = image.convert("RGBA")
    if is_grey:
        clear = clear.convert("LA")
    is_opaque = clear.getchannel("A").getextrema() == (255, 255)
    return clear.convert("L" if is_grey else "RGB") if is_opaque else clear


def _sixteen_bit(plain: Image.Image, image: Image.Image) -> Image.Image:
    """Return numbers as 16-bit grey: those of 16 bits as they are, all others stretched.

    Args:
        plain: The numbers, upright.
        image: The picture as it was opened, with its tags.
    """
    values = np.asarray(plain)
    if plain.mode.startswith("I;16"):
        kept = values.astype(np.uint16) << _unused_bits(image, values)
        return Image.fromarray(_DEEP_MAX - kept if _is_white_zero(image) else kept)
    numbers = values.astype(np.float64)
    finite = numbers[np.isfinite(numbers)]
    # A few numbers far off, such as those of dead pixels, must not make all others black.
    low, high = np.percentile(finite, _MOST) if finite.size else (0.0, 0.0)
    if low == high:
        low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    scale = _DEEP_MAX / (high - low) if high > low else 0.0
    stretched = (np.clip(np.nan_to_num(numbers, nan=low), low, high) - low) * scale
    if _is_white_zero(image):
        stretched = _DEEP_MAX - stretched
    return Image.fromarray(stretched.astype(np.uint16))


def _unused_bits(image: Image.Image, values: NDArray[Any]) -> int:
    """Return how many of the upper bits of 16-bit samples the file says that it leaves unused."""
    most = _tag(image, _MAX_SAMPLE) or (1 << (_tag(image, _BITS) or _DEEP_BITS)) - 1
    return max(0, _DEEP_BITS - max(most, int(values.max())).bit_length())


def _is_white_zero(image: Image.Image) -> bool:
    return _tag(image, _PHOTOMETRIC) == 0


def _tag(image: Image.Image, number: int) -> int | None:
    """Return the first value of a tag of a TIFF; None for other pictures."""
    found = getattr(image, "tag_v2", {}).get(number)
    return found[0] if isinstance(found, tuple) else found
