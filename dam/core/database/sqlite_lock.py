"""Waits for SQLite's lock so that a signal can stop it, and finds the process that holds the lock.

SQLite itself waits inside one call, which no signal ends. So it is told to wait for a moment only,
and the statement is repeated.
"""

import logging
import math
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from dam.stopping import requested_stop

log = logging.getLogger(__name__)

_AT_A_TIME_S = 0.25
_TOLD_AFTER_S = 5.0
_SHORT_S = 1.0

# First and last of the bytes that writers lock. In WAL mode they are in the shared-memory file: 120
# to write, 122 to recover.
_WAL_BYTES = (120, 122)
# In the other modes they are in the database file, locked before and during a write.
_FILE_BYTES = (0x40000000, 0x40000000 + 511)


@dataclass(frozen=True)
class LockHolder:
    """The process that has locked a SQLite file; `name` is empty if it cannot be found out."""

    process_id: int
    name: str
    is_suspended: bool

    def __str__(self) -> str:
        facts = [self.name] * bool(self.name) + ["suspended"] * self.is_suspended
        return f"process {self.process_id}" + (f" ({', '.join(facts)})" if facts else "")


class WaitingConnection(sqlite3.Connection):
    """A connection for `sqlite3.connect(factory=…)` whose statements wait for a lock.

    A statement waits up to `timeout` seconds; after 5 s it logs the process that holds the lock. It
    waits about one second only if this process was asked to stop, or if another statement has
    waited in vain within the last `timeout` seconds.
    """

    def __init__(self, database: str, timeout: float = 5.0, **options: Any) -> None:  # noqa: ANN401 - the driver's own
        super().__init__(database, timeout=min(timeout, _AT_A_TIME_S), **options)
        self._timeout_s = timeout
        self._in_vain_at_s = -math.inf

    def cursor(self, _factory: None = None) -> "WaitingCursor":  # type: ignore[override]  # always ours
        """Return a cursor that waits."""
        return super().cursor(WaitingCursor)

    def may_ask_again(self, since_s: float, now_s: float) -> bool:
        """Tell whether to try again to get a lock that was first tried at `since_s`."""
        was_in_vain = now_s < self._in_vain_at_s + self._timeout_s
        is_short = was_in_vain or requested_stop()
        if now_s - since_s < (min(_SHORT_S, self._timeout_s) if is_short else self._timeout_s):
            return True
        self._in_vain_at_s = now_s
        return False

    def file(self) -> Path:
        """Return the database's file; symbolic links in its path are resolved."""
        files = super().execute("PRAGMA database_list").fetchall()
        (path,) = (path for _number, name, path in files if name == "main")  # the others: temporary
        return Path(path)


class WaitingCursor(sqlite3.Cursor):
    """A cursor of a `WaitingConnection`.

    `executemany` does not wait: it runs inside a transaction, which has the lock.
    """

    connection: WaitingConnection

    def execute(self, sql: str, parameters: Any = (), /) -> Self:  # noqa: ANN401 - the driver's own
        """Execute a statement as soon as no other process blocks it."""
        since_s, is_told = time.monotonic(), False
        while True:
            try:
                return super().execute(sql, parameters)
            except sqlite3.OperationalError as error:
                now_s = time.monotonic()
                if not _is_locked(error) or not self.connection.may_ask_again(since_s, now_s):
                    raise
            if not is_told and now_s > since_s + _TOLD_AFTER_S:
                is_told = True
                holder = lock_holder(self.connection.file()) or "another program"
                log.warning("waiting for the database", extra={"locked_by": str(holder)})


def _is_locked(error: sqlite3.OperationalError) -> bool:
    """Tell whether the statement failed only because another process has the lock."""
    code = getattr(error, "sqlite_errorcode", None)  # the error for text that is not UTF-8 has none
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY)


def lock_holder(file: Path) -> LockHolder | None:
    """Return the process that keeps writers off a SQLite file, or None if it cannot be found out.

    The file itself is not opened: to close it again would drop this process's locks on it.
    """
    for path, (first, last) in ((f"{file}-shm", _WAL_BYTES), (file, _FILE_BYTES)):
        with suppress(OSError):
            status = Path(path).stat()
            for process_id, place in _write_locks(status.st_ino, first, last):
                device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
                if place == device or _has_open(process_id, status):
                    return _holder(process_id)
    return None


def _write_locks(inode: int, first: int, last: int) -> Iterator[tuple[int, str]]:
    """Yield the process and the device of each write lock that another process has on these bytes.

    A process that cannot be seen from here, such as one in another container, is left out: its
    number is 0 or below.
    """
    for line in Path("/proc/locks").read_text().splitlines():
        words = line.split()
        if words[1] == "POSIX" and words[3] == "WRITE":
            process_id, (device, _, number), start = (
                int(words[4]),
                words[5].rpartition(":"),
                words[6],
            )
            is_other = process_id > 0 and process_id != os.getpid()
            if number == str(inode) and first <= int(start) <= last and is_other:
                yield process_id, device


def _has_open(process_id: int, status: os.stat_result) -> bool:
    """Tell whether a process has a file open.

    Needed on btrfs, where `/proc/locks` shows another device than `stat` does.
    """
    with suppress(OSError):
        for link in Path(f"/proc/{process_id}/fd").iterdir():
            with suppress(OSError):
                if os.path.samestat(link.stat(), status):
                    return True
    return False


def _holder(process_id: int) -> LockHolder:
    try:
        text = Path(f"/proc/{process_id}/status").read_text(errors="replace")
    except OSError:
        return LockHolder(process_id, "", is_suspended=False)
    facts = dict(line.partition(":\t")[::2] for line in text.splitlines())
    return LockHolder(process_id, facts["Name"], is_suspended=facts["State"][:1] in "Tt")
