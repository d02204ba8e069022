"""What people see while systems work."""

from collections.abc import Iterator
from contextlib import contextmanager

from dam.cli.frame import State
from dam.cli.output import complain
from dam.cli.progress import ReportProgress, progress_bar


class WorkProgress:
    """The observer that `process_service.process` tells how it goes on."""

    def __init__(self, state: State, report: ReportProgress) -> None:
        self._state = state
        self._report = report
        self._done = 0
        self._left: int | None = None
        self._has_waited = False

    def pending(self, entities: int) -> None:
        """Show that so much is left."""
        self._left = entities
        self._show()

    def advanced(self, system: str, entities: int) -> None:
        """Show that a system has done so many more."""
        del system
        self._done += entities
        if self._left is not None:
            self._left = max(0, self._left - entities)
        self._show()

    def waiting(self, entities: int, seconds: float | None) -> None:
        """Say once that other processes hold the rest."""
        if self._has_waited:
            return
        self._has_waited = True
        noun = "asset" if entities == 1 else "assets"
        if not self._state.is_quiet:  # also beside JSON: a silent minute looks like a hang
            how = "on lease" if seconds is not None else "locked in the database"
            limit = f", at most {seconds:.0f} s if it is gone" if seconds is not None else ""
            complain(f"waiting for {entities} {noun} that another process has {how}{limit}")

    def _show(self) -> None:
        self._report(self._done, None if self._left is None else self._done + self._left)


def say_waiting_for_gc(state: State) -> None:
    """Say that nothing can be stored before another process has collected the garbage."""
    if not state.is_quiet:  # also beside JSON: a silent minute looks like a hang
        complain("waiting for a `gc` of this store to end")


@contextmanager
def work_progress(state: State) -> Iterator[WorkProgress]:
    """Show a bar with entities a second and the time left, and yield the observer that moves it."""
    with progress_bar(state, "processing") as report:
        yield WorkProgress(state, report)
