"""Whole files packed by gzip, bzip2 or xz, unpacked into temporary ones."""

import bz2
import gzip
import io
import lzma
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

from dam.errors import (
    MediaLimitError,
    NotAnArchiveError,
    UnpackingSpaceError,
    UnreadableArchiveError,
)
from dam.media.archive.reader import is_of_disk
from dam.media.archive.spool import temporary_file
from dam.media.file_type.recognition import media_type

PACKINGS = frozenset({"application/gzip", "application/x-bzip2", "application/x-xz"})
"""Media types of what `unpacked` unpacks."""

_TAR = "application/x-tar"
_CHUNK_BYTES = 1 << 16
_MOST_XZ_MEMORY_BYTES = 256 << 20


def unpacked(file: BinaryIO, packing: str, most_bytes: int) -> IO[bytes]:
    """Return a temporary file with the tar file that is packed in this one.

    Of a truncated or corrupt file it has what comes before the fault.

    Raises:
        NotAnArchiveError: What is packed is no tar file.
        MediaLimitError: It is larger than `most_bytes`.
        UnreadableArchiveError: It asks for more memory than any of its kind needs.
        UnpackingSpaceError: There is no room for it.
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
    """Yield the pieces of a tar file that is not too large; raise as `unpacked` says."""
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
        raise UnpackingSpaceError(Path(tempfile.gettempdir()), error) from error


def _chunks(file: BinaryIO, packing: str) -> Iterator[bytes]:
    """Yield what is unpacked, in pieces, up to where the file is cut off or corrupt."""
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
    """Do as `lzma.open` with a bound for the memory: a header may ask for gigabytes."""
    packed = b""
    while packed := packed or file.read(_CHUNK_BYTES):
        stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_XZ_MEMORY_BYTES)
        while not stream.eof:
            try:
                chunk = stream.decompress(packed, _CHUNK_BYTES)
            except lzma.LZMAError as error:
                if "Memory" in str(error):
                    reason = "it needs more memory to unpack than is given to it"
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
