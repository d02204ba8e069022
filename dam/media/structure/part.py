"""`part_of`: a part of an open file, as a file."""

import io
from typing import Any, BinaryIO


class _Part(io.RawIOBase):
    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file = file
        self._start = start
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - anything that takes bytes
        self._file.seek(self._start + self._at)
        found = self._file.read(min(len(buffer), max(0, self._size - self._at)))
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)


def part_of(file: BinaryIO, start: int, size: int) -> BinaryIO:
    """Return a part of an open file, as a file that is read no further than it is asked for.

    The position of the file moves with that of the part, which must not be used after it is closed.

    Args:
        file: Open for reading, and seekable.
        start: Where the part begins.
        size: How long it is at most; it may end behind the end of the file.
    """
    return io.BufferedReader(_Part(file, start, size))
