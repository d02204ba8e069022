"""What belongs to a comic alone, and so goes with it."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from dam.core.database.among import among
from dam.core.ecs.components import EntityId
from dam.core.read_only import ReadOnly
from dam.models import (
    ComicBookVariantComponent,
    FileLocationComponent,
    OriginalSourceInfoComponent,
    PageLink,
    TrashedComponent,
)
from dam.services import ecs_service


async def comic_parts(
    session: ReadOnly[AsyncSession],
    entity_ids: Collection[EntityId],
    *,
    hidden: ecs_service.Hidden = "include",
) -> list[EntityId]:
    """Return these entities, the variants of the concepts among them, and their own pages.

    A page is a comic's own if no other work has it. Of an archive, pages that were added as files
    of their own are left out. An entity that is no comic has no parts.

    Example: `await comic_parts(session, [issue, scan], hidden="leave_out")`.

    Args:
        session: Only read.
        entity_ids: Concepts, variants and other entities.
        hidden: With `leave_out`, other works that are in the trash do not count.

    Returns:
        Each entity once: the given ones, then their variants, then the pages.
    """
    link = ComicBookVariantComponent
    variants = select(link.entity_id).where(
        or_(among(link.conceptual_entity_id, entity_ids), among(link.entity_id, entity_ids))
    )
    found = list(await session.scalars(variants.order_by(link.entity_id)))
    pages = await session.scalars(_own_pages(found, hidden)) if found else ()
    return list(dict.fromkeys([*entity_ids, *found, *pages]))


def _own_pages(variants: Collection[EntityId], hidden: ecs_service.Hidden) -> Select[int]:
    link, other, place = PageLink, aliased(PageLink), FileLocationComponent
    source = OriginalSourceInfoComponent

    def goes(entity_id: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
        is_going = among(entity_id, variants)
        is_trashed = exists().where(TrashedComponent.entity_id == entity_id)
        return is_going if hidden == "include" else or_(is_going, is_trashed)

    page = link.page_image_entity_id
    is_shared = exists().where(
        other.page_image_entity_id == page, not_(goes(other.owner_entity_id))
    )
    is_archive = exists().where(place.container_entity_id == link.owner_entity_id)
    is_inside = exists().where(place.entity_id == page, goes(place.container_entity_id))
    is_file = exists().where(source.entity_id == page)
    return (
        select(page)
        .where(among(link.owner_entity_id, variants), not_(is_shared))
        .where(or_(not_(is_archive), and_(is_inside, not_(is_file))))
        .distinct()
        .order_by(page)
    )
