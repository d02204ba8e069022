"""Walks the parts of a GIF: its frames and extensions."""

from collections.abc import Iterator
from typing import NamedTuple

from dam.media.structure.source import ByteSource

FRAME, CONTROL, COMMENT, APPLICATION = 0x2C, 0xF9, 0xFE, 0xFF
"""Kinds of parts; the last three are extensions."""

_EXTENSION = 0x21
_MOST_SUB_BLOCKS = 4_000_000
_SCREEN_BYTES, _FRAME_BYTES, _FLAGS_AT = 13, 10, 10
_HAS_COLOURS = 0x80


class Part(NamedTuple):
    """A frame or an extension of a GIF.

    Attributes:
        kind: `FRAME`, or the number of the extension.
        start: Where the first of its sub-blocks begins: a byte with its size, and that many bytes.
        end: Where the last one ends, which has a size of zero; the end of a file that is cut off.
    """

    kind: int
    start: int
    end: int


def gif_parts(source: ByteSource) -> Iterator[Part]:
    """Yield the frames and extensions of a GIF; damage is the end.

    Of a file with more than 4,000,000 sub-blocks, about a gigabyte, those in front are walked.
    """
    at, left = _SCREEN_BYTES + _colour_bytes(source.number(_FLAGS_AT, 1)), _MOST_SUB_BLOCKS
    while left > 0:
        head = source.read(at, 2)
        if len(head) == 2 and head[0] == _EXTENSION:  # noqa: PLR2004 - mark and kind
            kind, start = head[1], at + 2
        elif head[:1] == bytes([FRAME]):
            flags = source.number(at + _FRAME_BYTES - 1, 1)
            kind, start = FRAME, at + _FRAME_BYTES + _colour_bytes(flags) + 1
        else:
            return
        at = start
        while size := source.number(at, 1):
            at += 1 + size
            left -= 1
            if left <= 0:
                break
        at, left = at + 1, left - 1
        yield Part(kind, start, min(at, source.size))


def _colour_bytes(flags: int) -> int:
    """Return the size of a table of colours, by the flags of a screen or a frame."""
    return 3 << (flags & 7) + 1 if flags & _HAS_COLOURS else 0
