"""What the end of a worker says of the call that it worked on."""

import signal
from dataclasses import dataclass
from typing import Literal

from dam.errors import (
    WorkerAnswerError,
    WorkerDiedError,
    WorkerMemoryError,
    WorkerStartError,
    WorkerTimeoutError,
    described,
    ending_of,
    host_limit,
    words_for,
)
from dam.workers.answers import UnfitError
from dam.workers.process import CallMemoryError


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who has to bear that a worker ended, and what they are told.

    `again`: nobody yet, it is tried once more; a call that was begun, alone in a new worker.
    """

    kind: Literal["again", "one fails", "all fail"]
    error: Exception


def judge_end(
    error: Exception, exit_code: int, *, is_up: bool, is_last_try: bool, data_bytes: int | None
) -> Verdict:
    """Return the verdict on the end of a worker.

    Args:
        error: What came instead of an answer.
        exit_code: The worker's.
        is_up: It had come up, so it ended in a call.
        is_last_try: That call was run alone in it, or it was the last of the tries to start one.
        data_bytes: Memory that it was allowed.
    """
    if is_up and not is_last_try and _may_be_of_others(error, exit_code):
        return Verdict("again", error)
    if isinstance(error, CallMemoryError) and error.is_limit_ours:
        return Verdict("one fails", WorkerMemoryError(data_bytes or 0))
    if limit := host_limit(error):
        return Verdict("all fail", limit)
    if is_up:
        return Verdict("one fails", _call_failure(error, exit_code))
    return Verdict("all fail" if is_last_try else "again", _start_failure(error, exit_code))


def _call_failure(error: Exception, exit_code: int) -> Exception:
    if isinstance(error, TimeoutError):
        return WorkerTimeoutError(error.args[0])
    if isinstance(error, EOFError | BrokenPipeError):
        return WorkerDiedError(exit_code)
    return WorkerAnswerError(str(error)) if isinstance(error, UnfitError) else error


def _may_be_of_others(error: Exception, exit_code: int) -> bool:
    """Tell whether a worker had no memory, perhaps for what it or others had done before."""
    was_killed = isinstance(error, EOFError) and exit_code == -signal.SIGKILL
    return was_killed or isinstance(error, CallMemoryError)


def _start_failure(error: Exception, exit_code: int) -> Exception:
    if isinstance(error, TimeoutError):
        return WorkerStartError(f"it was not there after {error.args[0]:g} s")
    if isinstance(error, EOFError | BrokenPipeError):
        return WorkerStartError(f"it {ending_of(exit_code)}")
    if isinstance(error, UnfitError):
        return WorkerStartError("its Python prints as it starts (sitecustomize, or a .pth file)")
    return WorkerStartError(words_for(error) if isinstance(error, OSError) else described(error))
