"""SQLite's lock when another process has it: who that is, and waiting that can be stopped.

SQLite itself waits inside one call, which no signal ends. So it is told to wait for a moment only,
and asked again.
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

# Bytes of the file of shared memory beside a database in WAL mode: who writes, and who recovers.
_WAL_BYTES = (120, 122)
# Bytes of the database itself in its other modes: who is about to write, and who writes.
_FILE_BYTES = (0x40000000, 0x40000000 + 511)


@dataclass(frozen=True)
class LockHolder:
    """The process that has a SQLite file locked; `name` is empty where it cannot be seen."""

    process_id: int
    name: str
    is_suspended: bool

    def __str__(self) -> str:
        facts = [self.name] * bool(self.name) + ["suspended"] * self.is_suspended
        return f"process {self.process_id}" + (f" ({', '.join(facts)})" if facts else "")


class WaitingConnection(sqlite3.Connection):
    """A connection for `sqlite3.connect(factory=…)` whose statements wait for a lock.

    They wait for `timeout` seconds, and say in the log for whom when it takes long. Once somebody
    has asked the process to stop, or right after they have waited in vain, it is about one second.
    """

    def __init__(self, database: str, timeout: float = 5.0, **options: Any) -> None:  # noqa: ANN401 - the driver's own
        super().__init__(database, timeout=min(timeout, _AT_A_TIME_S), **options)
        self._timeout_s = timeout
        self._in_vain_at_s = -math.inf

    def cursor(self, _factory: None = None) -> "WaitingCursor":  # type: ignore[override]  # always ours
        """Return a cursor that waits."""
        return super().cursor(WaitingCursor)

    def may_ask_again(self, since_s: float, now_s: float) -> bool:
        """Tell whether to ask for a lock again that has been asked for since that moment."""
        was_in_vain = now_s < self._in_vain_at_s + self._timeout_s
        is_short = was_in_vain or requested_stop()
        if now_s - since_s < (min(_SHORT_S, self._timeout_s) if is_short else self._timeout_s):
            return True
        self._in_vain_at_s = now_s
        return False

    def file(self) -> Path:
        """Return the database's file, with no link in its path."""
        files = super().execute("PRAGMA database_list").fetchall()
        (path,) = (path for _number, name, path in files if name == "main")  # the others: temporary
        return Path(path)


class WaitingCursor(sqlite3.Cursor):
    """A cursor of a connection that waits; `executemany` has no need to, inside a transaction."""

    connection: WaitingConnection

    def execute(self, sql: str, parameters: Any = (), /) -> Self:  # noqa: ANN401 - the driver's own
        """Execute a statement as soon as no other process is in its way."""
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
    """Tell whether another process's lock is to blame, and nothing has been done."""
    code = getattr(error, "sqlite_errorcode", None)  # text that is no UTF-8 has none
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY)


def lock_holder(file: Path) -> LockHolder | None:
    """Return who has a SQLite file locked against writers; None where that cannot be told.

    No file is opened: to close it again would drop the locks that this process has on it.
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
    """Yield process and device of each lock of others that keeps writers off these bytes of a file.

    A process that cannot be seen from here, as one in another container, has no number above 0.
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
    """Tell whether a process has a file open; in locks, btrfs shows another device than `stat`."""
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
