"""What files need that may not be installed."""

import importlib.metadata
import importlib.util

from dam.media.archive import unpackers
from dam.media.image.decoders import installed_decoders

_IMAGE_EXTRA = ("PIL", "numpy")
_DECODERS = {"pillow-heif": "heif", "pillow-jxl-plugin": "jxl"}


def is_installed(requirement: str) -> bool:
    """Tell whether an extra of ours, a program, a decoder's or a plugin's package is usable now."""
    if requirement == "image":
        return all(importlib.util.find_spec(module) for module in _IMAGE_EXTRA)
    decoders = installed_decoders()
    if requirement in _DECODERS:
        return decoders[_DECODERS[requirement]].available
    if requirement == "pillow":  # its build had no decoder for a format
        others = _DECODERS.values()
        return all(found.available for name, found in decoders.items() if name not in others)
    if requirement in (unpackers.EXTRA, unpackers.PROGRAM):
        return unpackers.is_installed(requirement)
    try:
        importlib.metadata.distribution(requirement)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
