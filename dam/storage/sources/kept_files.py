"""Opens a store's own files without ever waiting, even if a FIFO, say, has a file's name."""

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from dam.errors import NotRegularFileError
from dam.storage.sources.reading import digest_chunks, kind_of, open_regular, read_chunks

DISK_ERRNOS = frozenset(
    getattr(errno, name)
    for name in ("EIO", "EBADMSG", "EUCLEAN", "ENODATA")
    if hasattr(errno, name)
)
"""Error numbers of a disk that fails to deliver one file: a read or a checksum fails."""

UNREADABLE_ERRNOS = DISK_ERRNOS | {errno.EACCES, errno.EPERM}
"""Error numbers that concern one file alone: those of the disk, and missing rights."""

# What `open` says of a symbolic link (which the store never makes) and of a socket, and, where
# another process opens the file for this one, of all else that is no file.
_NOT_REGULAR = (errno.ELOOP, errno.ENXIO, errno.EISDIR)


def open_kept(path: Path) -> int:
    """Open a stored file for reading, and return its descriptor.

    Raises:
        NotRegularFileError: Something else has its name: a folder, a FIFO, a symbolic link.
        OSError: The file cannot be opened.
    """
    try:
        return open_regular(path, follows_links=False)
    except OSError as error:
        if error.errno in _NOT_REGULAR:
            raise NotRegularFileError(path, kind_of(path.lstat().st_mode)) from error
        raise


def digest_of_kept(path: Path, is_stopped: Callable[[], bool] = lambda: False) -> bytes:
    """Return the SHA-256 of a stored file, read from the disk itself where the system allows that.

    `is_stopped` is asked before each piece.

    Raises:
        NotRegularFileError: As of `open_kept`.
        OSError: The file cannot be opened or read.
        InterruptedError: `is_stopped` returned True.
    """
    fd = open_kept(path)
    try:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        chunks = read_chunks(fd, os.fstat(fd).st_size)
        return digest_chunks(_until_stopped(chunks, is_stopped)).sha256
    finally:
        os.close(fd)


def _until_stopped(
    chunks: Iterable[memoryview], is_stopped: Callable[[], bool]
) -> Iterator[memoryview]:
    for chunk in chunks:
        if is_stopped():
            raise InterruptedError(errno.EINTR, os.strerror(errno.EINTR))
        yield chunk
