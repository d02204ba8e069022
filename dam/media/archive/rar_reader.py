"""Reading of RAR files: `rarfile` reads the headers, one run of a program unpacks all members.

The program prints all members into one file, which is divided by the sizes in the headers; the
parts are compared with the checksums there. So no name can act as an option or a pattern, and an
archive of 200 pages, or a solid one, takes one process instead of 200.
"""

import errno
import os
import signal
import stat
import struct
import zlib
from typing import IO, BinaryIO, NoReturn

import rarfile

from dam.asking import Printed, parent
from dam.errors import (
    ConfinedError,
    EncryptedArchiveError,
    MediaLimitError,
    MemberUnreadableError,
    MissingUnpackerError,
    UnpackerStoppedError,
    UnpackingSpaceError,
    UnreadableArchiveError,
)
from dam.media.archive.printing import PROGRAM, print_members, rar_program
from dam.media.archive.program import CANNOT_RUN
from dam.media.archive.reader import SPECIAL_KINDS, ArchiveFormat, Entry, damage_is
from dam.media.archive.spool import temporary_file, temporary_folder
from dam.media.limits import MediaLimits

_LARGEST_ALONE_BYTES = 20_000_000
_LINKS = {1: "a symbolic link", 2: "a symbolic link", 3: "a junction", 4: "a hard link"}
_COPY = 5
_OUT_OF_MEMORY = 8  # of `unrar`; `unar` has no code for that
# The headers around one member that make an archive of it, by the number of the format.
_BEFORE_AND_AFTER = {
    3: (b"Rar!\x1a\x07\0" + struct.pack("<HBHH6x", 0x90CF, 0x73, 0, 13), b""),
    5: (
        b"Rar!\x1a\x07\1\0" + struct.pack("<L", zlib.crc32(b"\3\1\0\0")) + b"\3\1\0\0",
        struct.pack("<L", zlib.crc32(b"\3\5\0\0")) + b"\3\5\0\0",
    ),
}
_LEAST_DICTIONARY_BYTES = 128 << 10


def _start_nothing(words: list[str]) -> NoReturn:
    raise rarfile.RarCannotExec(f"{words[0]} must not be started by the library")


def _unpack_no_comment(*_: object, **__: object) -> bytes:
    return b""


# Its own functions give the program our whole environment, no limits, and members' names.
rarfile.custom_popen = _start_nothing
rarfile.rar3_decompress = _unpack_no_comment


class RarReader:
    """`ArchiveReader` of RAR files of all versions.

    Args:
        file: The open file. Each part of a split archive is read on its own.
        limits: Only the number of members and the size of the dictionary are checked here.

    Raises:
        UnreadableArchiveError, EncryptedArchiveError, MediaLimitError: No member can be read.
    """

    format: ArchiveFormat = "cbr"

    def __init__(self, file: BinaryIO, limits: MediaLimits) -> None:
        self._file = file
        self._rar = _parsed(file, limits)
        self._infos = [info for info in self._rar.infolist() if not info.is_dir()]
        if not self._infos and self._rar.needs_password():
            raise EncryptedArchiveError
        self._originals = {
            info.filename: position
            for position, info in enumerate(self._infos)
            if info.file_redir is None
        }
        self.entries = [_entry(info, self._originals) for info in self._infos]
        packed = [info for info in self._infos if info.compress_type != rarfile.RAR_M0]
        self.is_sequential = bool(packed)
        dictionary_bytes = max(map(_dictionary_bytes, packed), default=0)
        if dictionary_bytes > limits.max_dictionary_bytes:
            what = "bytes of dictionary"
            raise MediaLimitError(what, dictionary_bytes, limits.max_dictionary_bytes)
        self._printed: _PrintedMembers | None = None

    def choose(self, positions: frozenset[int]) -> None:
        """Do nothing: the program prints all members; see `ArchiveReader.choose`."""

    def read(self, position: int, name: str) -> bytes:
        """Return a member's bytes; see `ArchiveReader.read`."""
        position = self._original(position)
        info = self._infos[position]
        if info.compress_type == rarfile.RAR_M0:
            with damage_is(MemberUnreadableError(name, "it is corrupt or cut off")):
                return bytes(self._rar.read(info))
        if self._printed is None:
            self._printed = self._print_all()
        try:
            return self._printed.read(position, name)
        except MemberUnreadableError:
            if self._rar.is_solid() or info.file_size >= _LARGEST_ALONE_BYTES:
                raise
        return self._read_alone(info, name)  # the program may have stopped at another one

    def close(self) -> None:
        """Remove the unpacked members."""
        if self._printed is not None:
            self._printed.close()
        self._rar.close()

    def _original(self, position: int) -> int:
        """Return the position of the entry that has the bytes: a copy refers to another entry."""
        redirection = self._infos[position].file_redir
        return position if redirection is None else self._originals[redirection[2]]

    def _print_all(self) -> "_PrintedMembers":
        printed = {
            position: info
            for position, info in enumerate(self._infos)
            if info.is_file() and info.file_redir is None
        }
        return _PrintedMembers(self._file, printed)

    def _read_alone(self, info: rarfile.RarInfo, name: str) -> bytes:
        version = 5 if isinstance(info, rarfile.Rar5Info) else 3
        before, after = _BEFORE_AND_AFTER[version]
        self._file.seek(info.header_offset)
        block = self._file.read(info.header_size + info.compress_size)
        with temporary_file() as archive:
            try:
                archive.write(before + block + after)
                archive.flush()
            except OSError as error:
                raise UnpackingSpaceError(temporary_folder(), error) from error
            alone = _PrintedMembers(archive, {0: info})
        try:
            return alone.read(0, name)
        finally:
            alone.close()


class _PrintedMembers:
    """The bytes of members that a program has printed, one after another.

    Args:
        archive: The open archive, of which it prints all members.
        infos: These members, in their order, by their position.

    Raises:
        MissingUnpackerError, UnpackerStoppedError: There is no such program, or it was killed.
        UnpackingSpaceError: There is no space for what it prints.
        MemoryError: It has too little memory.
        ConfinedError: This is a confined worker in a call that may have nothing unpacked.
    """

    def __init__(self, archive: IO[bytes], infos: dict[int, rarfile.RarInfo]) -> None:
        self._infos = infos
        self._offsets: dict[int, int] = {}
        end = 0
        for position, info in infos.items():
            self._offsets[position] = end
            end += info.file_size
        self._fd, exit_code = _printed(archive.fileno(), end)
        self._end = os.fstat(self._fd).st_size
        if self._end < end:
            try:
                _check_exit(exit_code)
            except BaseException:
                self.close()
                raise

    def read(self, position: int, name: str) -> bytes:
        """Return a member's bytes; raise `MemberUnreadableError` unless they are right."""
        info, offset = self._infos[position], self._offsets[position]
        if info.file_size and offset >= self._end:
            raise MemberUnreadableError(name, "the archive ends before it")
        content = os.pread(self._fd, info.file_size, offset)
        if len(content) != info.file_size:
            raise MemberUnreadableError(name, "its size differs from the one in the directory")
        if not _is_right(info, content):
            raise MemberUnreadableError(name, "its checksum is wrong")
        return content

    def close(self) -> None:
        """Remove the file."""
        os.close(self._fd)


def _printed(fd: int, size_bytes: int) -> Printed:
    asked = parent()
    try:
        return asked.print_members(fd, size_bytes) if asked else print_members(fd, size_bytes)
    except OSError as error:
        if rar_program() is None:
            raise MissingUnpackerError("cbr", PROGRAM) from error
        if asked and error.errno == errno.EPERM:
            raise ConfinedError from error
        raise UnpackingSpaceError(temporary_folder(), error) from error


def _check_exit(code: int) -> None:
    """Raise if the program that printed too little was killed or ran out of memory.

    Otherwise the archive is to blame, and nothing is raised.
    """
    name = rar_program() or PROGRAM
    if code == _OUT_OF_MEMORY:
        raise MemoryError
    if code == CANNOT_RUN:
        raise UnpackerStoppedError(name, "it cannot be started")
    if code < 0:
        raise UnpackerStoppedError(name, f"killed by {signal.Signals(-code).name}")


def _is_right(info: rarfile.RarInfo, content: bytes) -> bool:
    if info.CRC is not None:
        return zlib.crc32(content) == int(info.CRC)
    if not info.blake2sp_hash:
        return True
    digest = rarfile.Blake2SP()
    digest.update(content)
    return bool(digest.digest() == info.blake2sp_hash)


def _dictionary_bytes(info: rarfile.RarInfo) -> int:
    """Return how far back unpacking may refer; 0 for formats before RAR 5, with at most 4 MiB."""
    if not isinstance(info, rarfile.Rar5Info):
        return 0
    flags: int = info.file_compress_flags
    power, more = (flags >> 10 & 31, flags >> 15 & 31) if flags & 63 else (flags >> 10 & 15, 0)
    return (_LEAST_DICTIONARY_BYTES << power) // 32 * (32 + more)


def _parsed(file: BinaryIO, limits: MediaLimits) -> rarfile.RarFile:
    count = 0

    def bound(_: object) -> None:
        nonlocal count
        count += 1
        if count > limits.max_archive_members:
            raise MediaLimitError("archive members", None, limits.max_archive_members)

    file.seek(0)
    with damage_is(UnreadableArchiveError("cbr", "its headers are corrupt")):
        rar = rarfile.RarFile(file, info_callback=bound, part_only=True)
    infos = rar.infolist()
    # `rarfile` stops at a corrupt header as it does at the end of a file that is cut off.
    end = os.fstat(file.fileno()).st_size
    is_cut = bool(infos) and infos[-1].data_offset + infos[-1].compress_size > end
    if rar.strerror() and not is_cut:
        raise UnreadableArchiveError("cbr", "its headers are corrupt or cut off")
    return rar


def _entry(info: rarfile.RarInfo, originals: dict[str, int]) -> Entry:
    kind = fault = None
    if info.file_redir is not None:
        kind = _LINKS.get(info.file_redir[0])
        if info.file_redir[0] == _COPY and info.file_redir[2] not in originals:
            fault = "it refers to another member, which is missing"
    elif not info.is_file():
        kind = SPECIAL_KINDS.get(stat.S_IFMT(info.mode or 0), "an entry of an unknown kind")
    if info.flags & (rarfile.RAR_FILE_SPLIT_BEFORE | rarfile.RAR_FILE_SPLIT_AFTER):
        fault = "its other part is in another file"
    return Entry(
        raw_name=info.filename.encode("utf-8", "surrogateescape"),
        size_bytes=info.file_size,
        special_kind=kind,
        fault=fault,
        is_encrypted=info.needs_password(),
    )
