"""`dam-cli remove-asset`, `restore-asset` and `trash …`: into the trash, out of it, and emptied."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from dam.cli.toolkit.ages import parse_age
from dam.cli.toolkit.arguments import (
    AssetArguments,
    NullSeparated,
    QueryOption,
    Yes,
    read_chosen,
)
from dam.cli.toolkit.command import Group, State, command
from dam.cli.toolkit.failure_report import FailureReport
from dam.cli.toolkit.output import (
    complain,
    confirm,
    counted,
    emit_json,
    listed_ids,
    sentence,
    show,
    size_text,
    table,
)
from dam.errors import ExitCode

if TYPE_CHECKING:
    from dam.app import World
    from dam.services.removal_service import Removal
    from dam.services.trash_service import TrashedAsset

_DOC = """List the trash, or empty it.

`remove-asset` puts assets into the trash, `restore-asset` takes them out.
"""

Forever = Annotated[
    bool, typer.Option("--forever", help="Do not put them into the trash: forget them.")
]
OlderThan = Annotated[
    str | None,
    typer.Option(metavar="AGE", help="Only what is there for longer, such as 12h, 30d, 2w, 1y."),
]


@command(
    changes=True,
    examples=(
        "dam-cli remove-asset 12 13",
        "dam-cli remove-asset 12 --forever --dry-run",
        "dam-cli remove-asset --query 'tag:draft added:<2024'",
    ),
)
def remove_asset(
    state: State,
    ids: AssetArguments = None,
    query: QueryOption = None,
    *,
    forever: Forever = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="With --forever: also assets in use, such as pages of a comic."
        ),
    ] = False,
    yes: Yes = False,
    null: NullSeparated = False,
) -> ExitCode:
    """Put assets into the trash.

    Lists and likeness leave them out. Their bytes stay, and all that is known of them;
    `restore-asset` brings them back, and so does adding the same bytes again. A page of a comic
    stays a page.

    With --forever everything known about them is removed, and a later `gc` removes the stored
    bytes. Files that were added with --mode reference are never touched. With --query it says how
    many they are, and asks first. A comic goes as a whole either way.
    """
    from dam.cli.toolkit.running import run_in_world

    chosen = read_chosen(ids, query, null_separated=null)

    async def work(world: "World") -> "Removal | None":
        from dam.services.comic_book_service import comic_parts
        from dam.services.removal_service import Removal, plan_removal, remove_assets
        from dam.services.trash_service import plan_trashing, trash_assets

        wanted = await chosen.in_world(world)
        if not wanted and not state.is_json:
            return None
        if forever:  # as into the trash, a comic goes as a whole
            wanted = await world.read(comic_parts, wanted)
        if forever and not state.is_dry_run and query is not None and wanted:
            confirm(f"Remove {counted(len(wanted), 'asset')} for good?", is_agreed=yes)
        if forever and state.is_dry_run:
            return await world.read(plan_removal, wanted, is_forced=force)
        if forever:
            return await remove_assets(world, wanted, is_forced=force)
        if state.is_dry_run:
            return Removal(entity_ids=tuple(await world.read(plan_trashing, wanted)))
        return Removal(entity_ids=(await world.run(trash_assets, wanted)).entity_ids)

    removal = run_in_world(state, work)
    if removal is None:
        sentence("nothing found")
        return ExitCode.OK
    return show_removal(state, removal, is_forever=forever)


def show_removal(
    state: State,
    removal: "Removal",
    *,
    is_forever: bool,
    hint: str = "--force removes it anyway",
) -> ExitCode:
    """Write what was removed and what was refused; return the exit code.

    Args:
        state: The options of the command.
        removal: What was removed, or in a dry run would be.
        is_forever: It is not in the trash.
        hint: What to do about what was refused.
    """
    report = FailureReport("`--json` lists all")
    for refusal in removal.refused:
        users = listed_ids(refusal.used_by, "`--json` lists all")
        report.take(refusal.entity_id, message=f"used by {users}", hint=hint)
    report.tell()
    if removal.without_content:
        lost = listed_ids(removal.without_content, "`--json` lists all")
        complain(f"assets left without bytes, because only removed assets had them: {lost}")
    if state.is_json:
        told = ("entity_ids", "refused", "without_content")
        facts = {name: getattr(removal, name) for name in told}
        emit_json({"removed": len(removal.entity_ids), **facts})
    else:
        sentence(_removed_text(len(removal.entity_ids), is_forever, state.is_dry_run))
    return ExitCode.ITEMS_FAILED if removal.refused else ExitCode.OK


def _removed_text(count: int, is_forever: bool, is_plan: bool) -> str:  # noqa: FBT001 - two facts
    assets = counted(count, "asset")
    if not is_forever and not count:
        return "all of them are in the trash already"
    if not count:
        return "would remove nothing" if is_plan else "removed nothing"
    if not is_forever:
        text = f"put {assets} into the trash"
        return f"would {text}" if is_plan else f"{text}; `dam-cli restore-asset` undoes that"
    if is_plan:
        return f"would remove {assets}"
    return f"removed {assets}; a later `dam-cli gc` removes the bytes"


@command(changes=True, examples=("dam-cli restore-asset 12",))
def restore_asset(
    state: State,
    ids: AssetArguments = None,
    query: QueryOption = None,
    *,
    null: NullSeparated = False,
) -> None:
    """Take assets out of the trash.

    All that was known of them is there again. A comic comes with the variants and pages that were
    removed with it or later, and a variant with its comic.
    """
    from dam.cli.toolkit.running import run_in_world

    chosen = read_chosen(ids, query, null_separated=null)

    async def work(world: "World") -> Sequence[int]:
        from dam.services.trash_service import plan_restoring, restore_assets

        wanted = await chosen.in_world(world)
        if state.is_dry_run:
            return await world.read(plan_restoring, wanted)
        return (await world.run(restore_assets, wanted)).entity_ids

    restored = run_in_world(state, work)
    if state.is_json:
        emit_json({"restored": len(restored), "entity_ids": restored})
        return
    if not restored:
        sentence("none of them is in the trash")
        return
    would = "would restore" if state.is_dry_run else "restored"
    sentence(f"{would} {counted(len(restored), 'asset')}")


@command("list", examples=("dam-cli trash list", "dam-cli trash list --older-than 30d"))
def list_trash(state: State, *, older_than: OlderThan = None) -> None:
    """List the assets in the trash, latest first."""
    from dam.cli.toolkit.running import run_in_world

    age = _age(older_than)

    async def work(world: "World") -> "list[TrashedAsset]":
        from dam.services import trash_service

        return await world.read(trash_service.list_trash, older_than=age)

    show(state, run_in_world(state, work), _show_trash)


@command(
    "empty",
    changes=True,
    examples=("dam-cli trash empty --dry-run", "dam-cli trash empty --older-than 30d --yes"),
)
def empty_trash(state: State, *, older_than: OlderThan = None, yes: Yes = False) -> ExitCode:
    """Remove what is in the trash for good.

    A later `gc` removes the stored bytes. Pages of comics that are not in the trash stay in it.
    """
    from dam.cli.toolkit.running import run_in_world

    age = _age(older_than)

    async def work(world: "World") -> "Removal":
        from dam.services import trash_service

        planned = await trash_service.empty_trash(world, older_than=age, is_dry_run=True)
        if state.is_dry_run or not planned.entity_ids:
            return planned
        gone = counted(len(planned.entity_ids), "asset")
        confirm(f"Remove {gone} for good?", is_agreed=yes)
        return await trash_service.empty_trash(world, older_than=age)

    hint = "put into the trash what uses it, or `dam-cli restore-asset` brings it back"
    return show_removal(state, run_in_world(state, work), is_forever=True, hint=hint)


def _age(text: str | None) -> timedelta | None:
    return None if text is None else parse_age(text)


def _show_trash(assets: "Sequence[TrashedAsset]") -> None:
    rows = [
        (
            asset.entity_id,
            asset.trashed_at,
            None if asset.size_bytes is None else size_text(asset.size_bytes),
            asset.name,
        )
        for asset in assets
    ]
    table(rows, ("id", "removed", "size", "name"), nothing="nothing is in the trash")


TRASH = Group(
    name="trash",
    doc=_DOC,
    commands=[list_trash, empty_trash],
    examples=("dam-cli trash list", "dam-cli trash empty --older-than 30d"),
)
