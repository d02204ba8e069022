"""File locks between processes; the system releases them when a process ends, however it ends."""

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
    """Hold a shared lock on the lock file; wait while another process holds an exclusive one.

    Args:
        path: The lock file, which is made if it is missing.
        on_wait: Called once, before this waits.
        is_stopped: Asked ten times a second while this waits.

    Raises:
        ImportStoppedError: `is_stopped` returned True while this waited.
    """
    with _lock_file(path) as fd:
        if not try_lock(fd, is_exclusive=False):
            if on_wait is not None:
                on_wait()
            # Asked again and again: a thread that waits in `flock` could not be stopped.
            while not try_lock(fd, is_exclusive=False):
                if is_stopped():
                    raise ImportStoppedError
                time.sleep(_ASK_AGAIN_S)
        yield


@contextmanager
def exclusive_lock(path: Path) -> Iterator[bool]:
    """Try to hold an exclusive lock on the lock file; yield whether it is held. Never waits."""
    with _lock_file(path) as fd:
        yield try_lock(fd, is_exclusive=True)


def try_lock(fd: int, *, is_exclusive: bool) -> bool:
    """Try to lock an open file until it is closed; return whether it is locked now."""
    try:
        import fcntl  # noqa: PLC0415 - not on every platform; without it nothing is ever locked
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
