"""`WorkerProcess`: a worker process, as its parent sees it; `dam.workers.serving` is its own side.

Both sides have one end of a connection, which carries frames: eight bytes of length, then that many
bytes. A request is the pickle of `(function, calls)`, where the function and each call are pickled
on their own, so that one bad argument costs one call. A reply is one frame for each call, in order:
an answer of `dam.workers.answers`, sent as soon as the call ends, so that the parent knows in which
call a worker died. Two more frames are empty: the very first, which says that the worker has
started, and the first reply to a request with another function than the one before. That one says
that the function has been imported, so that the time of an import does not count as time of a call.

Between these frames, a confined worker is given files: see `dam.workers.requests`.
"""

import contextlib
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from dam.children import child_environment
from dam.media.archive.printing import Program
from dam.stopping import stops_blocked
from dam.workers import serving
from dam.workers.answers import UnfitError
from dam.workers.broker import Rights, answer_request, begin_call, is_request
from dam.workers.deadline import CpuClock, Deadline, LimitReachedError
from dam.workers.frames import HEADER_BYTES, framed

Outcome = tuple[bool, object]
"""Whether a call succeeded, and its value or its exception."""


class CallMemoryError(MemoryError):
    """A worker had too little memory for a call.

    Args:
        is_limit_ours: The limit that it was started with is the reason, not the host's memory.
    """

    def __init__(self, *, is_limit_ours: bool) -> None:
        self.is_limit_ours = is_limit_ours


class WorkerRefusedError(Exception):
    """A worker asked for a file that its call may not have, so it gets no more calls."""


_READ_BYTES = 64 << 10  # a larger buffer is mapped anew for each read
_MOST_BYTES = 64 << 20  # the text of the largest book is a tenth; decoded, lists take 20 times that
_IMPORT_LIMIT_S = _SENDING_LIMIT_S = 60.0

# One thread per worker: numpy's own threads in each worker would compete for the cores. The other
# two keep glibc from returning freed memory, which the kernel would clear for the next call.
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
}


@dataclass(frozen=True, slots=True)
class CallRules:
    """What a call may do.

    Attributes:
        limit_s: How long it may take; None for no limit.
        cpu_limit_s: Returns how long it may use a core; None for no other limit.
        rights: What it may have if the worker is confined.
    """

    limit_s: float | None
    cpu_limit_s: Callable[[], float] | None
    rights: Rights


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a worker gets and may do.

    Attributes:
        environment: Names of variables of this process that it gets beyond the few that all get.
        data_bytes: How much memory it may take; None for no limit of ours.
        file_bytes: How large files may be that it writes; None for no limit of ours.
        confined_to: The files and folders that it may read, beside those that its parent opens for
            it; None if it is not confined.
        preloads: Modules that a confined worker imports while it may still read all files.
    """

    environment: frozenset[str] = frozenset()
    data_bytes: int | None = None
    file_bytes: int | None = None
    confined_to: tuple[str, ...] | None = None
    preloads: tuple[str, ...] = ()


class WorkerProcess:
    """A worker process, as its parent sees it.

    Only the thread that started it calls `run` and `end`; any thread may call `kill`. The thread
    must outlive the worker: on Linux, the kernel takes the end of that thread for the parent's
    death. `is_up` is True once the worker has reported that its interpreter runs.
    """

    @stops_blocked()  # the worker inherits the blocked signals, until it ignores them itself
    def __init__(self, surroundings: Surroundings) -> None:
        path = [str(entry) for entry in sys.path]
        limits = (surroundings.data_bytes, surroundings.file_bytes)
        given = (limits, surroundings.confined_to, surroundings.preloads)
        self._connection, its_end = socket.socketpair()
        self._connection.settimeout(_SENDING_LIMIT_S)
        try:
            with its_end:
                self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and words
                    [
                        sys.executable,
                        "-c",
                        f"import sys; sys.path[:] = {path!r}; "
                        f"from {serving.__name__} import serve; serve({os.getpid()}, *{given!r})",
                    ],
                    stdin=its_end.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={**_ENVIRONMENT, **child_environment(surroundings.environment)},
                    process_group=0,  # Ctrl-C is for the parent; what a call starts dies with it
                )
        except BaseException:
            self._connection.close()
            raise
        self._clock = CpuClock(self._process.pid)
        self._poll = select.poll()
        self._poll.register(self._connection, select.POLLIN)
        self._received = bytearray()
        self._function = b""
        self._is_confined = surroundings.confined_to is not None
        self.is_up = False

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def run(
        self,
        function: bytes,
        calls: Sequence[bytes],
        rules: Callable[[int], CallRules],
        read: Callable[[bytes], Outcome],
        report: Callable[[Outcome], None],
    ) -> None:
        """Run the calls in the worker, one after the other.

        Args:
            function: The pickled function.
            calls: The pickled arguments of each call.
            rules: Returns what the call of a number may do; the first has the number 0.
            read: Decodes the bytes of an answer.
            report: Is given each outcome as soon as it has arrived.

        Raises:
            EOFError, BrokenPipeError: The worker died in the call after the last one reported.
            WorkerRefusedError: It must be ended after the last one reported.
            LimitReachedError: That call took longer than its limit.
            CallMemoryError: There was too little memory for that call.
            UnfitError: The worker's answer to that call cannot be decoded.
        """
        if self.is_up and self._poll.poll(0):
            raise BrokenPipeError  # it has died, or says something that nobody has asked for
        self._send(framed(pickle.dumps((function, calls))))
        if not self.is_up:
            self._receive_nothing()
            self.is_up = True
        if function != self._function:
            self._receive_nothing()
            self._function = function
        if self._is_confined:
            self._wait_for_room()
        self._begin(0, calls, rules)
        for number in range(len(calls)):
            of_call = rules(number)
            deadline = Deadline(of_call.limit_s, self._clock, of_call.cpu_limit_s)
            program = Program(partial(_wait_for, deadline=deadline), self.pid)
            is_honest = True
            while is_request(payload := self._receive(deadline)):
                is_honest &= answer_request(self._connection, payload, of_call.rights, program)
                deadline.check()  # the next request may be there already
            is_last = number + 1 == len(calls)
            if (self._is_confined or is_last) and self._received:
                raise UnfitError("more than one answer")
            if is_honest:
                self._begin(number + 1, calls, rules)
            report(read(payload))
            if not is_honest:
                raise WorkerRefusedError

    def kill(self) -> None:
        """Kill the worker and every process that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> int:
        """Kill the worker if it runs; return its exit code, or minus the signal it died of."""
        self.kill()
        self._clock.close()
        with self._process, self._connection:
            return self._process.wait()

    def _begin(
        self, number: int, calls: Sequence[bytes], rules: Callable[[int], CallRules]
    ) -> None:
        """Let a confined worker begin a call, if there is one with this number."""
        if self._is_confined and number < len(calls):
            begin_call(self._connection, rules(number).rights.may_read)

    def _wait_for_room(self) -> None:
        """Wait until the worker has read most of what was sent, so that it is sent a little more.

        If it does not, no call is to blame, for none has begun.
        """
        deadline = Deadline(_SENDING_LIMIT_S, self._clock)
        writable = select.poll()
        writable.register(self._connection, select.POLLOUT)
        try:
            while not writable.poll(deadline.wait_ms()):
                deadline.check()
        except LimitReachedError as error:
            raise BrokenPipeError from error

    def _send(self, request: bytes) -> None:
        try:
            self._connection.sendall(request)
        except TimeoutError as error:
            if self.is_up:  # as in `_wait_for_room`
                raise BrokenPipeError from error
            raise LimitReachedError(_SENDING_LIMIT_S) from error
        except ConnectionResetError as error:
            raise BrokenPipeError(*error.args) from error

    def _receive_nothing(self) -> None:
        """Take one of the two frames that are empty."""
        if self._receive(Deadline(_IMPORT_LIMIT_S, self._clock)):
            raise UnfitError("an answer before the first call")

    def _receive(self, deadline: Deadline) -> bytes:
        """Return the next frame's payload."""
        while True:
            size_bytes = int.from_bytes(self._received[:HEADER_BYTES])
            if size_bytes > _MOST_BYTES:
                raise UnfitError(f"{size_bytes:,} bytes; at most {_MOST_BYTES:,} are allowed")
            end = HEADER_BYTES + size_bytes
            if len(self._received) >= end:
                payload = bytes(self._received[HEADER_BYTES:end])
                del self._received[:end]
                return payload
            if self._received:  # a frame may arrive byte by byte
                deadline.check()
            while not self._poll.poll(deadline.wait_ms()):
                deadline.check()
            try:
                chunk = self._connection.recv(_READ_BYTES)
            except ConnectionResetError:  # it died before it read what we have sent
                chunk = b""
            if not chunk:
                raise EOFError
            self._received += chunk


def _wait_for(process: subprocess.Popen[bytes], deadline: Deadline) -> None:
    """Wait for the end of a program; raise `LimitReachedError` if a limit is reached."""
    while True:
        wait_ms = deadline.wait_ms()
        try:
            process.wait(None if wait_ms is None else wait_ms / 1000)
        except subprocess.TimeoutExpired:
            deadline.check()
        else:
            return
