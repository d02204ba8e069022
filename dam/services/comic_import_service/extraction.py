"""Extracts the pages of an archive into the store, so that they no longer need the archive."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId, table_of
from dam.core.ecs.rows import write_rows
from dam.core.world import World
from dam.errors import ContentMissingError, ItemError
from dam.models import IN_STORE, ContentHashSHA256Component, FileLocationComponent
from dam.services.content_service import stored_before
from dam.services.file_operations import FileOperationsResource
from dam.services.store_service import require_same_places
from dam.storage.contents.located import LocatedContent
from dam.tasks.archives import MemberFailure

_AT_ONCE = 64

_PLACES = table_of(FileLocationComponent)
_places = _PLACES.c


class _ArchivedPage(NamedTuple):
    """A page in an archive: its location row, its digest and its name there."""

    place_id: int
    entity_id: EntityId
    digest: bytes
    raw_name: bytes
    name: str


async def store_pages(
    world: World, archive_entity_id: EntityId, content: LocatedContent
) -> list[MemberFailure]:
    """Copy every page of an archive into the store; return the pages that failed.

    Failed pages stay in the archive. The caller keeps `gc` from the store meanwhile.

    Args:
        world: The world of the archive.
        archive_entity_id: The archive as an asset.
        content: The place of the archive's bytes.

    Raises:
        DamError: The store cannot be used, or the program or extra that reads the archive is not
            installed.
    """
    files = world.resources.get(FileOperationsResource)
    failed: list[MemberFailure] = []
    inside = await world.read(_pages_inside, archive_entity_id)
    for pages in portions(inside, _AT_ONCE):
        answers = await files.store_members(content, [page.raw_name for page in pages])
        stored: list[_ArchivedPage] = []
        for page, answer in zip(pages, answers, strict=True):
            if isinstance(answer, ItemError):
                failed.append(MemberFailure(name=page.name, raw_name=page.raw_name, error=answer))
            elif isinstance(answer, Exception):
                raise answer
            elif answer.sha256 != page.digest:  # the archive has changed since it was imported
                error = ContentMissingError(page.digest)
                failed.append(MemberFailure(name=page.name, raw_name=page.raw_name, error=error))
            else:
                stored.append(page)
        await require_same_places(world)
        await world.run(_record_stored, stored)
    return failed


async def _pages_inside(session: AsyncSession, archive_entity_id: EntityId) -> list[_ArchivedPage]:
    digest = ContentHashSHA256Component
    inside = (
        select(_places.id, _places.entity_id, digest.digest, _places.path, _places.path_text)
        .join(digest, digest.entity_id == _places.entity_id)
        .where(_places.container_entity_id == archive_entity_id)
        .order_by(_places.id)
    )
    return [_ArchivedPage(*row) for row in await session.execute(inside)]


async def _record_stored(session: AsyncSession, pages: Sequence[_ArchivedPage]) -> None:
    """Record that the bytes of pages are in the store, in place of the archive.

    A page whose location another process has removed meanwhile is left out.
    """
    gone = delete(_PLACES).where(_places.id.in_([page.place_id for page in pages]))
    moved = set(await session.scalars(gone.returning(_places.entity_id)))
    known = await stored_before(session, moved)
    places = [{"entity_id": entity_id, "storage": IN_STORE} for entity_id in sorted(moved - known)]
    await write_rows(session, FileLocationComponent, places, replace=False)
