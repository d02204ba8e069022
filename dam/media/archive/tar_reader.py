"""Reading of tar files, plain or packed as a whole by gzip, bzip2 or xz."""

import os
import tarfile
from collections.abc import Iterator
from typing import IO, BinaryIO, Self, cast

from dam.errors import MediaLimitError, MemberUnreadableError, UnreadableArchiveError
from dam.media.archive.packing import PACKINGS, unpacked
from dam.media.archive.reader import ArchiveFormat, Entry
from dam.media.file_type.recognition import media_type
from dam.media.limits import MediaLimits

_MOST_HEADER_BYTES = 1 << 20
_LONG_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_KINDS = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.CHRTYPE: "a character device",
    tarfile.BLKTYPE: "a block device",
    tarfile.FIFOTYPE: "a FIFO",
}
# The errors of `tarfile`, and those that hostile numbers and chains of headers cause in it.
_CORRUPT = (
    tarfile.TarError,
    ValueError,
    OverflowError,
    RecursionError,
    EOFError,
    KeyError,
    IndexError,
)


class _BoundedInfo(tarfile.TarInfo):
    """A header with a valid size, and a small continuation, as `tarfile` reads that whole."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        info = super().frombuf(buf, encoding, errors)
        if info.size < 0:
            raise tarfile.HeaderError("negative size")
        if info.type in _LONG_HEADERS and info.size > _MOST_HEADER_BYTES:
            raise MediaLimitError("bytes of a tar header", info.size, _MOST_HEADER_BYTES)
        return info


class TarReader:
    """`ArchiveReader` of tar files; a packed one is unpacked into a temporary file at once.

    Args:
        file: At any position; the caller closes it.
        limits: Only the number of members is checked here.
        most_bytes: The largest size, unpacked, of a packed tar file.

    Raises:
        UnreadableArchiveError, NotAnArchiveError, MediaLimitError: No member can be read.
        UnpackingSpaceError: There is no room for the temporary file.
    """

    format: ArchiveFormat = "cbt"

    def __init__(self, file: BinaryIO, limits: MediaLimits, most_bytes: int) -> None:
        packing = media_type(file)
        self.is_sequential = packing in PACKINGS
        self._temporary = unpacked(file, packing, most_bytes) if self.is_sequential else None
        self._file: IO[bytes] = self._temporary or file
        try:
            self._tar = _opened(self._file)
            self._infos = [info for info in self._headers(limits) if not info.isdir()]
        except BaseException:
            self.close()
            raise
        self.entries = [_entry(info) for info in self._infos]

    def choose(self, positions: frozenset[int]) -> None:
        """Do nothing: any member can be read directly."""

    def read(self, position: int, name: str) -> bytes:
        """Return a member's bytes, for which tar has no checksum; see `ArchiveReader.read`."""
        info = self._infos[position]
        try:
            with cast("IO[bytes]", self._tar.extractfile(info)) as member:
                content = member.read()
        except _CORRUPT as error:
            raise MemberUnreadableError(name, "the archive ends within it") from error
        if len(content) != info.size:
            raise MemberUnreadableError(name, "the archive ends within it")
        return content

    def close(self) -> None:
        """Remove the unpacked tar file."""
        if self._temporary is not None:
            self._temporary.close()

    def _headers(self, limits: MediaLimits) -> Iterator[tarfile.TarInfo]:
        """Yield the headers; if the last member's bytes are cut off, its `read` will raise."""
        count = 0
        last: tarfile.TarInfo | None = None
        while (info := self._next_header(last)) is not None:
            count += 1
            if count > limits.max_archive_members:
                raise MediaLimitError("archive members", None, limits.max_archive_members)
            if info.size < 0:  # set by an extended header before it
                raise UnreadableArchiveError("cbt", "a header is corrupt or cut off")
            yield info
            last = info
        # `tarfile` takes a corrupt header for the end of the archive.
        self._file.seek(self._tar.offset)
        if self._file.read(tarfile.BLOCKSIZE).strip(b"\0"):
            raise UnreadableArchiveError("cbt", "a header is corrupt or cut off")

    def _next_header(self, last: tarfile.TarInfo | None) -> tarfile.TarInfo | None:
        try:
            return self._tar.next()
        except _CORRUPT as error:
            end = self._file.seek(0, os.SEEK_END)
            if last is None or last.offset_data + last.size <= end:
                raise UnreadableArchiveError("cbt", "a header is corrupt or cut off") from error
            self._tar.offset = end
            return None


def _opened(file: IO[bytes]) -> tarfile.TarFile:
    file.seek(0)
    try:
        return tarfile.TarFile(
            fileobj=file, tarinfo=_BoundedInfo, encoding="utf-8", errors="surrogateescape"
        )
    except _CORRUPT as error:
        raise UnreadableArchiveError("cbt", "its first header is corrupt") from error


def _entry(info: tarfile.TarInfo) -> Entry:
    kind = None if info.isreg() else _KINDS.get(info.type, "an entry of an unknown kind")
    return Entry(
        raw_name=info.name.encode("utf-8", "surrogateescape"),
        size_bytes=info.size,
        is_utf8=False,
        special_kind=kind,
    )
