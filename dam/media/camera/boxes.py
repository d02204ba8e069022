"""Blocks of metadata in boxes: HEIC, AVIF, JPEG XL, JPEG 2000 and Canon's CR3."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from dam.media.camera.blocks import Blocks, without_exif_name
from dam.media.structure.boxes import Box, Boxes
from dam.media.structure.source import ByteSource

_MOST_ITEMS = 10_000
_MOST_BLOCK_BYTES = 8 << 20
_UUID_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_UUID_EXIF = b"JpgTiffExif->JP2"
_UUID_IPTC = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")
_UUID_CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_OF_CANON = {b"CMT1": "IFD0", b"CMT2": "ExifIFD", b"CMT4": "GPS"}


def box_blocks(source: ByteSource) -> Blocks:
    """Return the blocks of a file of boxes, one in another."""
    blocks, boxes = Blocks(), Boxes(source)
    for box in boxes.top():
        if box.kind == b"moov":
            for inner in boxes.inside(box):
                _take_uuid(boxes, inner, blocks)
        elif box.kind == b"meta":
            _take_items(boxes, box, blocks)
        elif box.kind == b"Exif":  # of JPEG XL
            _take_exif_item(_content(source, box), blocks)
        elif box.kind == b"xml ":
            blocks.add_xmp(_content(source, box))
        else:
            _take_uuid(boxes, box, blocks)
    return blocks


def _content(source: ByteSource, box: Box) -> bytes:
    return source.read(box.start, min(box.size, _MOST_BLOCK_BYTES))


def _take_uuid(boxes: Boxes, box: Box, blocks: Blocks) -> None:
    """Take what is in a box whose kind is a UUID."""
    if box.kind == _UUID_CANON:
        for inner in boxes.inside(box):
            if inner.kind in _OF_CANON:
                content = ByteSource.of(_content(boxes.source, inner))
                blocks.parts.setdefault(_OF_CANON[inner.kind], content)
    elif box.kind == _UUID_XMP:
        blocks.add_xmp(_content(boxes.source, box))
    elif box.kind == _UUID_EXIF:
        blocks.add_exif(_content(boxes.source, box))
    elif box.kind == _UUID_IPTC:
        blocks.iptc.append(_content(boxes.source, box))


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


def _take_items(boxes: Boxes, meta: Box, blocks: Blocks) -> None:
    """Take the items of a HEIF file that are EXIF or XMP."""
    source, inner = boxes.source, {box.kind: box for box in boxes.inside(meta, 4)}
    if b"iinf" not in inner or b"iloc" not in inner:
        return
    wanted = {
        item.number: item
        for item in _items(boxes, inner[b"iinf"])
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


def _items(boxes: Boxes, box: Box) -> Iterator[_Item]:
    wide = 4 if boxes.source.number(box.start, 1) else 2
    for entry in boxes.inside(box, 4 + wide):
        content = boxes.source.read(entry.start, min(entry.size, 1024))
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
    source: ByteSource, box: Box, wanted: Collection[int], data: int
) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Yield the extents of each wanted item, as offsets and sizes.

    Args:
        source: The file.
        box: Its box of locations.
        wanted: The numbers of items.
        data: Where the data begin that are in the box of items itself; 0 if there are none.
    """
    reader = _Reader(_content(source, box))
    version = reader.number(4) >> 24
    sizes = reader.number(2)
    offset_size, length_size = sizes >> 12, sizes >> 8 & 15
    base_size, index_size = sizes >> 4 & 15, sizes & 15 if version else 0
    wide = 2 if version < 2 else 4  # noqa: PLR2004 - of ids
    for _ in range(min(reader.number(wide), _MOST_ITEMS)):
        if reader.is_at_end():
            return
        number = reader.number(wide)
        is_inside = bool(version) and reader.number(2) & 15 == 1
        reader.number(2)
        base = reader.number(base_size) + (data if is_inside else 0)
        extents = []
        for _ in range(min(reader.number(2), _MOST_ITEMS)):
            if reader.is_at_end():
                return
            reader.number(index_size)
            offset = reader.number(offset_size)
            extents.append((base + offset, reader.number(length_size)))
        if number in wanted:
            yield number, extents
