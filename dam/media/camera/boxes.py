"""Blocks of metadata in boxes: HEIC, AVIF, JPEG XL, JPEG 2000 and Canon's CR3."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from dam.media.camera.blocks import Blocks, without_exif_name
from dam.media.camera.source import ByteSource

_MOST_BOXES = 10_000
_MOST_BLOCK_BYTES = 8 << 20
_DEEPEST = 4
_UUID_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_UUID_EXIF = b"JpgTiffExif->JP2"
_UUID_IPTC = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")
_UUID_CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_OF_CANON = {b"CMT1": "IFD0", b"CMT2": "ExifIFD", b"CMT4": "GPS"}


class _Box(NamedTuple):
    kind: bytes
    start: int
    end: int


def box_blocks(source: ByteSource) -> Blocks:
    """Return the blocks of a file of boxes, one in another."""
    blocks = Blocks()
    _walk(source, 0, source.size, blocks, 0)
    return blocks


def _boxes(source: ByteSource, at: int, end: int) -> Iterator[_Box]:
    for _ in range(_MOST_BOXES):
        head = source.read(at, 16)
        if at >= end or len(head) < 8:  # noqa: PLR2004 - size and kind
            return
        size, start = int.from_bytes(head[:4], "big"), at + 8
        if size == 1:  # the size is in the next eight bytes
            size, start = int.from_bytes(head[8:16], "big"), at + 16
        elif size == 0:  # up to the end
            size = end - at
        if at + size < start:
            return
        yield _Box(head[4:8], start, min(at + size, end))
        at += size


def _walk(source: ByteSource, at: int, end: int, blocks: Blocks, depth: int) -> None:
    for box in _boxes(source, at, end):
        size = box.end - box.start
        if box.kind == b"moov" and depth < _DEEPEST:
            _walk(source, box.start, box.end, blocks, depth + 1)
        elif box.kind == b"meta" and depth == 0:
            _take_items(source, box, blocks)
        elif box.kind == b"uuid":
            _take_uuid(source, box, blocks, depth)
        elif box.kind in _OF_CANON and depth:
            content = source.read(box.start, min(size, _MOST_BLOCK_BYTES))
            blocks.parts.setdefault(_OF_CANON[box.kind], ByteSource.of(content))
        elif box.kind == b"Exif" and depth == 0:  # of JPEG XL
            _take_exif_item(source.read(box.start, min(size, _MOST_BLOCK_BYTES)), blocks)
        elif box.kind == b"xml " and depth == 0:
            blocks.add_xmp(source.read(box.start, min(size, _MOST_BLOCK_BYTES)))


def _take_uuid(source: ByteSource, box: _Box, blocks: Blocks, depth: int) -> None:
    uuid, start = source.read(box.start, 16), box.start + 16
    if uuid == _UUID_CANON and depth < _DEEPEST:
        _walk(source, start, box.end, blocks, depth + 1)
        return
    if uuid not in (_UUID_XMP, _UUID_EXIF, _UUID_IPTC):
        return
    content = source.read(start, min(box.end - start, _MOST_BLOCK_BYTES))
    if uuid == _UUID_XMP:
        blocks.add_xmp(content)
    elif uuid == _UUID_EXIF:
        blocks.add_exif(content)
    else:
        blocks.iptc.append(content)


def _take_exif_item(content: bytes, blocks: Blocks) -> None:
    """Take EXIF behind the four bytes that say where its header begins; some programs omit them."""
    skipped = 4 + int.from_bytes(content[:4], "big")
    for start in (skipped, 4, 0):
        found = without_exif_name(content[start:])
        if found[:2] in (b"II", b"MM"):
            blocks.add_exif(found)
            return


class _Item(NamedTuple):
    number: int
    kind: bytes
    content_type: bytes


def _take_items(source: ByteSource, meta: _Box, blocks: Blocks) -> None:
    """Take the items of a HEIF file that are EXIF or XMP."""
    inner = {box.kind: box for box in _boxes(source, meta.start + 4, meta.end)}
    if b"iinf" not in inner or b"iloc" not in inner:
        return
    wanted = {
        item.number: item
        for item in _items(source, inner[b"iinf"])
        if item.kind == b"Exif" or item.content_type == b"application/rdf+xml"
    }
    if not wanted:
        return
    data = inner[b"idat"].start if b"idat" in inner else 0
    for number, extents in _locations(source, inner[b"iloc"], wanted.keys(), data):
        content = b"".join(source.read(at, min(size, _MOST_BLOCK_BYTES)) for at, size in extents)
        if wanted[number].kind == b"Exif":
            _take_exif_item(content, blocks)
        else:
            blocks.add_xmp(content)


def _items(source: ByteSource, box: _Box) -> Iterator[_Item]:
    wide = 4 if source.number(box.start, 1) else 2
    for entry in _boxes(source, box.start + 4 + wide, box.end):
        content = source.read(entry.start, min(entry.end - entry.start, 1024))
        version = content[0] if content else 0
        wide = 4 if version == 3 else 2  # noqa: PLR2004 - of ids
        if entry.kind != b"infe" or version < 2 or len(content) < 10 + wide:  # noqa: PLR2004
            continue
        number = int.from_bytes(content[4 : 4 + wide], "big")
        names = content[10 + wide :].split(b"\0")
        content_type = names[1] if len(names) > 1 else b""
        yield _Item(number, content[6 + wide : 10 + wide], content_type)


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


def _locations(
    source: ByteSource, box: _Box, wanted: Collection[int], data: int
) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Yield the extents of each wanted item, as offsets and sizes.

    Args:
        source: The file.
        box: Its box of locations.
        wanted: The numbers of items.
        data: Where the data begin that are in the box of items itself; 0 if there are none.
    """
    reader = _Reader(source.read(box.start, min(box.end - box.start, _MOST_BLOCK_BYTES)))
    version = reader.number(4) >> 24
    sizes = reader.number(2)
    offset_size, length_size = sizes >> 12, sizes >> 8 & 15
    base_size, index_size = sizes >> 4 & 15, sizes & 15 if version else 0
    wide = 2 if version < 2 else 4  # noqa: PLR2004 - of ids
    for _ in range(min(reader.number(wide), _MOST_BOXES)):
        if reader.is_at_end():
            return
        number = reader.number(wide)
        is_inside = bool(version) and reader.number(2) & 15 == 1
        reader.number(2)
        base = reader.number(base_size) + (data if is_inside else 0)
        extents = []
        for _ in range(min(reader.number(2), _MOST_BOXES)):
            if reader.is_at_end():
                return
            reader.number(index_size)
            offset = reader.number(offset_size)
            extents.append((base + offset, reader.number(length_size)))
        if number in wanted:
            yield number, extents
