"""Found files: what a walk notes of a file, so that the same file can be recognised later."""

import os
import stat
from pathlib import Path
from typing import NamedTuple

from dam.storage.sources.folders import Inode, inode


class FoundFile(NamedTuple):
    """A regular file as it was found; kept small, because a walk may be many files ahead.

    Attributes:
        path: Absolute; undecodable bytes are surrogates.
        size_bytes, mtime_ns, device, inode: Of the file.
        folder: The folder in which it was found.
        is_link: The path is a symbolic link to the file, which the user named explicitly.
    """

    path: str
    size_bytes: int
    mtime_ns: int
    device: int
    inode: int
    folder: Inode
    is_link: bool = False

    @classmethod
    def of(cls, path: str, status: os.stat_result, folder: Inode) -> "FoundFile":
        """Return the file that a `stat` result describes."""
        return cls(path, status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino, folder)

    def is_likely(self, status: os.stat_result) -> bool:
        """Return whether a `stat` result may be that of the file that was found.

        Device and inode decide. Where they differ, equal size and time are enough, because some
        file systems (vfat, FUSE) give a file a new inode number now and then.
        """
        if (status.st_dev, status.st_ino) == (self.device, self.inode):
            return True
        return (status.st_size, status.st_mtime_ns) == (self.size_bytes, self.mtime_ns)


class Named(NamedTuple):
    """What is at a path that the user named: a file, a folder or anything else.

    Attributes:
        status: Of what the path leads to, links followed.
        folder: The folder in which the path is.
        is_link: The path is a symbolic link.
    """

    status: os.stat_result
    folder: Inode
    is_link: bool

    def as_file(self, path: str) -> FoundFile:
        """Return it as a found file; the caller knows that it is a regular file."""
        return FoundFile.of(path, self.status, self.folder)._replace(is_link=self.is_link)


def look_at(path: str) -> Named:
    """Return what is at an absolute path; raise `OSError` if nothing is there."""
    # Strings, not `Path`: undecodable and hostile paths must stay as they are.
    status = os.lstat(path)
    is_link = stat.S_ISLNK(status.st_mode)
    folder = os.stat(os.path.dirname(path))  # noqa: PTH116, PTH120 - as above
    return Named(
        os.stat(path) if is_link else status,  # noqa: PTH116 - as above
        inode(folder),
        is_link,
    )


def find_file(path: Path) -> FoundFile:
    """Return a regular file at an absolute path; raise `OSError` if nothing is there."""
    return look_at(str(path)).as_file(str(path))
