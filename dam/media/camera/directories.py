"""Reads the directories of a TIFF: the entries with their numbers, types and values."""

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

from dam.media.camera.source import ByteSource

_MOST_ENTRIES = 1000
_MOST_VALUE_BYTES = 8 << 20
_SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
    129: 1,
}
_FORMS = {
    1: "B",
    3: "H",
    4: "L",
    6: "b",
    8: "h",
    9: "l",
    11: "f",
    12: "d",
    13: "L",
    16: "Q",
    17: "q",
    18: "Q",
}
_RATIONALS = {5: "L", 10: "l"}
_BIG = 43
_HEADER_BYTES = 8
_ORDERS = {b"II": "<", b"MM": ">"}


class Entry(NamedTuple):
    """An entry of a directory: the number of its type, and its bytes."""

    kind: int
    content: bytes


Directory = dict[int, Entry]


@dataclass
class Tiff:
    """A TIFF, of which directories are read.

    Invariant: no directory is read twice, so that one that leads to itself ends.
    """

    source: ByteSource
    order: str
    is_big: bool
    first: int
    _read: set[int] = field(default_factory=set)

    @classmethod
    def open(cls, source: ByteSource) -> "Tiff | None":
        """Return the TIFF that begins with these bytes; None if they are none.

        The number behind the order of bytes is not compared: cameras write numbers of their own.
        """
        head = source.read(0, 16)
        order = _ORDERS.get(head[:2])
        if order is None or len(head) < _HEADER_BYTES:
            return None
        is_big = struct.unpack_from(f"{order}H", head, 2)[0] == _BIG and len(head) == 16  # noqa: PLR2004
        form, at = ("Q", 8) if is_big else ("L", 4)
        return cls(source, order, is_big, struct.unpack_from(f"{order}{form}", head, at)[0])

    def directory(self, at: int) -> Directory:
        """Return the entries of a directory by their tags; the first of those with one tag."""
        if at in self._read or at < _HEADER_BYTES:
            return {}
        self._read.add(at)
        if self.is_big:
            form, width, inline, counted = "HHQ8s", 20, 8, 8
        else:
            form, width, inline, counted = "HHL4s", 12, 4, 2
        count_bytes = self.source.read(at, counted)
        if len(count_bytes) < counted:
            return {}
        (count,) = struct.unpack(self.order + ("Q" if self.is_big else "H"), count_bytes)
        entries = self.source.read(at + counted, min(count, _MOST_ENTRIES) * width)
        found: Directory = {}
        whole = entries[: len(entries) // width * width]
        for tag, kind, values, content in struct.iter_unpack(self.order + form, whole):
            size = _SIZES.get(kind, 0) * values
            if not 0 < size <= _MOST_VALUE_BYTES or tag in found:
                continue
            value = content[:size] if size <= inline else self._value(content, size)
            if len(value) == size:
                found[tag] = Entry(kind, value)
        return found

    def _value(self, offset: bytes, size: int) -> bytes:
        (at,) = struct.unpack(self.order + ("Q" if self.is_big else "L"), offset)
        return self.source.read(at, size)

    def numbers(self, entry: Entry | None) -> list[float | None]:
        """Return the numbers of an entry; None for a fraction with zero below, and for NaN."""
        if entry is None:
            return []
        if entry.kind in _RATIONALS:
            form = f"{self.order}{len(entry.content) // 4}{_RATIONALS[entry.kind]}"
            parts = struct.unpack(form, entry.content)
            pairs = zip(parts[::2], parts[1::2], strict=True)
            return [above / below if below else None for above, below in pairs]
        size = _SIZES[entry.kind]
        form = f"{self.order}{len(entry.content) // size}{_FORMS.get(entry.kind, 'B')}"
        numbers = struct.unpack(form, entry.content)
        if entry.kind in (11, 12):  # floating point: NaN is not equal to itself
            return [each if each - each == 0 else None for each in numbers]
        return list(numbers)

    def offset(self, entry: Entry | None) -> int:
        """Return the offset that an entry has; 0, where no directory is, without one."""
        first = self.numbers(entry)[:1]
        return int(first[0]) if first and first[0] is not None else 0
