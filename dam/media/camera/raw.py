"""Blocks of metadata in raw files that are no TIFF: Fujifilm, Minolta and Sigma."""

from dam.media.camera.blocks import Blocks
from dam.media.camera.jpeg import jpeg_blocks
from dam.media.structure.raw import minolta_parts, sigma_sections
from dam.media.structure.source import ByteSource

_FUJIFILM_JPEG = 84
_SIGMA_JPEG = 28


def fujifilm_blocks(source: ByteSource) -> Blocks:
    """Return the blocks of a RAF: those of the JPEG in it."""
    start, size = source.number(_FUJIFILM_JPEG, 4), source.number(_FUJIFILM_JPEG + 4, 4)
    return jpeg_blocks(source.part(start, size))


def minolta_blocks(source: ByteSource) -> Blocks:
    """Return the blocks of an MRW: one of its parts is a TIFF."""
    tiffs = [part for part in minolta_parts(source) if part.kind == b"\0TTW"]
    return Blocks(exif=[source.part(start, size) for _, start, size in tiffs])


def sigma_blocks(source: ByteSource) -> Blocks:
    """Return the blocks of an X3F: those of the first JPEG in it that has some."""
    for _, start, size in sigma_sections(source):
        head = source.read(start, _SIGMA_JPEG + 2)
        if head.startswith(b"SECi") and head[_SIGMA_JPEG:] == b"\xff\xd8":
            blocks = jpeg_blocks(source.part(start + _SIGMA_JPEG, size - _SIGMA_JPEG))
            if blocks.exif or blocks.xmp:
                return blocks
    return Blocks()
