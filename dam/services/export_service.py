"""Writes the bytes of assets out under their own names."""

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
    """The file that an asset's bytes were written to, or why there is none."""

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
    """Write the bytes of assets into a folder, which is made; return what became of each.

    No file is ever overwritten: where a name is taken, ` (2)` and so on is added to it. What was
    written has been compared with the asset's SHA-256. `on_outcome` is called for each asset as
    soon as it is settled.

    Raises:
        OutputFolderError: The folder cannot be written to; nothing more is tried.
        StoreUnusableError, StoreNotThereError: The same of the store.
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
        stop.set()  # a thread cannot be cancelled; it looks at this between two pieces
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
    """Return where the bytes of each asset are, and the base name under which they came."""
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
