"""Saves a copy of a SQLite database before its schema is changed."""

import contextlib
import errno
import logging
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from dam.storage.locking import try_lock
from dam.storage.privacy import copy_mode

log = logging.getLogger(__name__)

_COPY, _UNFINISHED = ".bak", ".part"


def prepare_file(connection: Connection, file: Path, now: datetime) -> Path | None:
    """Save a copy of the database if it has tables, and set WAL mode; return the copy's path."""
    copy = None
    had_tables = bool(inspect(connection).get_table_names())
    connection.rollback()
    if had_tables:
        _sweep_unfinished_copies(file)
        copy = file.with_name(f"{file.name}.{now:%Y%m%dT%H%M%S%fZ}{_COPY}")
        _save_copy(connection, copy, mode=copy_mode(file))
        log.info("database saved", extra={"copy": str(copy)})
    connection.execute(text("PRAGMA journal_mode = WAL"))
    return copy


def _save_copy(connection: Connection, copy: Path, *, mode: int) -> None:
    """Save a copy of the database; it gets its final name only when it is complete and synced."""
    if copy.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), copy)
    unfinished = copy.with_name(copy.name + _UNFINISHED)
    with _held_file(unfinished, mode) as fd:
        # As bytes, because a path need not be valid text.
        name = {"copy": os.fsencode(unfinished)}
        connection.execute(text("VACUUM INTO CAST(:copy AS TEXT)"), name)
        os.fsync(fd)
        unfinished.rename(copy)


@contextlib.contextmanager
def _held_file(path: Path, mode: int) -> Iterator[int]:
    """Create a file and lock it while the block runs; then remove it unless it was renamed."""
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
        try:
            # Between the two calls, another process may have swept it as left over.
            if try_lock(fd, is_exclusive=True) and os.fstat(fd).st_nlink:
                os.fchmod(fd, mode)  # the umask may have removed some permissions
                yield fd
                return
        finally:
            path.unlink(missing_ok=True)
            os.close(fd)


def _sweep_unfinished_copies(file: Path) -> None:
    """Remove unfinished copies of killed processes; a running process holds a lock on its copy."""
    for path in file.parent.iterdir():
        if path.name.startswith(f"{file.name}.") and path.name.endswith(_COPY + _UNFINISHED):
            with contextlib.suppress(OSError), path.open("rb") as left:
                if try_lock(left.fileno(), is_exclusive=True):
                    path.unlink()
