"""The items of a HEIF or AVIF file: pictures, their parts, and blocks of metadata."""

from collections.abc import Iterator
from typing import NamedTuple

from dam.media.structure.boxes import Box, Boxes
from dam.media.structure.source import ByteSource

_MOST_EXTENTS = 50_000
_MOST_TABLE_BYTES = 8 << 20
_ENTRY_BYTES = 1024


class Extent(NamedTuple):
    """A part of an item: its place in the file."""

    start: int
    size: int


class Item(NamedTuple):
    """An item of a HEIF file.

    Attributes:
        kind: Its four letters, such as `Exif`, or `hvc1` for pixels.
        content_type: Of an item of the kind `mime`.
        extents: Where its bytes are, in their order.
    """

    kind: bytes
    content_type: bytes
    extents: tuple[Extent, ...]


def items_of(boxes: Boxes, meta: Box) -> Iterator[Item]:
    """Yield the items that a box of the kind `meta` lists, if it says where they are.

    No more than 50,000 extents are read in all.
    """
    inner = {box.kind: box for box in boxes.inside(meta, 4)}
    if b"iinf" not in inner or b"iloc" not in inner:
        return
    named = dict(_names(boxes, inner[b"iinf"]))
    data = inner[b"idat"].start if b"idat" in inner else 0
    for number, extents in _locations(boxes.source, inner[b"iloc"], data):
        if number in named:
            yield Item(*named[number], extents)


def _names(boxes: Boxes, box: Box) -> Iterator[tuple[int, tuple[bytes, bytes]]]:
    """Yield the number, kind and content type of each item."""
    wide = 4 if boxes.source.number(box.start, 1) else 2
    for entry in boxes.inside(box, 4 + wide):
        content = boxes.source.read(entry.start, min(entry.size, _ENTRY_BYTES))
        version = content[0] if content else 0
        wide = 4 if version == 3 else 2  # noqa: PLR2004 - of ids
        if entry.kind != b"infe" or version < 2 or len(content) < 10 + wide:  # noqa: PLR2004
            continue
        number = int.from_bytes(content[4 : 4 + wide], "big")
        names = content[10 + wide :].split(b"\0")
        content_type = names[1] if len(names) > 1 else b""
        yield number, (content[6 + wide : 10 + wide], content_type)


class _Reader:
    """Reads numbers one after another."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def number(self, size: int) -> int:
        at, self._at = self._at, self._at + size
        return int.from_bytes(self._content[at : at + size], "big")

    def is_at_end(self) -> bool:
        return self._at >= len(self._content)


def _locations(source: ByteSource, box: Box, data: int) -> Iterator[tuple[int, tuple[Extent, ...]]]:
    """Yield the number and the extents of each item.

    Args:
        source: The file.
        box: Its box of locations.
        data: Where the data begin that are in the box of items itself; 0 if there are none.
    """
    reader = _Reader(source.read(box.start, min(box.size, _MOST_TABLE_BYTES)))
    version = reader.number(4) >> 24
    sizes, left = reader.number(2), _MOST_EXTENTS
    offset_size, length_size = sizes >> 12, sizes >> 8 & 15
    base_size, index_size = sizes >> 4 & 15, sizes & 15 if version else 0
    wide = 2 if version < 2 else 4  # noqa: PLR2004 - of ids
    for _ in range(reader.number(wide)):
        number = reader.number(wide)
        is_inside = bool(version) and reader.number(2) & 15 == 1
        reader.number(2)
        base = reader.number(base_size) + (data if is_inside else 0)
        count, extents = reader.number(2), []
        for _ in range(min(count, left)):
            reader.number(index_size)
            offset = reader.number(offset_size)
            extents.append(Extent(base + offset, reader.number(length_size)))
        left -= count
        yield number, tuple(extents)
        if left <= 0 or reader.is_at_end():
            return
