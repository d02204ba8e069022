"""A bar on the terminal for work that takes its time."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias

from dam.cli.frame import State

ReportProgress: TypeAlias = Callable[[int, int | None], None]


def shows_progress(state: State) -> bool:
    """Return whether somebody would see a bar."""
    is_mixed = state.is_jsonl and sys.stdout is not None and sys.stdout.isatty()
    return not (state.is_quiet or is_mixed) and sys.stderr.isatty()


@contextmanager
def progress_bar(state: State, what: str) -> Iterator[ReportProgress]:
    """Yield a function to call with how many are done and how many there are, None while unknown.

    Only a terminal's stderr shows anything, and not with `--quiet`; `what` is the work in a word or
    two, such as `adding files`.
    """
    with progress_bars(state, what) as (report,):
        yield report


@contextmanager
def progress_bars(state: State, *whats: str) -> Iterator[list[ReportProgress]]:
    """Yield such a function for each of several works that go on at the same time."""
    if not shows_progress(state):
        yield [_say_nothing for _ in whats]
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    tasks = [bar.add_task(what, total=None, rate="") for what in whats]

    def update(index: int, done: int, total: int | None) -> None:
        speed = bar.tasks[index].speed
        rate = f"{speed:.0f}/s" if speed else ""
        bar.update(tasks[index], completed=done, total=total, rate=rate)

    with bar:
        yield [partial(update, index) for index in range(len(tasks))]


def _say_nothing(done: int, total: int | None) -> None:
    del done, total
