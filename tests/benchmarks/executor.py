"""What a task costs beyond its own work: `python -m tests.benchmarks.executor`.

Each line is one way to run the same calls on as many workers as there are usable cores: the wall
time of one call, the same as a ratio to `WorkerPool.map_items`, and the CPU time that the parent
spends on it, which the workers cannot use. Memory is the proportional set size of one worker.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from dam.workers.pool import WorkerPool, usable_cores
from tests.benchmarks import executor_tasks as tasks

_Pool = Callable[[], AbstractContextManager[Executor]]
_Run = Callable[[Executor, Callable[[int], int], Sequence[int]], object]

WORKERS = usable_cores()

PROCESSES: _Pool = partial(WorkerPool, WORKERS)
THREADS: _Pool = partial(WorkerPool, WORKERS, kind="thread")
STANDARD: _Pool = partial(ProcessPoolExecutor, WORKERS, mp_context=get_context("forkserver"))
STANDARD_THREADS: _Pool = partial(ThreadPoolExecutor, WORKERS)


def say(line: str) -> None:
    print(line)


def submit(pool: Executor, fn: Callable[[int], int], items: Sequence[int]) -> object:
    return [future.result() for future in [pool.submit(fn, item) for item in items]]


def map_items(pool: Executor, fn: Callable[[int], int], items: Sequence[int]) -> object:
    assert isinstance(pool, WorkerPool)
    return asyncio.run(pool.map_items(fn, items))


def standard_map(pool: Executor, fn: Callable[[int], int], items: Sequence[int]) -> object:
    return list(pool.map(fn, items, chunksize=16))


WAYS: list[tuple[str, _Pool, _Run]] = [
    ("WorkerPool.map_items", PROCESSES, map_items),
    ("WorkerPool.submit", PROCESSES, submit),
    ("WorkerPool(thread).map_items", THREADS, map_items),
    ("ProcessPoolExecutor.map, 16 a chunk", STANDARD, standard_map),
    ("ProcessPoolExecutor.submit", STANDARD, submit),
    ("ThreadPoolExecutor.submit", STANDARD_THREADS, submit),
]


def measure(make: _Pool, run: _Run, fn: Callable[[int], int], count: int) -> tuple[float, float]:
    """Best of three: wall and parent's CPU in milliseconds a call, on workers that are warm."""
    figures = []
    with make() as pool:
        run(pool, fn, range(4 * WORKERS))
        for _ in range(3):
            wall, cpu = time.perf_counter(), time.process_time()
            run(pool, fn, range(count))
            figures.append((time.perf_counter() - wall, time.process_time() - cpu))
    return min(w for w, _ in figures) / count * 1000, min(c for _, c in figures) / count * 1000


def compare(title: str, fn: Callable[[int], int], count: int) -> None:
    say(f"\n{title}, {count} calls, {WORKERS} workers")
    say(f"{'':37}{'ms a call':>10}{'ratio':>8}{'parent CPU ms':>15}")
    ours = 0.0
    for name, make, run in WAYS:
        wall, cpu = measure(make, run, fn, count)
        ours = ours or wall
        say(f"{name:37}{wall:10.4f}{wall / ours:8.2f}{cpu:15.4f}")


def first_results() -> None:
    say("\nfrom nothing to the first result")
    for name, make in [("WorkerPool", PROCESSES), ("ProcessPoolExecutor", STANDARD)]:
        started = time.perf_counter()
        with make() as pool:
            pool.submit(tasks.nothing, 0).result()
            say(f"{name:37}{(time.perf_counter() - started) * 1000:10.1f} ms")


def memory() -> None:
    say("\nmemory of one worker (PSS)")
    for name, fn in [("hashlib", tasks.digest), ("PIL and numpy", tasks.shrink)]:
        with WorkerPool(1) as pool:
            worker = pool.submit(fn, 0).result()
            lines = Path(f"/proc/{worker}/smaps_rollup").read_text(encoding="ascii").splitlines()
        pss_kib = next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        say(f"{name:37}{pss_kib / 1024:10.1f} MiB")


if __name__ == "__main__":
    compare("A call that does nothing", tasks.nothing, 3000)
    compare("A call of 2 ms", tasks.two_milliseconds, 600)
    first_results()
    memory()
