"""Removes a comic or a variant with its pages."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.read_only import ReadOnly
from dam.core.world import World
from dam.errors import NoComicVariantError
from dam.models import (
    ComicBookConceptComponent,
    ComicBookVariantComponent,
    FileLocationComponent,
    OriginalSourceInfoComponent,
    PageLink,
)
from dam.services import ecs_service
from dam.services.comic_book_service import get_variants_for_comic_concept
from dam.services.removal_service import Removal, plan_removal, remove_assets
from dam.services.trash_service import plan_trashing, trash_assets


async def remove_comic(
    world: World,
    entity_id: EntityId,
    *,
    is_forever: bool = False,
    is_forced: bool = False,
    is_dry_run: bool = False,
) -> Removal:
    """Put a concept with all its variants, or one variant, and their pages into the trash.

    Pages that other works have stay, as does an archive that has the only bytes of such a page.

    Example: `await remove_comic(world, issue, is_dry_run=True)`.

    Args:
        world: The world of the comic.
        entity_id: A concept or a variant.
        is_forever: Do not put them into the trash: forget them.
        is_forced: Of what is forgotten, also such an archive.
        is_dry_run: Only return what would be removed.

    Raises:
        EntityNotFoundError: There is no such entity.
        NoComicVariantError: It is neither a concept nor a variant.
    """
    ids = await world.read(comic_parts, entity_id)
    if not is_forever:
        if is_dry_run:
            return Removal(entity_ids=tuple(await world.read(plan_trashing, ids)))
        return Removal(entity_ids=(await world.run(trash_assets, ids)).entity_ids)
    # Of a page that stays and has its bytes elsewhere, only the place in the archive is forgotten.
    planned = await world.read(plan_removal, ids, is_forced=True)
    is_harmless = not planned.without_content
    if is_dry_run:
        return await world.read(plan_removal, ids, is_forced=is_forced or is_harmless)
    return await remove_assets(world, ids, is_forced=is_forced or is_harmless)


async def comic_parts(session: ReadOnly[AsyncSession], entity_id: EntityId) -> list[EntityId]:
    """Return a concept or a variant, its variants, and the pages that no other work has.

    Of an archive, pages that were added as files of their own are left out.

    Raises:
        EntityNotFoundError, NoComicVariantError: As for `remove_comic`.
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
