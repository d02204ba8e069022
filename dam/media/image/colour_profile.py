"""Conversion to sRGB: of a small bitmap from its colour profile, and of pictures in Lab."""

import io
from functools import cache, lru_cache

from PIL import Image, ImageCms

_PROFILE_MODES = {"GRAY": ("L",), "RGB ": ("RGB",), "CMYK": ("CMYK",)}
_SRGB_NAMES = frozenset({"sRGB", "sRGB IEC61966-2.1", "sRGB built-in", "GIMP built-in sRGB", "c2"})


def to_srgb(bitmap: Image.Image, icc_profile: bytes | None) -> Image.Image:
    """Return the bitmap in sRGB if it has a usable colour profile that says something else."""
    if not icc_profile:
        return bitmap
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


def in_srgb(lab: Image.Image) -> Image.Image:
    """Return a picture of mode `LAB` in mode `RGB`."""
    return ImageCms.applyTransform(lab, _lab_to_srgb()) or lab.getchannel("L")


@cache
def _lab_to_srgb() -> ImageCms.ImageCmsTransform:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
