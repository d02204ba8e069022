"""Starts commands from a process that has imported already what nearly every command imports.

Nine tenths of the time of a short command go into importing SQLAlchemy, Alembic, pydantic and dam.
So one process for each run of the tests imports them once, and forks for each command: that is a
process of its own, in a session of its own, with the arguments, environment, folder, umask and
pipes it is given. It runs `python -m dam` from its first line and ends as Python ends.
`DAM_TEST_COLD=1` starts every command as a new interpreter instead.
"""

import atexit
import gc
import importlib
import os
import pickle
import runpy
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from sqlalchemy.orm import configure_mappers

_MOST_BYTES = 100_000
_NUMBER = struct.Struct("=q")
_IMPORTED = (
    *("alembic.command", "alembic.runtime.migration", "dotenv", "rich.console", "rich.table"),
    *("psycopg", "sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite.aiosqlite"),
    *("typer._adapters", "typer.main", "dam.app"),
)


class WarmStarter:
    """A process that forks for each command; it ends with the tests, however these end."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # The command's streams are made of these three as the interpreter starts: all are pipes.
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd="/",
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()

    def run(
        self,
        arguments: Sequence[bytes],
        environment: Mapping[str, str],
        folder: Path,
        stdin: bytes,
        limit_s: float,
    ) -> tuple[int, bytes, bytes]:
        """Run a command to its end and return its exit code, stdout and stderr.

        Args:
            arguments: Those after the program's name.
            environment: All of the command's environment.
            folder: Its working directory.
            stdin: What it reads from its standard input.
            limit_s: How long it may take, in seconds.

        Raises:
            TimeoutError: It took longer, and was killed.
        """
        message = pickle.dumps((list(arguments), dict(environment), os.fspath(folder), _umask()))
        pipes = [os.pipe() for _ in range(4)]
        (given, to), (out, _), (err, _), (report, _) = pipes
        theirs = [given, *(writer for _, writer in pipes[1:])]
        socket.send_fds(self._control, [message], theirs)
        for fd in theirs:
            os.close(fd)
        with os.fdopen(report, "rb") as reports, ThreadPoolExecutor(3) as threads:
            started = reports.read(_NUMBER.size)
            if not started:
                self._control.close()
                raise RuntimeError(f"no command was started: {self._process.communicate()[1]!r}")
            (pid,) = _NUMBER.unpack(started)
            threads.submit(_write, to, stdin)
            streams = [threads.submit(_read, fd) for fd in (out, err)]
            try:
                stdout, stderr = (stream.result(limit_s) for stream in streams)
            except TimeoutError:
                os.killpg(pid, signal.SIGKILL)
                raise
            (status,) = _NUMBER.unpack(reports.read(_NUMBER.size))
        return os.waitstatus_to_exitcode(status), stdout, stderr

    def close(self) -> None:
        """End the process."""
        self._control.close()
        self._process.communicate()


def warm_starter(environment: Mapping[str, str]) -> WarmStarter:
    """Return the one starter of this process; the first command's environment says what it runs."""
    with _starting:
        if not _starters:
            own = {name: environment[name] for name in ("PATH", "LANG")}
            # Not the packages of this command, which the next ones may not have.
            own["PYTHONPATH"] = environment["PYTHONPATH"].rpartition(os.pathsep)[2]
            _starters.append(WarmStarter(own))
            atexit.register(_starters[0].close)
    return _starters[0]


def is_short(arguments: Sequence[bytes]) -> bool:
    """Tell whether these arguments fit into one message."""
    return sum(map(len, arguments)) < _MOST_BYTES


_starters: list[WarmStarter] = []
_starting = threading.Lock()


def _umask() -> int:
    os.umask(before := os.umask(0o077))
    return before


def _write(fd: int, content: bytes) -> None:
    with os.fdopen(fd, "wb", buffering=0) as pipe:
        _write_all(pipe, content)


def _write_all(pipe: IO[bytes], content: bytes) -> None:
    left = memoryview(content)
    try:
        while left:
            left = left[pipe.write(left) :]
    except BrokenPipeError:  # the command ended without reading it all
        pass


def _read(fd: int) -> bytes:
    with os.fdopen(fd, "rb") as pipe:
        return pipe.read()


def _serve(control: socket.socket) -> bool:
    """Fork for each request; return True in the process of a command, False at the end."""
    running = 0
    while True:
        message, fds, _, _ = socket.recv_fds(control, 2 * _MOST_BYTES, 4)
        if not message:
            return False
        if os.fork() == 0:
            control.close()
            _become(message, fds)
            return True
        for fd in fds:
            os.close(fd)
        running += 1
        while running and os.waitpid(-1, os.WNOHANG)[0]:
            running -= 1


def _become(message: bytes, fds: Sequence[int]) -> None:
    """Fork once more: the parent waits and reports, the child gets all that the command has."""
    *streams, report = fds
    if pid := os.fork():
        for fd in streams:
            os.close(fd)
        os.write(report, _NUMBER.pack(pid))
        _, status = os.waitpid(pid, 0)
        os.write(report, _NUMBER.pack(status))
        os._exit(0)
    os.setsid()
    for number, fd in enumerate(streams):
        os.dup2(fd, number)
    for fd in fds:
        os.close(fd)
    arguments, environment, folder, umask = pickle.loads(message)  # noqa: S301 - our own
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    os.umask(umask)
    sys.argv[1:] = map(os.fsdecode, arguments)
    packages = environment["PYTHONPATH"].split(os.pathsep)
    sys.path[:] = [folder, *packages, *(entry for entry in sys.path[1:] if entry not in packages)]


if __name__ == "__main__":
    for _name in _IMPORTED:
        importlib.import_module(_name)
    configure_mappers()  # as the first statement does, unless it is done
    assert tempfile.tempdir is None  # which TMPDIR decides
    gc.collect()
    gc.freeze()
    if _serve(socket.socket(fileno=int(sys.argv[1]))):
        runpy.run_module("dam", run_name="__main__", alter_sys=True)
