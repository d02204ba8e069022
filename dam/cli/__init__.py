"""The command line: the list of all commands, and the one place where errors become exit codes."""

import atexit
import gc
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn, TypeVar

import typer
from typer.main import get_command

from dam.cli.faults import StoppedByUserError, fault_of, report
from dam.cli.frame import Command, Group, State, make_group
from dam.cli.output import OutputError, flush, write_error_text
from dam.errors import ExitCode, words_for

if TYPE_CHECKING:
    from dam.app import World

T = TypeVar("T")
CommandTree = Mapping[str, Sequence[Command | Group]]

_DOC = "Manage pictures, comics, videos and documents by what is in them."
_NEW_OBJECTS_AT_START, _NEW_OBJECTS_AT_WORK = 1_000_000, 30_000
_CLOSED_PIPE = 141  # what a shell reports of a program that SIGPIPE ended


def app() -> None:
    """Run the command line of this process and end it; the entry point."""
    # Imports are many objects and no garbage: looking for it costs a tenth.
    gc.set_threshold(_NEW_OBJECTS_AT_START)
    arguments = sys.argv[1:]
    try:
        signal.signal(signal.SIGINT, _interrupt)
        code = main(arguments)
        # While the interpreter closes, SIGINT would be the process's death, not its exit code.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt as error:  # while another error was told, or after all was done
        code = _tell(error, arguments)
    if code == ExitCode.INTERRUPTED:
        _end_interrupted()
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
    _prepare_streams()
    try:
        return _run(arguments, command_tree() if tree is None else tree)
    except BrokenPipeError:
        _give_up_stdout()
        return _CLOSED_PIPE
    except BaseException as error:  # noqa: BLE001  (the boundary: a system may raise anything)
        return _tell(error, arguments)


def run_in_world(state: State, job: Callable[["World"], Awaitable[T]]) -> T:
    """Open the world that the state names, await the job with it, and return what came of it."""
    from dam.app import load_settings, open_world
    from dam.cli.logs import write_logs

    settings = load_settings()
    write_logs("DEBUG" if state.is_debug else settings.log_level)

    async def work() -> T:
        plugins = not state.without_plugins
        async with open_world(
            state.world, settings=settings, plugins=plugins, is_dry_run=state.is_dry_run
        ) as world:
            gc.freeze()  # what is there by now stays: no collection needs to look at it again
            gc.set_threshold(_NEW_OBJECTS_AT_WORK)
            return await job(world)

    return run_async(work)


def run_async(job: Callable[[], Coroutine[None, None, T]]) -> T:
    """Run a job to its end; Ctrl-C cancels it, so that it can close what it has open.

    Once: to be cancelled again would cut the closing short, and an exception out of the event
    loop itself, which is what asyncio makes of a second Ctrl-C, loses wake-ups that it waits for.
    """
    import asyncio

    before = signal.getsignal(signal.SIGINT)

    async def cancellable() -> T:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None

        def cancel(*_: object) -> None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            if not loop.is_closed():
                loop.call_soon_threadsafe(task.cancel)

        signal.signal(signal.SIGINT, cancel)
        return await job()

    try:
        return asyncio.run(cancellable())
    except asyncio.CancelledError as error:  # nobody else cancels what runs here
        if before is _interrupt:
            before = signal.SIG_IGN
        raise KeyboardInterrupt from error
    finally:
        signal.signal(signal.SIGINT, before)


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
    code = read() if callable(read) else read
    flush()
    return int(code or 0)


def _interrupt(*_: object) -> NoReturn:
    """Interrupt what runs, once: what follows ends the process, and is not to be interrupted."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def _tell(error: BaseException, arguments: Sequence[str]) -> int:
    """Say on stderr what is wrong and return the exit code for it."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "--debug" in options:
        write_error_text("".join(traceback.format_exception(error)))
    fault = fault_of(error)
    report(fault, as_json="--json" in options or "--jsonl" in options)
    _give_up_stdout()
    return fault.exit_code


def _end_interrupted() -> NoReturn:
    """End with our exit code: CPython kills itself by SIGINT if the interrupt met an `exec`.

    It does so at its regular end, although somebody has caught the exception: dataclasses and named
    tuples are made by `exec`, so any import may be what was interrupted.
    """
    atexit._run_exitfuncs()  # noqa: SLF001 - what the regular end does first
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or never there
            stream.flush()
    os._exit(ExitCode.INTERRUPTED)


def _prepare_streams() -> None:
    # A descriptor that is closed would be given to the next file opened, perhaps the database.
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123  (for the life of the process)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _give_up_stdout() -> None:
    """Let the interpreter's own flush at its end find nothing that could fail."""
    try:
        flush()
    except (OSError, OutputError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
