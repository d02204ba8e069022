"""The ComicInfo.xml of a variant, made of its rows; changes of its elements."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId, table_of
from dam.core.ecs.rows import write_rows
from dam.media.comic.facts import ComicFacts, ComicTerm, comic_info_of
from dam.media.comic.info import (
    COUNT_NAME,
    MARK_NAME,
    PAGES_NAME,
    ComicInfo,
    ComicInfoElement,
    ComicInfoPage,
)
from dam.media.comic.info_edit import with_element, with_missing, with_text
from dam.models import ComicInfoElementComponent
from dam.services import ecs_service
from dam.services.comic_book_service import (
    describe_comic_concepts,
    describe_comic_variants,
    get_comic_concept_for_variant,
)
from dam.services.page_service import Page, get_pages

_Element = ComicInfoElementComponent


async def get_comic_info(session: AsyncSession, variant_entity_id: EntityId) -> ComicInfo:
    """Return a variant's document as it is now: its elements, and its pages in their order.

    One that names neither series nor title gets what its concept and its own facts amount to, so
    that it says which comic it is wherever it goes. Pages are listed where the document lists them
    or something is said of one. Where it says how many there are, it is right, unless it was wrong
    from the start and they are still the same.

    Raises:
        EntityNotFoundError: The variant does not exist.
        NoComicVariantError: The entity is no variant of a comic.
    """
    info = await _completed(session, variant_entity_id)
    return _of_now(info, await get_pages(session, variant_entity_id))


async def get_own_elements(session: AsyncSession, variant_entity_id: EntityId) -> ComicInfo:
    """Return a variant's document as its rows have it, without its pages; empty where it has none.

    Nothing is added to it, as `get_comic_info` does.

    Raises:
        EntityNotFoundError: The variant does not exist.
        NoComicVariantError: The entity is no variant of a comic.
    """
    info = await _elements_and_mark(session, variant_entity_id)
    return ComicInfo(tuple(item for item in info.elements if item.name != MARK_NAME))


async def _elements_and_mark(session: AsyncSession, variant_entity_id: EntityId) -> ComicInfo:
    """Return a variant's document as its rows have it, with the mark of the pages it came with."""
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

    One that names neither series nor title first gets what its concept and its own facts amount to,
    so that the document goes on saying them.

    Raises:
        EntityNotFoundError: The variant does not exist.
        NoComicVariantError: The entity is no variant of a comic.
        UnknownNameError: There is no such element, or it follows from the pages.
        FactRefusedError: A value is of a wrong type.
    """
    await ecs_service.lock_entity(session, variant_entity_id)
    info = await _completed(session, variant_entity_id)
    for name, value in changes.items():
        info = with_element(info, name, value)
    of_variant = table_of(_Element).c.entity_id == variant_entity_id
    await session.execute(delete(table_of(_Element)).where(of_variant))
    await _write(session, variant_entity_id, info)


async def _completed(session: AsyncSession, variant_entity_id: EntityId) -> ComicInfo:
    """Return a variant's document and mark; one that names no comic says what its facts do."""
    info = await _elements_and_mark(session, variant_entity_id)
    if info.text("Series") or info.text("Title"):
        return info
    return with_missing(info, comic_info_of(await _facts(session, variant_entity_id)))


async def write_elements(
    session: AsyncSession, variant_entity_id: EntityId, info: ComicInfo, pages: Sequence[Page]
) -> None:
    """Write the elements of a variant that has none, with whose pages they came."""
    marked = (
        replace(item, value=_mark(pages)) if item.name == MARK_NAME else item
        for item in info.elements
    )
    await _write(session, variant_entity_id, ComicInfo(tuple(marked)))


async def _write(session: AsyncSession, variant_entity_id: EntityId, info: ComicInfo) -> None:
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


def _of_now(info: ComicInfo, pages: Sequence[Page]) -> ComicInfo:
    """Return a document that says of its pages what is true of those that there are.

    What one said in a way of its own, or wrongly from the start, stays until something changes of
    the pages: an untouched comic goes out as it came in. From then on it is our word.
    """
    is_untouched = ComicInfoElement(MARK_NAME, _mark(pages)) in info.elements
    left_out = {MARK_NAME} if is_untouched else {MARK_NAME, PAGES_NAME}
    kept = tuple(item for item in info.elements if item.is_page_list or item.name not in left_out)
    is_said = any(page.page_type or page.is_double_page or page.attributes for page in pages)
    has_list = any(item.is_page_list for item in kept)
    has_own_list = any(item.name == PAGES_NAME for item in kept)
    is_listed = has_list or (is_said and not has_own_list)
    info = ComicInfo(kept, _page_list(pages) if is_listed else ())
    if is_untouched or info.text(COUNT_NAME) in (None, str(len(pages))):
        return info
    return with_text(info, COUNT_NAME, str(len(pages)))


def _page_list(pages: Sequence[Page]) -> tuple[ComicInfoPage, ...]:
    return tuple(
        ComicInfoPage(index, page.page_type, page.is_double_page, tuple(page.attributes.items()))
        for index, page in enumerate(pages)
    )


def _mark(pages: Sequence[Page]) -> str:
    """Return a text that is another one once pages, or what is said of one, are others."""
    said = [
        (
            page.page_image_entity_id,
            page.page_type,
            page.is_double_page,
            sorted(page.attributes.items()),
        )
        for page in pages
    ]
    return hashlib.sha256(repr(said).encode()).hexdigest()
