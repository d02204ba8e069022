"""Functions that describe, hash and search for pictures.

They run in worker processes: they take a file and return plain values. Each imports Pillow and
numpy when it is first called, and raises `MissingExtraError` without the extra `image`. For a file
that cannot be used it raises an `ItemError`.
"""

from contextlib import AbstractContextManager
from typing import Any

from dam.media.extras import importing
from dam.media.image.values import ImageAnalysis, ImageDescription, QueryHashes, Thumbnail
from dam.media.limits import MediaLimits
from dam.media.open_file import AnyFile

_DEFAULT_LIMITS = MediaLimits()


def describe_image(
    source: AnyFile,
    limits: MediaLimits = _DEFAULT_LIMITS,
    media_type: str | None = None,
) -> ImageDescription:
    """Return the facts in the header of a picture; no pixel is decoded.

    Args:
        source: Its path, or the open file, which stays open.
        limits: What a file may demand at most.
        media_type: Of the file, if it is known already.
    """
    with _extra_image():
        from dam.media.image import description  # noqa: PLC0415 - the extra may be absent
    return description.describe(source, limits, media_type)


def analyse_image(source: AnyFile, limits: MediaLimits = _DEFAULT_LIMITS) -> ImageAnalysis:
    """Return the hashes and the thumbnail of a picture; of several frames the first is used."""
    return analyse_picture(small_picture(source, limits))


def small_picture(
    source: AnyFile,
    limits: MediaLimits = _DEFAULT_LIMITS,
    media_type: str | None = None,
) -> Any:  # noqa: ANN401 - the type would import Pillow
    """Return a picture upright and small, as a `PIL.Image.Image`; of several frames the first.

    The arguments are those of `describe_image`.
    """
    with _extra_image():
        from dam.media.image import analysis  # noqa: PLC0415 - the extra may be absent
    return analysis.small_picture(source, limits, media_type)


def analyse_picture(picture: Any) -> ImageAnalysis:  # noqa: ANN401 - the type would import Pillow
    """Return the hashes and the thumbnail of a `PIL.Image.Image` of any size and mode."""
    with _extra_image():
        from dam.media.image import analysis  # noqa: PLC0415 - the extra may be absent
    return analysis.analyse(picture)


def thumbnail_of(picture: Any) -> Thumbnail:  # noqa: ANN401 - the type would import Pillow
    """Return the thumbnail of a `PIL.Image.Image` that is not compared with others."""
    with _extra_image():
        from dam.media.image import analysis  # noqa: PLC0415 - the extra may be absent
    return analysis.thumbnail_of(picture)


def hash_query_image(source: AnyFile, limits: MediaLimits = _DEFAULT_LIMITS) -> QueryHashes:
    """Return the hashes of a picture for all eight ways to turn and mirror it.

    Example: a stored picture near `by_transform["rotate90"]` looks like the query after the query
    was turned by 90 degrees.
    """
    with _extra_image():
        from dam.media.image import analysis  # noqa: PLC0415 - the extra may be absent
    return analysis.hash_query(source, limits)


def require_extra() -> None:
    """Raise `MissingExtraError` unless pictures can be decoded here."""
    with _extra_image():
        from dam.media.image import analysis  # noqa: F401, PLC0415 - the extra may be absent


def _extra_image() -> AbstractContextManager[None]:
    return importing("image", "reading pictures", "PIL", "numpy")
