"""Pictures without their pixels, for decoders that want a whole file only to read its headers."""

import io
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from dam.media.structure.boxes import Boxes
from dam.media.structure.chunks import riff_chunks
from dam.media.structure.items import items_of
from dam.media.structure.source import ByteSource

_MOST_BYTES = 8 << 20
_KEPT_HEAD = 4096  # of what is coded: it may say more about the pixels
_FRAME, _FRAME_HEAD = b"ANMF", 16
_CODED_CHUNKS = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_CODED_ITEMS = frozenset({b"hvc1", b"av01", b"avc1", b"jpeg", b"j2k1", b"vvc1", b"evc1", b"unci"})


class _Span(NamedTuple):
    start: int
    end: int


def outline(file: BinaryIO, picture_format: str) -> BinaryIO:
    """Return a file with zeros in place of its pixels, of which next to nothing was read.

    Files of other formats than WebP, AVIF and HEIF are returned as they are, since their decoders
    read no further than they need.
    """
    find = _FINDERS.get(picture_format)
    if find is None:
        return file
    source = ByteSource(file, _MOST_BYTES)
    parts, at = [], 0
    for start, end in sorted(find(source)):
        if start >= at and end > start:
            parts += [_bytes(file, at, start), bytes(end - start)]
            at = end
    parts.append(_bytes(file, at, source.size))
    return io.BytesIO(b"".join(parts))


def _bytes(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(end - start)


def _of_webp(source: ByteSource) -> Iterator[_Span]:
    for kind, start, size in riff_chunks(source):
        end = min(start + size, source.size)
        inner = riff_chunks(source, start + _FRAME_HEAD, end) if kind == _FRAME else ()
        for name, inner_start, inner_size in [(kind, start, size), *inner]:
            if name in _CODED_CHUNKS:
                yield _Span(inner_start + _KEPT_HEAD, min(inner_start + inner_size, end))


def _of_boxes(source: ByteSource) -> Iterator[_Span]:
    boxes = Boxes(source)
    for meta in boxes.at(b"meta"):
        for kind, _, extents in items_of(boxes, meta):
            if kind in _CODED_ITEMS:
                for start, size in extents:
                    yield _Span(start + _KEPT_HEAD, min(start + size, source.size))


_FINDERS: dict[str, Callable[[ByteSource], Iterator[_Span]]] = {
    "WEBP": _of_webp,
    "AVIF": _of_boxes,
    "HEIF": _of_boxes,
}
