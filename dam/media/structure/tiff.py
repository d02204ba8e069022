"""Reads the directories of a TIFF: the entries with their numbers, types and values."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from dam.media.structure.source import ByteSource

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
    """An entry of a directory; its value is read when it is asked for.

    Attributes:
        kind: The number of its type.
        size: Of its value, in bytes.
        start: Where its value begins; of no use if the value is in `inline`.
        source: The TIFF.
        inline: The value, perhaps with more behind it, if it is in the entry itself.
    """

    kind: int
    size: int
    start: int
    source: ByteSource
    inline: bytes = b""

    @property
    def content(self) -> bytes:
        """The bytes of its value: up to 8 MiB, and less if the source may not be read further."""
        if self.inline:
            return self.inline[: self.size]
        return self.source.read(self.start, min(self.size, _MOST_VALUE_BYTES))

    def loaded(self, most: int) -> "Entry":
        """Return the entry with the first bytes of its value, at most so many, already read."""
        content = self.content if self.size <= most else self.source.read(self.start, most)
        return self._replace(size=len(content), inline=content)


Directory = dict[int, Entry]


class _Layout(NamedTuple):
    """How wide the fields of a directory are: the count of entries, an entry, an offset."""

    counted: int
    width: int
    inline: int
    entry: str
    offset: str


_USUAL, _OF_BIG = _Layout(2, 12, 4, "HHL4s", "L"), _Layout(8, 20, 8, "HHQ8s", "Q")


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
        """Return the entries of a directory by their tags; the first of those with one tag.

        Entries of unknown types are left out, and those beyond the end of the file.
        """
        if at in self._read or at < _HEADER_BYTES:
            return {}
        self._read.add(at)
        layout = self._layout
        count = self._count(at) or 0
        size = min(count, _MOST_ENTRIES) * layout.width
        entries = self.source.read(at + layout.counted, size)
        found: Directory = {}
        whole = entries[: len(entries) // layout.width * layout.width]
        for tag, kind, values, inline in struct.iter_unpack(self.order + layout.entry, whole):
            size = _SIZES.get(kind, 0) * values
            if not size or tag in found:
                continue
            (start,) = struct.unpack(self.order + layout.offset, inline)
            if size <= layout.inline:
                found[tag] = Entry(kind, size, start, self.source, inline)
            elif start + size <= self.source.size:
                found[tag] = Entry(kind, size, start, self.source)
        return found

    def following(self, at: int) -> int:
        """Return the offset of the directory behind another; 0 if there is none."""
        count = self._count(at)
        if count is None:
            return 0
        behind = at + self._layout.counted + count * self._layout.width
        found = self.source.read(behind, self._layout.inline)
        return self._number(found) if len(found) == self._layout.inline else 0

    def chain(self) -> Iterator[int]:
        """Yield the offsets of the directories that follow one another; a loop ends them."""
        seen, at = set[int](), self.first
        while at and at not in seen:
            seen.add(at)
            yield at
            at = self.following(at)

    def numbers(self, entry: Entry | None) -> list[float | None]:
        """Return the numbers of an entry; None for a fraction with zero below, and for NaN."""
        if entry is None:
            return []
        content, size = entry.content, _SIZES[entry.kind]
        content = content[: len(content) // size * size]
        if entry.kind in _RATIONALS:
            form = f"{self.order}{len(content) // 4}{_RATIONALS[entry.kind]}"
            parts = struct.unpack(form, content)
            pairs = zip(parts[::2], parts[1::2], strict=True)
            return [above / below if below else None for above, below in pairs]
        form = f"{self.order}{len(content) // size}{_FORMS.get(entry.kind, 'B')}"
        numbers = struct.unpack(form, content)
        if entry.kind in (11, 12):  # floating point: NaN is not equal to itself
            return [each if each - each == 0 else None for each in numbers]
        return list(numbers)

    def offset(self, entry: Entry | None) -> int:
        """Return the offset that an entry has; 0, where no directory is, without one."""
        first = self.numbers(entry)[:1]
        return int(first[0]) if first and first[0] is not None else 0

    @property
    def _layout(self) -> _Layout:
        return _OF_BIG if self.is_big else _USUAL

    def _count(self, at: int) -> int | None:
        """Return how many entries a directory says that it has; None if it is not there."""
        found = self.source.read(at, self._layout.counted)
        if len(found) < self._layout.counted:
            return None
        return self._number(found)

    def _number(self, content: bytes) -> int:
        return int.from_bytes(content, "little" if self.order == "<" else "big")
