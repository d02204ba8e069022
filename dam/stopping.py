"""Signals that ask this process to stop: Ctrl-C, `kill`, a terminal that was closed.

Imports next to nothing, not even `typing`: until `dam.__main__` has it, Python's own handlers are
at work. Knows no event loop: `dam.cli.toolkit.running.run_async` cancels its task, everything else
is stopped by an exception.
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
    """A signal asks this process to stop; not an `Exception`, so that nobody takes it for a fault.

    Neither a `KeyboardInterrupt`: asyncio lets that one break out of its loop, and CPython kills
    itself by SIGINT if that one met an `exec`, although somebody has caught it.
    """

    def __init__(self, number: int) -> None:
        self.signal = signal.Signals(number)
        super().__init__(f"stopped by {self.signal.name}")


class _Stopped:
    """The handler after the first signal: it remembers that one.

    Here, because a library may hide the exception behind one of its own, or lose it. So whoever
    asks again, when nothing has come of it, is heard again.
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
    """Return the stop that a signal has asked for, also while that is being obeyed."""
    handler = _stopped()
    return handler.error if handler else None


def handle_stops(handler: StopHandler) -> None:
    """Have a function called for each signal that asks to stop.

    A signal that is ignored stays ignored: `nohup` does that with SIGHUP, a shell with the SIGINT
    of a job in the background. After the first signal, nothing changes any more.
    """
    for number in STOP_SIGNALS:
        before = signal.getsignal(number)
        if before is not signal.SIG_IGN and not isinstance(before, _Stopped):
            signal.signal(number, handler)


def ignore_stops() -> None:
    """Do nothing at these signals from now on: what follows ends the process, and must be done.

    Not by `SIG_IGN`: of a signal that had come just before, CPython would then write a traceback.
    """
    if handler := _stopped():
        handler.is_raised_again = False
    else:
        handle_stops(_do_nothing)


def refuse_stops() -> None:
    """Have the system ignore these signals, also while the interpreter closes.

    Then Python's own handlers are gone, and a signal would be the process's death, not its exit
    code.
    """
    with stops_blocked():
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def stops_blocked() -> Iterator[None]:
    """Have these signals wait until the block has ended, where this thread would take them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def remember_stop(number: int) -> StoppedBySignalError:
    """Let this be the one signal that counts; return the exception for it."""
    error = StoppedBySignalError(number)
    handle_stops(_Stopped(error, is_raised_again=False))
    return error


def raise_stop(number: int, _frame: FrameType | None = None) -> None:
    """Stop what runs by an exception."""
    error = StoppedBySignalError(number)
    handle_stops(_Stopped(error, is_raised_again=True))
    raise error


def repeat_lost_stops(handler: StopHandler) -> None:
    """Have a handler called once more whose exception was lost in a `__del__` or a callback.

    The interpreter has such callbacks of its own, in the middle of an import, say.
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
    """Handle a signal that comes while the process ends."""
