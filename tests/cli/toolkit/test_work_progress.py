"""What is shown while systems work."""

import asyncio
import os
import pty
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr

import pytest

from dam.cli.toolkit.command import State
from dam.cli.toolkit.work_progress import WorkProgress, import_progress, work_progress


@contextmanager
def terminal() -> Iterator[None]:
    """Have stderr be a terminal."""
    ours, theirs = pty.openpty()
    with open(theirs, "w") as stderr, redirect_stderr(stderr):  # noqa: PTH123 - a descriptor
        yield
    os.close(ours)


def test_the_bar_goes_up_to_what_is_done_and_left() -> None:
    shown: list[tuple[int, int | None]] = []
    progress = WorkProgress(State(), lambda done, total: shown.append((done, total)))
    progress.advanced("a", 5)
    progress.pending(20)
    progress.advanced("a", 10)
    progress.advanced("b", 30)
    progress.pending(2)
    assert shown == [(5, None), (5, 25), (15, 25), (45, 45), (45, 47)]


@pytest.mark.parametrize("state", [State(), State(is_json=True)])
def test_waiting_for_others_is_said_once(state: State, capsys: pytest.CaptureFixture[str]) -> None:
    with work_progress(state) as progress:
        progress.waiting(3, 60.0)
        progress.waiting(1, 60.0)
    assert capsys.readouterr().err == (
        "waiting for 3 assets that another process has on lease, at most 60 s if it is gone\n"
    )


def test_who_waits_for_a_lock_is_promised_no_end(capsys: pytest.CaptureFixture[str]) -> None:
    with work_progress(State()) as progress:
        progress.waiting(1, None)
    assert capsys.readouterr().err == (
        "waiting for 1 asset that another process has locked in the database\n"
    )


def test_nothing_is_said_where_nobody_reads(capsys: pytest.CaptureFixture[str]) -> None:
    with work_progress(State(is_quiet=True)) as progress:
        progress.waiting(3, 60.0)
    assert capsys.readouterr().err == ""


async def test_counting_ends_with_the_import() -> None:
    has_begun, has_ended = threading.Event(), threading.Event()

    def count(is_stopped: Callable[[], bool]) -> int:
        has_begun.set()
        while not is_stopped():
            has_ended.wait(0.01)
        has_ended.set()
        return 0

    with terminal():
        async with import_progress(State(), "adding files", count):
            assert await asyncio.to_thread(has_begun.wait, 30)
    assert has_ended.is_set()


async def test_the_total_of_an_import_is_counted_while_it_runs() -> None:
    with terminal():
        async with import_progress(State(), "adding files", lambda _: 7) as progress:
            await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
            assert progress.total == 7


async def test_nothing_is_counted_where_nobody_sees_it() -> None:
    def count(_: Callable[[], bool]) -> int:
        raise AssertionError

    async with import_progress(State(is_quiet=True), "adding files", count) as progress:
        progress.advance()
    assert progress.total is None
