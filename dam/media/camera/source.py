"""`ByteSource`: reads parts of an open file, or of a block in memory, by their offsets."""

import io
import os
from dataclasses import dataclass
from typing import BinaryIO

_HEAD_BYTES = 64 << 10
_STEP_BYTES = 1 << 10
_TIMES_READ = 4  # a block in memory, whose parts may overlap


@dataclass
class _Budget:
    """The bytes that may still be read or returned."""

    left: int


class ByteSource:
    """Bytes that are read by offset; beyond their end, and beyond the limit, there is nothing.

    So an offset in a file may say what it wants: it costs no memory and ends no call with an error.

    Invariant: no more bytes than `most` are read or returned, with those of its parts, however
    often they are asked for. Bytes that are returned as they are read count once.
    """

    def __init__(
        self, file: BinaryIO, most: "int | _Budget", start: int = 0, size: int | None = None
    ) -> None:
        """Take an open file, or a part of it.

        Args:
            file: Seekable; its position is not kept.
            most: How many bytes may be read from it in all; parts of one file share what is left.
            start: Where the part begins.
            size: Of the part; None up to the end of the file.
        """
        there = max(0, file.seek(0, os.SEEK_END) - start)
        self.size = there if size is None else min(there, size)
        self._file = file
        self._start = start
        self._budget = most if isinstance(most, _Budget) else _Budget(most)
        self._at = 0
        self._window = self._fetch(0, _HEAD_BYTES)

    @classmethod
    def of(cls, content: bytes) -> "ByteSource":
        """Return a source of bytes that are in memory."""
        return cls(io.BytesIO(content), _TIMES_READ * (len(content) + _HEAD_BYTES))

    def part(self, start: int, size: int) -> "ByteSource":
        """Return a source of a part of these bytes."""
        if start < 0 or start >= self.size:
            return ByteSource.of(b"")
        left = min(size, self.size - start)
        return ByteSource(self._file, self._budget, self._start + start, left)

    def read(self, at: int, size: int) -> bytes:
        """Return up to this many bytes from an offset; fewer at the end."""
        if at < 0 or at >= self.size or size <= 0:
            return b""
        first = at - self._at
        if first < 0 or first + size > len(self._window):
            self._window, self._at = self._fetch(at, max(size, _STEP_BYTES)), at
            return self._window[:size]
        found = self._window[first : first + min(size, self._budget.left)]
        self._budget.left -= len(found)
        return found

    def number(self, at: int, size: int) -> int:
        """Return a big-endian unsigned number of this many bytes; 0 if it is not all there."""
        found = self.read(at, size)
        return int.from_bytes(found, "big") if len(found) == size else 0

    def _fetch(self, at: int, size: int) -> bytes:
        wanted = min(size, self._budget.left, self.size - at)
        if wanted <= 0:
            return b""
        self._file.seek(self._start + at)
        parts = []
        while wanted:  # an unbuffered file may return fewer bytes than are there
            some = self._file.read(wanted)
            if not some:
                break
            parts.append(some)
            wanted -= len(some)
        found = b"".join(parts)
        self._budget.left -= len(found)
        return found
