"""Progress of imports and of systems, shown on the terminal."""

import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from dam.cli.toolkit.command import State
from dam.cli.toolkit.output import complain, counted
from dam.cli.toolkit.progress import ReportProgress, progress_bar, progress_bars, shows_progress
from dam.errors import DamError

log = logging.getLogger(__name__)


class WorkProgress:
    """The observer that `process_service.process` reports its progress to."""

    def __init__(self, state: State, report: ReportProgress) -> None:
        self._state = state
        self._report = report
        self._done = 0
        self._left: int | None = None
        self._has_waited = False

    @property
    def done(self) -> int:
        """The number of entities worked on; an entity counts once for each system."""
        return self._done

    def pending(self, entities: int) -> None:
        """Show how many entities are left."""
        self._left = entities
        self._show()

    def advanced(self, system: str, entities: int) -> None:
        """Show that a system has finished more entities."""
        del system
        self._done += entities
        if self._left is not None:
            self._left = max(0, self._left - entities)
        self._show()

    def waiting(self, entities: int, seconds: float | None) -> None:
        """Say once that other processes hold the remaining entities."""
        if self._has_waited:
            return
        self._has_waited = True
        if not self._state.is_quiet:  # also beside JSON: a silent minute looks like a hang
            assets = counted(entities, "asset")
            how = "on lease" if seconds is not None else "locked in the database"
            limit = f", at most {seconds:.0f} s if it is gone" if seconds is not None else ""
            complain(f"waiting for {assets} that another process has {how}{limit}")

    def _show(self) -> None:
        self._report(self._done, None if self._left is None else self._done + self._left)


class ImportProgress:
    """Progress of an import and of the systems that work beside it.

    Args:
        state: The options of the command.
        report: Moves the bar of the import.
        observer: Moves the bar of the systems.
    """

    def __init__(self, state: State, report: ReportProgress, observer: WorkProgress) -> None:
        self.observer = observer
        self.total: int | None = None
        self._state = state
        self._report = report
        self._done = 0

    def advance(self) -> None:
        """Show that the import has finished one more item."""
        self._done += 1
        self._report(self._done, self.total)

    def wait_for_gc(self) -> None:
        """Say that nothing can be stored until a `gc` of another process has ended."""
        if not self._state.is_quiet:  # also beside JSON: a silent minute looks like a hang
            complain("waiting for a `gc` of this store to end")


@asynccontextmanager
async def import_progress(
    state: State, what: str, count: Callable[[Callable[[], bool]], int]
) -> AsyncIterator[ImportProgress]:
    """Show bars for an import and for the systems beside it; yield what moves them.

    Args:
        state: The options of the command.
        what: The import in a word or two.
        count: Returns how many items there will be. Runs in a thread beside the import, only if the
            bars are visible, and ends early when the function that it is given returns True.
    """
    import asyncio

    stopping = threading.Event()
    with progress_bars(state, what, "processing") as (report, work):
        progress = ImportProgress(state, report, WorkProgress(state, work))

        async def find_total() -> None:
            if shows_progress(state):
                progress.total = await asyncio.to_thread(count, stopping.is_set)

        counting = asyncio.create_task(find_total())
        try:
            yield progress
        finally:
            stopping.set()
            (fault,) = await asyncio.gather(counting, return_exceptions=True)
            # What stops the count stops the import, too, and is reported there.
            if fault and not isinstance(fault, DamError):
                log.warning("the total could not be counted", exc_info=fault)


@contextmanager
def work_progress(state: State) -> Iterator[WorkProgress]:
    """Show a bar with entities a second and the time left, and yield the observer that moves it."""
    with progress_bar(state, "processing") as report:
        yield WorkProgress(state, report)
