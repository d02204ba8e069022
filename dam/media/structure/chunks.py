"""Walks the chunks of PNG (also of MNG and JNG) and of RIFF, such as WebP."""

from collections.abc import Iterator
from typing import NamedTuple

from dam.media.structure.source import ByteSource

_MOST_CHUNKS = 200_000
_PNG_SIGNATURE_BYTES, _RIFF_HEAD_BYTES = 8, 12
_HEAD_BYTES, _CHECKSUM_BYTES = 8, 4


class Chunk(NamedTuple):
    """A chunk: its four letters, where its content begins, and the size that it says."""

    kind: bytes
    start: int
    size: int


def png_chunks(source: ByteSource) -> Iterator[Chunk]:
    """Yield the chunks of a PNG, at most 200,000, also those behind its pixels."""
    at = _PNG_SIGNATURE_BYTES
    for _ in range(_MOST_CHUNKS):
        head = source.read(at, _HEAD_BYTES)
        if len(head) < _HEAD_BYTES:
            return
        size = int.from_bytes(head[:4], "big")
        yield Chunk(head[4:], at + _HEAD_BYTES, size)
        at += _HEAD_BYTES + size + _CHECKSUM_BYTES


def riff_chunks(source: ByteSource) -> Iterator[Chunk]:
    """Yield the chunks of a RIFF that are in no list, at most 200,000."""
    at = _RIFF_HEAD_BYTES
    for _ in range(_MOST_CHUNKS):
        head = source.read(at, _HEAD_BYTES)
        if len(head) < _HEAD_BYTES:
            return
        size = int.from_bytes(head[4:], "little")
        yield Chunk(head[:4], at + _HEAD_BYTES, size)
        at += _HEAD_BYTES + size + size % 2
