"""How long an animation runs, by its structure; nothing is decoded."""

import struct

from dam.media.structure.boxes import Boxes
from dam.media.structure.chunks import png_chunks, riff_chunks
from dam.media.structure.source import ByteSource

_TOO_SHORT_S, _INSTEAD_S = 0.011, 0.1
_MOST_TICKS = 1 << 50


def shown_s(seconds: float) -> float:
    """Return how long a frame is shown: players give one that asks for next to nothing 0.1 s."""
    return _INSTEAD_S if seconds < _TOO_SHORT_S else seconds


def duration_s(source: ByteSource, picture_format: str) -> float | None:
    """Return how long an animation runs, in seconds; None if its format does not say it."""
    look = {"PNG": _of_png, "WEBP": _of_webp, "AVIF": _of_boxes, "HEIF": _of_boxes}
    found = look.get(picture_format)
    return found(source) if found is not None else None


def _of_png(source: ByteSource) -> float | None:
    delays = [
        struct.unpack(">HH", source.read(start + 20, 4).ljust(4, b"\0"))
        for kind, start, _ in png_chunks(source)
        if kind == b"fcTL"
    ]
    return sum(shown_s(delay / (unit or 100)) for delay, unit in delays) or None


def _of_webp(source: ByteSource) -> float | None:
    delays = [
        int.from_bytes(source.read(start + 12, 3), "little")
        for kind, start, _ in riff_chunks(source)
        if kind == b"ANMF"
    ]
    return sum(shown_s(delay / 1000) for delay in delays) or None


def _of_boxes(source: ByteSource) -> float | None:
    """Return the longest duration of a track, as its media header says."""
    found: list[float] = []
    for header in Boxes(source).at(b"moov", b"trak", b"mdia", b"mdhd"):
        content = source.read(header.start, 32).ljust(32, b"\0")
        form, at = (">LQ", 20) if content[0] else (">LL", 12)
        unit, count = struct.unpack_from(form, content, at)
        if unit and count < _MOST_TICKS:
            found.append(count / unit)
    return max(found, default=None)
