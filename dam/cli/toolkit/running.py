"""Runs what a command does: in an open world, and so that a signal ends it in order."""

import gc
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

from dam.cli.toolkit.command import State
from dam.cli.toolkit.output import complain
from dam.cli.toolkit.streams import leave_full_pipes
from dam.stopping import STOP_SIGNALS, handle_stops, remember_stop, requested_stop

if TYPE_CHECKING:
    import asyncio

    from dam.app import World


T = TypeVar("T")
_MARKED_ANEW = (
    "this store had no mark of this world (as after restoring a database); it has been marked"
)
_NEW_OBJECTS_AT_WORK = 30_000


def run_in_world(
    state: State, job: Callable[["World"], Awaitable[T]], *, only_reads: bool = False
) -> T:
    """Open the world that the state names, await the job with it, and return what came of it.

    A command that changes something needs the store to be there before and the same afterwards;
    `only_reads` says that what it changes is not the world.
    """
    from dam.app import load_settings, open_world
    from dam.cli.toolkit.logs import write_logs
    from dam.services.store_service import require_same_places, require_store

    settings = load_settings()
    write_logs("DEBUG" if state.is_debug else settings.log_level)

    async def work() -> T:
        plugins = not state.without_plugins
        async with open_world(
            state.world, settings=settings, plugins=plugins, is_dry_run=state.is_dry_run
        ) as world:
            gc.freeze()  # what is there by now stays: no collection needs to look at it again
            gc.set_threshold(_NEW_OBJECTS_AT_WORK)
            if not state.changes or only_reads:
                return await job(world)
            if await require_store(world, is_dry_run=state.is_dry_run):
                complain(_MARKED_ANEW)
            answer = await job(world)
            if not state.is_dry_run:
                await require_same_places(world)
            return answer

    return run_async(work)


def run_async(job: Callable[[], Coroutine[None, None, T]]) -> T:
    """Run a job to its end; a signal that asks to stop cancels it, so that it can close its files.

    Once: to be cancelled again would cut the closing short, and an exception out of the event
    loop itself, which is what asyncio makes of a second Ctrl-C, loses wake-ups that it waits for.

    Raises:
        StoppedBySignalError: It was stopped, or had come to its end just then.
    """
    import asyncio

    stop = _TaskStop()

    async def stoppable() -> T:
        stop.watch_current_task()
        return await job()

    try:
        with stop.listening(), asyncio.Runner() as runner:
            try:
                result = runner.run(stoppable())
            except BaseException:
                stop.end_task(runner.get_loop())
                raise
    except BaseException as error:
        if (stopped := requested_stop()) is None:
            raise
        raise stopped from error
    if stopped := requested_stop():  # it came while all was being closed
        raise stopped
    return result


class _TaskStop:
    """Cancels a task when the first signal asks to stop."""

    def __init__(self) -> None:
        self._task: asyncio.Task[Any] | None = None
        self._cancel: Callable[[], object] | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle the signals while the block runs; after the first, nobody does any more."""
        before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
        handle_stops(self._stop)
        try:
            yield
        finally:
            for number, handler in before.items():
                if requested_stop() is None:
                    signal.signal(number, handler)

    def watch_current_task(self) -> None:
        """Cancel the running task when a signal comes, or now where it has come."""
        import asyncio

        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None

        def cancel() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(task.cancel)

        self._task, self._cancel = task, cancel
        if requested_stop():
            cancel()

    def end_task(self, loop: "asyncio.AbstractEventLoop") -> None:
        """Cancel the task and let it run to its end, where something else broke the event loop.

        A task that calls `sys.exit` does. The loop's own end cancels all tasks at once, also reads
        that are under way, and then their connections are never given back.
        """
        import asyncio

        if self._task is not None and not self._task.done():
            self._task.cancel()
            loop.run_until_complete(asyncio.gather(self._task, return_exceptions=True))

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        remember_stop(number)
        leave_full_pipes()
        if self._cancel is not None:
            self._cancel()
