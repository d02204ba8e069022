"""The turn that a Matroska file says for its pictures: the roll of its projection.

FFmpeg tells it of decoded frames only, as with MP4; see `dam.media.streams.upright`.
"""

import math
import struct
from collections.abc import Iterator
from typing import BinaryIO

_MOST_ELEMENTS = 10_000
_SEGMENT, _TRACKS, _CLUSTER = 0x18538067, 0x1654AE6B, 0x1F43B675
_TRACK, _TRACK_KIND, _VIDEO, _PROJECTION = 0xAE, 0x83, 0xE0, 0x7670
_PROJECTION_KIND, _YAW, _PITCH, _ROLL = 0x7671, 0x7673, 0x7674, 0x7675
_OF_PICTURES = 1
_FORMATS = {0: "", 4: ">f", 8: ">d"}
_QUARTER, _HALF, _WHOLE = 90, 180, 360
_Element = tuple[int, int, int]
"""The number of an element, and where its content begins and ends."""


def turns_of_pictures(file: BinaryIO) -> list[int]:
    """Return the turn of each track of pictures: 0, 90, 180 or 270 degrees clockwise.

    A mirrored track is turned and then set upside down. Slanted and round pictures have the
    turn 0. Of a file that is damaged or of another format, the list breaks off.
    """
    budget = [_MOST_ELEMENTS]
    end = file.seek(0, 2)
    return [
        _turn(file, track, budget)
        for segment in _inside(file, (0, 0, end), _SEGMENT, budget)
        for tracks in _inside(file, segment, _TRACKS, budget)
        for track in _inside(file, tracks, _TRACK, budget)
        if _number(file, track, _TRACK_KIND, budget) == _OF_PICTURES
    ]


def _turn(file: BinaryIO, track: _Element, budget: list[int]) -> int:
    for video in _inside(file, track, _VIDEO, budget):
        for projection in _inside(file, video, _PROJECTION, budget):
            yaw, pitch, roll = (
                _real(file, projection, kind, budget) for kind in (_YAW, _PITCH, _ROLL)
            )
            is_flat = _number(file, projection, _PROJECTION_KIND, budget) == 0 == pitch
            if is_flat and abs(yaw) in (0, _HALF) and roll % _QUARTER == 0:
                return int(abs(yaw) - roll) % _WHOLE  # a roll is counter-clockwise
    return 0


def _inside(file: BinaryIO, parent: _Element, wanted: int, budget: list[int]) -> Iterator[_Element]:
    """Yield the elements of a kind in another one; those behind the first cluster are not read."""
    _, at, end = parent
    while at < end and budget[0] > 0:
        budget[0] -= 1
        file.seek(at)
        head = file.read(12)
        id_bytes = 9 - (head[0] if head else 0).bit_length()
        size_bytes = 9 - (head[id_bytes] if len(head) > id_bytes else 0).bit_length()
        if id_bytes > 4 or size_bytes > 8 or len(head) < id_bytes + size_bytes:  # noqa: PLR2004 - the longest
            return
        kind = int.from_bytes(head[:id_bytes], "big")
        start = at + id_bytes + size_bytes
        unknown = (1 << 7 * size_bytes) - 1
        size = int.from_bytes(head[id_bytes : id_bytes + size_bytes], "big") & unknown
        stop = end if size == unknown else min(end, start + size)
        if kind == _CLUSTER:
            return
        if kind == wanted:
            yield kind, start, stop
        at = stop


def _number(file: BinaryIO, parent: _Element, wanted: int, budget: list[int]) -> int:
    return int.from_bytes(_content(file, parent, wanted, budget), "big")


def _real(file: BinaryIO, parent: _Element, wanted: int, budget: list[int]) -> float:
    """Return a number, 0 if it is not there, and none of all numbers if it is absurd."""
    content = _content(file, parent, wanted, budget)
    form = _FORMATS.get(len(content))
    if form is None:
        return math.nan
    value: float = struct.unpack(form, content)[0] if form else 0.0
    return value if math.isfinite(value) else math.nan


def _content(file: BinaryIO, parent: _Element, wanted: int, budget: list[int]) -> bytes:
    for _, start, stop in _inside(file, parent, wanted, budget):
        file.seek(start)
        return file.read(min(stop - start, 8))
    return b""
