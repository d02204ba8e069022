"""Blocks of metadata in boxes: HEIC, AVIF, JPEG XL, JPEG 2000 and Canon's CR3."""

from dam.media.camera.blocks import Blocks, without_exif_name
from dam.media.structure.boxes import Box, Boxes
from dam.media.structure.items import items_of
from dam.media.structure.source import ByteSource

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


def _take_items(boxes: Boxes, meta: Box, blocks: Blocks) -> None:
    """Take the items of a HEIF file that are EXIF or XMP."""
    for kind, content_type, extents in items_of(boxes, meta):
        is_xmp = content_type == b"application/rdf+xml"
        if kind == b"Exif" or is_xmp:
            parts = (boxes.source.read(at, min(size, _MOST_BLOCK_BYTES)) for at, size in extents)
            content = b"".join(parts)
            if is_xmp:
                blocks.add_xmp(content)
            else:
                _take_exif_item(content, blocks)
