"""Opens SQLite files that this process cannot write to: by rights, or on a read-only medium.

SQLite needs two files beside a database even to read it, the log (`-wal`) and its index (`-shm`).
If it cannot make them, it can only read without locks, and then nothing keeps another process from
writing to the database meanwhile. So that such a reading cannot go wrong silently, its caller
compares the states of the files before and after it.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from dam.core.database.sqlite_lock import WaitingConnection
from dam.errors import display_path

# A file that is written to twice within one tick of the kernel's clock keeps its time.
_TICK_NS = 50_000_000
_LOOKS = 3

States: TypeAlias = tuple[tuple[Path, tuple[int, ...] | None], ...]
"""Paths, and of each file its device, inode, size and time; None if there is no file."""


@dataclass(frozen=True)
class WayToRead:
    """How to open a file for reading.

    Args:
        uri: SQLite's name of the file.
        rules: Pragmas to set before anything is read.
        states: The files that must not change meanwhile, because no lock protects them; None if
            SQLite's locks do.
    """

    uri: str
    rules: tuple[str, ...] = ()
    states: States | None = None

    def open(self, **options: Any) -> WaitingConnection:  # noqa: ANN401 - the driver's own
        """Return a connection that can only read."""
        connection = WaitingConnection(self.uri, uri=True, **options)
        for rule in self.rules:
            connection.execute(f"PRAGMA {rule}")
        return connection


def unwritable_part(file: Path) -> Path | None:
    """Return what keeps this process from writing to a database; None if nothing does.

    This is the file, its log, the index of its log, or their folder. For a file that does not exist
    or cannot be looked at, None is returned: SQLite's own error says more.
    """
    try:
        real = file.resolve()
        if not real.is_file():
            return None
    except OSError:
        return None
    files = [real, *(real.with_name(real.name + end) for end in ("-wal", "-shm"))]
    return next((part for file in files if (part := _unwritable(file)) is not None), None)


def _unwritable(path: Path) -> Path | None:
    """Return the file if it is there and cannot be written to, or the folder if none can be made.

    It is looked at more than once: another process may make or remove it at the same moment.
    """
    for _ in range(_LOOKS):
        if _may_write(path):
            return None
        if not os.path.lexists(path):
            return None if _may_write(path.parent) else path.parent
    return path


def _may_write(path: Path) -> bool:
    # As who it acts, and with its capabilities: the rights of its real user may be fewer.
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def why_read_only(file: Path) -> str:
    """Return what keeps this process from writing to a database, for a `DatabaseReadOnlyError`."""
    part = unwritable_part(file)
    return f"{display_path(part)} cannot be written to" if part else "it was when it was opened"


def way_to_read(file: Path) -> WayToRead:
    """Return how to read a database that this process cannot write to.

    - With log and index there, SQLite reads under its usual locks. The same goes for a journal
      (`-journal`), which a database without a log has while it is written to.
    - With a log alone, SQLite keeps the index in its own memory. That needs "exclusive" mode, and a
      way of opening that takes no lock, since an exclusive lock could not be had.
    - Without a log, all is in the database itself, which is read as immutable.

    The last two take no locks, and are safe nevertheless. A process that begins to write adds to
    the log, which these readings never look at again; only when it moves pages from its log to the
    database could a reading mix old and new. That changes the time of the file, and `states` shows
    it: a caller that compares them after each transaction never uses such an answer.
    """
    real = file.resolve()
    log, index, journal = (real.with_name(real.name + end) for end in ("-wal", "-shm", "-journal"))
    uri = f"{real.as_uri()}?mode=ro"
    if journal.exists() or (log.exists() and index.exists()):
        return WayToRead(uri)
    if log.exists():
        rules = ("locking_mode = EXCLUSIVE",)
        return WayToRead(f"{uri}&vfs=unix-none", rules, _settled_states(real, log))
    return WayToRead(f"{uri}&immutable=1", states=_settled_states(real))


def states_of(*paths: Path) -> States:
    """Return the present states of files."""
    return tuple((path, _state(path)) for path in paths)


def _settled_states(*paths: Path) -> States:
    """Return the states of files once a later change of a file must change its time as well."""
    while True:
        states, now_ns = states_of(*paths), time.time_ns()
        if all(state is None or abs(now_ns - state[-1]) > _TICK_NS for _, state in states):
            return states
        time.sleep(_TICK_NS / 1e9)


def _state(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
