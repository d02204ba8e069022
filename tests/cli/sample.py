"""A command line of the frame alone: commands that show what reaches them, or fail as asked."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from dam.cli import app
from dam.cli.main import CommandTree
from dam.cli.toolkit.arguments import (
    IdArguments,
    NullSeparated,
    PathArguments,
    Yes,
    read_ids,
    read_paths,
)
from dam.cli.toolkit.command import Group, State, command
from dam.cli.toolkit.output import (
    complain,
    confirm,
    emit_json,
    emit_jsonl,
    flush,
    name_failure,
    sentence,
    show,
    table,
    talk,
)
from dam.cli.toolkit.progress import progress_bar
from dam.cli.toolkit.running import run_async
from dam.errors import ExitCode, UsageError


class QueryError(UsageError):
    """A failure with a fact of its own for programs."""

    json_fields = ("position",)

    def __init__(self, position: int) -> None:
        self.position = position
        super().__init__(f"unexpected ')' at {position}", "close what you open")


@command()
def state(state: State) -> None:
    """Show the state."""
    emit_json(state)


@command(changes=True, streams=True)
def paths(
    state: State,
    paths: PathArguments,
    *,
    null: NullSeparated = False,
    limit: Annotated[int, typer.Option(min=1, max=9999, help="Show so many.")] = 10,
) -> ExitCode:
    """Show paths.

    A second paragraph that is long enough to be wrapped at the width of a terminal, which is eighty
    columns for most of us.
    """
    for path in list(read_paths(paths, null_separated=null))[:limit]:
        if state.is_jsonl:
            emit_jsonl({"path": path})
        else:
            sentence(str(path))
    talk(state, "that was all")
    name_failure("b.jpg", message="permission denied", hint="ask its owner")
    return ExitCode.ITEMS_FAILED


def interrupt(_value: object) -> None:
    raise KeyboardInterrupt


@command()
def early(
    state: State, *, option: Annotated[str, typer.Option(callback=interrupt, help="Any.")] = ""
) -> None:
    """Be interrupted before it begins."""


@command()
def ids(state: State, ids: IdArguments, *, null: NullSeparated = False) -> None:
    """Show ids."""
    show(state, read_ids(ids, null_separated=null), print)


@command("list")
def list_(state: State) -> None:
    """Show a table."""
    rows = [
        (1, "a\nb", None, datetime(2026, 1, 2, tzinfo=UTC)),
        (20, "写真.jpg", b"\x00\xff", None),
        (300, "x\udcff" + "y" * 90, "", None),
    ]
    show(state, rows, lambda rows: table(rows, ("id", "name", "hash", "added")))


@command("paths-list")
def paths_list(
    state: State,
    rows: Annotated[int, typer.Argument()],
    *,
    long: Annotated[int, typer.Option(help="Make them longer.")] = 0,
) -> None:
    """Show a table of paths."""
    end = "y" * long
    listed = [(number, f"/a b/\x1b[31mc\udce9{number}{end}") for number in range(rows)]
    show(state, listed, lambda listed: table(listed, ("id", "path"), nothing="no paths"))


@command()
def fail(
    _: State,
    how: Annotated[Literal["usage", "bug", "query", "group", "ctrl-c"], typer.Argument()],
) -> None:
    """Fail."""
    raise {
        "usage": UsageError("no world named 'fotos'", "did you mean 'photos'?"),
        "bug": KeyError("x"),
        "query": QueryError(7),
        "group": ExceptionGroup("several", [QueryError(7)]),
        "ctrl-c": KeyboardInterrupt(),
    }[how]


@command()
def remove(_: State, *, is_agreed: Yes = False) -> None:
    """Ask first."""
    confirm("Remove it all?", is_agreed=is_agreed)
    sentence("removed")


@command()
def many(_: State) -> None:
    """Write more than any pipe holds."""
    for number in range(100_000):
        sentence(f"line {number}")


@command()
def work(state: State, *, long: Annotated[bool, typer.Option(help="Take long.")] = False) -> None:
    """Show progress."""
    run_async(lambda: _work(state, patience_s=0.0 if long else 3600.0))


async def _work(state: State, *, patience_s: float) -> None:
    with progress_bar(state, "working", patience_s=patience_s) as report:
        for done in range(5):
            report(done, 5)
            await asyncio.sleep(0)


@command()
def wait(_: State) -> None:
    """Wait for Ctrl-C with something open."""
    run_async(_wait)


async def _wait() -> None:
    sentence("open")
    flush()
    try:
        await asyncio.Event().wait()
    finally:
        sentence("closed")


@command()
def flood(_: State, stream: Annotated[Literal["stdout", "stderr"], typer.Argument()]) -> None:
    """Write without end."""
    run_async(lambda: _flood(sentence if stream == "stdout" else complain))


async def _flood(write: Callable[[str], None]) -> None:
    while True:
        write("and so on")
        await asyncio.sleep(0)


class _SignalledWhenDropped:
    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)


@command()
def hide(_: State) -> None:
    """Be stopped where no exception gets out, and go on."""
    _SignalledWhenDropped()
    while True:
        time.sleep(0.01)


@command()
def trip(_: State) -> None:
    """Fail because of being stopped."""
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        raise KeyError("x") from None


GROUP = Group(name="group", doc="More.", commands=[state])
TREE: CommandTree = {
    "Samples": [state, paths, early, ids, list_, paths_list, fail],
    "Signals and streams": [wait, flood, hide, trip],
    "More samples": [remove, many, work, GROUP],
}

if __name__ == "__main__":
    app(TREE)
