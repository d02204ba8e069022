"""Finds the comic whose file an import finds changed, so that the new one takes its place."""

from pathlib import Path

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.among import among
from dam.core.ecs.components import EntityId
from dam.models import (
    ComicBookVariantComponent,
    ContentSuccessorComponent,
    OriginalSourceInfoComponent,
)
from dam.services import ecs_service
from dam.storage.paths import path_bytes, path_digest


async def replaced_variant(
    session: AsyncSession, archive_entity_id: EntityId, path: Path | None = None
) -> ComicBookVariantComponent | None:
    """Return the variant whose file an archive has replaced, the latest one; None if none.

    A variant that has its bytes at another path, too, was not replaced, and one in the trash counts
    for nothing.

    Example: `await replaced_variant(session, 57, Path("/comics/Saga 1.cbz"))`.

    Args:
        session: Only read.
        archive_entity_id: The archive that is imported now.
        path: Its path, in a dry run: there, the replaced archive still has it.
    """
    variant, source, later = (
        ComicBookVariantComponent,
        OriginalSourceInfoComponent,
        ContentSuccessorComponent,
    )
    here, held = b"", set[EntityId]()
    if path is not None:
        here = path_digest(path_bytes(path))
        at_path = select(source.entity_id).where(source.path_digest == here)
        held = set(await session.scalars(at_path)) - {archive_entity_id}
    before = select(later.entity_id).where(
        later.successor_entity_id.in_({archive_entity_id, *held})
    )
    chain = before.cte("replaced", recursive=True)
    chain = chain.union(
        select(later.entity_id).join(chain, later.successor_entity_id == chain.c.entity_id)
    )
    elsewhere = exists().where(source.entity_id == variant.entity_id, source.path_digest != here)
    replaced = {*held, *await session.scalars(select(chain.c.entity_id))} - {archive_entity_id}
    if not replaced:
        return None
    found = (
        select(variant)
        .where(among(variant.entity_id, replaced), ~elsewhere)
        .where(ecs_service.shown(variant.entity_id))
        .order_by(variant.entity_id.desc())
    )
    return (await session.scalars(found.limit(1))).first()
