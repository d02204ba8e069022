"""Blocks of metadata in raw files that are no TIFF: Fujifilm, Minolta and Sigma."""

from dam.media.camera.blocks import Blocks
from dam.media.camera.jpeg import jpeg_blocks
from dam.media.camera.source import ByteSource

_MOST_PARTS = 1000
_FUJIFILM_JPEG = 84
_SIGMA_JPEG = 28


def fujifilm_blocks(source: ByteSource) -> Blocks:
    """Return the blocks of a RAF: those of the JPEG in it."""
    start, size = source.number(_FUJIFILM_JPEG, 4), source.number(_FUJIFILM_JPEG + 4, 4)
    return jpeg_blocks(source.part(start, size))


def minolta_blocks(source: ByteSource) -> Blocks:
    """Return the blocks of an MRW: one of its parts is a TIFF."""
    blocks, at, end = Blocks(), 8, 8 + source.number(4, 4)
    for _ in range(_MOST_PARTS):
        if at >= end:
            break
        kind, size = source.read(at, 4), source.number(at + 4, 4)
        if kind == b"\0TTW":
            blocks.exif.append(source.part(at + 8, size))
        at += 8 + size
    return blocks


def sigma_blocks(source: ByteSource) -> Blocks:
    """Return the blocks of an X3F: those of the first JPEG in it that has some."""
    last = source.read(source.size - 4, 4)
    directory = int.from_bytes(last, "little")
    count = int.from_bytes(source.read(directory + 8, 4), "little")
    for number in range(min(count, _MOST_PARTS)):
        entry = source.read(directory + 12 + 12 * number, 12)
        start, size = int.from_bytes(entry[:4], "little"), int.from_bytes(entry[4:8], "little")
        head = source.read(start, _SIGMA_JPEG + 2)
        if head.startswith(b"SECi") and head[_SIGMA_JPEG:] == b"\xff\xd8":
            blocks = jpeg_blocks(source.part(start + _SIGMA_JPEG, size - _SIGMA_JPEG))
            if blocks.exif or blocks.xmp:
                return blocks
    return Blocks()
