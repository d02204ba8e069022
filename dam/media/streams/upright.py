"""The turn that an MP4 or QuickTime file says for its pictures, read from its headers.

FFmpeg tells it of decoded frames only, and decoding one only for this would be dear.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

_MOST_BOXES = 10_000
_HEADER = struct.Struct(">L4s")
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


class _Box(NamedTuple):
    kind: bytes
    start: int
    end: int


def turns_of_tracks(file: BinaryIO) -> dict[int, int]:
    """Return the turn of each track by its number: 0, 90, 180 or 270 degrees clockwise.

    A mirrored track is turned and then set upside down. Slanted tracks are left out, and so is all
    of a file that is damaged or of another format.
    """
    turns: dict[int, int] = {}
    end = file.seek(0, 2)
    budget = [_MOST_BOXES]
    for movie in _boxes(file, 0, end, b"moov", budget):
        for track in _boxes(file, movie.start, movie.end, b"trak", budget):
            for header in _boxes(file, track.start, track.end, b"tkhd", budget):
                file.seek(header.start)
                turns.update(_turn(file.read(min(_TRACK_HEADER_BYTES, header.end - header.start))))
    return turns


def _boxes(file: BinaryIO, at: int, end: int, kind: bytes, budget: list[int]) -> Iterator[_Box]:
    """Yield the boxes of a kind between two places of a file."""
    while at + _HEADER.size <= end and budget[0] > 0:
        budget[0] -= 1
        file.seek(at)
        head = file.read(16)
        if len(head) < _HEADER.size:
            return
        size, found = _HEADER.unpack_from(head)
        start = at + _HEADER.size
        if size == 1 and len(head) == 16:  # noqa: PLR2004 - with a size of 64 bits
            size = int.from_bytes(head[8:], "big")
            start += 8
        stop = end if size == 0 else at + size
        if stop < start:
            return
        if found == kind:
            yield _Box(found, start, min(stop, end))
        at = stop


def _turn(header: bytes) -> dict[int, int]:
    """Return the number and the turn of a track, given the content of its header."""
    is_long = header[:1] == b"\1"
    number_at, matrix_at = (20, 52) if is_long else (12, 40)
    if len(header) < matrix_at + 20:
        return {}
    number = int.from_bytes(header[number_at : number_at + 4], "big")
    a, b, _, c, d = struct.unpack_from(">5l", header, matrix_at)
    return {number: _TURNS[a, b, c, d]} if (a, b, c, d) in _TURNS else {}
