"""Exports assets: writes their bytes to a folder, under their own file names."""

import asyncio
import os
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.errors import ItemError, NoContentError
from dam.models import FilePropertiesComponent
from dam.services import content_service
from dam.services.file_operations import FileOperationsResource
from dam.services.store_service import tell_missing_store
from dam.storage.contents.export import ExportFolder
from dam.storage.contents.located import LocatedContent

_PAGE = 500


@dataclass(frozen=True, kw_only=True)
class ExportOutcome:
    """The file that an asset was written to, or the error that prevented it."""

    entity_id: EntityId
    path: Path | None = None
    error: str | None = None
    message: str | None = None
    hint: str | None = None


async def export_assets(
    world: World,
    entity_ids: Sequence[EntityId],
    folder: Path,
    on_outcome: Callable[[ExportOutcome], None] | None = None,
    *,
    is_dry_run: bool = False,
) -> list[ExportOutcome]:
    """Write the bytes of assets to a folder; return one outcome for each asset, in order.

    No file is ever overwritten: if `cat.jpg` exists, the asset becomes `cat (2).jpg`. Every written
    file has been compared with the asset's SHA-256.

    Example: `await export_assets(world, [12, 15], Path("out"), is_dry_run=True)`.

    Args:
        world: The world of the assets.
        entity_ids: The assets to export.
        folder: The target; it is created if it does not exist.
        on_outcome: Called with each outcome as soon as it is known.
        is_dry_run: Return the paths that would be written, and write nothing.

    Raises:
        OutputFolderError: The folder is not writable; the export stops.
        StoreUnusableError, StoreNotThereError: The store cannot be used; the export stops.
    """
    exported = ExportFolder(folder, world.resources.get(FileOperationsResource).store)
    stop = threading.Event()
    write = exported.plan if is_dry_run else partial(exported.write, is_stopped=stop.is_set)
    outcomes: list[ExportOutcome] = []
    try:
        for page in portions(entity_ids, _PAGE):
            contents = await world.read(_named_contents, page)
            for entity_id in page:
                outcome = await _export(world, write, entity_id, contents.get(entity_id))
                outcomes.append(outcome)
                if on_outcome:
                    on_outcome(outcome)
    finally:
        stop.set()  # a thread cannot be cancelled; it checks this between two chunks
        await asyncio.to_thread(exported.archives.close)
    return outcomes


async def _export(
    world: World,
    write: Callable[[LocatedContent, str], Path],
    entity_id: EntityId,
    named: tuple[LocatedContent, str] | None,
) -> ExportOutcome:
    try:
        if named is None:
            raise NoContentError(entity_id)
        path = await asyncio.to_thread(write, *named)
    except ItemError as error:
        await tell_missing_store(world, error)
        return ExportOutcome(
            entity_id=entity_id, error=type(error).__name__, message=error.message, hint=error.hint
        )
    return ExportOutcome(entity_id=entity_id, path=path)


async def _named_contents(
    session: AsyncSession, entity_ids: Collection[EntityId]
) -> dict[EntityId, tuple[LocatedContent, str]]:
    """Return the places of each asset's bytes and its base name (its SHA-256 if it has none)."""
    contents = await content_service.locate(session, entity_ids)
    file = FilePropertiesComponent
    named = select(file.entity_id, file.name).where(file.entity_id.in_(entity_ids))
    names = dict((await session.execute(named)).all())
    return {
        entity_id: (
            content,
            os.fsdecode(names[entity_id]) if entity_id in names else content.digest.hex(),
        )
        for entity_id, content in contents.items()
    }
