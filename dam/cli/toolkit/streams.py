"""Standard streams: made usable at the start, given up when their reader is gone."""

import os
import select
import signal
import sys
from contextlib import suppress
from types import FrameType

from dam.cli.toolkit.output import OutputError, flush, results_fileno

_PATIENCE_S = 1.0
_STDOUT, _STDERR = 1, 2


def prepare_streams() -> None:
    """Open the standard streams that are closed, and let stdout and stderr take any text."""
    # A descriptor that is closed would be given to the next file opened, perhaps the database.
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123  (for the life of the process)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def keep_stdout_for_results() -> None:
    """Redirect stdout to stderr from now on, for everything but results.

    Plugins, libraries and the programs that they start may write to stdout, by whatever means. One
    line of theirs would break the JSON of a command. So results get a descriptor of their own,
    which no other code knows.
    """
    stdout = sys.__stdout__
    if stdout is not None:
        stdout.flush()
        results = os.fdopen(
            os.dup(stdout.fileno()), "w", encoding=stdout.encoding, errors=stdout.errors
        )
        results.reconfigure(line_buffering=bool(stdout.line_buffering))
        stdout.reconfigure(line_buffering=True)  # beside lines that go to stderr at once
        vars(sys)["__stdout__"] = results  # Python's own place for it; mypy takes it for fixed
    os.dup2(_STDERR, _STDOUT)


def flush_prints() -> None:
    """Flush what plugins printed, so that it comes before the next message."""
    if sys.stdout is not None:
        with suppress(OSError):
            sys.stdout.flush()


def give_up_stdout() -> None:
    """Flush results, or drop them if that fails, so that the flush at exit cannot fail."""
    try:
        flush()
    except (OSError, OutputError):
        _discard(results_fileno())


def leave_full_pipes() -> None:
    """After one second, stop waiting for programs that do not read our output.

    Otherwise a process that was asked to stop would wait for `less` to turn the page. Output to a
    full pipe is dropped then; a pipe that is being read is left alone.
    """
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, _leave_full_pipes)
        signal.setitimer(signal.ITIMER_REAL, _PATIENCE_S, _PATIENCE_S)


def _leave_full_pipes(_number: int, _frame: FrameType | None) -> None:
    for stream in (sys.__stdout__, sys.stderr):
        if stream is None:
            continue
        poll = select.poll()
        poll.register(stream.fileno(), select.POLLOUT)
        if not poll.poll(0):
            _discard(stream.fileno())


def _discard(descriptor: int) -> None:
    """Drop everything that is written to a descriptor from now on."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)
