"""Signals that ask this process to stop: Ctrl-C, `kill`, a terminal that was closed.

Imports next to nothing, because `dam.__main__` needs it before anything else is loaded. Knows no
event loop: `dam.cli.run_async` cancels its task, everything else is stopped by an exception.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeAlias

StopHandler: TypeAlias = Callable[[int, FrameType | None], object]

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


def handle_stops(handler: StopHandler) -> None:
    """Have a function called for each signal that asks to stop.

    A signal that is ignored stays ignored: `nohup` does that with SIGHUP, a shell with the SIGINT
    of a job in the background, and `ignore_stops` with all of them.
    """
    for number in STOP_SIGNALS:
        if signal.getsignal(number) not in (signal.SIG_IGN, _do_nothing):
            signal.signal(number, handler)


def ignore_stops() -> None:
    """Do nothing at these signals from now on: what follows ends the process, and must be done.

    Not by `SIG_IGN`: of a signal that had come just before, CPython would then write a traceback.
    """
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


def raise_stop(number: int, _frame: FrameType | None = None) -> None:
    """Stop what runs by an exception, once."""
    ignore_stops()
    raise StoppedBySignalError(number)


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """Handle a signal that comes after the first."""
