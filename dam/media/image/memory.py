"""How many pixels of a picture can be decoded within the memory that a worker has.

The numbers of bytes a pixel were measured on 12 megapixels, from opening to the small bitmap.
"""

from PIL import Image, JpegImagePlugin

from dam.errors import MediaLimitError
from dam.media.limits import MediaLimits

_OF_FORMATS = {"JPEG2000": 19.5, "WEBP": 16.5, "AVIF": 9.5, "JXL": 7.6, "HEIF": 10.0}
_OF_FORMATS_WITH_ALPHA = {"JPEG2000": 24.0, "WEBP": 17.2, "AVIF": 12.0, "JXL": 12.8, "HEIF": 10.0}
_OF_MODES = {
    "1": 2.2,
    "L": 1.2,
    "P": 9.2,
    "PA": 12.5,
    "LA": 12.5,
    "RGB": 4.4,
    "RGBA": 8.6,
    "CMYK": 4.4,
    "YCbCr": 4.4,
    "LAB": 8.6,
    "I": 17.5,
    "F": 30.0,
}
_OF_DEEP_GREY = 10.0
_OF_UNKNOWN = 12.0
_COEFFICIENT_BYTES = 2


def decodable_pixels(image: Image.Image, limits: MediaLimits) -> int:
    """Return how many pixels of a picture that is open, but not decoded, may be decoded."""
    if limits.max_decoded_pixels is not None:
        return limits.max_decoded_pixels
    own = getattr(image, "bytes_a_pixel", None)
    if own is None:
        deep = _OF_DEEP_GREY if image.mode.startswith("I;") else _OF_UNKNOWN
        formats = _OF_FORMATS_WITH_ALPHA if image.mode in ("LA", "RGBA") else _OF_FORMATS
        own = max(_OF_MODES.get(image.mode, deep), formats.get(image.format or "", 0.0))
    return int(limits.max_decoded_bytes / own) if own else limits.max_pixels


def refuse_large(image: Image.Image, limits: MediaLimits) -> None:
    """Raise `MediaLimitError` if the picture would decode to too many pixels or rows."""
    left_out = getattr(image, "_reduce", 0)  # levels of a JPEG 2000, each twice as wide and high
    pixels = image.width * image.height >> 2 * left_out
    most = decodable_pixels(image, limits)
    if pixels > most:
        raise MediaLimitError("pixels to decode", pixels, most)
    if image.height > limits.max_decoded_rows:
        raise MediaLimitError("rows to decode", image.height, limits.max_decoded_rows)


def refuse_large_jxl(pixels: int, limits: MediaLimits) -> None:
    """Raise `MediaLimitError` for a JPEG XL of too many pixels, which is decoded to be opened."""
    most = limits.max_decoded_pixels or int(limits.max_decoded_bytes / _OF_FORMATS["JXL"])
    if pixels > min(most, limits.max_pixels):
        raise MediaLimitError("pixels to decode", pixels, min(most, limits.max_pixels))


def refuse_large_progressive(image: Image.Image, limits: MediaLimits) -> None:
    """Raise `MediaLimitError` for a JPEG whose passes need too much memory at any scale.

    The decoder keeps the coefficients of all passes, in the full size.
    """
    if limits.max_decoded_pixels is not None or "progressive" not in image.info:
        return
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        parts = [across * down for _, across, down, _ in image.layer]
        a_pixel = _COEFFICIENT_BYTES * sum(parts) / max(parts)
        pixels, most = image.width * image.height, int(limits.max_decoded_bytes / a_pixel)
        if pixels > most:
            raise MediaLimitError("pixels to decode", pixels, most)
