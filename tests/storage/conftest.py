"""File systems of one's own: small, full, read-only."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import unavailable


@pytest.fixture
def other_file_system(tmp_path: Path) -> Iterator[Path]:
    """An empty file system of 1 MiB."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0755", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        unavailable("no file system can be mounted here: this needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
