"""Optional packages and programs that some files need, and whether they are installed."""

import importlib.metadata
import importlib.util

from dam.media.archive import unpackers
from dam.media.image.decoders import installed_decoders

_IMAGE_EXTRA = ("PIL", "numpy")
_DECODERS = {"pillow-heif": "heif", "pillow-jxl-plugin": "jxl"}


def is_installed(requirement: str) -> bool:
    """Tell whether a requirement is usable now.

    Args:
        requirement: The name of an extra of ours, of a program, or of the package of a decoder or
            a plugin, as in `DamError.requirement`. Examples: "image", "unar", "pillow-heif".
    """
    if requirement == "image":
        return all(importlib.util.find_spec(module) for module in _IMAGE_EXTRA)
    decoders = installed_decoders()
    if requirement in _DECODERS:
        return decoders[_DECODERS[requirement]].available
    if requirement == "pillow":  # it was missing, or was built without the decoder for a format
        others = _DECODERS.values()
        return all(found.available for name, found in decoders.items() if name not in others)
    if requirement in (unpackers.EXTRA, unpackers.PROGRAM):
        return unpackers.is_installed(requirement)
    try:
        importlib.metadata.distribution(requirement)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
