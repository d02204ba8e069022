"""A real disk's error for one file, without a disk that is broken."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import unavailable


@contextmanager
def unreadable_disk(path: Path) -> Iterator[None]:
    """Have every read of a file end in EIO, and its name taken for good."""
    # The memory of a process at the address 0: this is an error of input and output.
    mount = ["mount", "--bind", f"/proc/{os.getpid()}/mem", str(path)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        unavailable("no file can be mounted here: this needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
