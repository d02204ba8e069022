"""Progress bars on the terminal, for work that takes longer than a moment."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from dam.cli.toolkit.command import State
from dam.cli.toolkit.output import is_read_at_a_terminal

if TYPE_CHECKING:
    from rich.progress import Progress

ReportProgress: TypeAlias = Callable[[int, int | None], None]

PATIENCE_S = 0.5
"""Seconds until a bar appears; shorter work shows none."""


def shows_progress(state: State) -> bool:
    """Return whether a bar would be visible, and not between the lines of `--jsonl`."""
    is_mixed = state.is_jsonl and is_read_at_a_terminal()
    return not (state.is_quiet or is_mixed) and sys.stderr.isatty()


@contextmanager
def progress_bar(
    state: State, what: str, *, patience_s: float = PATIENCE_S
) -> Iterator[ReportProgress]:
    """Yield a function that moves a bar: `report(done, total)`, with None for an unknown total.

    Shows a bar only if stderr is a terminal, and not with `--quiet`. Needs a running event loop.

    Args:
        state: The options of the command.
        what: The work in a word or two, such as `adding files`.
        patience_s: Seconds until the bar appears.
    """
    with progress_bars(state, what, patience_s=patience_s) as (report,):
        yield report


@contextmanager
def progress_bars(
    state: State, *whats: str, patience_s: float = PATIENCE_S
) -> Iterator[list[ReportProgress]]:
    """Yield such a function for each of several kinds of work that run at the same time."""
    if not shows_progress(state):
        yield [_say_nothing for _ in whats]
        return
    import asyncio

    bars = _Bars(whats)
    starting = asyncio.get_running_loop().call_later(patience_s, bars.start)
    try:
        yield [partial(bars.update, index) for index in range(len(whats))]
    finally:
        starting.cancel()
        bars.stop()


class _Bars:
    """Bars that take counts already before they are shown."""

    def __init__(self, whats: Sequence[str]) -> None:
        self._whats = whats
        self._counts: list[tuple[int, int | None]] = [(0, None) for _ in whats]
        self._shown: Progress | None = None

    def start(self) -> None:
        """Show the bars with the counts so far, and update them from now on."""
        self._shown = _rich_progress()
        for what in self._whats:
            self._shown.add_task(what, total=None, rate="")
        self._shown.start()
        for index, count in enumerate(self._counts):
            self.update(index, *count)

    def update(self, index: int, done: int, total: int | None) -> None:
        """Set how many are done, and of how many."""
        self._counts[index] = done, total
        if self._shown is None:
            return
        task = self._shown.tasks[index]
        rate = f"{task.speed:.0f}/s" if task.speed else ""
        self._shown.update(task.id, completed=done, total=total, rate=rate)

    def stop(self) -> None:
        """Remove the bars, if they are shown."""
        if self._shown is not None:
            self._shown.stop()


def _rich_progress() -> "Progress":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _say_nothing(done: int, total: int | None) -> None:
    del done, total
