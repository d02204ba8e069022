"""Unpacking of tar files that are packed as a whole by gzip, bzip2 or xz."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO

from dam.errors import (
    MediaLimitError,
    NotAnArchiveError,
    UnpackingSpaceError,
    UnreadableArchiveError,
)
from dam.media.archive.reader import is_of_disk
from dam.media.archive.spool import temporary_file, temporary_folder
from dam.media.file_type.recognition import media_type

PACKINGS = frozenset({"application/gzip", "application/x-bzip2", "application/x-xz"})
"""Media types of the files that `unpacked` unpacks."""

_TAR = "application/x-tar"
_CHUNK_BYTES = 1 << 16
_MOST_XZ_MEMORY_BYTES = 256 << 20


def unpacked(file: BinaryIO, packing: str, most_bytes: int) -> IO[bytes]:
    """Return a temporary file with the tar file that is packed in this one.

    If the packed file is truncated or corrupt, the result ends there.

    Args:
        file: The packed file.
        packing: Its media type, one of `PACKINGS`.
        most_bytes: The largest size that is accepted, unpacked.

    Raises:
        NotAnArchiveError: The packed content is not a tar file.
        MediaLimitError: It is larger than `most_bytes`.
        UnreadableArchiveError: Its header asks for more memory than an honest file needs.
        UnpackingSpaceError: There is no room for the temporary file.
    """
    plain = temporary_file()
    try:
        for chunk in _bounded(_chunks(file, packing), packing, most_bytes):
            _append(plain, chunk)
        _append(plain, b"", is_last=True)
    except BaseException:
        plain.close()
        raise
    return plain


def _bounded(chunks: Iterator[bytes], packing: str, most_bytes: int) -> Iterator[bytes]:
    """Yield the pieces of a tar file; raise if it is too large or not a tar file."""
    size_bytes = 0
    for chunk in chunks:
        if not size_bytes and media_type(io.BytesIO(chunk)) != _TAR:
            break
        size_bytes += len(chunk)
        if size_bytes > most_bytes:
            raise MediaLimitError("bytes in the archive", None, most_bytes)
        yield chunk
    if not size_bytes:
        raise NotAnArchiveError(packing)


def _append(plain: IO[bytes], chunk: bytes, *, is_last: bool = False) -> None:
    try:
        plain.write(chunk)
        if is_last:
            plain.flush()
    except OSError as error:
        raise UnpackingSpaceError(temporary_folder(), error) from error


def _chunks(file: BinaryIO, packing: str) -> Iterator[bytes]:
    """Yield the unpacked bytes in pieces, up to the place where the file is cut off or corrupt."""
    file.seek(0)
    if packing == "application/x-xz":
        yield from _xz_chunks(file)
    else:
        with gzip.open(file) if packing == "application/gzip" else bz2.open(file) as packed:
            while chunk := _piece(packed):
                yield chunk


def _piece(packed: gzip.GzipFile | bz2.BZ2File) -> bytes:
    try:
        return packed.read(_CHUNK_BYTES)
    except (EOFError, zlib.error):
        return b""
    except OSError as error:
        if is_of_disk(error):
            raise
        return b""


def _xz_chunks(file: BinaryIO) -> Iterator[bytes]:
    """Unpack xz as `lzma.open` does, but with limited memory: a header may ask for gigabytes."""
    packed = b""
    while packed := packed or file.read(_CHUNK_BYTES):
        stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_XZ_MEMORY_BYTES)
        while not stream.eof:
            try:
                chunk = stream.decompress(packed, _CHUNK_BYTES)
            except lzma.LZMAError as error:
                if "Memory" in str(error):
                    reason = "unpacking it needs more memory than is allowed"
                    raise UnreadableArchiveError("cbt", reason) from error
                return
            if chunk:
                yield chunk
            packed = b""
            if stream.needs_input and not stream.eof:
                packed = file.read(_CHUNK_BYTES)
                if not packed:
                    return
        packed = stream.unused_data.lstrip(b"\0")
