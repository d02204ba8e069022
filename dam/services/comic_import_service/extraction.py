"""Stores the pages of an archive on their own, so that they need it no longer."""

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


class _Inside(NamedTuple):
    """A page that is in an archive, and where."""

    place_id: int
    entity_id: EntityId
    digest: bytes
    raw_name: bytes
    name: str


async def store_pages(
    world: World, archive_entity_id: EntityId, content: LocatedContent
) -> list[MemberFailure]:
    """Put every page that is in an archive into the store; return those that could not be.

    These stay in the archive. The caller holds the store against `gc`.

    Args:
        world: Whose pages.
        archive_entity_id: The archive as an asset.
        content: Where its bytes are.

    Raises:
        DamError: The store cannot be used, or what reads the archive is not installed.
    """
    files = world.resources.get(FileOperationsResource)
    failed: list[MemberFailure] = []
    inside = await world.read(_pages_inside, archive_entity_id)
    for pages in portions(inside, _AT_ONCE):
        answers = await files.store_members(content, [page.raw_name for page in pages])
        stored: list[_Inside] = []
        for page, answer in zip(pages, answers, strict=True):
            if isinstance(answer, ItemError):
                failed.append(MemberFailure(name=page.name, raw_name=page.raw_name, error=answer))
            elif isinstance(answer, Exception):
                raise answer
            elif answer.sha256 != page.digest:  # the archive is another one by now
                error = ContentMissingError(page.digest)
                failed.append(MemberFailure(name=page.name, raw_name=page.raw_name, error=error))
            else:
                stored.append(page)
        await require_same_places(world)
        await world.run(_move, stored)
    return failed


async def _pages_inside(session: AsyncSession, archive_entity_id: EntityId) -> list[_Inside]:
    digest = ContentHashSHA256Component
    inside = (
        select(_places.id, _places.entity_id, digest.digest, _places.path, _places.path_text)
        .join(digest, digest.entity_id == _places.entity_id)
        .where(_places.container_entity_id == archive_entity_id)
        .order_by(_places.id)
    )
    return [_Inside(*row) for row in await session.execute(inside)]


async def _move(session: AsyncSession, pages: Sequence[_Inside]) -> None:
    """Say of pages whose bytes are in the store now that they are there, and not in the archive."""
    gone = delete(_PLACES).where(_places.id.in_([page.place_id for page in pages]))
    left = set(await session.scalars(gone.returning(_places.entity_id)))  # not removed meanwhile
    known = await stored_before(session, left)
    places = [{"entity_id": entity_id, "storage": IN_STORE} for entity_id in sorted(left - known)]
    await write_rows(session, FileLocationComponent, places, replace=False)
