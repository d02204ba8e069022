"""The frame's own command line, in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command_line import DamCli, Result

Run = Callable[..., Result]


@pytest.fixture
def run(home: Path) -> Run:
    """Run `tests.cli.sample` with these arguments; `stdin` are bytes."""

    def call(*arguments: str | bytes, stdin: bytes = b"") -> Result:
        process = subprocess.run(
            sample_command(*arguments),
            input=stdin,
            capture_output=True,
            env=DamCli(home).environment,
            cwd=home,
            timeout=60,
            check=False,
        )
        stdout, stderr = (
            stream.decode(errors="surrogateescape") for stream in (process.stdout, process.stderr)
        )
        return Result(process.returncode, stdout, stderr)

    return call


def sample_command(*arguments: str | bytes) -> list[str | bytes | os.PathLike[str]]:
    """Return the arguments that start `tests.cli.sample`."""
    return [sys.executable, "-m", "tests.cli.sample", *arguments]
