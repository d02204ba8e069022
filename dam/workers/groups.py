"""Groups of calls, which one worker runs one after the other."""

import traceback
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from dam.errors import host_limit
from dam.workers.answer_types import Decoder, read_answer
from dam.workers.broker import Rights
from dam.workers.process import CallRules, Outcome
from dam.workers.serving import as_words

_LARGEST_GROUP = 32

Call = tuple[tuple[object, ...], dict[str, object]]
Packed = tuple[bytes, list[bytes], Decoder]
"""The pickled function, the pickled calls, and the decoder of the answers."""


def parts(count: int, workers: int) -> Iterator[slice]:
    """Split a count into parts that get smaller, so that all workers are busy until the end."""
    start = 0
    while start < count:
        size = max(1, min(_LARGEST_GROUP, (count - start) // (2 * workers)))
        yield slice(start, start + size)
        start += size


@dataclass(eq=False, slots=True)
class Group:
    """Calls of one function for one worker; its outcomes grow while the worker reports them.

    `may_read`, `may_write`, `cpu_limit_s` and `finish` are those of `WorkerPool.map_items`.
    `packed` is None if threads are the workers.
    """

    fn: Callable[..., object]
    calls: list[Call]
    limit_s: float | None
    may_read: Callable[..., Collection[Path | str]] | None = None
    may_write: Callable[..., Collection[Path | str]] | None = None
    cpu_limit_s: Callable[..., float] | None = None
    finish: Callable[..., object] | None = None
    single: bool = False
    future: Future[object] = field(default_factory=Future)
    packed: Packed | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    is_cancelled: bool = False

    @property
    def is_open(self) -> bool:
        """Whether calls are left that someone waits for."""
        return not self.is_cancelled and len(self.outcomes) < len(self.calls)

    def rules(self, first: int, number: int) -> CallRules:
        """Return what a call may do, by its number from the first one on."""
        args, kwargs = self.calls[first + number]
        may_read, may_write, cpu_limit_s = self.may_read, self.may_write, self.cpu_limit_s
        rights = Rights(
            lambda: () if may_read is None else may_read(*args, **kwargs),
            None if may_write is None else lambda: may_write(*args, **kwargs),
        )
        return CallRules(
            self.limit_s,
            None if cpu_limit_s is None else lambda: cpu_limit_s(*args, **kwargs),
            rights,
        )

    def read(self, payload: bytes) -> Outcome:
        """Return the outcome of a call from what a worker process answers; see `read_answer`."""
        assert self.packed is not None
        succeeded, value = read_answer(self.packed[2], payload)
        if not succeeded:
            return False, value
        return self._finished(self.calls[len(self.outcomes)], value)

    def run_here(self) -> None:
        """Run the calls in this thread."""
        for call in self.calls:
            if self.is_cancelled:
                return
            args, kwargs = call
            try:
                self.outcomes.append(self._finished(call, self.fn(*args, **kwargs)))
            except Exception as error:  # noqa: BLE001 - the call's failure is its outcome
                _let_go(error)
                self.outcomes.append((False, host_limit(error) or error))
            except BaseException as error:  # noqa: BLE001 - only the queue ends the thread
                self.outcomes.append((False, as_words(error)))

    def fail(self, error: Exception) -> None:
        """Give every call without an outcome this error."""
        self.outcomes += [(False, error)] * (len(self.calls) - len(self.outcomes))

    def settle(self) -> None:
        """Complete the future with the outcomes."""
        if len(self.outcomes) < len(self.calls):
            self.future.set_exception(CancelledError())
        elif not self.single:
            self.future.set_result(self.outcomes)
        else:
            [(succeeded, value)] = self.outcomes
            if isinstance(value, StopIteration) and not succeeded:
                value = as_words(value)  # asyncio drops a `StopIteration`: its caller would hang
            if succeeded:
                self.future.set_result(value)
            else:
                self.future.set_exception(cast("Exception", value))

    def _finished(self, call: Call, value: object) -> Outcome:
        try:
            return True, value if self.finish is None else self.finish(*call[0], value)
        except Exception as error:  # noqa: BLE001 - the call's failure is its outcome
            return False, host_limit(error) or error


def _let_go(error: Exception) -> None:
    """Free the local variables of a failed call, which its traceback keeps alive.

    A group's outcomes are kept until its last call is done; a decoded picture in each would take
    more memory than there is. The lines of the traceback stay.
    """
    chain: list[BaseException | None] = [error]
    seen: set[BaseException | None] = {None}
    while chain:
        link = chain.pop()
        if link is not None and link not in seen:
            seen.add(link)
            traceback.clear_frames(link.__traceback__)
            chain += [link.__cause__, link.__context__]
            if isinstance(link, BaseExceptionGroup):
                chain += link.exceptions
