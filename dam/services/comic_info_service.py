"""The ComicInfo.xml of a variant, made of its rows; changes of its elements."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs import EntityId, table_of, write_rows
from dam.media.comic_facts import ComicFacts, ComicTerm, comic_info_of
from dam.media.comic_info import ComicInfo, ComicInfoElement, ComicInfoPage
from dam.media.comic_info_edit import with_element
from dam.models import ComicInfoElementComponent
from dam.services import ecs_service
from dam.services.comic_book_service import get_comic_concept_for_variant
from dam.services.comic_description_service import (
    describe_comic_concepts,
    describe_comic_variants,
)
from dam.services.page_service import Page, get_pages

_Element = ComicInfoElementComponent


async def get_comic_info(session: AsyncSession, variant_entity_id: EntityId) -> ComicInfo:
    """Return a variant's document as it is now: its elements, and its pages in their order.

    A variant without any elements gets those that its concept and its own facts amount to. Pages
    are listed where the document lists them or something is said of one.

    Raises:
        EntityNotFoundError: The variant does not exist.
        NoComicVariantError: The entity is no variant of a comic.
    """
    info = await get_elements(session, variant_entity_id)
    if not info.elements:
        info = comic_info_of(await _facts(session, variant_entity_id))
    pages = await get_pages(session, variant_entity_id)
    return replace(info, pages=_page_list(info, pages))


async def get_elements(session: AsyncSession, variant_entity_id: EntityId) -> ComicInfo:
    """Return a variant's document as its rows have it, without its pages; empty where it has none.

    Raises:
        EntityNotFoundError: The variant does not exist.
        NoComicVariantError: The entity is no variant of a comic.
    """
    await get_comic_concept_for_variant(session, variant_entity_id)
    rows = (
        select(_Element.name, _Element.value, _Element.is_markup)
        .where(_Element.entity_id == variant_entity_id)
        .order_by(_Element.position)
    )
    found = await session.execute(rows)
    return ComicInfo(tuple(ComicInfoElement(*row) for row in found))


async def edit_comic_info(
    session: AsyncSession, variant_entity_id: EntityId, changes: Mapping[str, str | None]
) -> None:
    """Set elements of a variant's document by their ComicInfo names; None takes one away.

    A variant without any elements first gets those that its concept and its own facts amount to,
    so that the document goes on saying them.

    Raises:
        EntityNotFoundError: The variant does not exist.
        NoComicVariantError: The entity is no variant of a comic.
        UnknownNameError: There is no such element.
        FactRefusedError: A value is of a wrong type.
    """
    await ecs_service.lock_entity(session, variant_entity_id)
    info = await get_elements(session, variant_entity_id)
    if not info.elements:
        info = comic_info_of(await _facts(session, variant_entity_id))
    for name, value in changes.items():
        info = with_element(info, name, value)
    of_variant = table_of(_Element).c.entity_id == variant_entity_id
    await session.execute(delete(table_of(_Element)).where(of_variant))
    await write_elements(session, variant_entity_id, info)


async def write_elements(
    session: AsyncSession, variant_entity_id: EntityId, info: ComicInfo
) -> None:
    """Write the elements of a variant that has none; the caller commits."""
    rows = [
        {
            "entity_id": variant_entity_id,
            "position": position,
            "name": element.name,
            "value": element.value,
            "is_markup": element.is_markup,
        }
        for position, element in enumerate(info.elements)
    ]
    await write_rows(session, _Element, rows, replace=False)


async def _facts(session: AsyncSession, variant_entity_id: EntityId) -> ComicFacts:
    """Return what is known of a variant and of its concept, if it has one."""
    (variant,) = await describe_comic_variants(session, [variant_entity_id])
    direction = variant.facts.get("reading_direction")
    facts = ComicFacts(
        language=variant.facts.get("language"),
        scan_group=variant.facts.get("scan_group"),
        reading_direction="rtl" if direction == "rtl" else None,
    )
    if variant.concept_entity_id is None:
        return facts
    (concept,) = await describe_comic_concepts(session, [variant.concept_entity_id])
    terms = tuple(
        ComicTerm(kind, name, position)
        for kind, names in concept.terms.items()
        for position, name in enumerate(names)
    )
    return replace(facts, **concept.facts, terms=terms)


def _page_list(info: ComicInfo, pages: Sequence[Page]) -> tuple[ComicInfoPage, ...]:
    listed = tuple(
        ComicInfoPage(index, page.page_type, page.is_double_page, tuple(page.attributes.items()))
        for index, page in enumerate(pages)
    )
    has_list = any(element.is_page_list for element in info.elements)
    is_said = any(page.page_type or page.is_double_page or page.attributes for page in pages)
    return listed if has_list or is_said else ()
