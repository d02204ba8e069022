"""Tries what a worker can do besides its work: a confined one can do none of it."""

import mmap
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable

from dam.sandbox import python_files
from dam.workers.pool import WorkerPool


def powers_of_confined_workers() -> list[str]:
    """Return what a confined worker can do here, in words, by having one try it.

    Those that decode and those that unpack are confined in the same way, and so is the program that
    unpacks RAR. Nothing, where the kernel has Landlock and seccomp filters.

    Example: `["use the network"]`.

    Raises:
        WorkerStartError, HostLimitError: No worker can be started.
    """
    with WorkerPool(1, confined_to=python_files(), task_timeout_s=60) as pool:
        return pool.submit(try_powers).result()


def try_powers() -> list[str]:
    """Return what this process can do, in words."""
    attempts: dict[str, Callable[[], object]] = {
        "read files": lambda: os.listdir("/"),  # noqa: PTH208 - only to see whether it can
        "write files": lambda: tempfile.TemporaryFile().close(),
        "start programs": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
        "signal other processes": lambda: os.kill(os.getppid(), 0),
        "use the network": lambda: socket.socket().close(),
        "take memory without limit": lambda: mmap.mmap(-1, mmap.PAGESIZE).close(),
        "use the rights of root": lambda: os.chroot("/"),
    }
    return [name for name, attempt in attempts.items() if _succeeds(attempt)]


def _succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (OSError, subprocess.SubprocessError):
        return False
    return True
