"""Removes the sources of moves, after the last commit that needs them.

Each source that is still to be removed has a row. A source is not removed if one of the following
reasons holds. They are checked in this order, right before the source is unlinked:

| why the source stays | where that is decided | its row |
|---|---|---|
| store or database was replaced since it was opened | `require_opened_files`, `read` | stays |
| its row was ended by `keep_sources(_of)`, or noted anew | `ask_again` | not ours |
| the world refers to it, or does not have its bytes in the store | `ask_again` | ends |
| its path leads into the store, through any mount or link | `tasks.sources._why_it_stays` | ends |
| the store lacks its bytes, or has wrong ones | `tasks.sources._why_it_stays` | stays |
| its path has another file now, or its folder was swapped | `storage.sources.removal` | ends |
| set aside, the store lacks its bytes: it was their file | `storage.sources.removal` | ends |
| it cannot be reached or unlinked | `storage.sources.removal` | stays |
| it is gone, and its folder was empty before it was noted | `tasks.sources._end` | stays |

`_ENDING` lists the errors that end (delete) a row. A source whose row stays is tried again later.

One case is not detected: a source that is a file of the store itself, but has another inode because
the store is mounted by NFS on its own machine, and cannot be set aside.

A row also ends if its source is gone, for example because the user removed it. So it ends, too, if
the source was in the root of a disk and another disk is mounted there now, unless that one is empty
and was so before the row was noted. The source then stays on its disk.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from dam.core.database.portions import portions
from dam.core.database.values import refuse_text
from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.errors import (
    FileChangedError,
    FolderGoneError,
    InsideStoreError,
    ItemError,
    SourceLeftAsideError,
    SourceReplacedError,
)
from dam.services.content_service import known_files, touch_sources
from dam.services.file_operations import FileOperationsResource
from dam.services.source_removal_service.rows import (
    ask_again,
    count_removals,
    drop_removals,
    pending_removals,
)
from dam.services.store_service import require_opened_files, require_store
from dam.settings.machine import machine_id
from dam.storage.content_store import ImportMode
from dam.storage.paths import path_bytes, path_digest
from dam.storage.sources.found_file import FoundFile
from dam.storage.sources.walk import absolute_path
from dam.tasks import sources
from dam.tasks.sources import RemovalEnd, SourceRemoval

ImportPath = TypeVar("ImportPath", bound=str | FoundFile)
"""A path to be imported, as text or as the `FoundFile` of an earlier walk."""

log = logging.getLogger(__name__)

_AT_ONCE = 256
_BETWEEN_CHECKS = 16
# The path now has a file that must not be removed, so there is nothing left to do.
_ENDING = (FileChangedError, InsideStoreError, SourceLeftAsideError, SourceReplacedError)


@dataclass(frozen=True, kw_only=True)
class WorkedOff:
    """The result of `work_off_removals`.

    Args:
        removed: The number of sources that were removed now, or would be in a dry run. Sources that
            were gone before do not count.
        left: The sources that stay, each with the error that prevented its removal.
    """

    removed: int = 0
    left: tuple[tuple[Path, ItemError], ...] = ()


@dataclass(frozen=True, kw_only=True)
class BegunImport(Generic[ImportPath]):
    """The paths that remain to be imported, after the sources of earlier moves were removed.

    Args:
        paths: The given paths without those in `moved`.
        moved: Given paths that no longer exist because an earlier move imported them, by absolute
            path.
        left: Sources that stay, by path, each with the error: all sources at or below the given
            paths, and sources elsewhere that will not be tried again. `process` reports the rest.
    """

    paths: Iterable[ImportPath]
    moved: Mapping[str, SourceRemoval] = field(default_factory=dict)
    left: Mapping[str, tuple[SourceRemoval, ItemError]] = field(default_factory=dict)


async def this_machine() -> str:
    """Return the id of this machine; paths of sources are recorded with it."""
    return await asyncio.to_thread(machine_id)


async def end_removals(
    world: World, removals: Sequence[SourceRemoval]
) -> list[tuple[SourceRemoval, RemovalEnd]]:
    """Remove sources that were noted for removal; return how each removal ended.

    Left out of the result are sources that must stay: another command has deleted the row, or the
    world needs the file now. Rows are read again every 16 files, because other commands may change
    them meanwhile, in a transaction that also checks that the database is still this world's. A
    change in the milliseconds between that check and the removal comes too late. The source is then
    gone, but its bytes are in the store, unless its asset was removed and a `gc` has run.

    Raises:
        EnvironmentFaultError: The store or the database was replaced since it was opened.
    """
    files = world.resources.get(FileOperationsResource)
    ended: list[tuple[SourceRemoval, RemovalEnd]] = []
    for some in portions(removals, _AT_ONCE):
        answers: list[tuple[SourceRemoval, RemovalEnd]] = []
        for few in portions(some, _BETWEEN_CHECKS):
            await require_opened_files(world)
            going, needed = await world.read(ask_again, few)
            await _keep(world, needed)
            answers += zip(going, await files.unlink_moved(going), strict=True)
        over = [
            one
            for one, end in answers
            if isinstance(end, _ENDING) or not isinstance(end, ItemError)
        ]
        if over:
            await world.run(drop_removals, over)
        ended += answers
    return ended


async def work_off_removals(world: World, *, is_dry_run: bool = False) -> WorkedOff:
    """Remove the sources that earlier moves on this machine have left; return the result.

    Imports and `process` call it first. Commands that only read never remove a source.
    """
    machine = await this_machine()
    if is_dry_run:
        return WorkedOff(removed=await world.read(count_removals, machine))
    ended = await _end_pending(world, machine)
    return WorkedOff(
        removed=sum(1 for _, end in ended if end == "removed"),
        left=tuple((one.path, end) for one, end in ended if isinstance(end, ItemError)),
    )


async def begin_import(
    world: World, paths: Iterable[ImportPath], mode: ImportMode
) -> BegunImport[ImportPath]:
    """Remove the sources that earlier moves have left, before an import.

    An import in another mode than "move" keeps the sources at or below its paths. The paths are
    looked at only if an earlier move has left a source.

    Example: `await begin_import(world, ["/pictures"], "move")`.

    Args:
        world: The world that gets the files.
        paths: The paths to be imported.
        mode: The mode of the import.
    """
    machine = await this_machine()
    if not await world.read(count_removals, machine):
        return BegunImport(paths=paths)
    paths = list(paths)
    names = [path if isinstance(path, str) else path.path for path in paths]
    gone = await keep_sources(world, names) if mode != "move" else []
    ended = await _end_pending(world, machine)
    gone += [one for one, end in ended if not isinstance(end, ItemError)]
    moved = await asyncio.to_thread(sources.gone_at, gone, names)
    await _touch(world, moved.values())
    return BegunImport(
        paths=[path for path, name in zip(paths, names, strict=True) if name not in moved],
        moved={absolute_path(name): removal for name, removal in moved.items()},
        left=await asyncio.to_thread(_left, ended, names),
    )


def _left(
    ended: Sequence[tuple[SourceRemoval, RemovalEnd]], names: Sequence[str]
) -> dict[str, tuple[SourceRemoval, ItemError]]:
    """Return the sources that an import of these paths must report; see `BegunImport.left`."""
    # Not those whose disk is missing: the import itself reports that the path does not exist.
    staying = [(one, end) for one, end in ended if isinstance(end, ItemError)]
    telling = [one for one, error in staying if not isinstance(error, FolderGoneError)]
    named = {one.path for one in sources.at_or_below(telling, names)}
    return {
        str(one.path): (one, error)
        for one, error in staying
        if isinstance(error, _ENDING) or one.path in named
    }


async def _end_pending(world: World, machine: str) -> list[tuple[SourceRemoval, RemovalEnd]]:
    pending = await world.read(pending_removals, machine)
    if not pending:
        return []
    await require_store(world)
    return await end_removals(world, pending)


async def _touch(world: World, removals: Iterable[SourceRemoval]) -> None:
    """Record that files were seen again, as an import does, so that their failures are reported."""
    for some in portions(list(removals)):
        digests = [path_digest(path_bytes(one.path)) for one in some]
        known = await world.read(known_files, digests, is_reference=False)
        ids = [file.source_id for file in known.values()]
        await world.run(touch_sources, ids, now=world.context.now())


async def keep_sources(world: World, paths: Iterable[str]) -> list[SourceRemoval]:
    """Let the sources at or below these paths stay where they are; return those already gone.

    That includes sources that the paths lead to through links, even if they were moved by another
    path. A source that is gone is returned only if the world has its bytes in the store.
    """
    refuse_text(paths=paths)
    pending = await world.read(pending_removals, await this_machine())
    if not pending:
        return []
    kept = await asyncio.to_thread(sources.at_or_below, pending, list(paths))
    gone: list[SourceRemoval] = []
    for some in portions(await asyncio.to_thread(sources.gone, kept), _AT_ONCE):
        stored, _ = await world.read(ask_again, some)
        gone += stored
    await _keep(world, kept)
    return gone


async def keep_sources_of(world: World, entity_ids: Sequence[EntityId]) -> None:
    """Let the sources of these assets stay where they are, because the assets are removed."""
    await _keep(world, await world.read(pending_removals, await this_machine(), entity_ids))


async def _keep(world: World, removals: Sequence[SourceRemoval]) -> None:
    """Delete the rows of sources that must stay; give sources set aside their own names again."""
    if not removals:
        return
    kept = []
    for removal, place in await asyncio.to_thread(sources.put_back, removals):
        if isinstance(place, OSError):
            log.warning("file of a move is left aside", extra=_facts(removal), exc_info=place)
            continue
        if place != removal.path:
            log.warning("file of a move is left aside: its name is taken", extra=_facts(removal))
        kept.append(removal)
    if kept:
        await world.run(drop_removals, kept)


def _facts(removal: SourceRemoval) -> dict[str, str]:
    return {"path": str(removal.path), "aside": removal.aside}
