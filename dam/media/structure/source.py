"""`ByteSource`: reads parts of an open file, or of a block in memory, by their offsets."""

import io
import os
from dataclasses import dataclass
from typing import BinaryIO

_HEAD_BYTES = 64 << 10
_NEAR_BYTES = 64
_LEAST_AHEAD, _MOST_AHEAD = 256, 64 << 10
_CHEAP_BYTES, _CHEAP_AHEAD = 128 << 10, 16 << 10
_TIMES_READ = 4  # a block in memory, whose parts may overlap
_NONE = -1


@dataclass
class _Budget:
    """The bytes that may still be read or returned."""

    left: int


class ByteSource:
    """Bytes that are read by offset; beyond their end, and beyond the limit, there is nothing.

    So an offset in a file may say what it wants: it costs no memory and ends no call with an error.
    The head is read at once. A reader that reads on is given more and more at a time; one that
    skips is given some more as well, but no more than it asks for once 128 KiB were read.

    Invariant: no more bytes than `most` are read or returned, with those of its parts, however
    often they are asked for. Bytes that are returned as they are read count once.
    """

    def __init__(
        self, file: BinaryIO, most: "int | _Budget", start: int = 0, size: int | None = None
    ) -> None:
        """Take an open file, or a part of it.

        Args:
            file: Seekable; its position changes only if it has no descriptor.
            most: How many bytes may be read from it in all; parts of one file share what is left.
            start: Where the part begins.
            size: Of the part; None up to the end of the file.
        """
        self._file = file
        self._descriptor = _descriptor_of(file)
        there = max(0, self._size_of_file() - start)
        self.size = there if size is None else min(there, size)
        self._start = start
        self._budget = most if isinstance(most, _Budget) else _Budget(most)
        self._at = 0
        self._window = b""
        self._read_up_to = 0
        self._ahead = self._fetched = 0

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
        first, is_near = at - self._at, 0 <= at - self._read_up_to < _NEAR_BYTES
        self._read_up_to = at + size
        if first < 0 or first + size > len(self._window):
            self._ahead = min(2 * self._ahead or _LEAST_AHEAD, _MOST_AHEAD) if is_near else 0
            self._window, self._at = self._fetch(at, max(size, self._ahead, self._spare(at))), at
            return self._window[:size]
        found = self._window[first : first + min(size, self._budget.left)]
        self._budget.left -= len(found)
        return found

    def number(self, at: int, size: int) -> int:
        """Return a big-endian unsigned number of this many bytes; 0 if it is not all there."""
        found = self.read(at, size)
        return int.from_bytes(found, "big") if len(found) == size else 0

    def _size_of_file(self) -> int:
        if self._descriptor == _NONE:
            return self._file.seek(0, os.SEEK_END)
        return os.fstat(self._descriptor).st_size

    def _spare(self, at: int) -> int:
        """Return how many bytes are worth reading though perhaps nobody wants them."""
        if self._fetched >= _CHEAP_BYTES:
            return 0
        return _CHEAP_AHEAD if at else _HEAD_BYTES

    def _fetch(self, at: int, size: int) -> bytes:
        wanted = min(size, self._budget.left, self.size - at)
        if wanted <= 0:
            return b""
        found = self._read_file(self._start + at, wanted)
        self._budget.left -= len(found)
        self._fetched += len(found)
        return found

    def _read_file(self, at: int, wanted: int) -> bytes:
        parts = []
        if self._descriptor == _NONE:
            self._file.seek(at)
        while wanted:  # an unbuffered file may return fewer bytes than are there
            if self._descriptor == _NONE:
                some = self._file.read(wanted)
            else:  # past the buffer of the file, which would read more
                some = os.pread(self._descriptor, wanted, at)
            if not some:
                break
            parts.append(some)
            at += len(some)
            wanted -= len(some)
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _descriptor_of(file: BinaryIO) -> int:
    """Return the descriptor of a file, if the system reads at offsets of it."""
    raw = file.raw if isinstance(file, io.BufferedReader) else file
    return raw.fileno() if isinstance(raw, io.FileIO) and hasattr(os, "pread") else _NONE
