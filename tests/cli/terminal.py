"""The frame's own command line on a real terminal."""

import os
import pty
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.cli.conftest import sample_command
from tests.command_line import DamCli


def on_terminal(
    home: Path,
    *arguments: str,
    typed: bytes = b"",
    awaited: bytes = b"",
    rows: int = 0,
    variables: Mapping[str, str] | None = None,
) -> str:
    """Return what the command writes to a terminal of 80 columns, where somebody types.

    With `awaited`, the keys are pressed once that was written. A terminal of 0 rows does not know
    how many it has. `variables` are those of the environment. Exit codes other than 0 are written,
    too.
    """
    ours, theirs = pty.openpty()
    environment = DamCli(home).environment | {"TERM": "xterm", "NO_COLOR": "1", **(variables or {})}
    script = f'stty cols 80 rows {rows} -echo; "$@" || echo "exit $?"'
    process = subprocess.Popen(
        # As the terminal's own session: its keys send signals.
        ["setsid", "--ctty", "bash", "-c", script, "-", *sample_command(*arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        cwd=home,
    )
    os.close(theirs)
    written = b""
    try:
        while awaited not in written:
            written += os.read(ours, 4096)
        os.write(ours, typed)
        while chunk := os.read(ours, 4096):
            written += chunk
    except OSError:  # the other end is closed
        pass
    process.wait()
    os.close(ours)
    return written.decode().replace("\r\n", "\n")
