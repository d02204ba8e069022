"""What the end of a worker says of the call that it worked on."""

import signal

from dam.core.answers import UnfitError
from dam.core.executor_worker import CallMemoryError
from dam.errors import (
    WorkerAnswerError,
    WorkerDiedError,
    WorkerStartError,
    WorkerTimeoutError,
    ending_of,
    words_for,
)


def failure(error: Exception, exit_code: int) -> Exception:
    """Return the outcome of the call that a worker ended in."""
    if isinstance(error, TimeoutError):
        return WorkerTimeoutError(error.args[0])
    if isinstance(error, EOFError | BrokenPipeError):
        return WorkerDiedError(exit_code)
    return WorkerAnswerError(str(error)) if isinstance(error, UnfitError) else error


def may_be_of_others(error: Exception, exit_code: int) -> bool:
    """Tell whether a worker had no memory, perhaps for what it or others had done before."""
    was_killed = isinstance(error, EOFError) and exit_code == -signal.SIGKILL
    return was_killed or isinstance(error, CallMemoryError)


def start_failure(error: Exception, exit_code: int) -> Exception:
    """Return why a worker has not come up."""
    if isinstance(error, TimeoutError):
        return WorkerStartError(f"it was not there after {error.args[0]:g} s")
    if isinstance(error, EOFError | BrokenPipeError):
        return WorkerStartError(f"it {ending_of(exit_code)}")
    assert isinstance(error, OSError)
    return WorkerStartError(words_for(error))
