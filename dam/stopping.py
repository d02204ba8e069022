"""Handles signals that ask this process to stop: Ctrl-C, `kill`, a closed terminal.

Imports as little as possible, not even `typing`: until `dam.__main__` has imported it, Python's own
handlers are in place. It knows nothing of event loops: `dam.cli.toolkit.running.run_async` cancels
its task, everything else is stopped by an exception.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

StopHandler = Callable[[int, FrameType | None], object]

_PATIENCE_S = 5.0
_AGAIN_S = 0.01

# Windows has no SIGHUP.
STOP_SIGNALS: tuple[signal.Signals, ...] = tuple(
    signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class StoppedBySignalError(BaseException):
    """A signal asks this process to stop.

    Not an `Exception`, so that code that handles errors does not catch it. Not a
    `KeyboardInterrupt` either: asyncio lets that break out of its loop, and CPython kills itself by
    SIGINT if one was raised inside an `exec`, even if it was caught.
    """

    def __init__(self, number: int) -> None:
        self.signal = signal.Signals(number)
        super().__init__(f"stopped by {self.signal.name}")


class _Stopped:
    """The handler after the first signal; it keeps that signal's exception.

    A library may hide the exception behind one of its own, or lose it. So if another signal comes
    more than 5 s later and the process still runs, the exception is raised again.
    """

    def __init__(self, error: StoppedBySignalError, *, is_raised_again: bool) -> None:
        self.error = error
        self.is_raised_again = is_raised_again
        self._since_s = time.monotonic()

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if self.is_raised_again and time.monotonic() > self._since_s + _PATIENCE_S:
            self._since_s = time.monotonic()
            raise self.error


def requested_stop() -> StoppedBySignalError | None:
    """Return the exception of the first signal to stop, None if none came.

    It is also returned while the process is already stopping.
    """
    handler = _stopped()
    return handler.error if handler else None


def handle_stops(handler: StopHandler) -> None:
    """Have `handler` called for each signal that asks to stop.

    A signal that is ignored stays ignored: `nohup` ignores SIGHUP, and a shell ignores SIGINT for a
    background job. Does nothing once the first signal has come.
    """
    for number in STOP_SIGNALS:
        before = signal.getsignal(number)
        if before is not signal.SIG_IGN and not isinstance(before, _Stopped):
            signal.signal(number, handler)


def ignore_stops() -> None:
    """Do nothing at these signals from now on, so that the process can end in good order.

    Not by `SIG_IGN`: CPython would then print a traceback for a signal that came just before.
    """
    if handler := _stopped():
        handler.is_raised_again = False
    else:
        handle_stops(_do_nothing)


def refuse_stops() -> None:
    """Have the system ignore these signals, also while the interpreter shuts down.

    By then Python's handlers are gone, and a signal would kill the process instead of letting it
    end with its exit code.
    """
    with stops_blocked():
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def stops_blocked() -> Iterator[None]:
    """Hold these signals back from this thread until the block has ended."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def remember_stop(number: int) -> StoppedBySignalError:
    """Make this the signal that counts, so that later ones do nothing; return its exception."""
    error = StoppedBySignalError(number)
    handle_stops(_Stopped(error, is_raised_again=False))
    return error


def raise_stop(number: int, _frame: FrameType | None = None) -> None:
    """Handle a signal by raising `StoppedBySignalError` in the code that runs."""
    error = StoppedBySignalError(number)
    handle_stops(_Stopped(error, is_raised_again=True))
    raise error


def repeat_lost_stops(handler: StopHandler) -> None:
    """Have the signal sent again if its handler's exception was lost in a `__del__` or a callback.

    The interpreter has such callbacks of its own, for example in the middle of an import.
    """

    def unless_stopped(lost: "sys.UnraisableHookArgs") -> None:
        if not isinstance(lost.exc_value, StoppedBySignalError):
            sys.__unraisablehook__(lost)
            return
        import threading  # noqa: PLC0415 - see above

        number = lost.exc_value.signal
        signal.signal(number, handler)
        threading.Timer(_AGAIN_S, os.kill, (os.getpid(), number)).start()

    sys.unraisablehook = unless_stopped


def _stopped() -> _Stopped | None:
    handlers = (signal.getsignal(number) for number in STOP_SIGNALS)
    return next((one for one in handlers if isinstance(one, _Stopped)), None)


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """Handle a signal that comes while the process ends: by nothing."""
