"""`dam-cli verify` and `gc`: check bytes, and remove those that nothing refers to."""

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
        bool, typer.Option("--fast", help="Compare sizes and times only; read no bytes.")
    ] = False,
    null: NullSeparated = False,
) -> ExitCode:
    """Check that all bytes are there and unchanged.

    Reads every stored file and every file that was added with --mode reference. Exit code 4 means
    that damage was found.
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
        bool, typer.Option("--force", help="Use the store for this database alone; see above.")
    ] = False,
) -> None:
    """Remove stored bytes that no asset refers to.

    Bytes stay for 24 hours after they were put into the store. Removed without that delay are
    files that interrupted imports left unfinished, empty folders of the store, and unpacked
    archives that a killed process left among the temporary files.

    The command refuses a store if it cannot know what is still needed there:

    - Other worlds keep files in it, too.

    - It belongs to another copy of this database, or to this one under its former name.

    - It was used with a newer database. After a restore, everything added since the backup would
    look like garbage.

    - It had files but no marks of worlds, as after a copy without hidden files.

    With --force, the command works anyway, and from then on the store belongs to this database
    alone.
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
            sentence(f"{said} {left} of unpacked archives, left by a killed process")
        if result.drafts:
            sentence(
                f"{said} {counted(result.drafts, 'file')} that interrupted imports left unfinished"
            )

        if result.kept_until is not None:
            until = result.kept_until.astimezone().strftime("%Y-%m-%d %H:%M")
            contents = f"{counted(result.kept, 'content')} ({size_text(result.kept_bytes)})"
            sentence(f"kept {contents} that no asset refers to, until {until} at the latest")

    show(state, run_in_world(state, work), people)
