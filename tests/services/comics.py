"""Comics for tests: pictures that are bare entities, and variants made of them."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.models import PageLink
from dam.services import ecs_service
from dam.services.comic_book_service import (
    create_comic_book_concept,
    link_comic_variant_to_concept,
    update_page_order_for_comic_variant,
)


async def entities(world: World, count: int) -> list[EntityId]:
    """Create entities that nothing is known of."""
    return [await world.run(ecs_service.create_entity) for _ in range(count)]


async def concept(world: World, title: str = "Amazing Fantasy") -> EntityId:
    """Create a concept."""
    return await world.run(create_comic_book_concept, title)


async def variant(
    world: World, concept_entity_id: EntityId, pages: Sequence[EntityId] = ()
) -> EntityId:
    """Create a variant of a concept that has these pages."""
    (entity_id,) = await entities(world, 1)
    await world.run(link_comic_variant_to_concept, entity_id, concept_entity_id)
    await world.run(update_page_order_for_comic_variant, entity_id, pages)
    return entity_id


async def numbered(world: World, owner: EntityId) -> dict[int, EntityId]:
    """Return an owner's pictures by their numbers."""

    async def read(session: AsyncSession) -> dict[int, EntityId]:
        rows = select(PageLink.page_number, PageLink.page_image_entity_id)
        mine = rows.where(PageLink.owner_entity_id == owner).order_by(PageLink.page_number)
        return dict((await session.execute(mine)).all())

    return await world.read(read)
