"""What a walk saw of a file, by which whoever opens it later knows it again."""

import os
import stat
from pathlib import Path
from typing import NamedTuple

from dam.storage.folders import Inode


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


def find_file(path: Path) -> FoundFile:
    """Return what is found of one file that the user named; raise `OSError` where there is none."""
    status = path.lstat()
    is_link = stat.S_ISLNK(status.st_mode)
    folder = path.parent.stat()
    found = FoundFile.of(
        str(path), path.stat() if is_link else status, (folder.st_dev, folder.st_ino)
    )
    return found._replace(is_link=is_link)
