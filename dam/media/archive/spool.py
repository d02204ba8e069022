"""Members of an archive that can only be unpacked one after the other, kept in a temporary file."""

import tempfile
import zlib
from pathlib import Path
from typing import IO

from dam.errors import MemberUnreadableError, UnpackingSpaceError


def temporary_file() -> IO[bytes]:
    """Return a file without a name; the caller closes it.

    Raises:
        UnpackingSpaceError: There is no room for it.
    """
    try:
        return tempfile.TemporaryFile()
    except OSError as error:
        raise UnpackingSpaceError(Path(tempfile.gettempdir()), error) from error


class Spool:
    """Bytes by the positions of their entries; gone when it is closed, or its process ends.

    An entry is `begin`, any number of `write`, and `end`, or it is not there.
    """

    def __init__(self) -> None:
        self._file = temporary_file()
        self._spans: dict[int, tuple[int, int]] = {}
        self._faults: dict[int, str] = {}
        self._end = self._crc = self._size_bytes = 0

    def begin(self) -> None:
        """Start the next entry after the last whole one."""
        self._seek(self._end)
        self._crc = self._size_bytes = 0

    def write(self, chunk: bytes | memoryview) -> None:
        """Append to the entry that was begun."""
        try:
            self._file.write(chunk)
        except OSError as error:
            raise UnpackingSpaceError(Path(tempfile.gettempdir()), error) from error
        self._crc = zlib.crc32(chunk, self._crc)
        self._size_bytes += len(chunk)

    def end(self, position: int, *, size_bytes: int, crc: int | None, is_same: bool = True) -> None:
        """Keep what was written under a position, if it is what the archive says.

        Args:
            position: Of the entry.
            size_bytes: What the archive says, as it does of the next.
            crc: Its CRC-32, or None where there is none.
            is_same: Whether another checksum was right.
        """
        if self._size_bytes != size_bytes:
            self.fail(position, "it has another size than the directory says")
        elif not is_same or (crc is not None and self._crc != crc):
            self.fail(position, "its checksum is wrong")
        else:
            self._spans[position] = (self._end, size_bytes)
            self._end += size_bytes
            self._faults.pop(position, None)

    def fail(self, position: int, reason: str) -> None:
        """Note why there is nothing under a position."""
        self._faults[position] = reason

    def __contains__(self, position: int) -> bool:
        """Return whether the entry's bytes are there."""
        return position in self._spans

    def read(self, position: int, name: str) -> bytes:
        """Return the bytes of an entry; raise `MemberUnreadableError` where there are none."""
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
            self._file.seek(offset)  # writes out what is buffered
        except OSError as error:
            raise UnpackingSpaceError(Path(tempfile.gettempdir()), error) from error
