"""Retries the import of comics whose archives are recorded but could not be read completely."""

from collections.abc import Collection
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId, ProcessingErrorComponent
from dam.core.new_entities import NewEntityMarkers
from dam.core.world import World
from dam.errors import DamError, NoContentError, is_of_item
from dam.services import content_service
from dam.services.asset_service import last_paths
from dam.services.comic_import_service.reading import read_stored_comic
from dam.services.comic_import_service.records import record_archive
from dam.services.failure_service import IMPORT_COMIC
from dam.services.file_operations import FileOperationsResource
from dam.storage.contents.located import LocatedContent


async def import_failed_comics(
    world: World, entity_ids: Collection[EntityId]
) -> dict[EntityId, Exception]:
    """Import again those of the archives that failed as comics; return the errors that remain.

    The path at which an archive was seen last is used as in an import: its name tells the facts
    that the archive does not. A concept that the user named in the failed import is not remembered.
    A second call changes nothing more.

    Raises:
        EnvironmentFaultError: The store or the database cannot be used; the remaining archives are
            not tried.
    """
    paths = await world.read(_failed, entity_ids)
    contents = await world.read(content_service.locate, paths)
    failures: dict[EntityId, Exception] = {}
    for entity_id, path in paths.items():
        try:
            failure = await _import(world, entity_id, path, contents.get(entity_id))
        except DamError as error:
            if not is_of_item(error):
                raise
            failure = error
        if failure is not None:
            failures[entity_id] = failure
    return failures


async def _import(
    world: World, entity_id: EntityId, path: Path, content: LocatedContent | None
) -> DamError | None:
    if content is None:
        raise NoContentError(entity_id)
    files = world.resources.get(FileOperationsResource)
    read = await read_stored_comic(files, content, path)
    await world.run(
        record_archive,
        entity_id,
        content.digest,
        read.comic,
        read.members,
        world.resources.get(NewEntityMarkers),
        now=world.context.now(),
    )
    return read.failure


async def _failed(session: AsyncSession, entity_ids: Collection[EntityId]) -> dict[EntityId, Path]:
    """Return the entities with a failed comic import, and the path where each was seen last."""
    failure = ProcessingErrorComponent
    failed = select(failure.entity_id).where(
        failure.system == IMPORT_COMIC, failure.entity_id.in_(entity_ids)
    )
    ids = sorted(await session.scalars(failed))
    seen = await last_paths(session, ids)
    return {entity_id: Path(seen.get(entity_id, f"{entity_id}")) for entity_id in ids}
