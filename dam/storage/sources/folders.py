"""Folders held open: what is done in one is done there, whatever has its path by now."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

Inode = tuple[int, int]
"""Device and inode: which file or folder it is, under whatever name, while this process runs."""

_READING = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_DIRECTORY", 0)
# To open what is in it, or to rename that, its own names need not be read, nor be allowed to.
_PASSING = _READING | getattr(os, "O_PATH", 0)
_HERE = -100  # fcntl.h: AT_FDCWD
_RENAME_NOREPLACE = 1
_NOT_TO_BE_HAD = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


class OtherFolderError(NotADirectoryError):
    """Another folder has the path by now, a link to one, or something else."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)


class OpenFolder:
    """A folder that was opened; names are looked up in it alone, and links are not followed.

    All its methods raise plain `OSError`. Where the system knows no such descriptors (Windows), it
    is whatever has the path.
    """

    def __init__(self, path: str, fd: int | None) -> None:
        self.path = path
        self.fd = fd

    def names(self) -> list[str]:
        """Return the names of all that is in it, in no order."""
        if self.fd is None:
            return os.listdir(self.path)  # noqa: PTH208 - bytes of names, and no more
        with self._readable() as fd:
            return os.listdir(fd)  # noqa: PTH208 - as above

    def status(self, name: str) -> os.stat_result:
        """Return what `lstat` says of a name in it."""
        return os.stat(self.at(name), dir_fd=self.fd, follow_symlinks=False)

    def unlink(self, name: str) -> None:
        """Remove a name that is no folder's."""
        os.unlink(self.at(name), dir_fd=self.fd)

    @property
    def lasting_path(self) -> Path:
        """A path of it as long as it is open in this process; its own where there is none such."""
        path = f"/proc/self/fd/{self.fd}"
        return Path(path if os.path.exists(path) else self.path)  # noqa: PTH110 - a descriptor's

    def has_own_path(self) -> bool:
        """Return whether its path still is its own, and not that of a link."""
        return self.fd is None or inode(os.lstat(self.path)) == inode(os.fstat(self.fd))

    def at(self, name: str) -> str:
        """Return how to name what is in it to a call that is given `fd` as its `dir_fd`."""
        return os.path.join(self.path, name) if self.fd is None else name  # noqa: PTH118

    def sync(self) -> None:
        """Wait until its names are on the disk; where it cannot be read, until all disks are."""
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
    """Open a folder, or what a link to one leads to, for what is done in the block.

    Args:
        path: Where it is.
        expected: Which one it must be.

    Raises:
        OtherFolderError: It is another one, or none.
        OSError: It cannot be opened; `FileNotFoundError` where nothing is there. That its names
            may not be read is found out by `names` alone.
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
    """Rename a file or folder, unless the new name is taken; return False where none can do that.

    Both are paths, or names in the folder.

    Raises:
        FileExistsError: The new name is taken.
        OSError: As of `rename`.
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
    """Return the system's call, which answers with the number of its error, or None."""
    if not hasattr(os, "O_DIRECTORY"):
        return None
    import ctypes  # noqa: PLC0415 - few commands rename anything

    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return None
    return lambda *arguments: 0 if call(*arguments) == 0 else ctypes.get_errno()


def inode(status: os.stat_result) -> Inode:
    """Return which file or folder a `stat` result is of."""
    return status.st_dev, status.st_ino
