"""Functions that describe videos and songs, and give the picture of each.

They run in worker processes: they take an open file and return plain values. Each imports PyAV when
it is first called, and raises `MissingExtraError` without the extra `video`. For a file that cannot
be used it raises an `ItemError`.
"""

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from dam.errors import MissingExtraError
from dam.media.decoder import Decoder, version_of
from dam.media.extras import importing
from dam.media.limits import MediaLimits
from dam.media.streams.values import StreamFacts

EXTRA = "video"
"""The extra that brings PyAV, and with it FFmpeg."""


def describe_streams(file: BinaryIO, media_type: str, limits: MediaLimits) -> StreamFacts:
    """Return the facts in the headers of a video or a song; no picture is decoded.

    Args:
        file: Open for reading.
        media_type: One of those in `streams.formats`.
        limits: What the file may demand at most.

    Raises:
        UnreadableStreamsError: FFmpeg cannot open the file.
        MediaLimitError: It exceeds a limit.
    """
    with _extra_video():
        from dam.media.streams import description  # noqa: PLC0415 - the extra may be absent
    return description.describe(file, media_type, limits)


def poster_of_video(file: BinaryIO, media_type: str, limits: MediaLimits) -> Any:  # noqa: ANN401 - the type would import Pillow
    """Return a frame of a video as a `PIL.Image.Image` that is upright and small.

    Of a file without moving pictures, the cover, marked as not to be hashed. The arguments are
    those of `describe_streams`.

    Raises:
        NoPictureError: No frame can be decoded.
    """
    with _extra_video():
        from dam.media.streams import pictures  # noqa: PLC0415 - the extra may be absent
    return pictures.poster(file, media_type, limits)


def cover_of_song(file: BinaryIO, media_type: str, limits: MediaLimits) -> Any:  # noqa: ANN401 - the type would import Pillow
    """Return the cover in a song, likewise.

    Raises:
        NoPictureError: There is none.
    """
    with _extra_video():
        from dam.media.streams import pictures  # noqa: PLC0415 - the extra may be absent
    return pictures.cover(file, media_type, limits)


def is_extra_installed() -> bool:
    """Tell whether videos and songs can be read."""
    try:
        with _extra_video():
            importlib.import_module("dam.media.streams.pictures")
    except MissingExtraError:
        return False
    return True


def installed_decoders() -> Mapping[str, Decoder]:
    """Return the state of PyAV and of the FFmpeg that it brings, for `doctor`."""
    try:
        av = importlib.import_module("av")
    except ImportError:
        hint = MissingExtraError(EXTRA, "reading videos and songs").hint
        return dict.fromkeys(("av", "ffmpeg"), Decoder(available=False, version=None, hint=hint))
    version = version_of("av")
    return {
        "av": Decoder(available=True, version=version, hint=None),
        "ffmpeg": Decoder(available=True, version=av.ffmpeg_version_info, hint=None),
    }


@contextmanager
def _extra_video() -> Iterator[None]:
    with (
        importing(EXTRA, "reading videos and songs", "av", "PIL"),
        importing("image", "drawing pictures of videos and songs", "numpy"),
    ):
        yield
