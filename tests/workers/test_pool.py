"""What a pool promises while everything stays inside this process."""

import asyncio
import os
import signal
import sys
import threading
import traceback
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dam.errors import HostLimitError, WorkerDiedError, WorkerStartError, WorkerTimeoutError
from dam.stopping import STOP_SIGNALS
from dam.workers.pool import WorkerKind, WorkerPool, usable_cores
from tests.faults.forks import workers_of
from tests.workers import jobs
from tests.workers.watch import announced_id, wait_until_gone


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(2) as pool:
        yield pool


@pytest.fixture(params=["process", "thread"])
def any_pool(request: pytest.FixtureRequest) -> Iterator[WorkerPool]:
    kind: WorkerKind = request.param
    with WorkerPool(2, kind=kind) as pool:
        yield pool


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def what_we_hold() -> tuple[int, int]:
    """Open descriptors and threads."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir()), threading.active_count()


def described(outcomes: list[Any]) -> list[Any]:
    return [str(o) if isinstance(o, Exception) else o for o in outcomes]


EXPECTED = {
    "raise": "no {value}",
    "exit": "the worker process ended with exit code 3",
    "sys.exit": "SystemExit: 4",
    "panic": "PanicError: page {value}",
    "mumble": "MumbledError: its message cannot be made",
    "kill": "the worker process was killed by SIGKILL",
    "crash": "the worker process was killed by SIGSEGV",
}


def expected(deed: str, value: int) -> Any:
    return EXPECTED[deed].format(value=value) if deed in EXPECTED else value


def test_submit_returns_the_value_of_the_call(any_pool: WorkerPool) -> None:
    assert any_pool.submit(jobs.square, 3, offset=1).result() == 10


def test_submit_returns_the_exception_of_the_call(any_pool: WorkerPool) -> None:
    with pytest.raises(ValueError, match="no 7"):
        any_pool.submit(jobs.act, ("raise", 7)).result()


async def test_the_loop_can_use_the_pool_as_its_executor(any_pool: WorkerPool) -> None:
    assert await asyncio.get_running_loop().run_in_executor(any_pool, jobs.echo, 5) == 5


async def test_an_event_loop_gets_also_what_cannot_be_raised_in_it(any_pool: WorkerPool) -> None:
    finding = asyncio.get_running_loop().run_in_executor(any_pool, jobs.find_nothing, [])
    with pytest.raises(RuntimeError, match="StopIteration"):
        await asyncio.wait_for(finding, 60)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 300])
async def test_map_items_keeps_the_order_of_the_items(any_pool: WorkerPool, count: int) -> None:
    assert await any_pool.map_items(jobs.square, range(count)) == [i * i for i in range(count)]


async def test_an_exception_is_the_outcome_of_its_item(any_pool: WorkerPool) -> None:
    items = [("ok", 0), ("raise", 1), ("sys.exit", 2), ("panic", 3), ("mumble", 4), ("ok", 5)]

    outcomes = await any_pool.map_items(jobs.act, items)

    assert described(outcomes) == [expected(*item) for item in items]


async def test_a_failed_call_in_a_thread_lets_go_of_what_it_held() -> None:
    held: list[weakref.ref[object]] = []

    def decode(_: int) -> None:
        bitmap = {1}
        held.append(weakref.ref(bitmap))
        raise ValueError

    def translate(item: int) -> None:
        bitmap = {1}
        held.append(weakref.ref(bitmap))
        try:
            decode(item)
        except ValueError as error:
            raise ExceptionGroup("torn", [RuntimeError(), error]) from error

    with WorkerPool(1, kind="thread") as pool:
        [outcome] = await pool.map_items(translate, [1])

    assert isinstance(outcome, ExceptionGroup)
    assert [bitmap() for bitmap in held] == [None, None]
    assert "in decode\n" in "".join(traceback.format_exception(outcome))


def test_threads_take_functions_without_a_name() -> None:
    with WorkerPool(1, kind="thread") as pool:
        assert pool.submit(lambda: threading.current_thread().name).result() == "dam-worker"


@settings(max_examples=12)
@given(deeds=st.lists(st.sampled_from(["ok", "ok", "ok", "raise", *EXPECTED]), max_size=24))
def test_every_item_gets_its_own_outcome(pool: WorkerPool, deeds: list[str]) -> None:
    items = [(deed, value) for value, deed in enumerate(deeds)]

    outcomes = asyncio.run(pool.map_items(jobs.act, items))

    assert described(outcomes) == [expected(*item) for item in items]


@pytest.mark.slow
def test_a_killed_and_a_hung_worker_cost_two_of_62_tasks() -> None:
    with WorkerPool(2, task_timeout_s=2) as pool:
        deeds = ["kill" if i == 20 else "hang" if i == 40 else "ok" for i in range(62)]
        futures = [pool.submit(jobs.act, (deed, i)) for i, deed in enumerate(deeds)]

        failures = {i: f.exception() for i, f in enumerate(futures) if f.exception()}

    assert failures.keys() == {20, 40}
    assert isinstance(failures[20], WorkerDiedError)
    assert isinstance(failures[40], WorkerTimeoutError)


@pytest.mark.slow
async def test_a_time_limit_costs_only_the_item_that_exceeds_it(pool: WorkerPool) -> None:
    items = [("hang" if i == 11 else "ok", i) for i in range(40)]

    outcomes = await pool.map_items(jobs.act, items, timeout_s=1)

    late = "took longer than 1 s and was stopped"
    assert described(outcomes) == [late if i == 11 else i for i in range(40)]


def test_a_worker_that_dies_while_it_is_idle_costs_nothing() -> None:
    with WorkerPool(1) as pool:
        idle = pool.submit(jobs.process_id).result()
        os.kill(idle, signal.SIGKILL)
        wait_until_gone(idle)

        assert pool.submit(jobs.process_id).result() != idle


def test_the_words_for_a_killed_worker() -> None:
    error = WorkerDiedError(-9)

    assert error.message == "the worker process was killed by SIGKILL"
    assert error.hint == "the system may be short of memory"
    assert WorkerDiedError(-60).message == "the worker process was killed by signal 60"


def test_an_exception_that_cannot_travel_becomes_its_words(pool: WorkerPool) -> None:
    with pytest.raises(RuntimeError, match=r"^TwoPartError: page 3: torn\n"):
        pool.submit(jobs.raise_two_part_error).result()


def test_an_exception_says_where_in_the_worker_it_came_from(pool: WorkerPool) -> None:
    error = pool.submit(jobs.act, ("raise", 1)).exception()

    assert error is not None
    assert "jobs.py" in error.__notes__[0]


def test_a_result_that_cannot_travel_fails_its_call(pool: WorkerPool) -> None:
    error = pool.submit(jobs.return_a_lambda).exception()

    assert isinstance(error, TypeError)
    assert str(error) == "a worker cannot answer with a function"


def test_an_argument_that_cannot_travel_is_refused(pool: WorkerPool) -> None:
    with pytest.raises(TypeError, match="pickle"):
        pool.submit(jobs.hang, threading.Lock())


def test_large_arguments_and_results_arrive_whole(pool: WorkerPool) -> None:
    assert pool.submit(jobs.zeros, 50_000_000).result() == bytes(50_000_000)
    assert pool.submit(jobs.length, bytes(50_000_000)).result() == 50_000_000


def test_workers_read_nothing_from_standard_input(pool: WorkerPool) -> None:
    assert pool.submit(jobs.read_standard_input).result() == ""


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_workers_leave_it_to_their_parent_to_stop(number: signal.Signals) -> None:
    with WorkerPool(1) as pool:
        worker = pool.submit(jobs.process_id).result()
        os.kill(worker, number)

        assert pool.submit(jobs.process_id).result() == worker
        assert os.getpgid(worker) != os.getpgid(0)


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_worker_that_starts_leaves_it_to_its_parent_too(number: signal.Signals) -> None:
    others = set(workers_of(os.getpid()))
    with WorkerPool(1) as pool:
        answer = pool.submit(jobs.process_id)
        while not (started := set(workers_of(os.getpid())) - others):
            assert not answer.done()
        (worker,) = started
        os.kill(worker, number)

        assert answer.result() == worker


def test_workers_import_only_what_the_function_needs() -> None:
    with WorkerPool(1) as pool:
        modules = {name.partition(".")[0] for name in pool.submit(jobs.imported_modules).result()}

    assert not modules & {"sqlalchemy", "typer", "rich", "PIL", "numpy", "asyncio", "pytest"}


def test_what_a_worker_says_unasked_is_no_answer(fifo: Path) -> None:
    with WorkerPool(1) as pool:
        assert pool.submit(jobs.answer_and_go_on, str(fifo)).result() == 1
        assert fifo.read_text() == ""
        assert pool.submit(jobs.echo, 5).result() == 5


async def test_cancelling_the_wait_kills_what_runs(fifo: Path) -> None:
    with WorkerPool(1) as pool:
        waiting = asyncio.create_task(pool.map_items(jobs.announce_and_hang, [str(fifo)]))
        busy = await asyncio.to_thread(announced_id, fifo)

        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

        await asyncio.to_thread(wait_until_gone, busy)
        assert await pool.map_items(jobs.echo, [1, 2]) == [1, 2]


async def test_terminate_kills_what_runs_and_cancels_what_waits(fifo: Path) -> None:
    pool = WorkerPool(1)
    running = pool.submit(jobs.announce_and_hang, str(fifo))
    waiting = pool.submit(jobs.echo, 1)
    busy = await asyncio.to_thread(announced_id, fifo)

    pool.terminate()

    assert running.done()
    assert waiting.cancelled()
    wait_until_gone(busy)


def test_what_a_call_started_ends_with_its_worker(fifo: Path) -> None:
    pool = WorkerPool(1)
    pool.submit(jobs.start_child_and_hang, str(fifo))
    child = announced_id(fifo)

    pool.terminate()

    wait_until_gone(child)


def test_nothing_is_started_before_the_first_task() -> None:
    before = what_we_hold()

    with WorkerPool(2):
        assert what_we_hold() == before


def test_nothing_is_left_after_shutdown() -> None:
    before = what_we_hold()
    with WorkerPool(2) as pool:
        failing = [pool.submit(jobs.act, (deed, 1)) for deed in ("kill", "raise", "exit", "ok")]
        workers = {pool.submit(jobs.process_id).result() for _ in failing}

    assert what_we_hold() == before
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]


def test_shutdown_finishes_what_was_given() -> None:
    pool = WorkerPool(1)
    futures = [pool.submit(jobs.echo, i) for i in range(20)]

    pool.shutdown()

    assert [future.result() for future in futures] == list(range(20))
    with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
        pool.submit(jobs.echo, 1)


def test_a_forgotten_pool_ends_its_workers() -> None:
    pool = WorkerPool(1)
    worker = pool.submit(jobs.process_id).result()

    del pool

    wait_until_gone(worker)


def test_usable_cores_follow_the_affinity() -> None:
    with WorkerPool(1) as pool:
        before = pool.submit(jobs.affinity).result()
        one = next(iter(before))
        pool.submit(jobs.stay_on, {one}).result()

        assert pool.submit(usable_cores).result() == 1
    assert 1 <= usable_cores() <= len(before)


@pytest.mark.parametrize(
    ("program", "reason"),
    [("/bin/false", "it ended with exit code 1"), ("/no/python", "no such file")],
)
async def test_workers_that_do_not_come_up_are_no_fault_of_an_item(
    monkeypatch: pytest.MonkeyPatch, program: str, reason: str
) -> None:
    monkeypatch.setattr("sys.executable", program)
    with WorkerPool(2) as pool:
        outcomes = await pool.map_items(jobs.echo, range(8))

    assert [type(outcome) for outcome in outcomes] == [WorkerStartError] * 8
    assert str(outcomes[0]) == f"cannot start a worker process: {reason}"


async def test_a_python_may_print_as_it_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\necho "Welcome to this machine"\nexec {sys.executable} "$@"\n')
    program.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(program))
    with WorkerPool(2) as pool:
        async with asyncio.timeout(60):
            assert await pool.map_items(jobs.echo, range(8)) == list(range(8))


async def test_what_nobody_foresaw_of_a_worker_fails_its_call_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def read(_decode: object, payload: bytes) -> tuple[bool, object]:
        if b"7" in payload:
            raise LookupError("unforeseen")
        return True, payload

    monkeypatch.setattr("dam.workers.groups.read_answer", read)
    with WorkerPool(1) as pool:
        async with asyncio.timeout(60):
            outcomes = await pool.map_items(jobs.echo, [7777, 1])

    assert [type(outcome) for outcome in outcomes] == [LookupError, bytes]


async def test_what_nobody_foresaw_of_its_end_fails_its_calls_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def judge(*_: object, **__: object) -> None:
        raise LookupError("unforeseen")

    with WorkerPool(1) as pool:
        async with asyncio.timeout(60):
            with monkeypatch.context() as patched:
                patched.setattr("dam.workers.pool.judge_end", judge)
                outcomes = await pool.map_items(jobs.act, [("kill", 1)])
            assert await pool.map_items(jobs.echo, [1, 2]) == [1, 2]

    assert [type(outcome) for outcome in outcomes] == [LookupError]


async def test_a_limit_of_the_host_is_said_as_such(any_pool: WorkerPool) -> None:
    outcomes = await any_pool.map_items(jobs.open_too_many, [1])

    assert isinstance(outcomes[0], HostLimitError)
    assert outcomes[0].limit == "open files"
