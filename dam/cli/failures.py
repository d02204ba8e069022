"""`dam-cli failures` and `failures dismiss`: work that failed, and what needs no attention."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from dam.cli.toolkit import completion
from dam.cli.toolkit.arguments import (
    NullSeparated,
    OneOfTwoError,
    QueryOption,
    read_chosen_or_all,
)
from dam.cli.toolkit.command import Group, State, command
from dam.cli.toolkit.failure_report import GoneFolders
from dam.cli.toolkit.output import counted, sentence, show, table, with_hint

if TYPE_CHECKING:
    from dam.app import World
    from dam.services.failure_service import Failure

_DOC = """List the work that failed, and why.

A failure stays in the list until the system that failed succeeds, or until it is dismissed. `retry`
makes the system try again. With --json, each failure has its paths.
"""


@command()
def failures(
    state: State,
    *,
    all_: Annotated[
        bool, typer.Option("--all", help="Also list the failures that were dismissed.")
    ] = False,
) -> None:
    """List the work that failed, and why."""
    from dam.cli.toolkit.running import run_in_world

    async def work(world: "World") -> "Sequence[Failure]":
        from dam.services import failure_service

        return await world.read(failure_service.list_failures, includes_dismissed=all_)

    def people(found: "Sequence[Failure]") -> None:
        _show_failures(found, says_dismissed=all_)

    show(state, run_in_world(state, work), people)


@command(
    changes=True,
    examples=(
        "dam-cli failures dismiss 12 13",
        "dam-cli failures dismiss --error MissingDecoderError",
    ),
)
def dismiss(
    state: State,
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ID",
            help="Ids or sha256:… prefixes; - reads them from stdin.",
            autocompletion=completion.ids("failed"),
        ),
    ] = None,
    error: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="All failures with this error, as --json names it.",
            autocompletion=completion.errors,
        ),
    ] = None,
    query: QueryOption = None,
    *,
    null: NullSeparated = False,
) -> None:
    """Say that failures need no attention.

    Give the IDs of assets, --query, or --error. A dismissed failure is not listed or reported any
    more, and adding the same file again ends with exit code 0. If the work fails in another way, or
    if a newer version of dam tries it again (`process --outdated`) and fails, it is a failure as
    before. `retry ID` makes it one, too.
    """
    from dam.cli.toolkit.running import run_in_world

    chosen = read_chosen_or_all(ids, query, null_separated=null)
    if (chosen is not None) == (error is not None):
        raise OneOfTwoError("ID", "--error")

    async def work(world: "World") -> int:
        from dam.services import failure_service

        entity_ids = None if chosen is None else await chosen.in_world(world)
        return await failure_service.dismiss(
            world, entity_ids, error=error, is_dry_run=state.is_dry_run
        )

    def people(result: dict[str, int]) -> None:
        said = "would dismiss" if state.is_dry_run else "dismissed"
        sentence(f"{said} {counted(result['dismissed'], 'failure')}")

    show(state, {"dismissed": run_in_world(state, work)}, people)


FAILURES = Group(
    name="failures",
    doc=_DOC,
    commands=[dismiss],
    default=failures,
    examples=("dam-cli failures", "dam-cli failures --json", "dam-cli failures dismiss 12"),
)


def _show_failures(found: "Sequence[Failure]", *, says_dismissed: bool) -> None:
    if not found:
        sentence("there are no failures")
        return
    waiting = GoneFolders()
    rows: list[tuple[object, ...]] = [
        (
            *(one.entity_id, one.system, one.name, one.attempts),
            *([one.dismissed_at] if says_dismissed else []),
            with_hint(one.message, one.hint),
        )
        for one in found
        if not waiting.takes(one.error, one.message, one.hint, one.system)
    ]
    dismissed = ["dismissed"] if says_dismissed else []
    rows += [
        (None, system, files, None, *([None] * len(dismissed)), said)
        for system, files, said in waiting.lines()
    ]
    table(rows, ("id", "system", "name", "tries", *dismissed, "message"))
