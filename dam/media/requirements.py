"""Optional packages and programs that some files need, and whether they are installed."""

import importlib.metadata
from collections.abc import Iterable
from typing import Any

from dam.media.archive import unpackers
from dam.media.kind import MediaKind


def is_installed(requirement: str, kinds: Iterable[MediaKind[Any]]) -> bool:
    """Tell whether a requirement is usable now.

    Args:
        requirement: The name of an extra of ours, of a program, or of the package of a decoder or
            a plugin, as in `DamError.requirement`. Examples: "image", "unar", "pillow-heif".
        kinds: The media kinds whose files may need it.
    """
    for kind in kinds:
        if requirement in kind.requirements:
            return kind.requirements[requirement]()
    if requirement in (unpackers.EXTRA, unpackers.PROGRAM):
        return unpackers.is_installed(requirement)
    try:
        importlib.metadata.distribution(requirement)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
