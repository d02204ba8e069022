"""Detects that the file of a SQLite database was moved, replaced or cut short while it is open.

Only SQLite opens the file: if this process opened it in another way, closing it again would drop
SQLite's locks.
"""

import os
from pathlib import Path
from stat import S_ISREG

from dam.core.database.sqlite_driver import hangs_together
from dam.errors import DatabaseReplacedError, words_for


class DatabaseFile:
    """The file at `path`, as it was when the first connection opened it.

    Invariant: a connection keeps the first file open for as long as others may be opened, so that
    no other file can get its inode number meanwhile.
    """

    def __init__(self, path: Path, url: str) -> None:
        self._path = path
        self._url = url
        self._identity: tuple[int, int] | None = None
        self._size_bytes = 0

    def take_opened(self) -> None:
        """Remember the file that the first connection has opened; later ones must find the same.

        Raises:
            DatabaseReplacedError: There is another file at the path now.
        """
        if self._identity is None:
            status = self._path.stat()
            self._identity = (status.st_dev, status.st_ino)
            self._size_bytes = status.st_size
        self._same_file()

    @property
    def is_opened(self) -> bool:
        """Tell whether a connection has opened the file: then none may create another one."""
        return self._identity is not None

    def require_same(self) -> None:
        """Check that the path still leads to the opened file; before the first opening, do nothing.

        A file that became shorter is read to its end by SQLite: a `VACUUM` shortens it and it stays
        whole, but if another program cut it, pages are missing.

        Raises:
            DatabaseReplacedError: The file was moved, removed, replaced or cut short.
        """
        if self._identity is None:
            return
        size_bytes = self._same_file().st_size
        if size_bytes < self._size_bytes and not (size_bytes and hangs_together(self._path)):
            raise DatabaseReplacedError(self._url, "it was emptied or cut short")
        self._size_bytes = size_bytes

    def require_there(self) -> None:
        """Raise `DatabaseReplacedError` if the path does not lead to the opened file any more."""
        if self._identity is not None:
            self._same_file()

    def _same_file(self) -> os.stat_result:
        try:
            status = self._path.stat()
        except OSError as error:
            raise DatabaseReplacedError(self._url, words_for(error)) from error
        if not S_ISREG(status.st_mode) or (status.st_dev, status.st_ino) != self._identity:
            raise DatabaseReplacedError(self._url, "another file is in its place")
        return status
