"""Finds the modification times of the files from which assets were imported."""

import os
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId
from dam.core.read_only import ReadOnly
from dam.models import (
    ContentSuccessorComponent,
    FilePropertiesComponent,
    OriginalSourceInfoComponent,
)


async def times_of(
    session: ReadOnly[AsyncSession], entity_ids: Collection[EntityId]
) -> dict[EntityId, int]:
    """Return the modification time of each asset's source, in nanoseconds since 1970.

    Of several sources, it is the first that has the asset's name, or else the first one. An asset
    whose sources all have other bytes by now has the time of the one that was replaced last. Assets
    that never had a source of their own, such as pages that are only in an archive, are left out.
    """
    file, source = FilePropertiesComponent, OriginalSourceInfoComponent
    seen = (
        select(source.entity_id, source.path, source.mtime_ns, file.name)
        .outerjoin(file, file.entity_id == source.entity_id)
        .where(source.entity_id.in_(entity_ids))
        .order_by(source.id)
    )
    named: dict[EntityId, int] = {}
    first: dict[EntityId, int] = {}
    for entity_id, path, mtime_ns, name in await session.execute(seen):
        first.setdefault(entity_id, mtime_ns)
        if os.path.basename(path) == name:  # noqa: PTH119 - bytes
            named.setdefault(entity_id, mtime_ns)
    lost = [entity_id for entity_id in entity_ids if entity_id not in first]
    return first | named | await _replaced(session, lost)


async def _replaced(session: AsyncSession, entity_ids: Collection[EntityId]) -> dict[EntityId, int]:
    later = ContentSuccessorComponent
    noted = select(later.entity_id, later.mtime_ns).where(later.mtime_ns.is_not(None))
    found: dict[EntityId, int] = {}
    for some in portions(sorted(entity_ids)):
        rows = await session.execute(noted.where(later.entity_id.in_(some)).order_by(later.id))
        found |= {entity_id: mtime_ns for entity_id, mtime_ns in rows if mtime_ns is not None}
    return found
