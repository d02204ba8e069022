"""Reading of zip files.

`zipfile` is not used: it reads a directory of any size whole, refuses an archive because of one
name that is not UTF-8, and does not give the bytes of names.
"""

import os
import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from dam.errors import MediaLimitError, MemberUnreadableError, UnreadableArchiveError
from dam.media.archive.reader import SPECIAL_KINDS, ArchiveFormat, Entry
from dam.media.archive.zip_methods import unpacked
from dam.media.limits import MediaLimits

_END = struct.Struct("<4sHHHHLLH")
_END64 = struct.Struct("<4sQHHLLQQQQ")
_LOCATOR64 = struct.Struct("<4sLQL")
_RECORD = struct.Struct("<4sHHHHHHLLLHHHHHLL")
_LOCAL = struct.Struct("<4sHHHHHLLLHH")
_COMMENT_BYTES = 0xFFFF
_FULL, _FULL16 = 0xFFFFFFFF, 0xFFFF
_ZIP64, _UNICODE_NAME = 0x0001, 0x7075
_ENCRYPTED, _UTF8 = 0x0001, 0x0800
_UNIX = 3
_SLACK_BYTES = 1 << 16  # bytes that packing may add to data that cannot be compressed


@dataclass(frozen=True, slots=True)
class _Place:
    method: int
    crc: int
    packed_bytes: int
    offset: int


@dataclass(frozen=True, slots=True)
class _Directory:
    start: int
    size_bytes: int
    count: int
    shift: int  # bytes that precede the archive, which its offsets do not count


class ZipReader:
    """`ArchiveReader` of zip files; each member is read without the others."""

    format: ArchiveFormat = "cbz"
    is_sequential = False

    def __init__(self, file: BinaryIO, limits: MediaLimits) -> None:
        self._file = file
        self._size_bytes = file.seek(0, os.SEEK_END)
        directory = _find_directory(file)
        if directory.count > limits.max_archive_members:
            raise MediaLimitError("archive members", directory.count, limits.max_archive_members)
        if directory.size_bytes > limits.max_metadata_bytes:
            limit = limits.max_metadata_bytes
            raise MediaLimitError("bytes of archive directory", directory.size_bytes, limit)
        self.entries: list[Entry] = []
        self._places: list[_Place] = []
        for entry, place in _records(file, directory):
            self.entries.append(entry)
            self._places.append(place)
            if len(self.entries) > limits.max_archive_members:  # more than it declared
                raise MediaLimitError("archive members", None, limits.max_archive_members)

    def choose(self, positions: frozenset[int]) -> None:
        """Do nothing: any member can be read directly."""

    def read(self, position: int, name: str) -> bytes:
        """Return a member's bytes; see `ArchiveReader.read`."""
        entry, place = self.entries[position], self._places[position]
        packed = self._packed(position, name, place.packed_bytes)
        if len(packed) < place.packed_bytes:
            raise MemberUnreadableError(name, "the archive ends within it")
        content = unpacked(name, place.method, packed, entry.size_bytes)
        if len(content) != entry.size_bytes:
            raise MemberUnreadableError(name, "its size differs from the one in the directory")
        if zlib.crc32(content) != place.crc:
            raise MemberUnreadableError(name, "its checksum is wrong")
        return content

    def read_beginning(self, position: int, name: str, most_bytes: int) -> bytes:
        """Return at most so many bytes of a member; all of it or not, no checksum is compared.

        Raises:
            MemberUnreadableError: They cannot be unpacked.
        """
        place = self._places[position]
        packed = self._packed(position, name, most_bytes + most_bytes // 8 + _SLACK_BYTES)
        return unpacked(name, place.method, packed, most_bytes)[:most_bytes]

    def _packed(self, position: int, name: str, most_bytes: int) -> bytes:
        """Return at most so many of a member's packed bytes."""
        entry, place = self.entries[position], self._places[position]
        if place.packed_bytes > entry.size_bytes + entry.size_bytes // 8 + _SLACK_BYTES:
            raise MemberUnreadableError(name, "it is larger packed than unpacked")
        self._file.seek(min(place.offset, self._size_bytes))
        header = self._file.read(_LOCAL.size)
        if len(header) < _LOCAL.size or not header.startswith(b"PK\x03\x04"):
            raise MemberUnreadableError(name, "its header is not where the directory says")
        *_, name_bytes, extra_bytes = _LOCAL.unpack(header)
        self._file.seek(name_bytes + extra_bytes, os.SEEK_CUR)
        return self._file.read(min(place.packed_bytes, most_bytes))

    def close(self) -> None:
        """Do nothing: the caller closes the file."""


def _find_directory(file: BinaryIO) -> _Directory:
    size_bytes = file.seek(0, os.SEEK_END)
    tail_start = file.seek(max(0, size_bytes - _COMMENT_BYTES - _END.size))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + _END.size:
        raise UnreadableArchiveError("cbz", "its directory is missing, so it is truncated")
    *_, disk, first_disk, _, count, length, offset, _ = _END.unpack_from(tail, at)
    end = tail_start + at
    if _FULL in (length, offset) or _FULL16 in (count, disk):
        file.seek(max(0, end - _LOCATOR64.size))
        locator = file.read(_LOCATOR64.size)
        if locator.startswith(b"PK\x06\x07"):
            end, record = _end64(file, end, _LOCATOR64.unpack(locator)[2])
            *_, disk, first_disk, _, count, length, offset = record
    if disk or first_disk:
        raise UnreadableArchiveError("cbz", "it is one of several files that belong together")
    if length + offset > end:
        raise UnreadableArchiveError("cbz", "its directory is not where its end says")
    return _Directory(end - length, length, count, end - length - offset)


def _end64(file: BinaryIO, end: int, offset: int) -> tuple[int, tuple[int, ...]]:
    """Return the end of the directory and the fields of the record after it, in a zip64 archive."""
    for start in (offset, end - _LOCATOR64.size - _END64.size):  # the second if bytes precede it
        file.seek(max(0, min(start, end)))
        record = file.read(_END64.size)
        if record.startswith(b"PK\x06\x06") and len(record) == _END64.size:
            return start, _END64.unpack(record)[1:]
    raise UnreadableArchiveError("cbz", "the end of its directory is corrupt")


def _records(file: BinaryIO, directory: _Directory) -> Iterator[tuple[Entry, _Place]]:
    """Yield the entry and the place of each member in the directory, without folders."""
    file.seek(directory.start)
    records = file.read(directory.size_bytes)
    at = 0
    while at < len(records):
        if records[at : at + 4] != b"PK\x01\x02" or len(records) < at + _RECORD.size:
            raise UnreadableArchiveError("cbz", "its directory is corrupt")
        fields = _RECORD.unpack_from(records, at)
        name_bytes, extra_bytes, comment_bytes = fields[10:13]
        at += _RECORD.size
        name = records[at : at + name_bytes]
        extra = dict(_extra_fields(records[at + name_bytes : at + name_bytes + extra_bytes]))
        at += name_bytes + extra_bytes + comment_bytes
        if not name.endswith((b"/", b"\\")):
            yield _record(fields, name, extra, directory.shift)


def _record(
    fields: tuple[int, ...], name: bytes, extra: dict[int, bytes], shift: int
) -> tuple[Entry, _Place]:
    made_by, flags, method, crc = fields[1], fields[3], fields[4], fields[7]
    sizes = _true_sizes((fields[9], fields[8], fields[16]), extra.get(_ZIP64, b""))
    size_bytes, packed_bytes, offset = sizes
    is_utf8 = bool(flags & _UTF8)
    alternative = extra.get(_UNICODE_NAME, b"")
    if alternative[1:5] == zlib.crc32(name).to_bytes(4, "little"):
        name, is_utf8 = alternative[5:], True
    mode = fields[15] >> 16 if made_by >> 8 == _UNIX else 0
    entry = Entry(
        raw_name=name,
        size_bytes=size_bytes,
        is_utf8=is_utf8,
        special_kind=SPECIAL_KINDS.get(stat.S_IFMT(mode)),
        is_encrypted=bool(flags & _ENCRYPTED),
    )
    return entry, _Place(method, crc, packed_bytes, offset + shift)


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        yield kind, extra[at + 4 : at + 4 + length]
        at += 4 + length


def _true_sizes(sizes: tuple[int, int, int], zip64: bytes) -> tuple[int, ...]:
    """Return size, packed size and offset; those that need over 32 bits are in the extra field."""
    large = iter(struct.unpack(f"<{len(zip64) // 8}Q", zip64[: len(zip64) // 8 * 8]))
    return tuple(next(large, size) if size == _FULL else size for size in sizes)
