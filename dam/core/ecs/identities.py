"""Entities by their digests: found, or created by the first who needs them."""

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.bulk import Conflict, insert_rows
from dam.core.database.portions import portions
from dam.core.ecs.components import Entity, EntityId, IdentityComponent, table_of
from dam.core.ecs.rows import create_entities


async def entities_for_digests(
    session: AsyncSession,
    kind: type[IdentityComponent],
    digests: Iterable[bytes],
    *,
    now: datetime,
) -> dict[bytes, tuple[EntityId, bool]]:
    """Return for each digest its entity, and whether that was created here. The caller commits.

    Rows are inserted in the order of their digests, so that two transactions never deadlock. If
    another transaction was first, its entity is returned and the one created here is deleted.

    Args:
        session: A session that may write.
        kind: The component that holds the digests.
        digests: The digests; a repeated one counts once.
        now: When new entities are created.
    """
    wanted = list(dict.fromkeys(digests))
    found = await known_identities(session, kind, wanted)
    missing = [digest for digest in wanted if digest not in found]
    ids = await create_entities(session, len(missing), now=now)
    created = dict(zip(missing, ids, strict=True))
    rows = [{"entity_id": created[digest], "digest": digest} for digest in sorted(missing)]
    if not rows:
        return {digest: (entity_id, False) for digest, entity_id in found.items()}
    written = await insert_rows(session, table_of(kind), rows, Conflict(("digest",)))
    are_all_mine = written == len(rows)
    now_known = created if are_all_mine else await known_identities(session, kind, missing)
    in_vain = sorted(set(ids) - set(now_known.values()))
    for entity_ids in portions(in_vain):
        await session.execute(delete(table_of(Entity)).where(Entity.id.in_(entity_ids)))
    mine = set(ids)
    answer = {digest: (entity_id, False) for digest, entity_id in found.items()}
    return answer | {d: (entity_id, entity_id in mine) for d, entity_id in now_known.items()}


async def known_identities(
    session: AsyncSession, kind: type[IdentityComponent], digests: Collection[bytes]
) -> dict[bytes, EntityId]:
    """Return the entity of each digest; unknown digests are left out."""
    found: dict[bytes, EntityId] = {}
    for some in portions(list(digests)):
        found |= dict((await session.execute(_entities_of(kind), {"digests": some})).all())
    return found


@cache
def _entities_of(kind: type[IdentityComponent]) -> Select[bytes, EntityId]:
    columns = table_of(kind).c
    return select(columns.digest, columns.entity_id).where(
        columns.digest.in_(bindparam("digests", expanding=True))
    )
