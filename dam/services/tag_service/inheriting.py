"""Tags that an asset takes over from another one."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.bulk import Conflict, insert_rows
from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId, table_of
from dam.models import EntityTagLinkComponent as Link
from dam.services.tag_service.tagging import ONCE
from dam.services.tag_service.vocabulary import hold_types_of

_KEPT = Conflict(ONCE.columns)
_COLUMNS = Link.tag_entity_id, Link.source, Link.system, Link.value, Link.number


async def inherit_tags(
    session: AsyncSession, pairs: Sequence[tuple[EntityId, EntityId]]
) -> set[tuple[EntityId, EntityId]]:
    """Give entities the tags and values that people gave to others. The caller commits.

    Where one has a tag already, its own value stays.

    Example: `await inherit_tags(session, [(12, 57)])` gives 57 the tags of 12.

    Args:
        session: A session that may write.
        pairs: The entity that has the tags, and the one that gets them.

    Returns:
        The pairs of which the second got a tag.
    """
    heirs: dict[EntityId, list[EntityId]] = defaultdict(list)
    for old, new in pairs:
        heirs[old].append(new)
    kept = await hold_types_of(session, {tag_id for _, tag_id in await _tags_of(session, heirs)})
    rows: list[dict[str, Any]] = []
    changed: set[tuple[EntityId, EntityId]] = set()
    held = await _tags_of(session, {new for _, new in pairs})
    given = select(Link.entity_id, *_COLUMNS).where(Link.source == "user")
    for some in portions(sorted(heirs)):
        for row in (await session.execute(given.where(Link.entity_id.in_(some)))).mappings():
            for new in heirs[row["entity_id"]]:
                if row["tag_entity_id"] in kept and (new, row["tag_entity_id"]) not in held:
                    changed.add((row["entity_id"], new))
                    rows.append({**row, "entity_id": new})
    rows.sort(key=lambda row: (row["entity_id"], row["tag_entity_id"]))
    await insert_rows(session, table_of(Link), rows, _KEPT)
    return changed


async def _tags_of(
    session: AsyncSession, entity_ids: Collection[EntityId]
) -> set[tuple[EntityId, EntityId]]:
    """Return the pairs of entity and tag that people gave."""
    found: set[tuple[EntityId, EntityId]] = set()
    said = select(Link.entity_id, Link.tag_entity_id).where(Link.source == "user")
    for some in portions(sorted(entity_ids)):
        rows = await session.execute(said.where(Link.entity_id.in_(some)))
        found |= {(entity_id, tag_id) for entity_id, tag_id in rows}
    return found
