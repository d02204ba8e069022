"""How long an animation runs, by its structure; nothing is decoded."""

import io
import struct
from typing import BinaryIO

_PNG_HEAD, _RIFF_HEAD, _FLI_HEAD = 8, 12, 128
_MOST_PARTS = 200_000
_TOO_SHORT_S, _INSTEAD_S = 0.011, 0.1
_FLI_TICKS = 70  # a second; newer files count milliseconds
_FLI = b"\x11\xaf"
_ISO_CONTAINERS = frozenset({b"moov", b"trak", b"mdia"})


def shown_s(seconds: float) -> float:
    """Return how long a frame is shown: players give one that asks for next to nothing 0.1 s."""
    return _INSTEAD_S if seconds < _TOO_SHORT_S else seconds


def duration_s(file: BinaryIO, picture_format: str) -> float | None:
    """Return how long an animation runs, in seconds; None if its format does not say it."""
    look = {"PNG": _of_png, "WEBP": _of_webp, "AVIF": _of_boxes, "HEIF": _of_boxes, "FLI": _of_fli}
    found = look.get(picture_format)
    return found(file) if found is not None else None


def _of_png(file: BinaryIO) -> float | None:
    file.seek(_PNG_HEAD)
    total, frames = 0.0, 0
    for _ in range(_MOST_PARTS):
        head = file.read(8)
        if len(head) < 8:  # noqa: PLR2004 - the head of a chunk
            break
        size, name = struct.unpack(">L4s", head)
        if name == b"fcTL":
            delay, unit = struct.unpack(">HH", file.read(26)[20:24].ljust(4, b"\0"))
            total += shown_s(delay / (unit or 100))
            frames += 1
            size -= 26
        file.seek(max(0, size) + 4, io.SEEK_CUR)
    return total if frames else None


def _of_webp(file: BinaryIO) -> float | None:
    file.seek(_RIFF_HEAD)
    total, frames = 0.0, 0
    for _ in range(_MOST_PARTS):
        head = file.read(8)
        if len(head) < 8:  # noqa: PLR2004 - the head of a chunk
            break
        name, size = struct.unpack("<4sL", head)
        following = file.tell() + size + size % 2
        if name == b"ANMF":
            total += shown_s(int.from_bytes(file.read(16)[12:15], "little") / 1000)
            frames += 1
        file.seek(following)
    return total if frames else None


def _of_fli(file: BinaryIO) -> float | None:
    file.seek(0)
    head = file.read(_FLI_HEAD)
    if len(head) < _FLI_HEAD:
        return None
    frames, speed = int.from_bytes(head[6:8], "little"), int.from_bytes(head[16:20], "little")
    return frames * speed / (_FLI_TICKS if head[4:6] == _FLI else 1000)


def _of_boxes(file: BinaryIO) -> float | None:
    """Return the longest duration of a track, as its media header says."""
    found: list[float] = []
    waiting, left = [(0, file.seek(0, io.SEEK_END))], _MOST_PARTS
    while waiting:
        at, end = waiting.pop()
        while at + 8 <= end and left:
            left -= 1
            file.seek(at)
            head = file.read(16)
            size, name, start = int.from_bytes(head[:4], "big"), head[4:8], at + 8
            if size == 1:
                size, start = int.from_bytes(head[8:16], "big"), at + 16
            size = size or end - at
            if size < start - at:
                break
            if name in _ISO_CONTAINERS:
                waiting.append((start, min(at + size, end)))
            elif name == b"mdhd":
                file.seek(start)
                found += _of_media_header(file.read(32).ljust(32, b"\0"))
            at += size
    return max(found, default=None)


def _of_media_header(box: bytes) -> list[float]:
    unit, count = struct.unpack_from(">LQ" if box[0] else ">LL", box, 20 if box[0] else 12)
    return [count / unit] if unit and count < 1 << 50 else []
