"""Finds the file names under which assets were imported."""

import os
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.read_only import ReadOnly
from dam.models import FilePropertiesComponent, OriginalSourceInfoComponent
from dam.storage.paths import path_from_bytes


async def names_of(
    session: ReadOnly[AsyncSession], entity_ids: Collection[EntityId]
) -> dict[EntityId, list[str]]:
    """Return the base names of each asset's sources, in the order in which they were seen."""
    file, source = FilePropertiesComponent, OriginalSourceInfoComponent
    names: dict[EntityId, dict[str, None]] = {entity_id: {} for entity_id in entity_ids}
    first = select(file.entity_id, file.name).where(file.entity_id.in_(entity_ids))
    for entity_id, name in await session.execute(first):
        names[entity_id][os.fsdecode(name)] = None
    seen = select(source.entity_id, source.path).where(source.entity_id.in_(entity_ids))
    for entity_id, path in await session.execute(seen.order_by(source.id)):
        names[entity_id][path_from_bytes(path).name] = None
    return {entity_id: list(found) for entity_id, found in names.items()}
