"""Folders held open: work goes on in the opened folder, even if another one gets its path."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

Inode = tuple[int, int]
"""Device and inode: they identify a file or folder while this process runs, whatever its name."""

_READING = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_DIRECTORY", 0)
# Enough to open or rename something in the folder; the right to list the folder is not needed.
_PASSING = _READING | getattr(os, "O_PATH", 0)
_HERE = -100  # fcntl.h: AT_FDCWD
_RENAME_NOREPLACE = 1
_NOT_TO_BE_HAD = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


class OtherFolderError(NotADirectoryError):
    """Something else has the folder's path now: another folder, a link, or no folder at all."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)


class OpenFolder:
    """An open folder: names are looked up in this very folder, and links are not followed.

    All methods raise plain `OSError`. On Windows, which has no descriptors of folders, `fd` is None
    and names are looked up by the path, whatever has it.
    """

    def __init__(self, path: str, fd: int | None) -> None:
        self.path = path
        self.fd = fd

    def names(self) -> list[str]:
        """Return the names of everything in the folder, in no particular order."""
        if self.fd is None:
            return os.listdir(self.path)  # noqa: PTH208 - bytes of names, and no more
        with self._readable() as fd:
            return os.listdir(fd)  # noqa: PTH208 - as above

    def status(self, name: str) -> os.stat_result:
        """Return what `lstat` says of a name in the folder."""
        return os.stat(self.at(name), dir_fd=self.fd, follow_symlinks=False)

    def unlink(self, name: str) -> None:
        """Remove a name from the folder; it must not be a folder's."""
        os.unlink(self.at(name), dir_fd=self.fd)

    @property
    def lasting_path(self) -> Path:
        """A path that leads to this very folder while it is open, for this process alone.

        On systems without `/proc` it is the ordinary path.
        """
        path = f"/proc/self/fd/{self.fd}"
        return Path(path if os.path.exists(path) else self.path)  # noqa: PTH110 - a descriptor's

    def has_own_path(self) -> bool:
        """Return whether the path leads to this very folder, and not through a link at its end."""
        return self.fd is None or inode(os.lstat(self.path)) == inode(os.fstat(self.fd))

    def at(self, name: str) -> str:
        """Return how to name an entry of the folder to a call that gets `fd` as its `dir_fd`."""
        return os.path.join(self.path, name) if self.fd is None else name  # noqa: PTH118

    def sync(self) -> None:
        """Wait until the folder's names are on the disk.

        A folder that cannot be opened for reading cannot be synced alone: then all disks are.
        """
        if self.fd is None:
            return
        try:
            with self._readable() as fd:
                os.fsync(fd)
        except PermissionError:
            os.sync()

    @contextmanager
    def _readable(self) -> Iterator[int]:
        fd = os.open(".", _READING, dir_fd=self.fd)
        try:
            yield fd
        finally:
            os.close(fd)


@contextmanager
def open_folder(path: str, expected: Inode | None = None) -> Iterator[OpenFolder]:
    """Open a folder, or the one that a link leads to, until the end of the block.

    Args:
        path: The folder, or a link to it.
        expected: The folder that it must be; None allows any.

    Raises:
        OtherFolderError: The path leads to another folder, or to something else.
        OSError: The folder cannot be opened; `FileNotFoundError` if nothing is there. A folder that
            must not be listed can be opened; `names` raises then.
    """
    if not hasattr(os, "O_DIRECTORY"):
        yield OpenFolder(path, None)
        return
    try:
        fd = os.open(path, _PASSING)
    except NotADirectoryError as error:
        raise OtherFolderError(path) from error
    try:
        if expected is not None and inode(os.fstat(fd)) != expected:
            raise OtherFolderError(path)
        yield OpenFolder(path, fd)
    finally:
        os.close(fd)


def rename_to_free(
    name: str | Path, new_name: str | Path, folder: OpenFolder | None = None
) -> bool:
    """Rename a file or folder in one step, unless the new name is taken.

    Return True when it was renamed, False where the system or file system has no such rename; then
    nothing was changed.

    Args:
        name: A path, or the name of an entry of `folder`.
        new_name: Likewise.
        folder: None if the names are paths.

    Raises:
        FileExistsError: The new name is taken.
        OSError: Any other error of `rename`.
    """
    rename = _renameat2()
    if rename is None or (folder is not None and folder.fd is None):
        return False
    fd = _HERE if folder is None or folder.fd is None else folder.fd
    number = rename(fd, os.fsencode(name), fd, os.fsencode(new_name), _RENAME_NOREPLACE)
    if number == 0:
        return True
    if number in _NOT_TO_BE_HAD:
        return False
    raise OSError(number, os.strerror(number), os.fspath(name))


@cache
def _renameat2() -> Callable[[int, bytes, int, bytes, int], int] | None:
    """Return the system call `renameat2`, or None; it returns an error number, 0 for success."""
    if not hasattr(os, "O_DIRECTORY"):
        return None
    import ctypes  # noqa: PLC0415 - few commands rename anything

    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return None
    return lambda *arguments: 0 if call(*arguments) == 0 else ctypes.get_errno()


def inode(status: os.stat_result) -> Inode:
    """Return the identity of the file or folder that a `stat` result describes."""
    return status.st_dev, status.st_ino
