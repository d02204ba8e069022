"""Time limits of a call, which a busy machine does not use up.

The time in which the worker could have run, but another process had the core, does not count; but
at least a tenth of all time does, so a call ends even on a machine that never has a core for it.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

_NS = 1e9


class LimitReachedError(Exception):
    """A call, or the sending of calls, took longer than its limit."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        super().__init__(f"a limit of {limit_s:g} s is reached")


class CpuTimes(NamedTuple):
    """How long a process has run, and how long it has waited for a core, in seconds."""

    ran_s: float = 0.0
    waited_s: float = 0.0


class CpuClock:
    """The CPU times of a process, of its main thread; zeros where the kernel does not tell them."""

    def __init__(self, process_id: int) -> None:
        self._fd = -1
        with suppress(OSError):
            self._fd = os.open(f"/proc/{process_id}/schedstat", os.O_RDONLY | os.O_CLOEXEC)

    def read(self) -> CpuTimes:
        """Return the times so far."""
        with suppress(OSError, ValueError):
            ran, waited, _ = os.pread(self._fd, 100, 0).split()
            return CpuTimes(int(ran) / _NS, int(waited) / _NS)
        return CpuTimes()

    def close(self) -> None:
        """Close the file that tells them."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


class Deadline:
    """The end of the limits of a call that begins now.

    Args:
        limit_s: Of the time that it takes; None for none.
        clock: Of the process that it runs in.
        cpu_limit_s: Returns the limit of the time that it runs. It is asked only if that may be
            reached; None for none.
    """

    def __init__(
        self,
        limit_s: float | None,
        clock: CpuClock,
        cpu_limit_s: Callable[[], float] | None = None,
    ) -> None:
        self.limit_s = limit_s
        self._clock = clock
        self._cpu_limit_s = cpu_limit_s
        self._begun_s = time.monotonic()
        self._before = clock.read() if limit_s is not None else CpuTimes()
        self._next_s = limit_s if cpu_limit_s is None or limit_s is None else min(limit_s, _LOOK_S)

    def wait_ms(self) -> float | None:
        """Return how long to wait before `is_over` must be asked; None for ever.

        It is at most a day: the system counts milliseconds in 32 bits.
        """
        if self._next_s is None:
            return None
        rest_s = self._begun_s + self._next_s - time.monotonic()
        return min(max(0.0, rest_s), _LONGEST_S) * 1000

    def check(self) -> None:
        """Raise `LimitReachedError` with the limit that is reached, if one is."""
        if self.limit_s is not None and self.wait_ms() == 0 and self.is_over():
            raise LimitReachedError(self.limit_s)

    def is_over(self) -> bool:
        """Return whether a limit is reached, which is then `limit_s`; else wait once more."""
        if self.limit_s is None:
            return False
        now = self._clock.read()
        took_s = time.monotonic() - self._begun_s
        waited_s = now.waited_s - self._before.waited_s
        counted_s = max(took_s - waited_s, took_s * _LEAST_COUNTED)
        rest_s = self.limit_s - counted_s
        if rest_s > 0 and self._cpu_limit_s is not None:
            limit_s = self._cpu_limit_s()
            left_s = limit_s - (now.ran_s - self._before.ran_s)
            if left_s <= 0:
                self.limit_s = limit_s
            rest_s = min(rest_s, left_s)
        self._next_s = took_s + max(rest_s, _SHORTEST_S)
        return rest_s <= 0


_LOOK_S, _SHORTEST_S, _LONGEST_S, _LEAST_COUNTED = 5.0, 0.01, 86_400.0, 0.1
