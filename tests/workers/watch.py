"""Hearing from worker processes, and seeing that they are gone, without waiting forever."""

import os
import select
from pathlib import Path

_PATIENCE_S = 30.0


def announced_id(fifo: Path) -> int:
    """The process id that a worker writes into the pipe."""
    descriptor = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert select.select([descriptor], [], [], _PATIENCE_S)[0], "no worker announced itself"
        os.set_blocking(descriptor, True)
        return int(os.read(descriptor, 100))
    finally:
        os.close(descriptor)


def wait_until_gone(process_id: int) -> None:
    """Return when the process has ended; fail when it does not."""
    try:
        descriptor = os.pidfd_open(process_id)
    except ProcessLookupError:
        return
    try:
        gone = select.select([descriptor], [], [], _PATIENCE_S)[0]
        assert gone, f"process {process_id} is still there"
    finally:
        os.close(descriptor)
