"""Albums of music: a second kind of work, made of the abstract bases, with booklets as pages.

`python -m tests.models.albums URL` tells what it sees, as JSON. It is a process of its own because
what is mapped once is mapped for good, and other tests compare all that is mapped with the schema.
"""

import asyncio
import json
import sys

from sqlalchemy import String
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from dam.app import build_world
from dam.core.ecs.components import EntityId, table_of
from dam.core.world import World
from dam.models import BaseConceptualInfoComponent, BaseVariantInfoComponent
from dam.services import ecs_service
from dam.services.comic_book_service import get_comic_variants_containing_image_as_page
from dam.services.page_service import get_ordered_pages, update_page_order
from dam.services.removal_service import Removal, remove_assets
from tests.databases import world_config


class AlbumConceptComponent(BaseConceptualInfoComponent, kw_only=True):
    """A record as a work."""

    __tablename__ = "component_album_concept"

    artist: Mapped[str]


class AlbumVariantComponent(BaseVariantInfoComponent, kw_only=True):
    """One edition of a record; its pages are those of its booklet."""

    __tablename__ = "component_album_variant"

    medium: Mapped[str] = mapped_column(String(16))


def _variant(concept: EntityId, medium: str, *, is_primary: bool = False) -> AlbumVariantComponent:
    return AlbumVariantComponent(
        conceptual_entity_id=concept, medium=medium, is_primary_variant=is_primary
    )


async def _create_tables(session: AsyncSession) -> None:
    connection = await session.connection()
    for kind in (AlbumConceptComponent, AlbumVariantComponent):
        await connection.run_sync(table_of(kind).create)


async def _create_album(session: AsyncSession) -> list[EntityId]:
    """Create a concept, its two variants, and two pictures that are the booklet of both."""
    work = AlbumConceptComponent(name="Kind of Blue", artist="Miles Davis")
    concept = await ecs_service.create_entity(session, work)
    record = await ecs_service.create_entity(session, _variant(concept, "LP", is_primary=True))
    disc = await ecs_service.create_entity(session, _variant(concept, "CD"))
    front, back = [await ecs_service.create_entity(session) for _ in range(2)]
    await update_page_order(session, record, [front, back])
    await update_page_order(session, disc, [front, front, back])
    return [concept, record, disc, front, back]


async def _is_refused(world: World, concept: EntityId) -> bool:
    second = _variant(concept, "cassette", is_primary=True)
    try:
        await world.run(ecs_service.create_entity, second)
    except IntegrityError:
        return True
    return False


async def _variants(world: World) -> list[list[object]]:
    found = await world.read(ecs_service.find_entities, with_=[AlbumVariantComponent])
    rows = await world.read(ecs_service.get_components_of_kind, found, AlbumVariantComponent)
    return [
        [key, row.medium, row.conceptual_entity_id, row.is_primary_variant]
        for key, (row,) in sorted(rows.items())
    ]


def _told(removal: Removal) -> dict[EntityId, tuple[EntityId, ...]]:
    return {refusal.entity_id: refusal.used_by for refusal in removal.refused}


async def _tell(url: str) -> None:
    world = await build_world(world_config(url, worker_kind="thread"), plugins=False)
    await world.run(_create_tables)
    ids = await world.run(_create_album)
    concept, record, disc, front, _back = ids
    seen: dict[str, object] = {
        "ids": ids,
        "pages": [await world.read(get_ordered_pages, owner) for owner in (record, disc)],
        "comics": await world.read(get_comic_variants_containing_image_as_page, front),
        "variants": await _variants(world),
        "is_second_primary_refused": await _is_refused(world, concept),
        "refused": _told(await remove_assets(world, [concept, front])),
        "forced": (await remove_assets(world, [concept, front], is_forced=True)).entity_ids,
        "variants_left": await _variants(world),
        "pages_left": await world.read(get_ordered_pages, disc),
    }
    await world.close()
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    asyncio.run(_tell(sys.argv[1]))
