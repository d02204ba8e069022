"""Takes assets out of the trash, with what was put there with them or later."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from dam.core.database.among import among
from dam.core.database.portions import portions
from dam.core.ecs.changes import lock_in_order
from dam.core.ecs.components import EntityId
from dam.core.read_only import ReadOnly
from dam.models import ComicBookVariantComponent, PageLink, TrashedComponent
from dam.services import ecs_service, sidecar_service


async def trashed_among(
    session: ReadOnly[AsyncSession], entity_ids: Collection[EntityId]
) -> dict[EntityId, datetime]:
    """Return which of these entities are in the trash, each with the time since when."""
    trashed = TrashedComponent
    found: dict[EntityId, datetime] = {}
    for ids in portions(sorted(entity_ids)):
        chosen = select(trashed.entity_id, trashed.trashed_at).where(trashed.entity_id.in_(ids))
        found |= dict((await session.execute(chosen)).all())
    return found


async def with_companions(
    session: ReadOnly[AsyncSession], entity_ids: Collection[EntityId]
) -> set[EntityId]:
    """Return which of these entities are in the trash, and what comes out of it with them.

    With a comic come those of its variants that were put there with it or later; with a variant its
    pages likewise, and its comic whenever that was put there. A page that two comics have was put
    there with the later one, and comes with either.
    """
    wanted = set(await trashed_among(session, entity_ids))
    if not wanted:
        return wanted
    variant, link = ComicBookVariantComponent, PageLink
    wanted |= await _since(session, variant.conceptual_entity_id, variant.entity_id, wanted)
    wanted |= await _since(session, link.owner_entity_id, link.page_image_entity_id, wanted)
    for ids in portions(sorted(wanted)):
        concepts = select(variant.conceptual_entity_id).join(
            TrashedComponent, TrashedComponent.entity_id == variant.conceptual_entity_id
        )
        found = await session.scalars(concepts.where(variant.entity_id.in_(ids)))
        wanted |= {concept for concept in found if concept is not None}
    return wanted


async def bring_back(session: AsyncSession, entity_ids: Collection[EntityId]) -> set[EntityId]:
    """Take these entities out of the trash, with their companions; return all of them.

    Entities that are not in the trash are left out. The caller commits.
    """
    back = await with_companions(session, entity_ids)
    if not back:
        return back
    link = ComicBookVariantComponent  # what trashes a comic locks it first, and then its variants
    of_variants = select(link.conceptual_entity_id).where(among(link.entity_id, back))
    works = {work for work in await session.scalars(of_variants) if work is not None}
    await lock_in_order(session, [*sorted(works), *sorted(back - works)])
    back = await with_companions(session, entity_ids)
    await ecs_service.remove_components(session, back, TrashedComponent)
    await sidecar_service.mark_beside(session, back)
    return back


async def _since(
    session: AsyncSession,
    owner: InstrumentedAttribute[Any],
    owned: InstrumentedAttribute[Any],
    owners: Iterable[EntityId],
) -> set[EntityId]:
    """Return what these owners have that was put into the trash with them or later."""
    one, other = aliased(TrashedComponent), aliased(TrashedComponent)
    with_it = (
        select(owned)
        .join(one, one.entity_id == owner)
        .join(other, (other.entity_id == owned) & (other.trashed_at >= one.trashed_at))
    )
    found: set[EntityId] = set()
    for ids in portions(sorted(owners)):
        found |= set(await session.scalars(with_it.where(owner.in_(ids))))
    return found
