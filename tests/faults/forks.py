"""The command in forks of a process that has loaded it already: many runs, killed to the moment.

`python -m tests.faults.forks` reads one job a line and answers each when its process has ended.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from dam.stopping import StoppedBySignalError, handle_stops, raise_stop
from tests.command_line import DamCli, home_variables

_PRELOADED = (
    "dam.app",
    "dam.cli.add_asset",
    "dam.cli.comic.files",
    "dam.cli.toolkit.work_progress",
    "dam.services.comic_import_service",
    "dam.services.import_service.adding",
    "dam.storage.local.store",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
)


@dataclass(frozen=True)
class Ended:
    """How one run ended: its exit code, or minus the signal that killed it."""

    process_id: int
    code: int
    elapsed_s: float
    output: Path

    @property
    def jsonl(self) -> list[Any]:
        """The JSON values on stdout, one a line."""
        return [json.loads(line) for line in self.output.read_text().splitlines()]

    @property
    def said(self) -> str:
        """What it wrote to stderr."""
        return _beside(self.output).read_text()


class ForkServer:
    """A process that has loaded the command; each run is a fork of it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=DamCli(home).environment,
            cwd=home,
        )

    def run(
        self,
        *arguments: str | os.PathLike[str],
        home: Path,
        settings: Mapping[str, str],
        killed_after_s: float = 0.0,
        number: signal.Signals = signal.SIGALRM,
    ) -> Ended:
        """Run the command with this home; after so long, unless that is 0, it gets a signal.

        SIGALRM kills it by the kernel's own clock, to the moment.
        """
        output = home / "stdout"
        job = {
            "arguments": list(map(str, arguments)),
            "home": str(home),
            "environment": {**home_variables(home), **settings},
            "output": str(output),
            "killed_after_s": killed_after_s,
            "number": int(number),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(job), file=self._process.stdin, flush=True)
        process_id, code, elapsed_s = json.loads(self._process.stdout.readline())
        return Ended(process_id, code, elapsed_s, output)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            self._process.kill()


def _beside(output: Path) -> Path:
    return output.with_name("stderr")


def workers_of(process_id: int) -> list[int]:
    """Return the ids of the worker processes of a command, which may have ended itself."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes()
        except OSError:  # no process, or one that has just ended
            continue
        if f"serve({process_id}, ".encode() in words:
            found.append(int(entry.name))
    return found


def _work(job: Mapping[str, Any]) -> None:
    """Be the command."""
    os.environ.update(job["environment"])
    os.chdir(job["home"])
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    writing = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    os.dup2(os.open(job["output"], writing), 1)
    os.dup2(os.open(_beside(Path(job["output"])), writing), 2)
    if job["number"] == signal.SIGALRM:
        signal.setitimer(signal.ITIMER_REAL, job["killed_after_s"])
    from dam.cli.main import main  # noqa: PLC0415 - loaded before

    handle_stops(raise_stop)
    code = main(job["arguments"])
    sys.stdout.flush()
    os._exit(code)


def _serve() -> None:
    for name in _PRELOADED:
        __import__(name)
    for line in sys.stdin:
        job = json.loads(line)
        started = time.monotonic()
        child = os.fork()
        if not child:
            try:
                _work(job)
            except StoppedBySignalError as error:
                os._exit(128 + error.signal)
            finally:
                os._exit(70)
        striker = threading.Timer(job["killed_after_s"], os.kill, (child, job["number"]))
        if job["killed_after_s"] and job["number"] != signal.SIGALRM:
            striker.start()
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)  # so that the id is still its own
        striker.cancel()
        status = os.waitpid(child, 0)[1]
        elapsed_s = time.monotonic() - started
        print(json.dumps([child, os.waitstatus_to_exitcode(status), elapsed_s]), flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    _serve()
