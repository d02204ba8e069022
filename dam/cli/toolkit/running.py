"""Runs the job of a command in an open world; a signal stops it in order."""

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
    """Open the world that the state names, await the job with it, and return its result.

    If the command changes something, the store must be there before, and the same one afterwards.

    Args:
        state: The options of the command.
        job: Called once with the open world.
        only_reads: What the command changes is not the world: `export-asset` writes elsewhere.
    """
    from dam.app import load_settings, open_world
    from dam.cli.toolkit.logs import begin_logs
    from dam.services.store_service import require_same_places, require_store

    settings = load_settings()
    begin_logs(state, settings)

    async def work() -> T:
        plugins = not state.without_plugins
        async with open_world(
            state.world, settings=settings, plugins=plugins, is_dry_run=state.is_dry_run
        ) as world:
            gc.freeze()  # all objects so far stay, so no collection needs to look at them again
            gc.set_threshold(_NEW_OBJECTS_AT_WORK)
            if not state.changes or only_reads:
                return await job(world)
            if not state.is_dry_run:
                await world.database.require_writable()
            if await require_store(world, is_dry_run=state.is_dry_run):
                complain(_MARKED_ANEW)
            answer = await job(world)
            if not state.is_dry_run:
                await require_same_places(world)
            return answer

    return run_async(work)


def run_async(job: Callable[[], Coroutine[None, None, T]]) -> T:
    """Run a job to its end; the first stop signal cancels it, so that it can close its files.

    Later signals do nothing. A second cancellation would cut the closing short. And asyncio answers
    a second Ctrl-C by an exception out of the event loop itself, which loses wake-ups that the loop
    waits for.

    Raises:
        StoppedBySignalError: A signal stopped the job, or came just as it ended.
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
    if stopped := requested_stop():  # the signal came while the job was closing
        raise stopped
    return result


class _TaskStop:
    """Cancels a task at the first signal that asks to stop."""

    def __init__(self) -> None:
        self._task: asyncio.Task[Any] | None = None
        self._cancel: Callable[[], object] | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle stop signals while the block runs; restore the handlers unless one came."""
        before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
        handle_stops(self._stop)
        try:
            yield
        finally:
            for number, handler in before.items():
                if requested_stop() is None:
                    signal.signal(number, handler)

    def watch_current_task(self) -> None:
        """Cancel the running task when a signal comes, or now if one has come already."""
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
        """Cancel the task and run it to its end, after something else has stopped the event loop.

        A task that calls `sys.exit` does that. Closing the loop would cancel all tasks at once,
        also reads that are under way, and then their connections are never given back.
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
