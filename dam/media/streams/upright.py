"""The turn that an MP4 or QuickTime file says for its pictures, read from its headers.

FFmpeg tells it of decoded frames only, and decoding one only for this would be dear.
"""

import struct
from typing import BinaryIO

from dam.media.structure.boxes import Boxes
from dam.media.structure.source import ByteSource

_MOST_BYTES = 4 << 20
_TRACK_HEADER_BYTES = 96
_ONE = 0x10000
_TURNS = {
    (_ONE, 0, 0, _ONE): 0,
    (0, _ONE, -_ONE, 0): 90,
    (-_ONE, 0, 0, -_ONE): 180,
    (0, -_ONE, _ONE, 0): 270,
    (-_ONE, 0, 0, _ONE): 180,  # this and the following are turned, and then upside down
    (_ONE, 0, 0, -_ONE): 0,
    (0, _ONE, _ONE, 0): 90,
    (0, -_ONE, -_ONE, 0): 270,
}


def turns_of_tracks(file: BinaryIO) -> dict[int, int]:
    """Return the turn of each track by its number: 0, 90, 180 or 270 degrees clockwise.

    A mirrored track is turned and then set upside down. Slanted tracks are left out, and so is all
    of a file that is damaged or of another format.
    """
    turns: dict[int, int] = {}
    source = ByteSource(file, _MOST_BYTES)
    for header in Boxes(source).at(b"moov", b"trak", b"tkhd"):
        turns.update(_turn(source.read(header.start, min(_TRACK_HEADER_BYTES, header.size))))
    return turns


def _turn(header: bytes) -> dict[int, int]:
    """Return the number and the turn of a track, given the content of its header."""
    is_long = header[:1] == b"\1"
    number_at, matrix_at = (20, 52) if is_long else (12, 40)
    if len(header) < matrix_at + 20:
        return {}
    number = int.from_bytes(header[number_at : number_at + 4], "big")
    a, b, _, c, d = struct.unpack_from(">5l", header, matrix_at)
    return {number: _TURNS[a, b, c, d]} if (a, b, c, d) in _TURNS else {}
