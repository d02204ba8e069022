"""Imports of packages that an optional extra of the distribution brings."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dam.errors import MissingExtraError

# If two threads run an import that fails, only one of them gets the error that names the module.
_IMPORTING = threading.RLock()


@contextmanager
def importing(extra: str, purpose: str, *packages: str) -> Iterator[None]:
    """Raise `MissingExtraError` for an import in this block that misses one of these packages.

    Args:
        extra: The extra that brings them, such as "image".
        purpose: The subject of the message, such as "reading pictures".
        packages: The names by which they are imported.

    Example:
        with importing("video", "reading videos and songs", "av"):
            from dam.media.streams import description
    """
    try:
        with _IMPORTING:
            yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in packages:
            raise MissingExtraError(extra, purpose) from error
        raise
