"""The program that unpacks RAR ends with the process that started it, however that ends."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

_PROJECT = Path(__file__).parents[3]

_STARTING = """
import os, subprocess, sys
program, path = sys.argv[1:]
fd = os.open(path, os.O_RDONLY)
words = [program, ["-f"], fd, 1 << 20, os.getpid()]
child = subprocess.Popen(
    [sys.executable, "-c", f"from dam.media.archive.program import become; become(*{words!r})"],
    pass_fds=[fd],
)
print(child.pid, flush=True)
child.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = shutil.which("tail")
    assert program
    (tmp_path / "archive").write_text("it runs\n")
    with subprocess.Popen(
        [sys.executable, "-c", _STARTING, program, str(tmp_path / "archive")],
        cwd=_PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        try:
            assert parent.stdout.readline() == "it runs\n"
            parent.kill()
            rest, _ = parent.communicate(timeout=60)  # until nobody has its output open any more
        finally:
            parent.kill()
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    assert rest == ""
