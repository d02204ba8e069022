"""`dam-cli thumbnail`, `export-asset`, `open`, `ui`: assets of a world."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from dam.cli.toolkit.arguments import (
    AssetArguments,
    NullSeparated,
    QueryOption,
    Yes,
    read_chosen,
)
from dam.cli.toolkit.command import State, command
from dam.cli.toolkit.failure_report import FailureReport
from dam.cli.toolkit.output import (
    confirm,
    counted,
    emit_jsonl,
    show,
    table,
    talk,
)
from dam.cli.toolkit.progress import progress_bar
from dam.errors import EnvironmentFaultError, ExitCode

_OPENED_UNASKED = 20

if TYPE_CHECKING:
    from dam.app import World
    from dam.services.export_service import ExportOutcome
    from dam.services.open_service import OpenedAsset
    from dam.services.thumbnail_service import ThumbnailFile

Outcome: TypeAlias = "ExportOutcome | OpenedAsset | ThumbnailFile"


class NotBuiltError(EnvironmentFaultError):
    """The command exists, but the feature behind it is not built yet."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(
            f"{what} is not built yet", "use the other commands; `dam-cli --help` lists them"
        )


@command(streams=True, examples=("dam-cli thumbnail 12 13",))
def thumbnail(
    state: State,
    ids: AssetArguments = None,
    query: QueryOption = None,
    *,
    null: NullSeparated = False,
) -> ExitCode:
    """Print the paths of thumbnails, and make missing ones.

    Thumbnails are in a cache folder. One that is missing there is made again.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.thumbnail_service import find_thumbnails

    chosen = read_chosen(ids, query, null_separated=null)

    async def work(world: "World") -> "list[ThumbnailFile]":
        entity_ids = await chosen.in_world(world)
        with _reporting(state, "making thumbnails", len(entity_ids)) as tell:
            return await find_thumbnails(world, entity_ids, tell)

    found = run_in_world(state, work)
    rows = [
        (item.entity_id, f"{item.width}x{item.height}", item.path) for item in found if item.path
    ]
    return _write_outcomes(state, found, rows, ("id", "pixels", "path"))


@command(
    changes=True,
    streams=True,
    examples=(
        "dam-cli export-asset 12 13 --output chosen",
        "dam-cli export-asset --query tag:cat -o cats --format '{id}.{ext}'",
    ),
)
def export_asset(
    state: State,
    ids: AssetArguments = None,
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="The folder; created if missing.")
    ],
    query: QueryOption = None,
    template: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="TEMPLATE",
            help="Names of the files: '{id} {width}x{height}.{ext}'.",
        ),
    ] = None,
    null: NullSeparated = False,
) -> ExitCode:
    """Write assets into a folder under their own names.

    Existing files are never overwritten: if a name is taken by other bytes, the new file gets (2),
    (3) and so on; if it has the same bytes, nothing is written. Each file is compared with the hash
    of its asset before it gets its name, and has the time that the file had when it was added.

    With --format, names are made of fields, as in `search`; a / in them becomes _.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.export_service import export_assets

    chosen = read_chosen(ids, query, null_separated=null)

    async def work(world: "World") -> "list[ExportOutcome]":
        entity_ids = await chosen.in_world(world)
        with _reporting(state, "exporting", len(entity_ids)) as tell:
            return await export_assets(
                world, entity_ids, output, tell, template=template, is_dry_run=state.is_dry_run
            )

    done = run_in_world(state, work, only_reads=True)
    for item in done:
        if item.path and item.path.name != item.name:
            verb = "would be written as" if state.is_dry_run else "was written as"
            verb = "is there as" if item.status == "exists" else verb
            talk(state, f"{item.entity_id}: {item.name} {verb} {item.path.name}")
    there = sum(item.status == "exists" for item in done)
    if there:
        talk(state, f"{counted(there, 'file')} had the same bytes already")
    return _write_outcomes(
        state, done, [(item.entity_id, item.path) for item in done if item.path], ("id", "path")
    )


@command("open", examples=("dam-cli open 12",))
def open_asset(
    state: State,
    ids: AssetArguments = None,
    query: QueryOption = None,
    *,
    yes: Yes = False,
    null: NullSeparated = False,
) -> ExitCode:
    """Open assets in the desktop's programs.

    A file that was added with --mode reference is opened in its place, and all others as copies in
    a temporary folder; what you change in a copy is not added. Programs, scripts and .desktop files
    are refused. More than 20 that --query finds are opened only if you agree.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.open_service import open_assets

    chosen = read_chosen(ids, query, null_separated=null)

    async def work(world: "World") -> "list[OpenedAsset]":
        entity_ids = await chosen.in_world(world)
        if query is not None and len(entity_ids) > _OPENED_UNASKED:
            confirm(f"Open {counted(len(entity_ids), 'asset')}?", is_agreed=yes)
        with _reporting(state, "opening", len(entity_ids)) as tell:
            return await open_assets(world, entity_ids, tell)

    opened = run_in_world(state, work)
    rows = [(item.entity_id, item.path) for item in opened if item.path]
    return _write_outcomes(state, opened, rows, ("id", "path"))


@command(examples=("dam-cli ui",))
def ui(_: State) -> None:
    """Open the window: not built yet."""
    raise NotBuiltError("the window")


@contextmanager
def _reporting(state: State, what: str, total: int) -> Iterator[Callable[[Outcome], None]]:
    """Show a progress bar; report each failure and, with `--jsonl`, each outcome."""
    done = count(1)
    report = FailureReport("`--json` lists all")
    with progress_bar(state, what) as advance:

        def tell(outcome: Outcome) -> None:
            advance(next(done), total)
            error, message, hint = outcome.error, outcome.message, outcome.hint
            if error is not None:
                report.take(outcome.entity_id, message=message, hint=hint, error=error)
            if state.is_jsonl:
                emit_jsonl(outcome)

        yield tell
    report.tell()


def _write_outcomes(
    state: State,
    outcomes: Sequence[Outcome],
    rows: Sequence[Sequence[object]],
    header: Sequence[str],
) -> ExitCode:
    """Write the outcomes of many assets, as JSON or as rows, and return the exit code."""
    if not state.is_jsonl:
        nothing = "" if outcomes else "nothing found"
        show(state, outcomes, lambda _: table(rows, header, nothing))
    is_failed = any(outcome.error is not None for outcome in outcomes)
    return ExitCode.ITEMS_FAILED if is_failed else ExitCode.OK
