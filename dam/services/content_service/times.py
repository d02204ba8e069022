"""Finds the modification times of the files from which assets were imported."""

import os
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.read_only import ReadOnly
from dam.models import FilePropertiesComponent, OriginalSourceInfoComponent


async def times_of(
    session: ReadOnly[AsyncSession], entity_ids: Collection[EntityId]
) -> dict[EntityId, int]:
    """Return the modification time of each asset's source, in nanoseconds since 1970.

    Of several sources, it is the first that has the asset's name, or else the first one. Assets
    without a source of their own, such as pages that are only in an archive, are left out.
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
    return first | named
