"""Pictures that a PDF cannot hold as they are: which these are, and PNGs that look the same."""

import io

from PIL import Image

from dam.media.image.colour_profile import in_srgb
from dam.media.image.reading import orientation_of, turns_itself
from dam.media.image.tones import is_deep, sixteen_bit

# Quarter turns, which a page of a PDF can have; the others are mirrored.
_TURNS = (1, 3, 6, 8)
_ALPHA_KEPT = ("PNG", "TIFF")


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
    transparency lose their low byte, other deep grey is brought to 16 bits as by `sixteen_bit`, and
    Lab and YCbCr become sRGB.

    Args:
        image: The picture as it was opened, with its profile and tags.
        plain: Its pixels, upright.
    """
    profile = image.info.get("icc_profile")
    if plain.mode == "LAB":
        plain, profile = in_srgb(plain), None
    elif is_deep(plain):
        plain = sixteen_bit(plain, image)
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
