"""What belongs to a comic alone, and so goes with it."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.read_only import ReadOnly
from dam.errors import NoComicVariantError
from dam.models import (
    ComicBookConceptComponent,
    ComicBookVariantComponent,
    FileLocationComponent,
    OriginalSourceInfoComponent,
    PageLink,
)
from dam.services import ecs_service
from dam.services.comic_book_service.variants import get_variants_for_comic_concept


async def comic_parts(session: ReadOnly[AsyncSession], entity_id: EntityId) -> list[EntityId]:
    """Return a concept or a variant, its variants, and the pages that no other work has.

    Of an archive, pages that were added as files of their own are left out.

    Raises:
        NoComicVariantError: It is neither a concept nor a variant.
    """
    if await ecs_service.get_component(session, entity_id, ComicBookConceptComponent):
        variants = await get_variants_for_comic_concept(session, entity_id, hidden="include")
    elif await ecs_service.get_component(session, entity_id, ComicBookVariantComponent):
        variants = [entity_id]
    else:
        raise NoComicVariantError(entity_id)
    parts = dict.fromkeys([entity_id, *variants])
    for variant in variants:
        parts |= dict.fromkeys(await _own_pages(session, variant, variants))
    return list(parts)


async def _own_pages(
    session: AsyncSession, variant: EntityId, variants: Collection[EntityId]
) -> list[EntityId]:
    link, place, source = PageLink, FileLocationComponent, OriginalSourceInfoComponent
    page = link.page_image_entity_id
    shared = select(link.page_image_entity_id).where(link.owner_entity_id.not_in(variants))
    own = select(page).where(link.owner_entity_id == variant, page.not_in(shared)).distinct()
    is_archive = await session.scalar(
        select(place.id).where(place.container_entity_id == variant).limit(1)
    )
    if is_archive is not None:
        inside = select(place.entity_id).where(place.container_entity_id == variant)
        own = own.where(page.in_(inside), page.not_in(select(source.entity_id)))
    return sorted(await session.scalars(own))
