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


def riff_chunks(
    source: ByteSource, at: int = _RIFF_HEAD_BYTES, end: int | None = None
) -> Iterator[Chunk]:
    """Yield the chunks of a RIFF, at most 200,000; by default all that are in no other.

    Args:
        source: The file.
        at: Where the first one begins.
        end: Where the last one ends; None: where the file does.
    """
    for _ in range(_MOST_CHUNKS):
        head = source.read(at, _HEAD_BYTES)
        if len(head) < _HEAD_BYTES or (end is not None and at >= end):
            return
        size = int.from_bytes(head[4:], "little")
        yield Chunk(head[:4], at + _HEAD_BYTES, size)
        at += _HEAD_BYTES + size + size % 2
