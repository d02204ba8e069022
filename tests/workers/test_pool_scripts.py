"""What a pool promises to programs of every form, and what is left when they end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workers.watch import announced_id, wait_until_gone

PROJECT = Path(__file__).parents[2]

PREAMBLE = """
import asyncio, sys, threading
from dam.workers.pool import WorkerPool
from tests.workers import jobs
"""

UNGUARDED = (
    PREAMBLE
    + """
print("main runs")
threading.Thread(target=threading.Event().wait, daemon=True).start()
pool = WorkerPool(2)
items = [("kill" if i == 2 else "ok", i) for i in range(5)]
print(asyncio.run(pool.map_items(jobs.act, items)))
pool.shutdown()
"""
)
UNGUARDED_OUTPUT = (
    "main runs\n[0, 1, WorkerDiedError('the worker process was killed by SIGKILL'), 3, 4]\n"
)


def start(*arguments: str, stdin: int = subprocess.PIPE) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-W", "error", *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        start_new_session=True,
    )


def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
    with start(*arguments) as process:
        stdout, stderr = process.communicate(stdin, timeout=60)
    return process.returncode, stdout, stderr


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@pytest.mark.slow
def test_a_script_needs_no_main_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED)

    assert run(str(script)) == (0, UNGUARDED_OUTPUT, "")


@pytest.mark.slow
def test_a_program_may_come_from_standard_input() -> None:
    assert run("-", stdin=UNGUARDED) == (0, UNGUARDED_OUTPUT, "")


@pytest.mark.slow
def test_a_program_may_be_typed_at_the_prompt() -> None:
    code, stdout, _ = run(
        "-i", "-q", stdin=PREAMBLE + "WorkerPool(1).submit(jobs.echo, 5).result()\n"
    )

    assert (code, stdout) == (0, "5\n")


@pytest.mark.slow
def test_a_function_of_the_script_itself_is_refused() -> None:
    code, stdout, stderr = run("-", stdin=PREAMBLE + "def own(): ...\nWorkerPool(1).submit(own)")

    assert (code, stdout) == (1, "")
    assert (
        "is defined in __main__, which worker processes cannot import; define it in a module"
        in stderr
    )


@pytest.mark.slow
def test_what_workers_write_is_not_seen() -> None:
    program = PREAMBLE + "with WorkerPool(1) as pool: pool.submit(jobs.chatter).result()"

    assert run("-c", program) == (0, "", "")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["process", "thread"])
def test_a_program_ends_without_shutdown_while_a_call_hangs(kind: str) -> None:
    program = PREAMBLE + f"pool = WorkerPool(2, kind={kind!r}); pool.submit(jobs.hang)"

    assert run("-X", "dev", "-c", program) == (0, "", "")


@pytest.mark.slow
def test_a_killed_program_leaves_no_worker(fifo: Path) -> None:
    program = PREAMBLE + "WorkerPool(1).submit(jobs.announce_and_hang, sys.argv[1]).result()"
    with start("-c", program, str(fifo)) as process:
        worker = announced_id(fifo)

        process.kill()

        wait_until_gone(worker)


@pytest.mark.slow
def test_an_interrupt_from_the_terminal_reaches_only_the_program(fifo: Path) -> None:
    program = (
        PREAMBLE
        + """
pool = WorkerPool(1)
hung = pool.submit(jobs.announce_and_hang, sys.argv[1])
try:
    hung.result()
except KeyboardInterrupt:
    print("interrupted", hung.running())
pool.terminate()
"""
    )
    with start("-c", program, str(fifo)) as process:
        announced_id(fifo)

        os.killpg(process.pid, signal.SIGINT)

        assert process.communicate(timeout=60) == ("interrupted True\n", "")
