"""What a walk saw of a file, by which whoever opens it later knows it again."""

import os
import stat
from pathlib import Path
from typing import NamedTuple

from dam.storage.sources.folders import Inode, inode


class FoundFile(NamedTuple):
    """A regular file as it was found; small, because many are on their way at once.

    Attributes:
        path: Absolute, undecodable bytes as surrogates.
        size_bytes, mtime_ns, device, inode: Of the file.
        folder: Which folder it was found in.
        is_link: The path is that of a link to the file, which the user named himself.
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
        """Return what a `stat` result says of a file."""
        return cls(path, status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino, folder)

    def is_likely(self, status: os.stat_result) -> bool:
        """Return whether this may be the file that was found.

        Some file systems (vfat, FUSE) give a file another inode when they have forgotten it; then
        its size and time decide.
        """
        if (status.st_dev, status.st_ino) == (self.device, self.inode):
            return True
        return (status.st_size, status.st_mtime_ns) == (self.size_bytes, self.mtime_ns)


class Named(NamedTuple):
    """What is at a path that the user named, of whatever kind.

    Attributes:
        status: Of what the path leads to.
        folder: Which folder the path is in.
        is_link: The path is that of a link.
    """

    status: os.stat_result
    folder: Inode
    is_link: bool

    def as_file(self, path: str) -> FoundFile:
        """Return it as a regular file, which it is."""
        return FoundFile.of(path, self.status, self.folder)._replace(is_link=self.is_link)


def look_at(path: str) -> Named:
    """Return what is at an absolute path; raise `OSError` where nothing is."""
    # Strings: undecodable and hostile paths.
    status = os.lstat(path)
    is_link = stat.S_ISLNK(status.st_mode)
    folder = os.stat(os.path.dirname(path))  # noqa: PTH116, PTH120 - as above
    return Named(
        os.stat(path) if is_link else status,  # noqa: PTH116 - as above
        inode(folder),
        is_link,
    )


def find_file(path: Path) -> FoundFile:
    """Return what is found of one file that the user named; raise `OSError` where there is none."""
    return look_at(str(path)).as_file(str(path))
