"""Opening of a video or a song by FFmpeg, which sees the bytes of this one file alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Never

import av
import av.container
import av.error

from dam.errors import MediaLimitError, UnreadableStreamsError, raise_host_limit
from dam.media.limits import MediaLimits
from dam.media.streams.formats import READ_FORMATS

_BUFFER_BYTES = 32 << 10
_PROBED_BYTES = 5_000_000
_PROBED_MICROSECONDS = 5_000_000
_OPTIONS = {
    "format_whitelist": ",".join(READ_FORMATS),
    "protocol_whitelist": "",
    "probesize": str(_PROBED_BYTES),
    "analyzeduration": str(_PROBED_MICROSECONDS),
}
_FIRST_WITHOUT_METADATA_ERRORS = 19
_SPARE_BYTES = 64 << 20
_SEEK_FAILED = -1
_DAMAGED = "its data are damaged, cut off, or of another format"
_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (av.error.InvalidDataError, _DAMAGED),
    (EOFError, "it ends too early"),
    (MemoryError, "it needs more memory or has more streams than is allowed"),
    (av.error.PatchWelcomeError, "it uses a feature that FFmpeg does not have"),
    (av.error.DecoderNotFoundError, "FFmpeg has no decoder for it"),
    # What demuxers return for numbers that cannot be; the disk's errors are not FFmpeg's.
    (av.error.ArgumentError, _DAMAGED),
    (av.error.OSError, _DAMAGED),
    (av.error.PermissionError, _DAMAGED),
)


class MeteredFile:
    """An open file as FFmpeg sees it: it has no name, and ends when enough of it was read.

    FFmpeg searches on for the next frame when data are damaged, through the whole of a file. An
    end makes it stop, as at the end of a file that was cut off.

    Args:
        file: The file; it is not closed.
        most_bytes: How much may be read in all.
    """

    def __init__(self, file: BinaryIO, most_bytes: int) -> None:
        self._file = file
        self._left = most_bytes

    def read(self, size: int) -> bytes:
        """Return at most so many bytes; none at the end."""
        content = self._file.read(max(0, min(size, self._left)))
        self._left -= len(content)
        return content

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move; return the new position, or a negative number for one that cannot be."""
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return _SEEK_FAILED  # damaged data ask for it

    def tell(self) -> int:
        """Return the position."""
        return self._file.tell()


@contextmanager
def opened_streams(
    file: BinaryIO, media_type: str, limits: MediaLimits
) -> Iterator[av.container.InputContainer]:
    """Open a video or a song; what FFmpeg raises inside is raised as an error of the file.

    Args:
        file: Open for reading; its name is not looked at, and it is read from its beginning.
        media_type: Of the file.
        limits: What it may demand at most.

    Raises:
        UnreadableStreamsError: FFmpeg cannot open it.
        MediaLimitError: It has too many streams.
    """
    file.seek(0)
    metered = MeteredFile(file, limits.max_stream_bytes)
    with faults_of(media_type), _container(metered, limits) as container:
        if len(container.streams) > limits.max_streams:
            raise MediaLimitError("streams", None, limits.max_streams)
        yield container


def _container(metered: MeteredFile, limits: MediaLimits) -> av.container.InputContainer:
    # What is not UTF-8 becomes surrogates, from which `tags` gets the bytes; later, always.
    is_old = int(av.__version__.split(".")[0]) < _FIRST_WITHOUT_METADATA_ERRORS
    rest: dict[str, Any] = {"metadata_errors": "surrogateescape"} if is_old else {}
    container: av.container.InputContainer = av.open(
        metered,
        mode="r",
        options={**_OPTIONS, "max_streams": str(limits.max_streams + 1)},
        io_open=_refuse,
        buffer_size=_BUFFER_BYTES,
        **rest,
    )
    return container


def _refuse(*_: object) -> Never:
    message = "a media file may not open further files"
    raise PermissionError(message)


@contextmanager
def faults_of(media_type: str) -> Iterator[None]:
    """Raise what FFmpeg raises inside as `UnreadableStreamsError`."""
    try:
        yield
    except (av.error.FFmpegError, MemoryError, UnicodeError) as error:
        if isinstance(error, MemoryError):
            _require_spare_memory(error)
        else:
            raise_host_limit(error)
        raise UnreadableStreamsError(media_type, _reason(error)) from error


def _require_spare_memory(error: MemoryError) -> None:
    """Raise `HostLimitError` if it is memory that lacks, and not a file that asks for too much."""
    try:
        bytearray(_SPARE_BYTES)
    except MemoryError:
        raise_host_limit(error)


def _reason(error: BaseException) -> str:
    known = next((text for kind, text in _REASONS if isinstance(error, kind)), None)
    return known or str(getattr(error, "strerror", None) or error or type(error).__name__)
