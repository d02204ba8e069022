"""Where the bytes of assets can be read."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs import EntityId
from dam.models import ContentHashSHA256Component, FileLocationComponent
from dam.models.core.file_location_component import IN_STORE
from dam.storage.located import LocatedContent, Reference
from dam.storage.paths import path_from_bytes


async def locate(
    session: AsyncSession, entity_ids: Collection[EntityId]
) -> dict[EntityId, LocatedContent]:
    """Return where the bytes of each asset are; entities without content are left out."""
    digest, place = ContentHashSHA256Component, FileLocationComponent
    statement = (
        select(
            digest.entity_id,
            digest.digest,
            place.storage,
            place.path,
            place.size_bytes,
            place.mtime_ns,
        )
        .outerjoin(place, place.entity_id == digest.entity_id)
        .where(digest.entity_id.in_(entity_ids))
        .order_by(place.id)
    )
    digests: dict[EntityId, bytes] = {}
    stored: set[EntityId] = set()
    references: dict[EntityId, list[Reference]] = defaultdict(list)
    for row in await session.execute(statement):
        digests[row.entity_id] = row.digest
        if row.storage == IN_STORE:
            stored.add(row.entity_id)
        elif row.path is not None:
            references[row.entity_id].append(
                Reference(
                    path=path_from_bytes(row.path),
                    size_bytes=row.size_bytes,
                    mtime_ns=row.mtime_ns,
                )
            )
    return {
        entity_id: LocatedContent(
            digest=sha256,
            is_stored=entity_id in stored,
            references=tuple(references[entity_id]),
        )
        for entity_id, sha256 in digests.items()
    }
