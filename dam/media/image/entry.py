"""Pictures: what a header says, and what one small decoded bitmap says.

These functions run in worker processes: they take a path and return plain values. Pillow and numpy
are imported when they are first called; without the extra `image` they raise `MissingExtraError`.
Every fault of a file is an `ItemError`.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dam.errors import MissingExtraError
from dam.media.image.values import ImageAnalysis, ImageDescription, QueryHashes
from dam.media.limits import MediaLimits

_DEFAULT_LIMITS = MediaLimits()

# Two threads at an import that fails: only one of them would be told what is missing.
_IMPORTING = threading.Lock()


def describe_image(
    path: str | bytes | os.PathLike[str], limits: MediaLimits = _DEFAULT_LIMITS
) -> ImageDescription:
    """Return what the header of a picture says; no pixel is decoded."""
    with _extra_image():
        from dam.media.image import description  # noqa: PLC0415 - the extra may be absent
    return description.describe(path, limits)


def analyse_image(
    path: str | bytes | os.PathLike[str], limits: MediaLimits = _DEFAULT_LIMITS
) -> ImageAnalysis:
    """Return hashes and thumbnail of a picture, of the first frame if there are many."""
    with _extra_image():
        from dam.media.image import analysis  # noqa: PLC0415 - the extra may be absent
    return analysis.analyse(path, limits)


def hash_query_image(
    path: str | bytes | os.PathLike[str], limits: MediaLimits = _DEFAULT_LIMITS
) -> QueryHashes:
    """Return the hashes of a picture in all eight positions.

    A stored picture near `by_transform[t]` looks like the query after `t` was done to the query.
    """
    with _extra_image():
        from dam.media.image import analysis  # noqa: PLC0415 - the extra may be absent
    return analysis.hash_query(path, limits)


def require_extra() -> None:
    """Return if pictures can be looked at here, and raise `MissingExtraError` otherwise."""
    with _extra_image():
        from dam.media.image import analysis  # noqa: F401, PLC0415 - the extra may be absent


@contextmanager
def _extra_image() -> Iterator[None]:
    try:
        with _IMPORTING:
            yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("PIL", "numpy"):
            raise MissingExtraError("image", "looking at pictures") from error
        raise
