"""Reads a user's file: never waits for a FIFO or a device, and notices a file that changes."""

import hashlib
import io
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dam.asking import NO_LINKS, OPEN_FLAGS, open_for_reading, parent
from dam.errors import FileAccessError, FileChangedError, NotRegularFileError
from dam.storage.sources.file_state import FileState
from dam.storage.sources.folders import Inode, OpenFolder, OtherFolderError, open_folder
from dam.storage.sources.found_file import FoundFile
from dam.storage.sources.sparse import has_holes

CHUNK_BYTES = 1 << 20

# Databases keep times in 64 bits: the years 1677 to 2262. File systems allow other years, too.
_LEAST_NS = -(1 << 63)
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
    stat.S_IFLNK: "a symbolic link",
}


def kind_of(mode: int) -> str:
    """Return in words what a file is that is not regular: "a folder", "a FIFO"."""
    return _KINDS.get(stat.S_IFMT(mode), "something special")


@dataclass(frozen=True, slots=True)
class FileStat:
    """What `stat` said of a file while it was read; equal values mean an unchanged file.

    `mtime_ns` is limited to 64 bits.
    """

    size_bytes: int
    mtime_ns: int
    mode: int
    device: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> "FileStat":
        """Return the values of a `stat` result."""
        return cls(
            size_bytes=status.st_size,
            mtime_ns=max(_LEAST_NS, min(status.st_mtime_ns, -_LEAST_NS - 1)),
            mode=status.st_mode,
            device=status.st_dev,
            inode=status.st_ino,
        )

    @property
    def file(self) -> Inode:
        """The identity of the file: its device and inode."""
        return self.device, self.inode

    def is_same_state(self, other: "FileStat") -> bool:
        """Return whether both are of the same file, with the same size and modification time."""
        return (self.device, self.inode, self.size_bytes, self.mtime_ns) == (
            other.device,
            other.inode,
            other.size_bytes,
            other.mtime_ns,
        )


class DigestSet:
    """SHA-256 and any other digests, computed together so that the bytes are read only once."""

    def __init__(self, extra: Sequence[str] = ()) -> None:
        self._sha256 = hashlib.sha256()
        self._extra = {name: hashlib.new(name, usedforsecurity=False) for name in extra}

    def update(self, chunk: memoryview) -> None:
        """Add the next bytes."""
        self._sha256.update(chunk)
        for digest in self._extra.values():
            digest.update(chunk)

    @property
    def sha256(self) -> bytes:
        """The 32 bytes of the SHA-256 so far."""
        return self._sha256.digest()

    @property
    def extra(self) -> dict[str, bytes]:
        """The other digests so far, by name."""
        return {name: digest.digest() for name, digest in self._extra.items()}


class SourceFile:
    """A user's regular file, open for one read from its start to its end."""

    def __init__(self, path: Path, fd: int, status: os.stat_result) -> None:
        self.path = path
        self.fd = fd
        self.reading = FileStat.of(status)
        self.state = FileState.of(status)
        self.has_holes = has_holes(status)

    def chunks(self) -> Iterator[memoryview]:
        """Yield the content in pieces; a piece is valid until the next one is asked for.

        Raises:
            FileChangedError: The file grew, shrank, changed or vanished since it was opened.
            FileAccessError: The file cannot be read.
        """
        seen_bytes = 0
        try:
            for chunk in read_chunks(self.fd, self.reading.size_bytes):
                seen_bytes += len(chunk)
                if seen_bytes > self.reading.size_bytes:  # it may be growing without end
                    raise FileChangedError(self.path)
                yield chunk
        except OSError as error:
            raise FileAccessError(self.path, "read", error) from error
        if seen_bytes != self.reading.size_bytes:
            raise FileChangedError(self.path)
        self.confirm()

    def confirm(self) -> None:
        """Raise `FileChangedError` unless the path still leads to the file that was opened.

        Its size and modification time must be the same, too.
        """
        try:
            now = FileStat.of(self.path.stat())
        except OSError as error:
            raise FileChangedError(self.path, is_gone=True) from error
        if not now.is_same_state(self.reading):
            raise FileChangedError(self.path)


@contextmanager
def open_source(path: Path, found: FoundFile | None = None) -> Iterator[SourceFile]:
    """Open a regular file, or the one that a symbolic link leads to; open nothing else.

    Args:
        path: The file.
        found: What a walk found at the path. The file must still be in the same folder, and a link
            is followed only if the walk found a link.

    Raises:
        NotRegularFileError: The path is that of a folder, FIFO, socket or device.
        FileChangedError: The path leads to something else than what was found.
        FileAccessError: The file cannot be opened.
    """
    try:
        if found is None:
            _require_regular(path, path.stat())
            fd, status = _opened(path)
        else:
            fd, status = _open_found(path, found)
    except OtherFolderError as error:
        raise FileChangedError(path) from error
    except OSError as error:
        raise FileAccessError(path, "read", error) from error
    try:
        yield SourceFile(path, fd, status)
    finally:
        os.close(fd)


def _open_found(path: Path, found: FoundFile) -> tuple[int, os.stat_result]:
    if parent() is not None:  # a confined worker opens no folder; the file is compared below
        fd = open_for_reading(path, follows_links=found.is_link)
    else:
        fd = _open_in_folder(path, found)
    try:
        status = os.fstat(fd)
        _require_found(path, status, found)
    except BaseException:
        os.close(fd)
        raise
    return fd, status


def _open_in_folder(path: Path, found: FoundFile) -> int:
    with open_folder(str(path.parent), found.folder) as folder:
        status = folder.status(path.name)
        if stat.S_ISLNK(status.st_mode) != found.is_link:
            raise FileChangedError(path)
        if not found.is_link:
            _require_regular(path, status)
        return open_in(folder, path.name, follows_links=found.is_link)


def _require_found(path: Path, status: os.stat_result, found: FoundFile) -> None:
    _require_regular(path, status)
    if not found.is_likely(status):
        raise FileChangedError(path)


def open_regular(path: Path, *, follows_links: bool = True) -> int:
    """Open a regular file for reading, and return its descriptor; never wait.

    Raises:
        NotRegularFileError: It is a folder, FIFO or device.
        OSError: It cannot be opened; `ENXIO` for a socket, `ELOOP` for a link if `follows_links` is
            False.
    """
    return _opened(path, follows_links=follows_links)[0]


def _opened(path: Path, *, follows_links: bool = True) -> tuple[int, os.stat_result]:
    fd = open_for_reading(path, follows_links=follows_links)
    try:
        status = os.fstat(fd)
        _require_regular(path, status)
    except BaseException:
        os.close(fd)
        raise
    return fd, status


def open_in(folder: OpenFolder, name: str, *, follows_links: bool) -> int:
    """Open an entry of a folder for reading, and return its descriptor; never wait."""
    flags = OPEN_FLAGS if follows_links else OPEN_FLAGS | NO_LINKS
    return os.open(folder.at(name), flags, dir_fd=folder.fd)


def read_chunks(fd: int, size_bytes: int) -> Iterator[memoryview]:
    """Yield the rest of an open file in pieces of at most 1 MiB; all of them use one buffer.

    Args:
        fd: The open file.
        size_bytes: Its expected size; a small file gets a small buffer.
    """
    buffer = memoryview(bytearray(min(size_bytes + 1, CHUNK_BYTES)))
    with io.FileIO(fd, closefd=False) as file:
        while count := file.readinto(buffer):
            yield buffer[:count]


def digest_chunks(chunks: Iterable[memoryview], extra: Sequence[str] = ()) -> DigestSet:
    """Return the digests of the pieces, one after the other."""
    digests = DigestSet(extra)
    for chunk in chunks:
        digests.update(chunk)
    return digests


def _require_regular(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = kind_of(status.st_mode)
        raise NotRegularFileError(path, kind)
