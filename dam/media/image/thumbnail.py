"""Encoding of a small bitmap as an sRGB thumbnail."""

import io
from functools import lru_cache

from PIL import Image, ImageCms

from dam.media.image.values import Thumbnail

_QUALITY = 80
_PROFILE_MODES = {"GRAY": ("L",), "RGB ": ("RGB",), "CMYK": ("CMYK",)}
_SRGB_NAMES = frozenset({"sRGB", "sRGB IEC61966-2.1", "sRGB built-in", "GIMP built-in sRGB", "c2"})


def encode_thumbnail(bitmap: Image.Image, icc_profile: bytes | None) -> Thumbnail:
    """Return the bitmap as a JPEG, converted to sRGB if it has a usable colour profile.

    JPEG, because it takes a sixth of the time of WebP for a fifth more bytes.
    """
    picture = _to_srgb(bitmap, icc_profile) if icc_profile else bitmap
    if picture.mode not in ("L", "RGB"):
        picture = picture.convert("RGB")
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=_QUALITY)
    return Thumbnail(
        content=content.getvalue(),
        media_type="image/jpeg",
        width_px=picture.width,
        height_px=picture.height,
    )


def _to_srgb(bitmap: Image.Image, icc_profile: bytes) -> Image.Image:
    try:
        transform = _transform_to_srgb(icc_profile, bitmap.mode)
        if transform is None:
            return bitmap
        return ImageCms.applyTransform(bitmap, transform) or bitmap
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        # A broken profile must not prevent a thumbnail: the colours stay as stored.
        return bitmap


@lru_cache(maxsize=32)
def _transform_to_srgb(icc_profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
    if mode not in _PROFILE_MODES.get(profile.profile.xcolor_space, ()):
        return None
    if ImageCms.getProfileDescription(profile).strip() in _SRGB_NAMES:
        return None
    return ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, "RGB")
