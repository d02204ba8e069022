"""Walks the containers of camera makers that are no TIFF: Minolta's, Sigma's and Canon's CRW."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from dam.media.structure.source import ByteSource

_MOST_PARTS = 1000
_MINOLTA_HEAD, _SIGMA_ENTRY, _CIFF_ENTRY = 8, 12, 10
_CIFF_PLACE, _CIFF_FOLDERS = 0xC000, (0x2800, 0x3000)
_CIFF_KIND, _CIFF_TAG = 0x3800, 0x3FFF
_MOST_FOLDERS = 50


class Part(NamedTuple):
    """A part of such a file: its name, where its content begins, and the size that it says."""

    kind: bytes
    start: int
    size: int


class Value(NamedTuple):
    """A value in a CRW: its number, where it begins, and its size."""

    tag: int
    start: int
    size: int


def minolta_parts(source: ByteSource) -> Iterator[Part]:
    """Yield the parts of the head of an MRW; the names begin with a zero."""
    at, end = _MINOLTA_HEAD, _MINOLTA_HEAD + source.number(4, 4)
    for _ in range(_MOST_PARTS):
        head = source.read(at, _MINOLTA_HEAD)
        if at >= end or len(head) < _MINOLTA_HEAD:
            return
        size = int.from_bytes(head[4:], "big")
        yield Part(head[:4], at + _MINOLTA_HEAD, size)
        at += _MINOLTA_HEAD + size


def sigma_sections(source: ByteSource) -> Iterator[Part]:
    """Yield the sections of an X3F, which its directory lists at the end."""
    directory = int.from_bytes(source.read(source.size - 4, 4), "little")
    head = source.read(directory, _SIGMA_ENTRY)
    if not head.startswith(b"SECd"):
        return
    count = int.from_bytes(head[8:], "little")
    for number in range(1, min(count, _MOST_PARTS) + 1):
        entry = source.read(directory + _SIGMA_ENTRY * number, _SIGMA_ENTRY)
        if len(entry) < _SIGMA_ENTRY:
            return
        start, size = int.from_bytes(entry[:4], "little"), int.from_bytes(entry[4:8], "little")
        yield Part(entry[8:], start, size)


def canon_values(source: ByteSource) -> Iterator[Value]:
    """Yield the values of a CRW that have a place of their own, from all of its folders."""
    order: Literal["little", "big"] = "little" if source.read(0, 2) == b"II" else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(source.read(at, size), order)

    first = number(2, 4)
    waiting = [(first, source.size - first)]
    for _ in range(_MOST_FOLDERS):
        if not waiting:
            return
        begin, length = waiting.pop()
        table = begin + number(begin + length - 4, 4)
        for entry in range(min(number(table, 2), _MOST_PARTS)):
            at = table + 2 + _CIFF_ENTRY * entry
            tag, size, start = number(at, 2), number(at + 2, 4), begin + number(at + 6, 4)
            if tag & _CIFF_PLACE or size > length:
                continue  # the value is in the table, or the table is damaged
            if tag & _CIFF_KIND in _CIFF_FOLDERS:
                waiting.append((start, size))
            else:
                yield Value(tag & _CIFF_TAG, start, size)
