"""The command line: the list of all commands, and the one place where errors become exit codes."""

import atexit
import gc
import importlib
import os
import sys
import traceback
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn

import typer
from typer.main import get_command

from dam.cli.plugin_commands import RootGroup
from dam.cli.toolkit.command import Command, Group, make_group
from dam.cli.toolkit.faults import StoppedByUserError, fault_of, report
from dam.cli.toolkit.help_text import PlainGroup
from dam.cli.toolkit.hints import remember_world
from dam.cli.toolkit.output import OutputError, flush, write_error_text
from dam.cli.toolkit.shells import use_own_scripts
from dam.cli.toolkit.streams import (
    flush_prints,
    give_up_stdout,
    keep_stdout_for_results,
    leave_full_pipes,
    prepare_streams,
)
from dam.errors import ExitCode, report_without_passwords, words_for
from dam.stopping import (
    StoppedBySignalError,
    handle_stops,
    ignore_stops,
    raise_stop,
    refuse_stops,
    repeat_lost_stops,
    requested_stop,
)

CommandTree = Mapping[str, Sequence[Command | Group]]

_DOC = "Manage pictures, comics, videos and documents by their content."
# The commands by section and name. Importing them all and making Typer's objects of them takes
# twenty times as long as one of them, so a process imports only its own.
_COMMANDS: Mapping[str, Mapping[str, str]] = {
    "Assets": {
        "add-asset": "dam.cli.add_asset:add_asset",
        "search": "dam.cli.search:search",
        "list": "dam.cli.search:list_assets",
        "find-file-by-hash": "dam.cli.find:find_file_by_hash",
        "find-similar-images": "dam.cli.find:find_similar_images",
        "show": "dam.cli.show:show_asset",
        "thumbnail": "dam.cli.asset:thumbnail",
        "export-asset": "dam.cli.asset:export_asset",
        "open": "dam.cli.asset:open_asset",
        "remove-asset": "dam.cli.trash:remove_asset",
        "restore-asset": "dam.cli.trash:restore_asset",
        "trash": "dam.cli.trash:TRASH",
        "ui": "dam.cli.asset:ui",
    },
    "Tags": {"tag": "dam.cli.tag:TAG"},
    "Comics": {"comic": "dam.cli.comic:COMIC"},
    "Worlds, database, state": {
        "setup-db": "dam.cli.world:setup_db",
        "list-worlds": "dam.cli.world:list_worlds",
        "status": "dam.cli.world:status",
        "config": "dam.cli.config:CONFIG",
        "process": "dam.cli.work:process",
        "failures": "dam.cli.failures:FAILURES",
        "retry": "dam.cli.work:retry",
        "verify": "dam.cli.integrity:verify",
        "forget": "dam.cli.integrity:forget",
        "gc": "dam.cli.integrity:gc",
        "doctor": "dam.cli.world:doctor",
    },
}
_EXAMPLES = (
    "dam-cli add-asset ~/Pictures",
    "dam-cli comic import -r ~/Comics",
    "dam-cli search holiday 'added:<3d'",
)
_NEW_OBJECTS_AT_START = 1_000_000
_COMPLETION = "_DAM_CLI_COMPLETE"
_CLOSED_PIPE = 141  # a shell's code for a program that SIGPIPE ended


def app(tree: CommandTree | None = None) -> None:
    """Run the command line of this process and end it; the entry point.

    Args:
        tree: As for `main`.
    """
    # Imported modules are many objects and no garbage; looking for some costs a tenth of the start.
    gc.set_threshold(_NEW_OBJECTS_AT_START)
    arguments = sys.argv[1:]
    try:
        handle_stops(_stop)
        repeat_lost_stops(_stop)
        code = main(arguments, tree)
        refuse_stops()
    except (KeyboardInterrupt, StoppedBySignalError) as error:  # after the command was done
        code = _tell(error, arguments)
    if code in (ExitCode.INTERRUPTED, ExitCode.TERMINATED, ExitCode.HUNG_UP):
        _end_stopped(code)
    gc.freeze()  # or the interpreter looks for garbage in all imported modules as it closes
    sys.exit(code)


def command_tree() -> CommandTree:
    """Return all commands, by the section of the help page that lists them."""
    return {
        section: [_imported(place) for place in places.values()]
        for section, places in _COMMANDS.items()
    }


class _LazyRoot(RootGroup):
    """The group of all commands; those that this process does not need are not imported."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - Typer keeps its types to itself
        """Return a command; None if there is none."""
        self._import({cmd_name})
        found = super().get_command(ctx, cmd_name)
        if found is None:
            self._import()  # for "did you mean"
        return found

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - as above
        """Return the names of dam's own commands."""
        self._import()
        return super().list_commands(ctx)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - as above
        """Write the lists of commands."""
        self._import()
        super().format_commands(ctx, formatter)

    def _import(self, wanted: Collection[str] | None = None) -> None:
        """Import commands, by default all, and keep them in the order of the help page."""
        tree = {
            section: [
                _imported(place)
                for name, place in places.items()
                if name not in self.commands and (wanted is None or name in wanted)
            ]
            for section, places in _COMMANDS.items()
        }
        if any(tree.values()):
            made = get_command(make_root(tree))
            assert isinstance(made, PlainGroup)
            found = {**self.commands, **made.commands}
            names = [name for places in _COMMANDS.values() for name in places if name in found]
            self.commands = {name: found[name] for name in names}


def main(arguments: Sequence[str], tree: CommandTree | None = None) -> int:
    """Run one command line and return its exit code; raise nothing.

    Args:
        arguments: Without the program's name.
        tree: The commands; by default those of `command_tree`.
    """
    prepare_streams()
    remember_world(None)
    try:
        root = make_root({}, _LazyRoot) if tree is None else make_root(tree)
        return _run(arguments, root)
    except BaseException as error:  # noqa: BLE001  (the boundary: a system may raise anything)
        if _COMPLETION in os.environ:  # what a shell asks for between two keystrokes
            return ExitCode.USAGE
        if isinstance(error, BrokenPipeError) and not requested_stop():
            give_up_stdout()
            return _CLOSED_PIPE
        return _tell(error, arguments)


def make_root(tree: CommandTree, kind: type[RootGroup] = RootGroup) -> typer.Typer:
    """Return the root group of all commands, each with the options of every command.

    Args:
        tree: The commands.
        kind: The class of the group.
    """
    root = make_group(_DOC, is_root=True, kind=kind, examples=_EXAMPLES)
    for section, entries in tree.items():
        for entry in entries:
            entry.add_to(root, section)
    return root


def _imported(place: str) -> Command | Group:
    module, _, name = place.partition(":")
    found = getattr(importlib.import_module(module), name)
    assert isinstance(found, Command | Group)
    return found


def _run(arguments: Sequence[str], root: typer.Typer) -> int:
    # Typer only reads the arguments: the body runs outside, where its errors are ours to handle.
    if any(one.endswith("-completion") for one in arguments):
        use_own_scripts()
    try:
        read = get_command(root).main(list(arguments), prog_name="dam-cli", standalone_mode=False)
    except OSError as error:
        raise OutputError(words_for(error)) from error
    except SystemExit as done:  # shell completion, whose words are printed
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


def _tell(error: BaseException, arguments: Sequence[str]) -> int:
    """Report an error on stderr and return its exit code.

    Stop signals are ignored from here on, so that only one error is reported.
    """
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
    """End the process with our exit code, without waiting for threads.

    CPython kills itself by SIGINT at its regular end if a `KeyboardInterrupt` was raised inside
    `exec`, even one that was caught. Dataclasses and named tuples are made by `exec`, so that may
    happen during any import.
    """
    atexit._run_exitfuncs()  # noqa: SLF001 - as the regular end does first
    for stream in (sys.__stdout__, sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # closed
            if stream is not None:  # the process started without it
                stream.flush()
    os._exit(code)
