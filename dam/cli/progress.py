"""A bar on the terminal for work that takes its time."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    if not shows_progress(state):
        yield _say_nothing
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
    with bar:
        task = bar.add_task(what, total=None, rate="")

        def update(done: int, total: int | None) -> None:
            speed = bar.tasks[0].speed
            rate = f"{speed:.0f}/s" if speed else ""
            bar.update(task, completed=done, total=total, rate=rate)

        yield update


def _say_nothing(done: int, total: int | None) -> None:
    del done, total
