"""Translates SQLite's errors into faults of the file, its folder or its disk."""

import sqlite3
from pathlib import Path
from tempfile import TemporaryFile

from dam.core.database.read_only_file import why_read_only
from dam.core.database.sqlite_lock import lock_holder
from dam.errors import (
    DatabaseCorruptError,
    DatabaseError,
    DatabaseLockedError,
    DatabaseReadOnlyError,
    DatabaseUnreachableError,
    require_free_files,
    words_for,
)

_READ_ONLY = ("SQLITE_READONLY", "SQLITE_READONLY_DIRECTORY")
_INTERRUPTED = ("SQLITE_READONLY_ROLLBACK", "SQLITE_READONLY_RECOVERY")
_FILES_OF_A_CONNECTION = 4  # the database, its log, their index, a temporary file


def fault_of(
    error: sqlite3.Error, file: Path | None, safe_url: str, *, waited_s: float
) -> DatabaseError | None:
    """Return the environment's fault, or None if the statement was wrong.

    Args:
        error: The driver's error.
        file: The database's file.
        safe_url: The database's URL as it may be shown.
        waited_s: How long the statement waited for a lock.
    """
    name, reason = getattr(error, "sqlite_errorname", ""), str(error).strip()
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        holder = lock_holder(file) if file else None
        suspended_id = holder.process_id if holder and holder.is_suspended else None
        return DatabaseLockedError(safe_url, waited_s, str(holder or ""), suspended_id=suspended_id)
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return DatabaseCorruptError(safe_url, reason)
    if file is not None and name in _READ_ONLY + _INTERRUPTED:
        return _read_only(file, safe_url, is_interrupted=name in _INTERRUPTED)
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY")):
        return DatabaseError(safe_url, reason)
    if cannot_open(error) or name.startswith(("SQLITE_AUTH", "SQLITE_PERM")):
        return DatabaseUnreachableError(safe_url, reason + _why_not_open(file))
    return None


def _read_only(file: Path, safe_url: str, *, is_interrupted: bool) -> DatabaseError:
    why = why_read_only(file)
    if not is_interrupted:
        return DatabaseReadOnlyError(safe_url, why)
    return DatabaseError(
        safe_url,
        f"a write to it was interrupted, and must be undone before it can be read; but {why}",
        "make the file and its folder writable, then run the command again",
    )


def cannot_open(error: sqlite3.Error) -> bool:
    """Tell whether SQLite could not open the file, which may be gone."""
    return getattr(error, "sqlite_errorname", "").startswith("SQLITE_CANTOPEN")


def _why_not_open(file: Path | None) -> str:
    """Return why SQLite cannot create its files beside the database; readers need them, too."""
    require_free_files(_FILES_OF_A_CONNECTION)  # SQLite does not say that none were left
    try:
        if file is None or not file.parent.is_dir():
            return ""
    except OSError as error:  # a folder above it must not be looked into
        return f": {words_for(error)}"
    try:
        TemporaryFile(dir=file.parent).close()
    except OSError as error:
        return f"; its folder cannot be written to: {words_for(error)}"
    return ""
