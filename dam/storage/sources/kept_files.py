"""Opening a store's own files: whatever has got into the place of one, this never waits for it."""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from dam.errors import NotRegularFileError
from dam.storage.sources.reading import digest_chunks, kind_of, open_regular, read_chunks

DISK_ERRNOS = frozenset(
    getattr(errno, name)
    for name in ("EIO", "EBADMSG", "EUCLEAN", "ENODATA")
    if hasattr(errno, name)
)
"""What a disk says that cannot deliver one file: of the read itself, or of a checksum."""

UNREADABLE_ERRNOS = DISK_ERRNOS | {errno.EACCES, errno.EPERM}
"""What hinders the reading of one file alone, its mode among it."""

# What `open` says of a symbolic link, which we never make, and of a socket.
_KINDS = {errno.ELOOP: stat.S_IFLNK, errno.ENXIO: stat.S_IFSOCK}


def open_kept(path: Path) -> int:
    """Return a descriptor of a stored file, for reading.

    Raises:
        NotRegularFileError: Something else has its name: a folder, a FIFO, a symbolic link.
        OSError: It cannot be opened.
    """
    try:
        return open_regular(path, follows_links=False)
    except OSError as error:
        if error.errno in _KINDS:
            raise NotRegularFileError(path, kind_of(_KINDS[error.errno])) from error
        raise


def digest_of_kept(path: Path, is_stopped: Callable[[], bool] = lambda: False) -> bytes:
    """Return the SHA-256 of a stored file, read from the disk where the system can be told to.

    Raises:
        NotRegularFileError, OSError: As `open_kept`, or it cannot be read; `InterruptedError` when
            `is_stopped`, asked between any two pieces, said yes.
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
