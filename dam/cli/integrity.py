"""`dam-cli verify`, `forget` and `gc`: check bytes, and drop what is gone or not referred to."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from dam.cli.toolkit.arguments import (
    NullSeparated,
    OptionalIdArguments,
    PathArguments,
    QueryOption,
    read_chosen_or_all,
    read_paths,
)
from dam.cli.toolkit.command import State, command
from dam.cli.toolkit.failure_report import FailureReport
from dam.cli.toolkit.output import (
    complain,
    counted,
    listed_ids,
    sentence,
    show,
    size_text,
    table,
)
from dam.cli.toolkit.progress import progress_bar
from dam.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dam.app import World
    from dam.services.garbage_service import CollectedGarbage
    from dam.services.integrity_service import Finding, Verification
    from dam.services.place_service import Forgotten


@command(
    examples=(
        "dam-cli verify --fast",
        "dam-cli verify 12 13",
    )
)
def verify(
    state: State,
    ids: OptionalIdArguments = None,
    query: QueryOption = None,
    *,
    fast: Annotated[
        bool, typer.Option("--fast", help="Compare sizes and times; read only what was touched.")
    ] = False,
    null: NullSeparated = False,
) -> ExitCode:
    """Check that all bytes are there and unchanged.

    Reads every stored file and every file that was added with --mode reference. Exit code 4 means
    that something is damaged, missing or lost, 3 that something could not be checked.

    - touched, intact: the file has another time and the same bytes. The new time is recorded.

    - missing: the file is gone from its folder.

    - not reachable: its folder is not there, or empty, or the file must not be read. Mount its
    disk; `forget` drops places that will not come back.

    - lost: the file has other bytes now, which were added as another asset. `remove-asset` drops
    the old one.
    """
    from dam.cli.toolkit.running import run_in_world

    chosen = read_chosen_or_all(ids, query, null_separated=null)

    async def work(world: "World") -> "Verification":
        from dam.services import integrity_service

        given = None if chosen is None else await chosen.in_world(world)
        with progress_bar(state, "verifying") as report:
            return await integrity_service.verify(world, given, is_fast=fast, on_progress=report)

    result = run_in_world(state, work)
    report = FailureReport("`verify --json` lists all")
    for one in result.failed:
        report.take(one.entity_id, message=one.message, hint=one.hint)
    report.tell()
    show(state, result, _show_verification)
    if result.damaged or result.missing or result.lost:
        return ExitCode.DAMAGE
    is_unchecked = not all(one.is_intact_elsewhere for one in result.not_reachable)
    return ExitCode.ITEMS_FAILED if result.failed or is_unchecked else ExitCode.OK


def _show_verification(result: "Verification") -> None:
    found = [_row(one, "damaged", _where(one)) for one in result.damaged]
    found += [_row(one, "missing", _where(one)) for one in result.missing]
    for one in result.lost:
        later = ", ".join(map(str, one.successors))
        found.append(_row(one, "lost", f"its file has other bytes now, those of {later}"))
    rows: list[tuple[object, ...]] = [*sorted(found)]
    reasons = [(one, one.reason) for one in result.not_reachable]
    rows += _grouped("not reachable", reasons)
    rows += _grouped("touched, intact", [(one, _folder(one)) for one in result.touched])
    if rows:
        table(rows, ("id", "state", "name", "where"))
    counts = f"{len(result.damaged)} damaged, {len(result.missing)} missing"
    for count, word in (
        (len(result.lost), "lost"),
        (len(result.not_reachable), "not reachable"),
        (len(result.touched), "touched but intact"),
        (len(result.failed), "not checked"),
    ):
        counts += f", {count} {word}" if count else ""
    sentence(f"verified {result.checked}: {counts}")


def _grouped(
    word: str, findings: "Sequence[tuple[Finding, str]]"
) -> "Iterator[tuple[object, ...]]":
    """Yield one row for all findings of one folder: a pulled disk, or summer time, has hundreds."""
    counts = Counter(where for _, where in findings)
    yield from (_row(one, word, where) for one, where in findings if counts[where] == 1)
    for where, count in counts.items():
        if count > 1:
            yield None, word, counted(count, "file"), where


def _row(finding: "Finding", word: str, where: str) -> tuple[int, str, str, str]:
    return finding.entity_id, word, ", ".join(finding.names), where


def _where(finding: "Finding") -> str:
    return ", ".join(str(place.path or place.storage) for place in finding.locations)


def _folder(finding: "Finding") -> str:
    folders = dict.fromkeys(str(place.path.parent) for place in finding.locations if place.path)
    return ", ".join(folders)


@command(changes=True, examples=("dam-cli forget /media/old-disk --dry-run",))
def forget(
    state: State,
    paths: PathArguments,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also forget the last place of an asset.")
    ] = False,
    null: NullSeparated = False,
) -> ExitCode:
    """Forget paths that are gone for good.

    That is for a drive that will not come back. Forgets that assets were seen at these paths and
    below them, and that files there have their bytes. No file is touched, and no asset is removed.
    The last place of an asset stays known, unless --force is given. Files there that a move has
    still to remove are left where they are.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.place_service import forget_paths

    given = [str(path) for path in read_paths(paths, null_separated=null)]

    async def work(world: "World") -> "Forgotten":
        return await forget_paths(world, given, is_forced=force, is_dry_run=state.is_dry_run)

    result = run_in_world(state, work)
    report = FailureReport("`forget --json` lists all")
    for one in result.refused:
        message = f"it is the last place of asset {one.entity_id}"
        report.take(one.path, message=message, hint="--force forgets it anyway")
    report.tell()
    if result.without_content:
        bare = listed_ids(result.without_content, "`forget --json` lists all")
        complain(f"assets left without bytes, because they have no other place: {bare}")
    said = "would forget" if state.is_dry_run else "forgot"
    show(state, result, lambda _: sentence(f"{said} {counted(result.forgotten, 'path')}"))
    return ExitCode.ITEMS_FAILED if result.refused else ExitCode.OK


@command(
    changes=True,
    examples=(
        "dam-cli gc --dry-run",
        "dam-cli gc",
    ),
)
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
