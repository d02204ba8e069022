"""File systems of one's own: small, full, read-only."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import unavailable


@pytest.fixture
def other_file_system() -> Iterator[Path]:
    """An empty file system of 1 MiB."""
    # Not below tmp_path: pytest could not clear that away after a run that was killed.
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0755", "tmpfs", folder]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            unavailable("no file system can be mounted here: this needs root")
        yield Path(folder)
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user of the machine can enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def nobody() -> Iterator[None]:
    """Be an ordinary user for a while: root may read everything."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
