"""Optional packages and programs that some files need, and whether they are installed."""

import importlib.metadata
from collections.abc import Iterable
from typing import Any

from dam.errors import PluginFunctionError
from dam.media.archive import printing, unpackers
from dam.media.kind import MediaKind


def is_installed(requirement: str, kinds: Iterable[MediaKind[Any]]) -> bool:
    """Tell whether a requirement is usable now.

    Args:
        requirement: The name of an extra of ours, of a program, or of the package of a decoder or
            a plugin, as in `DamError.requirement`. Examples: "image", "unar", "pillow-heif".
        kinds: The media kinds whose files may need it.

    Raises:
        PluginFunctionError: The function of a kind that tells it failed.
    """
    for kind in kinds:
        if requirement in kind.requirements:
            return _asked(kind, requirement)
    if requirement in (unpackers.EXTRA, printing.PROGRAM):
        return unpackers.is_installed(requirement)
    try:
        importlib.metadata.distribution(requirement)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _asked(kind: MediaKind[Any], requirement: str) -> bool:
    function = kind.requirements[requirement]
    try:
        return bool(function())
    except (Exception, SystemExit) as error:  # a plugin's code
        what = f"requirements[{requirement!r}] of the media kind {kind.name!r}"
        raise PluginFunctionError(what, str(function.__module__), error) from error
