"""`dam-cli verify` and `gc`: the bytes that are stored."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from dam.cli.toolkit.arguments import NullSeparated, OptionalIdArguments, read_ids
from dam.cli.toolkit.command import State, command
from dam.cli.toolkit.output import counted, name_failure, sentence, show, size_text, table
from dam.cli.toolkit.progress import progress_bar
from dam.errors import ExitCode

if TYPE_CHECKING:
    from dam.app import World
    from dam.services.garbage_service import CollectedGarbage
    from dam.services.integrity_service import Finding, Verification


@command()
def verify(
    state: State,
    ids: OptionalIdArguments = None,
    *,
    fast: Annotated[
        bool, typer.Option("--fast", help="Look at sizes and times only; read nothing.")
    ] = False,
    null: NullSeparated = False,
) -> ExitCode:
    """Check that all bytes are there and unchanged.

    Reads every stored file, and every file that is referenced in place. Exit code 4: damage found.
    """
    from dam.cli.toolkit.running import run_in_world

    given = read_ids(ids, null_separated=null) if ids else None

    async def work(world: "World") -> "Verification":
        from dam.services import integrity_service

        with progress_bar(state, "verifying") as report:
            return await integrity_service.verify(world, given, is_fast=fast, on_progress=report)

    result = run_in_world(state, work)
    for one in result.failed:
        name_failure(one.entity_id, message=one.message, hint=one.hint)
    show(state, result, _show_verification)
    if result.damaged or result.missing:
        return ExitCode.DAMAGE
    return ExitCode.ITEMS_FAILED if result.failed else ExitCode.OK


def _show_verification(result: "Verification") -> None:
    from dam.services.integrity_service import missing_folders

    folders = missing_folders(result.missing)
    found = [_row(one, "damaged") for one in result.damaged]
    found += [_row(one, "missing") for one in result.missing if one.entity_id not in folders]
    rows: list[tuple[object, ...]] = [*sorted(found)]
    for folder, count in Counter(folders.values()).items():  # hundreds, where a disk was pulled
        rows.append((None, "missing", counted(count, "file"), f"{folder} is not there, or empty"))
    if rows:
        table(rows, ("id", "state", "name", "where"))
    counts = f"{len(result.damaged)} damaged, {len(result.missing)} missing"
    if result.failed:
        counts += f", {len(result.failed)} not checked"
    sentence(f"verified {result.checked}: {counts}")


def _row(finding: "Finding", word: str) -> tuple[int, str, str, str]:
    where = ", ".join(str(place.path or place.storage) for place in finding.locations)
    return finding.entity_id, word, ", ".join(finding.names), where


@command(changes=True)
def gc(
    state: State,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also what other worlds or databases keep in the store.")
    ] = False,
) -> None:
    """Remove stored bytes that no asset refers to.

    What was put into the store within the last 24 hours stays. A store in which other worlds keep
    files, too, is left alone: this world does not know what they refer to. So is one that belongs
    to another copy of this database, or to this one under its former name; and one that was used
    with a newer database: after a restore, what was added since the backup would be garbage. With
    --force, the store belongs to this database alone from then on. Removed at once are:

    - files that stopped imports have not stored to the end

    - empty folders of the store

    - unpacked archives that a killed process has left among the temporary files
    """
    from dam.cli.toolkit.running import run_in_world

    async def work(world: "World") -> "CollectedGarbage":
        from dam.services import garbage_service

        return await garbage_service.collect_garbage(
            world, is_forced=force, is_dry_run=state.is_dry_run
        )

    def people(result: "CollectedGarbage") -> None:
        said = "would remove" if state.is_dry_run else "removed"
        sentence(
            f"{said} {counted(result.removed, 'content')} ({size_text(result.freed_bytes)}) "
            f"and {counted(result.thumbnails, 'thumbnail')}"
        )
        if result.archive_copies:
            left = counted(result.archive_copies, "folder")
            sentence(f"{said} {left} of unpacked archives, left by a process that is gone")
        if result.drafts:
            sentence(
                f"{said} {counted(result.drafts, 'file')} that stopped imports left unfinished"
            )

    show(state, run_in_world(state, work), people)
