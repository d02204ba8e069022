"""Walks the image resources of Photoshop, which are in PSD, JPEG, TIFF and PNG."""

from collections.abc import Iterator
from typing import NamedTuple

from dam.media.structure.source import ByteSource

_MARKS = frozenset({b"8BIM", b"PHUT", b"AgHg", b"DCSR", b"MeSa", b"8B64"})
_MOST_RESOURCES = 10_000
_NAME_AT, _SIZE_BYTES = 6, 4


class Resource(NamedTuple):
    """An image resource: its number, where its content begins, and the size that it says."""

    number: int
    start: int
    size: int


def image_resources(source: ByteSource) -> Iterator[Resource]:
    """Yield the image resources from the beginning of a source on, at most 10,000."""
    at = 0
    for _ in range(_MOST_RESOURCES):
        head = source.read(at, _NAME_AT + 1)
        if head[:4] not in _MARKS or len(head) <= _NAME_AT:
            return
        at += _NAME_AT + (head[_NAME_AT] + 2) // 2 * 2  # a name with its length, padded
        size_bytes = source.read(at, _SIZE_BYTES)
        if len(size_bytes) < _SIZE_BYTES:
            return
        size = int.from_bytes(size_bytes, "big")
        yield Resource(int.from_bytes(head[4:6], "big"), at + _SIZE_BYTES, size)
        at += _SIZE_BYTES + size + size % 2
