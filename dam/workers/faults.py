"""Decides what to do when a worker ends without an answer: try again, or fail one call or all."""

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
from dam.workers.deadline import LimitReachedError
from dam.workers.process import CallMemoryError


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with the calls of a worker that ended, and the error for those that fail.

    `again`: try once more; a call that had begun is then run alone in a new worker.
    `one fails`: the call that it was working on fails.
    `all fail`: all remaining calls fail.
    """

    kind: Literal["again", "one fails", "all fail"]
    error: Exception


def judge_end(
    error: Exception, exit_code: int, *, is_up: bool, is_last_try: bool, data_bytes: int | None
) -> Verdict:
    """Return the verdict on the end of a worker.

    Args:
        error: The error that came instead of an answer.
        exit_code: The worker's exit code, or minus the signal that killed it.
        is_up: The worker had started, so it ended in a call.
        is_last_try: If it `is_up`, that call was run alone; else, this was the last try to start a
            worker.
        data_bytes: How much memory the worker was allowed to take.
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
    if isinstance(error, LimitReachedError):
        return WorkerTimeoutError(error.limit_s)
    if isinstance(error, EOFError | BrokenPipeError):
        return WorkerDiedError(exit_code)
    return WorkerAnswerError(str(error)) if isinstance(error, UnfitError) else error


def _may_be_of_others(error: Exception, exit_code: int) -> bool:
    """Tell whether memory was short, perhaps because of earlier calls or other processes."""
    was_killed = isinstance(error, EOFError) and exit_code == -signal.SIGKILL
    return was_killed or isinstance(error, CallMemoryError)


def _start_failure(error: Exception, exit_code: int) -> Exception:
    if isinstance(error, LimitReachedError):
        return WorkerStartError(f"it did not start within {error.limit_s:g} s")
    if isinstance(error, EOFError | BrokenPipeError):
        return WorkerStartError(f"it {ending_of(exit_code)}")
    return WorkerStartError(words_for(error) if isinstance(error, OSError) else described(error))
