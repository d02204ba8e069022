"""The command line: the list of all commands, and the one place where errors become exit codes."""

import atexit
import gc
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import typer
from typer.main import get_command

from dam.cli.faults import StoppedByUserError, fault_of, report
from dam.cli.frame import Command, Group, State, make_group
from dam.cli.output import OutputError, complain, flush, write_error_text
from dam.cli.streams import (
    flush_prints,
    give_up_stdout,
    keep_stdout_for_results,
    leave_full_pipes,
    prepare_streams,
)
from dam.errors import ExitCode, report_without_passwords, words_for
from dam.stopping import (
    STOP_SIGNALS,
    StoppedBySignalError,
    handle_stops,
    ignore_stops,
    raise_stop,
    refuse_stops,
    remember_stop,
    repeat_lost_stops,
    requested_stop,
)

if TYPE_CHECKING:
    import asyncio

    from dam.app import World

T = TypeVar("T")
CommandTree = Mapping[str, Sequence[Command | Group]]

_DOC = "Manage pictures, comics, videos and documents by what is in them."
_MARKED_ANEW = (
    "this store had no mark of this world (as after restoring a database); it has been marked"
)
_NEW_OBJECTS_AT_START, _NEW_OBJECTS_AT_WORK = 1_000_000, 30_000
_CLOSED_PIPE = 141  # what a shell reports of a program that SIGPIPE ended


def app(tree: CommandTree | None = None) -> None:
    """Run the command line of this process and end it; the entry point.

    Args:
        tree: As for `main`.
    """
    # Imports are many objects and no garbage: looking for it costs a tenth.
    gc.set_threshold(_NEW_OBJECTS_AT_START)
    arguments = sys.argv[1:]
    try:
        handle_stops(_stop)
        repeat_lost_stops(_stop)
        code = main(arguments, tree)
        refuse_stops()
    except (KeyboardInterrupt, StoppedBySignalError) as error:  # after all was done
        code = _tell(error, arguments)
    if code in (ExitCode.INTERRUPTED, ExitCode.TERMINATED, ExitCode.HUNG_UP):
        _end_stopped(code)
    gc.freeze()  # or the interpreter, as it closes, looks for garbage among all that was imported
    sys.exit(code)


def command_tree() -> CommandTree:
    """Return every command there is, by the section of the help that lists it."""
    from dam.cli.add_asset import add_asset
    from dam.cli.asset import export_asset, remove_asset, show_asset, thumbnail, ui
    from dam.cli.comic_group import COMIC
    from dam.cli.find import find_file_by_hash, find_similar_images
    from dam.cli.integrity import gc, verify
    from dam.cli.work import failures, process, retry
    from dam.cli.world import doctor, list_worlds, setup_db, status

    found = [find_file_by_hash, find_similar_images]
    work = [process, failures, retry]
    return {
        "Assets": [add_asset, *found, show_asset, thumbnail, export_asset, remove_asset, ui],
        "Comics": [COMIC],
        "Worlds, database, state": [setup_db, list_worlds, status, *work, verify, gc, doctor],
    }


def main(arguments: Sequence[str], tree: CommandTree | None = None) -> int:
    """Run one command line and return its exit code; no exception leaves here.

    Args:
        arguments: Without the program's name.
        tree: The commands there are, `command_tree()` where none are given.
    """
    prepare_streams()
    try:
        return _run(arguments, command_tree() if tree is None else tree)
    except BaseException as error:  # noqa: BLE001  (the boundary: a system may raise anything)
        if isinstance(error, BrokenPipeError) and not requested_stop():
            give_up_stdout()
            return _CLOSED_PIPE
        return _tell(error, arguments)


def run_in_world(
    state: State, job: Callable[["World"], Awaitable[T]], *, only_reads: bool = False
) -> T:
    """Open the world that the state names, await the job with it, and return what came of it.

    A command that changes something needs the store to be there before and the same afterwards;
    `only_reads` says that what it changes is not the world.
    """
    from dam.app import load_settings, open_world
    from dam.cli.logs import write_logs
    from dam.services.store_access import require_same_places, require_store

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


def make_root(tree: CommandTree) -> typer.Typer:
    """Return the root of the commands, each with the options that go everywhere."""
    root = make_group(_DOC, is_root=True)
    for section, entries in tree.items():
        for entry in entries:
            entry.add_to(root, section)
    return root


def _run(arguments: Sequence[str], tree: CommandTree) -> int:
    # Typer only reads the arguments: the body runs outside, where its errors are ours to handle.
    try:
        read = get_command(make_root(tree)).main(
            list(arguments), prog_name="dam-cli", standalone_mode=False
        )
    except OSError as error:
        raise OutputError(words_for(error)) from error
    except SystemExit as done:  # what a shell asked for to complete a word has been printed
        return int(done.code or 0)
    if read == ExitCode.INTERRUPTED:  # Typer makes that of a Ctrl-C while it reads
        raise StoppedByUserError
    if callable(read):
        keep_stdout_for_results()
        read = read()
    flush()
    return int(read or 0)


def _stop(number: int, _frame: FrameType | None = None) -> None:
    leave_full_pipes()
    raise_stop(number)


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


def _tell(error: BaseException, arguments: Sequence[str]) -> int:
    """Say on stderr what is wrong and return the exit code for it; no signal makes it two."""
    ignore_stops()
    flush_prints()
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "--debug" in options:
        write_error_text(report_without_passwords("".join(traceback.format_exception(error))))
    fault = fault_of(error)
    report(fault, as_json="--json" in options or "--jsonl" in options)
    give_up_stdout()
    return fault.exit_code


def _end_stopped(code: int) -> NoReturn:
    """End with our exit code, and wait for no thread.

    CPython kills itself by SIGINT at its regular end if a `KeyboardInterrupt` met an `exec`,
    although somebody has caught it: dataclasses and named tuples are made by `exec`, so any import
    may be what was interrupted.
    """
    atexit._run_exitfuncs()  # noqa: SLF001 - what the regular end does first
    for stream in (sys.__stdout__, sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # closed
            if stream is not None:  # it was never there
                stream.flush()
    os._exit(code)
