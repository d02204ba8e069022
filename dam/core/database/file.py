"""Opens the file of a SQLite database, and detects what happens to it while it is open.

It may be moved, replaced, cut short, or written to while it is read without locks.

Only SQLite opens the file: if this process opened it in another way, closing it again would drop
SQLite's locks.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from stat import S_ISREG
from threading import Lock
from typing import Any

from dam.core.database.read_only_file import (
    States,
    states_of,
    unwritable_part,
    way_to_read,
    why_read_only,
)
from dam.core.database.sqlite_driver import hangs_together, uri_of_existing
from dam.core.database.sqlite_lock import WaitingConnection
from dam.errors import (
    DatabaseChangedError,
    DatabaseReadOnlyError,
    DatabaseReplacedError,
    words_for,
)


class DatabaseFile:
    """The file at `path`, as it was when the first connection opened it.

    Invariant: a connection keeps the first file open for as long as others may be opened, so that
    no other file can get its inode number meanwhile.
    """

    def __init__(self, path: Path, url: str) -> None:
        self.path = path
        self._url = url
        self._identity: tuple[int, int] | None = None
        self._size_bytes = 0
        self._opening = Lock()  # each connection opens the file in a thread of its own
        self._unlocked: States | None = None
        self.is_read_only = False

    def open(self, **options: Any) -> WaitingConnection:  # noqa: ANN401 - the driver's own
        """Return a new connection; all can only read if the first found that it cannot write.

        A missing file is created, unless it was opened before: then it has disappeared, and opening
        it fails.
        """
        with self._opening:
            if not self.is_opened:
                self.is_read_only = unwritable_part(self.path) is not None
            if self.is_read_only:
                way = way_to_read(self.path)
                self._unlocked = self._unlocked or way.states
                return way.open(**options)
        if self.is_opened:
            return WaitingConnection(uri_of_existing(self.path), uri=True, **options)
        return WaitingConnection(str(self.path), **options)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Make sure that what is read in the block was not written to meanwhile.

        An error found after the block replaces an exception of the block.

        Raises:
            DatabaseChangedError: It was, because no lock could prevent that. What was read may be
                wrong.
        """
        try:
            yield
        finally:
            if self._unlocked and self._unlocked != states_of(*dict(self._unlocked)):
                raise DatabaseChangedError(self._url)

    def require_writable(self) -> None:
        """Raise `DatabaseReadOnlyError` if the file was opened for reading only."""
        if self.is_read_only:
            raise DatabaseReadOnlyError(self._url, why_read_only(self.path))

    def take_opened(self) -> None:
        """Remember the file that the first connection has opened; later ones must find the same.

        Raises:
            DatabaseReplacedError: There is another file at the path now.
        """
        if self._identity is None:
            status = self.path.stat()
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
        if size_bytes < self._size_bytes and not (size_bytes and hangs_together(self.path)):
            raise DatabaseReplacedError(self._url, "it was emptied or cut short")
        self._size_bytes = size_bytes

    def require_there(self) -> None:
        """Raise `DatabaseReplacedError` if the path does not lead to the opened file any more."""
        if self._identity is not None:
            self._same_file()

    def _same_file(self) -> os.stat_result:
        try:
            status = self.path.stat()
        except OSError as error:
            raise DatabaseReplacedError(self._url, words_for(error)) from error
        if not S_ISREG(status.st_mode) or (status.st_dev, status.st_ino) != self._identity:
            raise DatabaseReplacedError(self._url, "another file is in its place")
        return status
