"""The file of a SQLite database, watched by its path: it must stay the one that was opened.

Nobody but SQLite opens it: a process that does drops SQLite's locks as it closes it.
"""

import os
from pathlib import Path
from stat import S_ISREG

from dam.core.database.sqlite_driver import hangs_together
from dam.errors import DatabaseReplacedError, words_for


class DatabaseFile:
    """The file at `path` as it was when the first connection was opened.

    Invariant: the file of the first connection is kept open by a connection for as long as others
    may be opened, so its inode number is not given to another file meanwhile.
    """

    def __init__(self, path: Path, url: str) -> None:
        self._path = path
        self._url = url
        self._identity: tuple[int, int] | None = None
        self._size_bytes = 0

    def take_opened(self) -> None:
        """Remember the file that a connection has just opened; a later one must find the same.

        Raises:
            DatabaseReplacedError: It found another one.
        """
        if self._identity is None:
            status = self._path.stat()
            self._identity = (status.st_dev, status.st_ino)
            self._size_bytes = status.st_size
        self._same_file()

    @property
    def is_opened(self) -> bool:
        """Tell whether a connection has opened it: then nobody makes another one."""
        return self._identity is not None

    def require_same(self) -> None:
        """Look at what has the path now; where nothing was opened yet, anything will do.

        A file that became shorter is read to its end, by SQLite, which makes it so itself (a
        `VACUUM` does); where somebody else did, pages are missing.

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
        """Raise `DatabaseReplacedError` if another file than that which was opened has the path."""
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
