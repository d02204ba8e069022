"""The removal of sources: the file that was read goes, whatever has got its name since.

The file is renamed aside within its folder, compared, and removed under that name, which nobody
else uses. So nothing that takes the name in between is lost, and what is the copy itself, reached
by another path, is seen to be missing, and put back. Where the file system has no rename that
leaves a taken name alone (vfat, NFS, FUSE), it is compared and removed under its own name.
"""

import errno
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal

from dam.errors import (
    FileAccessError,
    FileChangedError,
    InsideStoreError,
    ItemError,
    SourceLeftAsideError,
    raise_host_limit,
)
from dam.storage.sources.folders import (
    Inode,
    OpenFolder,
    OtherFolderError,
    inode,
    open_folder,
    rename_to_free,
)
from dam.storage.sources.reading import DigestSet, FileStat, open_in, read_chunks

_ASIDE = re.compile(r"\.dam-removing-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file that is to go, and what it must be for that.

    Attributes:
        path: Absolute.
        aside: Its name while it is removed, from `new_aside_name`. Who wants to end what a killed
            process began keeps it, durably, before.
        size_bytes, mtime_ns, sha256: Of what was read.
        file: Which file was read; None in a later run, when inodes may be those of others.
        folder: Which folder it was found in. In a later run no inode is known: a folder path that
            is a link then counts as swapped, unless the aside file is there.
        is_link: The path is that of a link to the file; the link goes, and the file stays.
    """

    path: Path
    aside: str
    size_bytes: int
    mtime_ns: int
    sha256: bytes
    file: Inode | None = None
    folder: Inode | None = None
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class UnlinkOutcome:
    """What became of a source.

    Attributes:
        status: `removed`; `gone` when its folder has neither of its names; `changed` when something
            else is there, which stays; `copy` when it stays because it is the one copy itself;
            `blocked` when it could not be told or done.
        error: Of what was blocked; `FileNotFoundError` when the folder itself is not there.
        left_as: Where what was set aside is now: it was not the source, and something else has got
            the name that it had.
    """

    status: Literal["removed", "gone", "changed", "copy", "blocked"]
    error: OSError | None = None
    left_as: Path | None = None

    def fault(self, path: Path) -> ItemError | None:
        """Return what to tell of a source that is still there; None of one that is not."""
        if self.left_as is not None:
            return SourceLeftAsideError(path, self.left_as)
        if self.error is not None:
            return FileAccessError(path, "remove", self.error)
        if self.status == "copy":
            return InsideStoreError(path)
        return FileChangedError(path) if self.status == "changed" else None


def new_aside_name() -> str:
    """Return a name for a file while it is removed: hidden, legal everywhere, nobody else's."""
    return f".dam-removing-{secrets.token_hex(8)}"


def is_aside_name(name: str) -> bool:
    """Return whether a file's name is one from `new_aside_name`."""
    return _ASIDE.fullmatch(name) is not None


def unlink_sources(
    sources: Sequence[Source],
    is_stopped: Callable[[], bool] = lambda: False,
    has_copy: Callable[[Source], bool] = lambda _: True,
) -> list[UnlinkOutcome]:
    """Remove files, durably; end first what a killed process began; return what became of each.

    It may be killed at any moment and called again with the same sources, with the same outcome.
    What is under a source's aside name and is not the source is put back. Those in the same folder
    are best given one after the other: the disk is waited for once. When `is_stopped`, asked again
    and again, says yes, what is not removed yet is blocked by an `InterruptedError`. `has_copy` is
    asked when a source has lost its name: whether its bytes still are where they are to stay.

    Raises:
        HostLimitError: Nothing can be done here for now; what was not removed is still there.
    """
    outcomes: list[UnlinkOutcome] = []
    for (folder, _), group in groupby(sources, lambda source: (source.path.parent, source.folder)):
        outcomes += _unlink_in(folder, list(group), is_stopped, has_copy)
    return outcomes


def put_back_source(path: Path, aside: str) -> Path:
    """Undo what a killed removal began; return where the file is now.

    That is its path, or the aside name in the same folder when something has the path by now; and
    its path as well where nothing was begun.

    Raises:
        OSError: That cannot be done, or the folder is not there.
    """
    with open_folder(str(path.parent)) as folder:
        left_as = _put_back(folder, path, aside)
        folder.sync()
    return left_as or path


def _unlink_in(
    path: Path,
    sources: Sequence[Source],
    is_stopped: Callable[[], bool],
    has_copy: Callable[[Source], bool],
) -> list[UnlinkOutcome]:
    try:
        with open_folder(str(path), sources[0].folder) as folder:
            outcomes = [_unlink(folder, source, is_stopped, has_copy) for source in sources]
            folder.sync()
    except OtherFolderError:
        return [UnlinkOutcome("changed") for _ in sources]
    except OSError as error:
        raise_host_limit(error)
        return [UnlinkOutcome("blocked", error) for _ in sources]
    return outcomes


def _unlink(
    folder: OpenFolder,
    source: Source,
    is_stopped: Callable[[], bool],
    has_copy: Callable[[Source], bool],
) -> UnlinkOutcome:
    try:
        if _has(folder, source.aside):
            with _compared(folder, source.aside, source, is_stopped) as found:
                return _end(folder, source, found, has_copy)
        if source.folder is None and not folder.has_own_path():
            folder.status(source.path.name)  # else there is nothing that could stay
            return UnlinkOutcome("changed")
        with _compared(folder, source.path.name, source, is_stopped) as found:
            return _begin(folder, source, found, has_copy)
    except FileNotFoundError:
        return UnlinkOutcome("gone")
    except OSError as error:
        raise_host_limit(error)
        return UnlinkOutcome("blocked", error)


def _begin(
    folder: OpenFolder,
    source: Source,
    found: "_Found | None",
    has_copy: Callable[[Source], bool],
) -> UnlinkOutcome:
    name = source.path.name
    if found is None:
        return UnlinkOutcome("changed")
    if rename_to_free(name, source.aside, folder):
        return _end(folder, source, found, has_copy)
    if not found.is_at(name):
        return UnlinkOutcome("changed")
    folder.unlink(name)
    return UnlinkOutcome("removed")


def _end(
    folder: OpenFolder,
    source: Source,
    found: "_Found | None",
    has_copy: Callable[[Source], bool],
) -> UnlinkOutcome:
    is_source = found is not None and found.is_at(source.aside)
    if is_source and has_copy(source):
        folder.unlink(source.aside)
        return UnlinkOutcome("removed")
    left_as = _put_back(folder, source.path, source.aside)
    return UnlinkOutcome("copy" if is_source else "changed", left_as=left_as)


def _put_back(folder: OpenFolder, path: Path, aside: str) -> Path | None:
    """Give what is aside its name again; return where it stays when that is taken."""
    with suppress(FileNotFoundError):  # nothing is there, or no more
        try:
            if not rename_to_free(aside, path.name, folder):
                raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
        except FileExistsError:
            return path.with_name(aside)
    return None


class _Found:
    """A source that is open, and is what was expected."""

    def __init__(self, folder: OpenFolder, entry: Inode, fd: int) -> None:
        self._folder = folder
        self._entry = entry
        self._fd = fd
        self._reading = FileStat.of(os.fstat(fd))

    def is_at(self, name: str) -> bool:
        """Return whether it has this name, and nobody has written to it since it was opened."""
        is_same = FileStat.of(os.fstat(self._fd)).is_same_state(self._reading)
        return is_same and inode(self._folder.status(name)) == self._entry


@contextmanager
def _compared(
    folder: OpenFolder, name: str, source: Source, is_stopped: Callable[[], bool]
) -> Iterator[_Found | None]:
    """Yield what has a name, open, if it is the source, else None.

    Raises:
        FileNotFoundError: Nothing has it.
        OSError: It cannot be read; `InterruptedError` when it was stopped.
    """
    entry = folder.status(name)
    kind = stat.S_IFLNK if source.is_link else stat.S_IFREG
    if stat.S_IFMT(entry.st_mode) != kind:
        yield None
        return
    fd = open_in(folder, name, follows_links=source.is_link)
    try:
        found = _Found(folder, inode(entry), fd)
        is_source = found.is_at(name) and _is_source(os.fstat(fd), source)
        yield found if is_source and _has_digest(fd, source, is_stopped) else None
    finally:
        os.close(fd)


def _is_source(status: os.stat_result, source: Source) -> bool:
    if not stat.S_ISREG(status.st_mode) or source.file not in (None, inode(status)):
        return False
    reading = FileStat.of(status)
    return (reading.size_bytes, reading.mtime_ns) == (source.size_bytes, source.mtime_ns)


def _has_digest(fd: int, source: Source, is_stopped: Callable[[], bool]) -> bool:
    digests = DigestSet()
    left_bytes = source.size_bytes
    for chunk in read_chunks(fd, source.size_bytes):
        left_bytes -= len(chunk)
        if left_bytes < 0:  # it may be growing without end
            return False
        if is_stopped():
            raise InterruptedError(errno.EINTR, os.strerror(errno.EINTR))
        digests.update(chunk)
    return digests.sha256 == source.sha256


def _has(folder: OpenFolder, name: str) -> bool:
    try:
        folder.status(name)
    except FileNotFoundError:
        return False
    return True
