"""Removes sources: only the file that was read goes, not one that has taken its name since.

A source is renamed within its folder to an aside name, which no other program uses. There it is
compared, and removed. Two dangers are met by that:

- Another program gives its own file the source's name meanwhile: this file is not touched.
- The source is the stored copy itself, reached by another path: after the rename, the store lacks
  the copy, which `has_copy` notices, and the source is put back.

Where the file system cannot rename without replacing (vfat, NFS, FUSE), the source is compared and
removed under its own name.
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
    """A file to remove, and the facts that it must still match.

    Attributes:
        path: Absolute.
        aside: Its name while it is removed, from `new_aside_name`. Save it durably before the
            removal: a later run needs it to finish what a killed process began.
        size_bytes, mtime_ns, sha256: Of the file that was read.
        file: The file that was read. None in a later run: another file may have its inode then.
        folder: The folder in which it was found. None in a later run: a path of the folder that is
            a link then counts as swapped, unless a file in it has the aside name.
        is_link: The path is a symbolic link to the file; the link is removed, and the file stays.
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
    """The outcome for one source.

    Attributes:
        status: `removed`: it is gone now. `gone`: its folder has neither of its names. `changed`:
            something else is there, which stays. `copy`: it stays, because it is the only copy.
            `blocked`: an error prevented the comparison or the removal.
        error: The error that blocked it; `FileNotFoundError` if the folder itself is missing.
        left_as: Set if a file was renamed aside and could not get its name back, because something
            else has that name now: where the file is.
    """

    status: Literal["removed", "gone", "changed", "copy", "blocked"]
    error: OSError | None = None
    left_as: Path | None = None

    def fault(self, path: Path) -> ItemError | None:
        """Return the error to report for a source that is still there; None if it is not."""
        if self.left_as is not None:
            return SourceLeftAsideError(path, self.left_as)
        if self.error is not None:
            return FileAccessError(path, "remove", self.error)
        if self.status == "copy":
            return InsideStoreError(path)
        return FileChangedError(path) if self.status == "changed" else None


def new_aside_name() -> str:
    """Return a new name for a file while it is removed: hidden, legal everywhere, and random."""
    return f".dam-removing-{secrets.token_hex(8)}"


def is_aside_name(name: str) -> bool:
    """Return whether a file's name comes from `new_aside_name`."""
    return _ASIDE.fullmatch(name) is not None


def unlink_sources(
    sources: Sequence[Source],
    is_stopped: Callable[[], bool] = lambda: False,
    has_copy: Callable[[Source], bool] = lambda _: True,
) -> list[UnlinkOutcome]:
    """Remove files durably; return their outcomes, in the order of the sources.

    It may be killed at any moment: called again with the same sources, it finishes what it had
    begun, with the same outcome. A file that has a source's aside name and is not the source is
    put back.

    Args:
        sources: Best sorted by folder: the disk is waited for once for neighbours in one folder.
        is_stopped: Asked before each piece of a file. Once it returns True, sources that are not
            removed yet are `blocked` by an `InterruptedError`.
        has_copy: Asked when a source has its aside name: do its bytes still exist where they are
            to stay?

    Raises:
        HostLimitError: A limit of this machine stops all work for now; sources that were not
            removed are still there.
    """
    outcomes: list[UnlinkOutcome] = []
    for (folder, _), group in groupby(sources, lambda source: (source.path.parent, source.folder)):
        outcomes += _unlink_in_folder(folder, list(group), is_stopped, has_copy)
    return outcomes


def put_back_source(path: Path, aside: str) -> Path:
    """Undo what a killed removal began; return where the file is now.

    This is its path, also if nothing was begun. If something else has the path now, it is the aside
    name in the same folder.

    Raises:
        OSError: The file cannot be renamed, or its folder is missing.
    """
    with open_folder(str(path.parent)) as folder:
        left_as = _put_back(folder, path, aside)
        folder.sync()
    return left_as or path


def _unlink_in_folder(
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
        if _exists(folder, source.aside):
            with _open_if_source(folder, source.aside, source, is_stopped) as found:
                return _remove_aside(folder, source, found, has_copy)
        if source.folder is None and not folder.has_own_path():
            folder.status(source.path.name)  # raises if nothing is there: then it is gone
            return UnlinkOutcome("changed")
        with _open_if_source(folder, source.path.name, source, is_stopped) as found:
            return _remove_by_name(folder, source, found, has_copy)
    except FileNotFoundError:
        return UnlinkOutcome("gone")
    except OSError as error:
        raise_host_limit(error)
        return UnlinkOutcome("blocked", error)


def _remove_by_name(
    folder: OpenFolder,
    source: Source,
    found: "_OpenSource | None",
    has_copy: Callable[[Source], bool],
) -> UnlinkOutcome:
    name = source.path.name
    if found is None:
        return UnlinkOutcome("changed")
    if rename_to_free(name, source.aside, folder):
        return _remove_aside(folder, source, found, has_copy)
    if not found.is_at(name):
        return UnlinkOutcome("changed")
    folder.unlink(name)
    return UnlinkOutcome("removed")


def _remove_aside(
    folder: OpenFolder,
    source: Source,
    found: "_OpenSource | None",
    has_copy: Callable[[Source], bool],
) -> UnlinkOutcome:
    is_source = found is not None and found.is_at(source.aside)
    if is_source and has_copy(source):
        folder.unlink(source.aside)
        return UnlinkOutcome("removed")
    left_as = _put_back(folder, source.path, source.aside)
    return UnlinkOutcome("copy" if is_source else "changed", left_as=left_as)


def _put_back(folder: OpenFolder, path: Path, aside: str) -> Path | None:
    """Rename a file from its aside name back; if its name is taken, return where it stays."""
    with suppress(FileNotFoundError):  # no file has the aside name, or not any more
        try:
            if not rename_to_free(aside, path.name, folder):
                raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
        except FileExistsError:
            return path.with_name(aside)
    return None


class _OpenSource:
    """An open file that matches a source."""

    def __init__(self, folder: OpenFolder, entry: Inode, fd: int) -> None:
        self._folder = folder
        self._entry = entry
        self._fd = fd
        self._reading = FileStat.of(os.fstat(fd))

    def is_at(self, name: str) -> bool:
        """Return whether it has this name and was not written to since it was opened."""
        is_same = FileStat.of(os.fstat(self._fd)).is_same_state(self._reading)
        return is_same and inode(self._folder.status(name)) == self._entry


@contextmanager
def _open_if_source(
    folder: OpenFolder, name: str, source: Source, is_stopped: Callable[[], bool]
) -> Iterator[_OpenSource | None]:
    """Open what has a name; yield it if it is the source, else None.

    Raises:
        FileNotFoundError: Nothing has the name.
        InterruptedError: `is_stopped` returned True.
        OSError: It cannot be read.
    """
    entry = folder.status(name)
    kind = stat.S_IFLNK if source.is_link else stat.S_IFREG
    if stat.S_IFMT(entry.st_mode) != kind:
        yield None
        return
    fd = open_in(folder, name, follows_links=source.is_link)
    try:
        found = _OpenSource(folder, inode(entry), fd)
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


def _exists(folder: OpenFolder, name: str) -> bool:
    try:
        folder.status(name)
    except FileNotFoundError:
        return False
    return True
