"""`WorkerPool`: runs CPU-bound functions in workers; a crash costs only the call it happened in.

Each worker process belongs to one thread of this process, which sends it calls, waits for one
answer after the other, and replaces it when it dies or takes too long. A worker is a new
interpreter (no fork, no second import of an unguarded script) with a connection of its own. So its
death leaves nothing locked or half-written that other workers need, such as a shared queue.
"""

import asyncio
import contextlib
import logging
import os
import pickle
import queue
import threading
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Executor, Future
from functools import partial
from pathlib import Path
from typing import Literal, ParamSpec, TypeVar, cast

from dam.children import DATA_BYTES
from dam.workers.answer_types import decoder_for
from dam.workers.faults import judge_end
from dam.workers.groups import Call, Group, Packed, parts
from dam.workers.process import Surroundings, WorkerProcess, WorkerRefusedError
from dam.workers.serving import as_words

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
Item = TypeVar("Item")

WorkerKind = Literal["process", "thread"]

_STARTS = 2  # tries to start a worker: it may be killed before it is up, too


def usable_cores() -> int:
    """Return how many cores this process may use, given its affinity and its control group."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):  # no control group, or no limit: "max 100000"
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        cores = min(cores, -(-int(quota) // int(period)))
    return max(1, cores)


class WorkerPool(Executor):
    """Runs functions in worker processes, or in threads of this process with the same interface.

    No worker is started before the first task. Any thread and any event loop may use the pool.

    A worker process that dies or exceeds the time limit is replaced. Only the call that it was
    working on fails, with a `WorkerDiedError` or `WorkerTimeoutError`. Threads cannot be stopped
    and have no time limit.

    If memory may have been short because of other calls or processes (the kernel killed the worker,
    or refused it memory), the call is run once more, alone in a new worker. A call that takes more
    than `data_bytes` even there fails with a `WorkerMemoryError`. If the host cannot provide what a
    call or a worker needs, that is a `HostLimitError` or `WorkerStartError`, not the fault of the
    file that the call works on.

    A function for worker processes must be importable by name, and its arguments picklable. Its
    answer is decoded by its return annotation; an answer that does not fit is a
    `WorkerAnswerError`. It gets no standard input, and what it prints is lost.

    Args:
        workers: How many workers; by default one for each usable core.
        kind: Whether the workers are processes (POSIX only) or threads.
        task_timeout_s: Limit for one call, without the import of its module and the time in which
            other processes had the core; None for no limit.
        environment: Names of variables that worker processes get beyond the few that all get.
        data_bytes: Memory that a worker process may take; None for no limit of ours.
        file_bytes: Size of a file that a worker process may write; None for no limit of ours.
        confined_to: The files and folders that worker processes may read (see
            `dam.sandbox`); None leaves them all rights. The files to work on need not be
            among them: `map_items` is told which they are.
        preloads: Modules that a confined worker imports as it starts, while it may still read all
            files.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        kind: WorkerKind = "process",
        task_timeout_s: float | None = None,
        environment: frozenset[str] = frozenset(),
        data_bytes: int | None = DATA_BYTES,
        file_bytes: int | None = None,
        confined_to: tuple[str, ...] | None = None,
        preloads: tuple[str, ...] = (),
    ) -> None:
        self.workers = usable_cores() if workers is None else workers
        self.kind: WorkerKind = kind
        self.task_timeout_s = task_timeout_s
        surroundings = Surroundings(environment, data_bytes, file_bytes, confined_to, preloads)
        self._crew = _Crew(self.workers, surroundings)
        # A dropped pool still runs its tasks. When the interpreter ends, so do the workers.
        weakref.finalize(self, self._crew.close, cancel_futures=False).atexit = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Return the future of `fn(*args, **kwargs)`.

        It can be cancelled until the call starts; a running call goes on to its end or time limit.

        Raises:
            TypeError: `fn` is defined in `__main__`, which worker processes cannot import, or its
                return annotation does not say how to decode its answer.
            RuntimeError: The pool was shut down.
        """
        group = self._packed(Group(fn, [(args, kwargs)], self.task_timeout_s, single=True))
        self._crew.add(group)
        return cast("Future[T]", group.future)

    async def map_items(
        self,
        fn: Callable[[Item], T],
        items: Iterable[Item],
        *,
        timeout_s: float | None = None,
        may_read: Callable[[Item], Collection[Path | str]] | None = None,
        may_write: Callable[[Item], Collection[Path | str]] | None = None,
        cpu_limit_s: Callable[[Item], float] | None = None,
        finish: Callable[[Item, T], T] | None = None,
    ) -> list[T | Exception]:
        """Return `fn(item)`, or the exception that it raised, for each item in order.

        Items are sent in groups, so many small ones are cheap; they fail and time out one by one.
        Cancelling the awaiting task kills the workers that are busy with its items.

        Args:
            fn: A function as for `submit`, which also lists what is raised.
            items: At most a few hundred; all of them are sent before the first answer is awaited.
            timeout_s: Limit for one item; the pool's `task_timeout_s` without.
            may_read: Returns the files that a confined worker may read while it works on an item;
                without, none. A thread of this process calls it.
            may_write: Returns the files that it may make; it may then have temporary files, too,
                and RAR files unpacked by a program. Without, it may have none of these.
            cpu_limit_s: Returns how long an item may use a core, which is less than it may take: a
                disk may be slow, a decoder not. A thread of this process calls it.
            finish: Is given each item with the value that `fn` returns for it, in a thread of this
                process, as soon as it has arrived; what it returns takes the value's place.

        Example: `sizes = await pool.map_items(file_size, paths)`.
        """
        calls: list[Call] = [((item,), {}) for item in items]
        limit_s = self.task_timeout_s if timeout_s is None else timeout_s
        groups = [
            self._packed(Group(fn, calls[part], limit_s, may_read, may_write, cpu_limit_s, finish))
            for part in parts(len(calls), self.workers)
        ]
        try:
            for group in groups:
                self._crew.add(group)
            outcomes = await asyncio.gather(*(asyncio.wrap_future(g.future) for g in groups))
        finally:
            for group in groups:
                self._crew.cancel(group)
        return [value for part in cast("list[list[tuple[bool, T]]]", outcomes) for _, value in part]

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - the base class's
        """Take no more tasks, finish the tasks that it has, and end all workers.

        Args:
            wait: Return only when every worker and thread has ended.
            cancel_futures: Drop tasks that have not started.
        """
        self._crew.close(cancel_futures=cancel_futures)
        if wait:
            self._crew.join()

    def terminate(self) -> None:
        """Cancel all tasks, kill busy worker processes, and return when all workers have ended.

        A worker of kind "thread" finishes its current call.
        """
        self._crew.terminate()
        self._crew.join()

    def _packed(self, group: Group) -> Group:
        """Return the group, ready to be sent if the workers are processes."""
        fn = group.fn
        if self.kind == "process":
            if getattr(fn, "__module__", None) == "__main__":
                message = (
                    f"{fn!r} is defined in __main__, which worker processes cannot import; "
                    "define it in a module"
                )
                raise TypeError(message)
            decode = decoder_for(fn)
            group.packed = pickle.dumps(fn), [pickle.dumps(call) for call in group.calls], decode
        return group


class _Crew:
    """The threads of a pool, the queue they share, and the worker that runs each group.

    Invariant: `_lock` guards every attribute that changes. A worker is killed for a group only
    while it is lent to that group, so a late cancel never hits the next one.

    A crew has no reference to its pool, so that a dropped pool is collected while threads run. The
    lock is re-entrant because that collection, which may happen at any allocation, takes it.
    """

    def __init__(self, size: int, surroundings: Surroundings) -> None:
        self._size = size
        self._surroundings = surroundings
        self._lock = threading.RLock()
        self._queue: queue.SimpleQueue[Group | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._unsettled: dict[Group, WorkerProcess | None] = {}
        self._is_closed = False

    def add(self, group: Group) -> None:
        with self._lock:
            if self._is_closed:
                message = "cannot schedule new futures after shutdown"
                raise RuntimeError(message)
            self._unsettled[group] = None
            self._queue.put(group)
            if len(self._threads) < min(self._size, len(self._unsettled)):
                # A daemon: the interpreter's end must not wait for a call without a limit.
                thread = threading.Thread(target=self._work, name="dam-worker", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    if not self._threads:  # fewer will do
                        raise
                else:
                    self._threads.append(thread)

    def cancel(self, group: Group) -> None:
        """Drop what is left of the group; does nothing to one that is settled."""
        with self._lock:
            group.is_cancelled = True
            worker = self._unsettled.get(group)
            if worker is not None:
                worker.kill()
        group.future.cancel()

    def close(self, *, cancel_futures: bool) -> None:
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                for _ in self._threads:
                    self._queue.put(None)
            groups = list(self._unsettled) if cancel_futures else []
        for group in groups:
            group.future.cancel()

    def terminate(self) -> None:
        self.close(cancel_futures=True)
        with self._lock:
            groups = list(self._unsettled)
        for group in groups:
            self.cancel(group)

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        """Run one group after the other until the queue ends; the whole life of a thread."""
        worker: WorkerProcess | None = None
        try:
            while (group := self._queue.get()) is not None:
                is_wanted = group.future.set_running_or_notify_cancel()
                if is_wanted and group.packed:
                    try:
                        worker = self._run_there(group, group.packed, worker)
                    except BaseException as error:  # noqa: BLE001 - as in `_run_there`
                        worker = None  # it ends when its connection is closed
                        group.fail(error if isinstance(error, Exception) else as_words(error))
                elif is_wanted:
                    group.run_here()
                with self._lock:
                    del self._unsettled[group]
                if is_wanted:
                    group.settle()
                del group  # so that a waiting thread keeps no results alive
        finally:
            if worker is not None:
                worker.end()

    def _run_there(
        self, group: Group, packed: Packed, worker: WorkerProcess | None
    ) -> WorkerProcess | None:
        """Run the group in the given worker, or in new ones; return the last one if it lives."""
        function, calls, _ = packed
        starts_left, doubted = _STARTS, -1
        while group.is_open:
            done = len(group.outcomes)
            was_idle = worker is not None
            try:
                if worker is None:
                    worker = WorkerProcess(self._surroundings)
                    log.debug("a worker starts", extra={"pid": worker.pid})
                with self._lent(worker, group):
                    if group.is_open:
                        rest = calls[done : done + 1] if doubted == done else calls[done:]
                        rules = partial(group.rules, done)
                        worker.run(function, rest, rules, group.read, group.outcomes.append)
            except Exception as error:  # noqa: BLE001 - or the group's caller would wait for ever
                is_up = worker is not None and worker.is_up
                exit_code = 0 if worker is None else worker.end()
                log.debug(
                    "a worker ended early", extra={"exit_code": exit_code, "why": repr(error)}
                )
                worker = None
                died_unused = was_idle and isinstance(error, BrokenPipeError)
                is_between = died_unused or isinstance(error, WorkerRefusedError)
                starts_left = _STARTS if is_up else starts_left - 1
                if is_between or group.is_cancelled:
                    continue
                at_fault = len(group.outcomes)
                verdict = judge_end(
                    error,
                    exit_code,
                    is_up=is_up,
                    is_last_try=at_fault == doubted if is_up else not starts_left,
                    data_bytes=self._surroundings.data_bytes,
                )
                if verdict.kind == "all fail":
                    group.fail(verdict.error)
                elif verdict.kind == "one fails":
                    group.outcomes.append((False, verdict.error))
                elif is_up:
                    doubted = at_fault
        return worker

    @contextlib.contextmanager
    def _lent(self, worker: WorkerProcess, group: Group) -> Iterator[None]:
        with self._lock:
            self._unsettled[group] = worker
        try:
            yield
        finally:
            with self._lock:
                self._unsettled[group] = None
