"""A temporary file for the members of an archive that can only be unpacked one after another."""

import errno
import os
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import IO

from dam.asking import parent
from dam.errors import ConfinedError, MemberUnreadableError, UnpackingSpaceError


def temporary_file() -> IO[bytes]:
    """Return a temporary file without a name; the caller closes it.

    Raises:
        UnpackingSpaceError: The file cannot be made.
        ConfinedError: This is a confined worker in a call that may write nothing.
    """
    asked = parent()
    try:
        return os.fdopen(asked.open_temporary(), "w+b") if asked else tempfile.TemporaryFile()
    except OSError as error:
        if asked and error.errno == errno.EPERM:
            raise ConfinedError from error
        raise UnpackingSpaceError(temporary_folder(), error) from error


def temporary_folder() -> Path:
    """Return the folder of temporary files, for people: a confined worker cannot use it itself."""
    with suppress(FileNotFoundError):
        return Path(tempfile.gettempdir())
    return Path(os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 - only told


class Spool:
    """The bytes of entries, by position; they are gone when it is closed or the process ends.

    To store an entry, call `begin`, `write` any number of times, and `end`. Without `end` it is not
    stored.
    """

    def __init__(self) -> None:
        self._file = temporary_file()
        self._spans: dict[int, tuple[int, int]] = {}
        self._faults: dict[int, str] = {}
        self._end = self._crc = self._size_bytes = 0

    def begin(self) -> None:
        """Start the next entry, after the last one that was stored."""
        self._seek(self._end)
        self._crc = self._size_bytes = 0

    def write(self, chunk: bytes | memoryview) -> None:
        """Append to the entry that was begun."""
        try:
            self._file.write(chunk)
        except OSError as error:
            raise UnpackingSpaceError(temporary_folder(), error) from error
        self._crc = zlib.crc32(chunk, self._crc)
        self._size_bytes += len(chunk)

    def end(self, position: int, *, size_bytes: int, crc: int | None, is_same: bool = True) -> None:
        """Store the bytes written since `begin`, if they are what the archive declares.

        Args:
            position: The position of the entry.
            size_bytes: The size that the archive declares.
            crc: The CRC-32 that the archive declares; None if it has none.
            is_same: Whether a checksum of another kind was right.
        """
        if self._size_bytes != size_bytes:
            self.fail(position, "its size differs from the one in the directory")
        elif not is_same or (crc is not None and self._crc != crc):
            self.fail(position, "its checksum is wrong")
        else:
            self._spans[position] = (self._end, size_bytes)
            self._end += size_bytes
            self._faults.pop(position, None)

    def fail(self, position: int, reason: str) -> None:
        """Note why the entry at a position is not stored."""
        self._faults[position] = reason

    def __contains__(self, position: int) -> bool:
        """Return whether the bytes of the entry at this position are stored."""
        return position in self._spans

    def read(self, position: int, name: str) -> bytes:
        """Return the bytes of an entry; raise `MemberUnreadableError` if they are not stored."""
        if position not in self._spans:
            reason = self._faults.get(position, "the archive ends before it")
            raise MemberUnreadableError(name, reason)
        start, size_bytes = self._spans[position]
        self._seek(start)
        return self._file.read(size_bytes)

    def close(self) -> None:
        """Remove the file."""
        self._file.close()

    def _seek(self, offset: int) -> None:
        try:
            self._file.seek(offset)  # writes the buffer, and may fail
        except OSError as error:
            raise UnpackingSpaceError(temporary_folder(), error) from error
