"""The size that a file says it has; a shorter file ends too early.

The decoders of these formats take whole files only, but are content with zeros for what is missing.
"""

import os
from typing import BinaryIO

from dam.media.structure.boxes import Boxes
from dam.media.structure.source import ByteSource

FILLED_FORMATS = frozenset({"WEBP", "AVIF", "HEIF", "JPEG2000"})
"""Pillow's names of these formats."""

_RIFF_HEAD = 8
_MOST_BYTES = 4 << 20
_BOXES_OF_PICTURES = (b"mdat", b"meta", b"jp2c")
_CODESTREAM, _TILE_PART, _END = b"\xff\x4f", b"\xff\x90", b"\xff\xd9"
_PART_HEAD = 12


def declared_bytes(file: BinaryIO, picture_format: str) -> int | None:
    """Return the size that a file says it has; None if it does not tell."""
    file.seek(0)
    head = file.read(_RIFF_HEAD)
    if picture_format == "WEBP":
        return _RIFF_HEAD + int.from_bytes(head[4:], "little")
    if picture_format not in FILLED_FORMATS:
        return None
    size = file.seek(0, os.SEEK_END)
    if head.startswith(_CODESTREAM):
        return _end_of_tile_parts(file, size)
    return _end_of_boxes(ByteSource(file, _MOST_BYTES))


def _end_of_boxes(source: ByteSource) -> int | None:
    """Return the end of the last box, as it says; None if that is not a part of the picture."""
    last = max(Boxes(source).top(), key=lambda box: box.start, default=None)
    return last.declared_end if last and last.kind in _BOXES_OF_PICTURES else None


def _end_of_tile_parts(file: BinaryIO, size: int) -> int | None:
    """Return the end of a bare JPEG 2000, as the last of its tile parts that begins says."""
    at = len(_CODESTREAM)
    while at < size:
        file.seek(at)
        head = file.read(_PART_HEAD)
        if head.startswith(_END):
            return at + len(_END)
        is_part = head.startswith(_TILE_PART)
        length = int.from_bytes(head[6:10] if is_part else head[2:4], "big")
        if length < len(_CODESTREAM):
            return None
        at += length if is_part else len(_CODESTREAM) + length
    return at + len(_END)
