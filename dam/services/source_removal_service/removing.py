"""Removes the sources of moves, after the last commit that needs them; what is left is in rows.

A source stays where one of these holds; they are asked in this order, right before it is unlinked:

| why it stays | where that is decided | its row |
|---|---|---|
| store or database are others than were opened | `require_opened_files`, `read` | stays |
| its row was ended by `keep_sources`, `keep_sources_of`, or noted anew | `ask_again` | not ours |
| the world refers to it, or has no bytes of it in its store | `ask_again` | ends |
| its path leads into the store, by whatever mount or link | `tasks.sources._why_it_stays` | ends |
| the store has not got its bytes, or wrong ones | `tasks.sources._why_it_stays` | stays |
| its path has another file, or its folder was swapped | `storage.sources.removal` | ends |
| the store has no bytes once it is set aside: it was these | `storage.sources.removal` | ends |
| it is out of reach, or cannot be unlinked | `storage.sources.removal` | stays |
| it is gone, and its folder empty since before it was noted | `tasks.sources._end` | stays |

`_ENDING` says of which errors a row ends. What stays with its row is tried again.

Not seen is a stored file that is reached as a file of other inodes where nothing can be set aside
(a store that is given to its own machine by NFS). A row also ends when its file is gone, as when
its user has removed it; and so when another disk is mounted in the place of its own, in whose root
it was, unless that is empty and has been for longer. The file then stays on its disk.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from dam.core.database.portions import portions
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

log = logging.getLogger(__name__)

_AT_ONCE = 256
_BETWEEN_CHECKS = 16
# The path has another file by now, which is not to be removed.
_ENDING = (FileChangedError, InsideStoreError, SourceLeftAsideError, SourceReplacedError)


@dataclass(frozen=True, kw_only=True)
class WorkedOff:
    """What became of sources that were still to be removed.

    Args:
        removed: How many were removed now, or would be; not those that were gone before.
        left: Those that stay, and why.
    """

    removed: int = 0
    left: tuple[tuple[Path, ItemError], ...] = ()


@dataclass(frozen=True, kw_only=True)
class BegunImport(Generic[ImportPath]):
    """What is to be imported, once earlier moves have been worked off.

    Args:
        paths: All that were given but for those in `moved`.
        moved: What was at paths that were given, is in the world, and is there no more.
        left: What stays, and why, by its path: at or below the paths that were given, and elsewhere
            what nobody will try again. `process` tells of the rest.
    """

    paths: Iterable[ImportPath]
    moved: Mapping[str, SourceRemoval] = field(default_factory=dict)
    left: Mapping[str, tuple[SourceRemoval, ItemError]] = field(default_factory=dict)


async def this_machine() -> str:
    """Return the id of this machine, under which its paths are kept."""
    return await asyncio.to_thread(machine_id)


async def end_removals(
    world: World, removals: Sequence[SourceRemoval]
) -> list[tuple[SourceRemoval, RemovalEnd]]:
    """Remove files that were noted to be removed; return what became of each.

    What is to stay by now, by its row or because it is needed, is left out. Other commands may have
    said so meanwhile, and so the rows are asked for anew every few files, in the transaction that
    asks whether the database is still this world's. What is said in the milliseconds between that
    and the removal comes too late: the file is gone, and its bytes are in the store, until a `gc`
    takes those of an asset that was removed.

    Raises:
        EnvironmentFaultError: Store or database are no more those that were opened.
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
    """Remove what earlier moves on this machine have left; return what became of it.

    Imports begin with it, and `process` does; what only reads never removes anything.
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
    """Work off what earlier moves have left, but keep what is imported in another mode now.

    The paths are only looked at when an earlier move has left something.
    """
    machine = await this_machine()
    if not await world.read(count_removals, machine):
        return BegunImport(paths=paths)
    paths = list(paths)
    names = [path if isinstance(path, str) else path.path for path in paths]
    if mode != "move":
        await keep_sources(world, names)
    ended = await _end_pending(world, machine)
    gone = [one for one, end in ended if not isinstance(end, ItemError)]
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
    """Return what an import of these paths is to tell, as `BegunImport` says."""
    # Of what waits for its disk, the import says more by itself: that there is no such path.
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
    """Note that files were seen again, as when they are read: so their open failures are told."""
    for some in portions(list(removals)):
        digests = [path_digest(path_bytes(one.path)) for one in some]
        known = await world.read(known_files, digests, is_reference=False)
        ids = [file.source_id for file in known.values()]
        await world.run(touch_sources, ids, now=world.context.now())


async def keep_sources(world: World, paths: Iterable[str]) -> None:
    """Have what is at or below these paths stay where it is.

    Also what the paths lead to through links, whatever path it was moved by.
    """
    pending = await world.read(pending_removals, await this_machine())
    if not pending:
        return
    kept = await asyncio.to_thread(sources.at_or_below, pending, list(paths))
    await _keep(world, kept)


async def keep_sources_of(world: World, entity_ids: Sequence[EntityId]) -> None:
    """Have the sources of these assets stay where they are, because the assets go."""
    await _keep(world, await world.read(pending_removals, await this_machine(), entity_ids))


async def _keep(world: World, removals: Sequence[SourceRemoval]) -> None:
    """Take the rows of files away that are to stay, under their names."""
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
