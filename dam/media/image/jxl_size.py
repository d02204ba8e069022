"""The size of a JPEG XL picture, from its header: its decoder decodes all to tell it."""

import struct
from typing import BinaryIO

_START, _CONTAINER = b"\xff\x0a", b"\0\0\0\x0cJXL "
_MOST_BOXES, _HEAD_BYTES = 64, 16
_BITS = (9, 13, 18, 30)
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


def declared_pixels(file: BinaryIO) -> int | None:
    """Return width times height as the header says; None if there is none.

    Source: ISO/IEC 18181-1, SizeHeader.
    """
    head = _codestream(file)
    if head is None:
        return None
    bits, at = int.from_bytes(head[2:], "little"), 0

    def read(count: int) -> int:
        nonlocal at
        found = bits >> at & (1 << count) - 1
        at += count
        return found

    def side(*, is_small: bool) -> int:
        return 8 * (1 + read(5)) if is_small else 1 + read(_BITS[read(2)])

    is_small = bool(read(1))
    height, ratio = side(is_small=is_small), read(3)
    if ratio == 0:
        return height * side(is_small=is_small)
    across, down = _RATIOS[ratio - 1]
    return height * (height * across // down)


def _codestream(file: BinaryIO) -> bytes | None:
    """Return the beginning of the picture itself, which may be in a box of a container."""
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    if head.startswith(_START):
        return head
    if not head.startswith(_CONTAINER):
        return None
    at = 0
    for _ in range(_MOST_BOXES):
        file.seek(at)
        box = file.read(16)
        if len(box) < 16:  # noqa: PLR2004 - a size, a name and a long size
            return None
        size, name = struct.unpack_from(">L4s", box)
        header = 8
        if size == 1:
            (size,), header = struct.unpack_from(">Q", box, 8), 16
        if name in (b"jxlc", b"jxlp"):
            file.seek(at + header + (4 if name == b"jxlp" else 0))
            found = file.read(_HEAD_BYTES)
            return found if found.startswith(_START) else None
        if size < header or size > 1 << 40:
            return None
        at += size
    return None
