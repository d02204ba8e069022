"""Reading of 7z files by `py7zr`; all members are unpacked at once, as most archives are solid."""

import io
import os
import struct
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

import py7zr
from py7zr.archiveinfo import Folder, HeaderStreamsInfo
from py7zr.io import Py7zIO, WriterFactory
from py7zr.properties import COMPRESSION_METHOD, PROPERTY
from py7zr.py7zr import ArchiveFile

from dam.errors import (
    EncryptedArchiveError,
    MediaLimitError,
    UnreadableArchiveError,
)
from dam.media.archive.reader import SPECIAL_KINDS, ArchiveFormat, Entry, damage_is
from dam.media.archive.spool import Spool
from dam.media.limits import MediaLimits

_MOST_BROKEN_FOLDERS = 100
# A directory can declare an entry with each of its bytes, and each entry takes hundreds of bytes.
_MEMORY_FOR_A_BYTE = 16
_START = struct.Struct("<12xQQ4x")


class SevenZipReader:
    """`ArchiveReader` of 7z files.

    The library gets numbers instead of the members' names, which it would change or refuse. It gets
    no checksums either, as it would stop at the first wrong one.

    Raises:
        UnreadableArchiveError, EncryptedArchiveError, MediaLimitError: No member can be read.
    """

    format: ArchiveFormat = "cb7"
    is_sequential = True

    def __init__(self, file: BinaryIO, limits: MediaLimits) -> None:
        self._archive = _parsed(file, limits)
        streams = self._archive.header.main_streams
        if streams is not None:
            _check_dictionaries(streams.unpackinfo.folders, limits)
        files = [found for found in self._archive.files if not found.is_directory]
        if len(files) > limits.max_archive_members:
            raise MediaLimitError("archive members", len(files), limits.max_archive_members)
        is_encrypted = bool(self._archive.password_protected)
        self.entries = [_entry(found, is_encrypted=is_encrypted) for found in files]
        self._files = files
        self._crcs = [found.crc32 for found in files]
        for position, found in enumerate(files):
            properties: dict[str, object] = cast("dict[str, object]", found.file_properties())
            properties |= {"filename": str(position), "digest": None}
        self._wanted: frozenset[int] = frozenset()
        self._spool: Spool | None = None

    def choose(self, positions: frozenset[int]) -> None:
        """Note the members to unpack; see `ArchiveReader.choose`."""
        self._wanted = positions

    def read(self, position: int, name: str) -> bytes:
        """Return a member's bytes; see `ArchiveReader.read`."""
        if self._spool is None:
            self._spool = self._unpack_all()
        return self._spool.read(position, name)

    def close(self) -> None:
        """Remove the unpacked members."""
        if self._spool is not None:
            self._spool.close()

    def _unpack_all(self) -> Spool:
        """Unpack the chosen members; if one is broken, go on with those packed apart from it."""
        spool = Spool()
        factory = _SpoolFactory(spool, self.entries, self._crcs)
        left = sorted(position for position in self._wanted if self.entries[position].size_bytes)
        try:
            for position in self._wanted.difference(left):
                spool.begin()
                spool.end(position, size_bytes=0, crc=None)
            for _ in range(_MOST_BROKEN_FOLDERS):
                if not left or self._unpack(left, factory):
                    break
                left = self._left(left, factory.finished)
        except BaseException:
            spool.close()
            raise
        return spool

    def _left(self, positions: list[int], finished: set[int]) -> list[int]:
        """Return the members that may still be unpacked: not those packed with a broken one."""
        left = [position for position in positions if position not in finished]
        if not left:  # only a checksum over all of them is wrong
            return []
        broken = self._files[left[0]].folder
        return [position for position in left if self._files[position].folder is not broken]

    def _unpack(self, positions: Collection[int], factory: "_SpoolFactory") -> bool:
        """Unpack some members in their order; return whether all were unpacked to their end."""
        try:
            with damage_is(UnreadableArchiveError("cb7", "its packed bytes are corrupt")):
                self._archive.reset()
                self._archive.extract(targets=list(map(str, positions)), factory=factory)
        except UnreadableArchiveError:
            return False
        return True


class _SpoolFactory(WriterFactory):
    """Creates the writers of members, by the numbers that the library has as their names."""

    def __init__(self, spool: Spool, entries: list[Entry], crcs: list[int | None]) -> None:
        self.finished: set[int] = set()
        self.spool = spool
        self._entries = entries
        self._crcs = crcs

    def create(self, filename: str) -> Py7zIO:
        """Return the writer of a member."""
        position = int(PurePosixPath(filename).name)
        return _SpoolWriter(self, position)

    def end(self, position: int, written_bytes: int) -> None:
        """Keep the bytes of a member; the library calls this also if it failed in their middle."""
        size_bytes = self._entries[position].size_bytes
        self.spool.end(position, size_bytes=size_bytes, crc=self._crcs[position])
        if written_bytes == size_bytes:
            self.finished.add(position)


class _SpoolWriter(Py7zIO):
    """Writes one member into the spool; the library uses only `write` and `close`."""

    def __init__(self, factory: _SpoolFactory, position: int) -> None:
        self._factory = factory
        self._position = position
        self._size_bytes = 0
        factory.spool.begin()

    def write(self, s: bytes | bytearray) -> int:
        self._factory.spool.write(memoryview(s))
        self._size_bytes += len(s)
        return len(s)

    def read(self, size: int | None = None) -> bytes:  # noqa: ARG002 - the base class's
        return b""

    def seek(self, offset: int, whence: int = 0) -> int:  # noqa: ARG002 - the base class's
        return 0

    def flush(self) -> None:
        pass

    def size(self) -> int:
        return self._size_bytes

    def close(self) -> None:
        self._factory.end(self._position, self._size_bytes)


def _parsed(file: BinaryIO, limits: MediaLimits) -> py7zr.SevenZipFile:
    with damage_is(UnreadableArchiveError("cb7", "its directory is corrupt or cut off")):
        try:
            _check_directory(file, limits)
            file.seek(0)
            return py7zr.SevenZipFile(file)
        except py7zr.PasswordRequired as error:
            raise EncryptedArchiveError from error


def _check_directory(file: BinaryIO, limits: MediaLimits) -> None:
    """Raise `MediaLimitError` if the unpacked directory is too large, as it is read whole."""
    most_bytes = limits.max_metadata_bytes // _MEMORY_FOR_A_BYTE
    file.seek(0)
    offset, size_bytes = _START.unpack(file.read(_START.size))
    file.seek(offset, os.SEEK_CUR)
    directory = io.BytesIO(file.read(min(size_bytes, most_bytes)))
    if size_bytes <= most_bytes and directory.read(1) == PROPERTY.ENCODED_HEADER:
        packed = HeaderStreamsInfo.retrieve(directory)
        _check_dictionaries(packed.unpackinfo.folders, limits)
        size_bytes = sum(folder.unpacksizes[-1] for folder in packed.unpackinfo.folders)
    if size_bytes > most_bytes:
        raise MediaLimitError("bytes of archive directory", size_bytes, most_bytes)


def _check_dictionaries(folders: Iterable[Folder], limits: MediaLimits) -> None:
    """Raise `MediaLimitError` if unpacking takes too much memory."""
    for folder in folders:
        size_bytes = sum(map(_dictionary_bytes, folder.coders))
        if size_bytes > limits.max_dictionary_bytes:
            raise MediaLimitError("bytes of dictionary", size_bytes, limits.max_dictionary_bytes)


def _dictionary_bytes(coder: Mapping[str, Any]) -> int:
    """Return the memory that a coder asks for; 0 for those that take little."""
    properties = coder.get("properties") or b""
    if coder["method"] in (COMPRESSION_METHOD.LZMA, COMPRESSION_METHOD.PPMD):
        return int.from_bytes(properties[1:5], "little")
    if coder["method"] == COMPRESSION_METHOD.LZMA2 and properties:
        return (2 | properties[0] & 1) << properties[0] // 2 + 11
    return 0


def _entry(file: ArchiveFile, *, is_encrypted: bool) -> Entry:
    kind = SPECIAL_KINDS.get(file.st_fmt or 0)
    if kind is None and file.is_symlink:
        kind = "a symbolic link"
    return Entry(
        raw_name=file.filename.encode("utf-8", "surrogatepass"),
        size_bytes=file.uncompressed,
        special_kind=kind,
        is_encrypted=is_encrypted,
    )
