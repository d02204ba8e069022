"""One worker process: `WorkerProcess` is the parent's end of its two pipes, `serve` the worker's.

A worker imports this module as it starts, so the module imports little; what a call needs is
imported when the call arrives.

The pipes carry frames: eight bytes of length, then that many bytes. A request is the pickle of
`(function, calls)`, where the function and each call are pickled on their own, so that one bad
argument costs one call. A reply is one frame for each call, in order: an answer of
`dam.workers.answers`, sent as soon as the call ends, so that the parent knows in which call a
worker died. Two more frames are empty: the very first, which says that the worker has started, and
the first reply to a request with another function than the one before. That one says that the
function has been imported, so that the time of an import does not count as time of a call.
"""

import contextlib
import os
import pickle
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO, BinaryIO, cast

from dam.children import child_environment, limit_process, refuse_new_privileges
from dam.errors import DamError, described, host_limit
from dam.stopping import refuse_stops, stops_blocked
from dam.workers.answers import UnfitError, encoded_error, encoded_shortage, encoded_value

Outcome = tuple[bool, object]
"""Whether a call succeeded, and its value or its exception."""


class CallMemoryError(MemoryError):
    """A worker had too little memory for a call.

    Args:
        is_limit_ours: The limit that it was started with is the reason, not the host's memory.
    """

    def __init__(self, *, is_limit_ours: bool) -> None:
        self.is_limit_ours = is_limit_ours


_HEADER_BYTES = 8
_READ_BYTES, _MOST_BYTES = 1 << 20, 256 << 20
_IMPORT_LIMIT_S = 60.0
_PR_SET_PDEATHSIG = 1

# One thread per worker: numpy's own threads in each worker would compete for the cores. The other
# two keep glibc from returning freed memory, which the kernel would clear for the next call.
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Environment and memory limit of a worker.

    Attributes:
        environment: Names of variables of this process that it gets beyond the few that all get.
        data_bytes: How much memory it may take; None for no limit of ours.
    """

    environment: frozenset[str] = frozenset()
    data_bytes: int | None = None


class WorkerProcess:
    """A worker process, as its parent sees it.

    Only the thread that started it calls `run` and `end`; any thread may call `kill`. The thread
    must outlive the worker: on Linux, the kernel takes the end of that thread for the parent's
    death. `is_up` is True once the worker has reported that its interpreter runs.
    """

    @stops_blocked()  # the worker inherits the blocked signals, until it ignores them itself
    def __init__(self, surroundings: Surroundings) -> None:
        import select  # noqa: PLC0415 - the worker imports this module, too, and needs neither
        import subprocess  # noqa: PLC0415

        path = [str(entry) for entry in sys.path]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and words
            [
                sys.executable,
                "-c",
                f"import sys; sys.path[:] = {path!r}; "
                f"from {__name__} import serve; serve({os.getpid()}, {surroundings.data_bytes})",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={**_ENVIRONMENT, **child_environment(surroundings.environment)},
            process_group=0,  # Ctrl-C is for the parent; what a call starts dies with its worker
        )
        self._requests = cast("IO[bytes]", self._process.stdin).fileno()
        self._replies = cast("IO[bytes]", self._process.stdout).fileno()
        self._poll = select.poll()
        self._poll.register(self._replies, select.POLLIN)
        self._received = bytearray()
        self._function = b""
        self.is_up = False

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def run(
        self,
        function: bytes,
        calls: Sequence[bytes],
        limit_s: float | None,
        read: Callable[[bytes], Outcome],
        report: Callable[[Outcome], None],
    ) -> None:
        """Run the calls in the worker, one after the other.

        Args:
            function: The pickled function.
            calls: The pickled arguments of each call.
            limit_s: How long one call may take; None for no limit.
            read: Decodes the bytes of an answer.
            report: Is given each outcome as soon as it has arrived.

        Raises:
            EOFError, BrokenPipeError: The worker died in the call after the last one reported.
            TimeoutError: That call took longer than `limit_s`, the error's one argument.
            CallMemoryError: There was too little memory for that call.
            UnfitError: The worker's answer to that call cannot be decoded.
        """
        request = memoryview(_frame(pickle.dumps((function, calls))))
        while request:
            request = request[os.write(self._requests, request) :]
        if not self.is_up:
            self._receive(_IMPORT_LIMIT_S)
            self.is_up = True
        if function != self._function:
            self._receive(_IMPORT_LIMIT_S)
            self._function = function
        for _ in calls:
            report(read(self._receive(limit_s)))

    def kill(self) -> None:
        """Kill the worker and every process that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> int:
        """Kill the worker if it runs; return its exit code, or minus the signal it died of."""
        self.kill()
        with self._process:
            return self._process.wait()

    def _receive(self, limit_s: float | None) -> bytes:
        """Return the next frame's payload."""
        deadline = None if limit_s is None else time.monotonic() + limit_s
        while True:
            size_bytes = int.from_bytes(self._received[:_HEADER_BYTES])
            if size_bytes > _MOST_BYTES:
                raise UnfitError(f"{size_bytes:,} bytes; at most {_MOST_BYTES:,} are allowed")
            end = _HEADER_BYTES + size_bytes
            if len(self._received) >= end:
                payload = bytes(self._received[_HEADER_BYTES:end])
                del self._received[:end]
                return payload
            rest_ms = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
            if not self._poll.poll(rest_ms):
                raise TimeoutError(limit_s)
            chunk = os.read(self._replies, _READ_BYTES)
            if not chunk:
                raise EOFError
            self._received += chunk


def _frame(payload: bytes) -> bytes:
    return len(payload).to_bytes(_HEADER_BYTES) + payload


def serve(parent_pid: int, data_bytes: int | None) -> None:
    """Answer requests until the parent closes the pipe or ends.

    Signals that ask to stop are ignored, also when all processes of a service get them: the parent
    handles them. If a signal ended a worker, the file that it works on would count as failed.
    """
    refuse_stops()
    _end_with(parent_pid)
    refuse_new_privileges()
    is_limit_ours = limit_process(data_bytes)
    requests, replies = _take_pipes()
    function = b""
    with requests, replies:
        _send(b"", replies)
        while header := requests.read(_HEADER_BYTES):
            request = requests.read(int.from_bytes(header))
            wanted, calls = pickle.loads(request)  # noqa: S301 - from our own parent
            if wanted != function:
                function, fn = wanted, _imported(wanted)
                _send(b"", replies)
            for call in calls:
                _send(_outcome(fn, call, is_limit_ours=is_limit_ours), replies)


def _end_with(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent ends, even in the middle of a call.

    Only on Linux; elsewhere, a worker whose parent was killed ends after its current call.
    """
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415 - bound to the platform

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it ended before we asked
        sys.exit(1)


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Move the pipes away from standard input and output, where a call might disturb them."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    return requests, replies


def _send(payload: bytes, replies: BinaryIO) -> None:
    replies.write(_frame(payload))
    replies.flush()


def _imported(function: bytes) -> Callable[..., object]:
    """Return the function, or one that raises in each call the error of its import."""
    try:
        fn: Callable[..., object] = pickle.loads(function)  # noqa: S301 - from our own parent
    except Exception:  # noqa: BLE001 - an import may run any code
        return partial(_import_and_call, function)
    return fn


def _import_and_call(function: bytes, *args: object, **kwargs: object) -> object:
    return pickle.loads(function)(*args, **kwargs)  # noqa: S301 - from our own parent


def _outcome(fn: Callable[..., object], call: bytes, *, is_limit_ours: bool) -> bytes:
    try:
        args, kwargs = pickle.loads(call)  # noqa: S301 - from our own parent
        return encoded_value(fn(*args, **kwargs))
    except Exception as error:  # noqa: BLE001 - the call's failure is its outcome
        limit = host_limit(error)
        if limit is not None and limit.limit == "memory":
            return encoded_shortage(is_limit_ours=is_limit_ours)
        return encoded_error(_noted(limit or error))
    except BaseException as error:  # noqa: BLE001 - must end the call, not the worker
        return encoded_error(as_words(error))


def _noted(error: Exception) -> Exception:
    """Return the error; unless it is a `DamError`, its worker's traceback is added as a note."""
    if not isinstance(error, DamError):
        import traceback  # noqa: PLC0415 - takes longer to import than the rest of this module

        error.add_note("In a worker process:\n" + "".join(traceback.format_exception(error)))
    return error


def as_words(error: BaseException) -> RuntimeError:
    """Return a `RuntimeError` with the text of an error that cannot be passed on as it is."""
    return RuntimeError(described(error))
