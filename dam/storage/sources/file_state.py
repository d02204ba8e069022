"""File states: they tell whether a file's bytes are still the ones that were hashed."""

import os
from typing import NamedTuple


class FileState(NamedTuple):
    """The facts of `stat` that change with every write to a file.

    As long as two states are equal, the bytes are the same. A program that sets `mtime_ns` back
    changes `ctime_ns`. After a restart of the system, another file may have the same device and
    inode, but not the same times.
    """

    device: int
    inode: int
    size_bytes: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> "FileState":
        """Return the state in a `stat` result."""
        return cls(
            status.st_dev,
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        )
