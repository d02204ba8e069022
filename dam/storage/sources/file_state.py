"""What tells that a file's bytes are still those that were hashed."""

import os
from typing import NamedTuple


class FileState(NamedTuple):
    """What `stat` says of a file that no write leaves as it is; who sets a time back moves `ctime`.

    As long as two states are equal, so are the bytes. Device and inode may be those of another file
    after the next start of the system; then the times are others, too.
    """

    device: int
    inode: int
    size_bytes: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> "FileState":
        """Return the state that a `stat` result amounts to."""
        return cls(
            status.st_dev,
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        )
