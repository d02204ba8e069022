"""Imports comics again whose archives are there and could not be read before."""

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
    """Import those archives that failed as comics; return what of each still cannot be had.

    They become what an import of the path would make of them where they were seen last; a concept
    that was named for them then is not known any more. Doing it twice changes nothing.

    Raises:
        EnvironmentFaultError: The store or the database cannot be used; nothing more is tried.
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
    """Return those of some entities that failed as comics, and where each was seen last."""
    failure = ProcessingErrorComponent
    failed = select(failure.entity_id).where(
        failure.system == IMPORT_COMIC, failure.entity_id.in_(entity_ids)
    )
    ids = sorted(await session.scalars(failed))
    seen = await last_paths(session, ids)
    return {entity_id: Path(seen.get(entity_id, f"{entity_id}")) for entity_id in ids}
