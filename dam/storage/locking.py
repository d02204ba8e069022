"""Locks between processes on open files; they end with the process, however it ends."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dam.errors import ImportStoppedError

_ASK_AGAIN_S = 0.1


@contextmanager
def shared_lock(
    path: Path,
    on_wait: Callable[[], None] | None = None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Iterator[None]:
    """Hold the lock file together with others; wait while somebody holds it alone.

    Raises:
        ImportStoppedError: `is_stopped` said yes while this waited.
    """
    with _lock_file(path) as fd:
        if not try_lock(fd, is_exclusive=False):
            if on_wait is not None:
                on_wait()
            # Nothing but the lock's end wakes a thread that has the system wait for it.
            while not try_lock(fd, is_exclusive=False):
                if is_stopped():
                    raise ImportStoppedError
                time.sleep(_ASK_AGAIN_S)
        yield


@contextmanager
def exclusive_lock(path: Path) -> Iterator[bool]:
    """Give whether the lock file could be had alone, and hold it if so; never wait."""
    with _lock_file(path) as fd:
        yield try_lock(fd, is_exclusive=True)


def try_lock(fd: int, *, is_exclusive: bool) -> bool:
    """Return whether the open file is now locked; it stays so until it is closed."""
    try:
        import fcntl  # noqa: PLC0415 - not on every platform; there nothing is ever held
    except ImportError:
        return True
    kind = fcntl.LOCK_EX if is_exclusive else fcntl.LOCK_SH
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _lock_file(path: Path) -> Iterator[int]:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        yield fd
    finally:
        os.close(fd)
