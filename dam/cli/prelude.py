"""The manual for authors of commands; all that a plugin's command needs is imported from here.

The indented blocks of this page, one after another, are one Python module, which
`tests/cli/test_prelude.py` installs and runs. Its package offers the group to `dam-cli` under the
entry-point group `dam.commands`, by the name that people type:

    # [project.entry-points."dam.commands"]
    # sizes = "dam_sizes:SIZES"

The name is listed by `dam-cli --help`; the module is imported only when `dam-cli sizes …` runs. A
name that dam has already, or that two packages offer, is not used. `--no-plugins` leaves all out.

A command that shows something
==============================

A command parses, calls a function of a service, and shows the result. `@command` makes it of a
function whose first parameter is the `State`. The others become arguments and options, as Typer
does it. The docstring is the help, and `examples` are shown at its end; `--json`, `--world`,
`--quiet` and `--debug` come by themselves.

    from dataclasses import dataclass
    from typing import Annotated

    import typer
    from sqlalchemy import select
    from sqlalchemy.ext.asyncio import AsyncSession

    from dam.app import World
    from dam.cli.prelude import ExitCode, Group, State, command, run_in_world, show, table
    from dam.models import FilePropertiesComponent


    @dataclass(frozen=True)
    class Size:
        entity_id: int
        size_bytes: int


    async def find_sizes(session: AsyncSession, least: int) -> list[Size]:
        file = FilePropertiesComponent
        statement = select(file.entity_id, file.size_bytes).where(file.size_bytes >= least)
        rows = await session.execute(statement.order_by(file.size_bytes))
        return [Size(*row) for row in rows]


    @command("list", examples=["dam-cli sizes list --least 1000"])
    def list_sizes(
        state: State,
        least: Annotated[int, typer.Option(metavar="BYTES", min=0, help="The least size.")] = 0,
    ) -> ExitCode:
        \"\"\"List assets by their size.\"\"\"

        async def work(world: World) -> list[Size]:
            return await world.read(find_sizes, least)

        found = run_in_world(state, work)
        rows = [(one.entity_id, one.size_bytes) for one in found]
        show(state, found, lambda _: table(rows, ("id", "bytes")))
        return ExitCode.OK if found else ExitCode.NOTHING_FOUND

`run_in_world` opens the world of `--world`, with all its plugins, and awaits the function. `show`
prints the result as one JSON value with `--json`, where dataclasses become objects; else it calls
the function. What code prints by itself goes to stderr, so that it cannot spoil the JSON.

A command that changes something
================================

`changes=True` gives a command `--dry-run`. `state.is_dry_run` says that it was given: change
nothing, and show what would be done. `world.rehearse` helps: it runs a transaction and rolls it
back. Example: `dam-cli sizes read-again 3 --dry-run`.

    from dam.cli.prelude import IdArguments, Yes, confirm, counted, read_ids, sentence
    from dam.core.prelude import mark
    from dam.models import NeedsMetadataExtractionComponent
    from dam.services.asset_service import resolve_ids


    async def mark_again(session: AsyncSession, given: list[int | str]) -> list[int]:
        ids = await resolve_ids(session, given)
        await mark(session, NeedsMetadataExtractionComponent, ids)
        return list(ids)


    @command(changes=True)
    def read_again(state: State, ids: IdArguments, *, is_agreed: Yes = False) -> None:
        \"\"\"Let `process` read the sizes of assets again.\"\"\"
        given = read_ids(ids)
        if not state.is_dry_run:
            confirm(f"Read {counted(len(given), 'asset')} again?", is_agreed=is_agreed)

        async def work(world: World) -> list[int]:
            do = world.rehearse if state.is_dry_run else world.run
            return await do(mark_again, given)

        verb = "would mark" if state.is_dry_run else "marked"
        show(
            state,
            {"marked": run_in_world(state, work)},
            lambda done: sentence(f"{verb} {counted(len(done['marked']), 'asset')}"),
        )


    SIZES = Group(name="sizes", doc="Show the sizes of assets.", commands=[list_sizes, read_again])

One command without a group may be offered as well: `read-again = "dam_sizes:read_again"`.

Exit codes
==========

A command returns an `ExitCode`, or None for `OK`. `NOTHING_FOUND` (1) is for a search without a
result; `ITEMS_FAILED` (3) if some items failed and the rest is done: `name_failure` reports each
on stderr. Errors are raised: a `UsageError` ends with 2, an `EnvironmentFaultError` with 5. Both
take a message, which says what was found and expected, and a hint, which says what to do. They are
printed as one line, or as JSON with `--json`. Any other exception is taken for a bug: 70.

Also here
=========

Arguments: `PathArguments` with `read_paths`; `IdArguments` and `OptionalIdArguments` with
`read_ids`; each with `NullSeparated`. Output: `talk` (a note on stderr), `emit_json`, and
`emit_jsonl` for a command with `streams=True`, which takes `--jsonl`; `size_text`.
"""

from dam.cli.toolkit.arguments import (
    IdArguments,
    NullSeparated,
    OptionalIdArguments,
    PathArguments,
    Yes,
    read_ids,
    read_paths,
)
from dam.cli.toolkit.command import Group, State, command
from dam.cli.toolkit.output import (
    confirm,
    counted,
    emit_json,
    emit_jsonl,
    name_failure,
    sentence,
    show,
    size_text,
    table,
    talk,
)
from dam.cli.toolkit.running import run_in_world
from dam.errors import EnvironmentFaultError, ExitCode, UsageError

__all__ = [
    "EnvironmentFaultError",
    "ExitCode",
    "Group",
    "IdArguments",
    "NullSeparated",
    "OptionalIdArguments",
    "PathArguments",
    "State",
    "UsageError",
    "Yes",
    "command",
    "confirm",
    "counted",
    "emit_json",
    "emit_jsonl",
    "name_failure",
    "read_ids",
    "read_paths",
    "run_in_world",
    "sentence",
    "show",
    "size_text",
    "table",
    "talk",
]
