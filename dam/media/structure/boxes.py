"""Walks the boxes of ISO base media: MP4, QuickTime, HEIC, AVIF, JPEG XL, JPEG 2000, CR3."""

from collections.abc import Iterator
from typing import NamedTuple

from dam.media.structure.source import ByteSource

_MOST_BOXES = 50_000
_DEEPEST = 8
_HEAD_BYTES, _LONG_HEAD_BYTES, _UUID_BYTES = 8, 16, 16
_LONG, _TO_THE_END = 1, 0  # in place of a size


class Box(NamedTuple):
    """A box, by its place in the file.

    Attributes:
        kind: Its four letters; of a box of kind `uuid`, the sixteen bytes of that.
        start: Where its content begins.
        end: Where its content ends, which is not behind the end of the box around it.
        declared_end: Where it ends as it says.
        depth: How many boxes are around it.
    """

    kind: bytes
    start: int
    end: int
    declared_end: int
    depth: int

    @property
    def size(self) -> int:
        """The size of its content."""
        return self.end - self.start


class Boxes:
    """The boxes of one file.

    Invariant: no more than 50,000 boxes are walked in all, and none that is in eight others, so a
    file of nothing but boxes ends soon.
    """

    def __init__(self, source: ByteSource) -> None:
        self.source = source
        self._left = _MOST_BOXES

    def top(self) -> Iterator[Box]:
        """Yield the boxes that are in no other; a damaged one is the end."""
        yield from self._walk(0, self.source.size, 0)

    def inside(self, box: Box, skipped: int = 0) -> Iterator[Box]:
        """Yield the boxes in a box, behind this many bytes of its content."""
        if box.depth + 1 < _DEEPEST:
            yield from self._walk(box.start + skipped, box.end, box.depth + 1)

    def at(self, *path: bytes, box: Box | None = None) -> Iterator[Box]:
        """Yield the boxes at a path of kinds, from the top or from inside a box.

        Example: `boxes.at(b"moov", b"trak", b"tkhd")` yields the header of each track.
        """
        for found in self.top() if box is None else self.inside(box):
            if found.kind == path[0]:
                if len(path) == 1:
                    yield found
                else:
                    yield from self.at(*path[1:], box=found)

    def _walk(self, at: int, end: int, depth: int) -> Iterator[Box]:
        while at < end and self._left > 0:
            self._left -= 1
            head = self.source.read(at, _LONG_HEAD_BYTES)
            if len(head) < _HEAD_BYTES:
                return
            size, kind, start = int.from_bytes(head[:4], "big"), head[4:8], at + _HEAD_BYTES
            if size == _LONG:
                size, start = int.from_bytes(head[8:], "big"), at + _LONG_HEAD_BYTES
            elif size == _TO_THE_END:
                size = end - at
            declared_end = at + size
            if declared_end < start:
                return
            if kind == b"uuid":
                kind, start = self.source.read(start, _UUID_BYTES), start + _UUID_BYTES
            yield Box(kind, start, max(start, min(declared_end, end)), declared_end, depth)
            at = declared_end
