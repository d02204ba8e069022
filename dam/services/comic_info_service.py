"""Reads and edits the ComicInfo.xml of a variant, which is stored as one row for each element."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId, table_of
from dam.core.ecs.rows import write_rows
from dam.core.read_only import ReadOnly
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


async def get_comic_info(session: ReadOnly[AsyncSession], variant_entity_id: EntityId) -> ComicInfo:
    """Return a variant's document as of now: its elements, and its pages in their order.

    - A document without series and title is completed with the facts of the concept and of the
      variant, so that it names its comic wherever it is copied to.
    - Pages are listed if the document lists them already, or if a page has a type or another fact.
    - A number of pages in the document is corrected, unless the pages are still those that the
      document came with: then it stays as it was, even if it is wrong.

    Raises:
        EntityNotFoundError: The variant does not exist.
        NoComicVariantError, ConceptNotVariantError: The entity is not a comic variant.
    """
    info = await _completed(session, variant_entity_id)
    return _with_pages(info, await get_pages(session, variant_entity_id))


async def get_own_elements(
    session: ReadOnly[AsyncSession], variant_entity_id: EntityId
) -> ComicInfo:
    """Return a variant's document as it is stored, without pages; empty if it has none.

    Nothing is completed or corrected, unlike in `get_comic_info`.

    Raises:
        EntityNotFoundError: The variant does not exist.
        NoComicVariantError, ConceptNotVariantError: The entity is not a comic variant.
    """
    info = await _stored_elements(session, variant_entity_id)
    return ComicInfo(tuple(item for item in info.elements if item.name != MARK_NAME))


async def _stored_elements(session: AsyncSession, variant_entity_id: EntityId) -> ComicInfo:
    """Return a variant's document as it is stored, with the digest of the pages it came with.

    The digest, if any, is an element named `MARK_NAME`; see `_pages_digest`.
    """
    await get_comic_concept_for_variant(session, variant_entity_id)  # raises unless a variant
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
    """Set elements of a variant's document by their ComicInfo names; None removes an element.

    A document without series and title is first completed with the facts of the concept and of the
    variant: once it has a title, `get_comic_info` no longer completes it.

    Example: `await edit_comic_info(session, variant, {"Year": "1963", "Notes": None})`.

    Args:
        session: The caller commits it.
        variant_entity_id: The variant of the document.
        changes: New texts by name of element.

    Raises:
        EntityNotFoundError: The variant does not exist.
        NoComicVariantError, ConceptNotVariantError: The entity is not a comic variant.
        UnknownNameError: There is no such element, or it is computed from the pages.
        FactRefusedError: A value has the wrong type.
    """
    await ecs_service.lock_entity(session, variant_entity_id)
    info = await _completed(session, variant_entity_id)
    for name, value in changes.items():
        info = with_element(info, name, value)
    of_variant = table_of(_Element).c.entity_id == variant_entity_id
    await session.execute(delete(table_of(_Element)).where(of_variant))
    await _write(session, variant_entity_id, info)


async def _completed(session: AsyncSession, variant_entity_id: EntityId) -> ComicInfo:
    """Return a variant's stored elements; if they name no comic, completed with its facts."""
    info = await _stored_elements(session, variant_entity_id)
    if info.text("Series") or info.text("Title"):
        return info
    return with_missing(info, comic_info_of(await _facts(session, variant_entity_id)))


async def write_elements(
    session: AsyncSession, variant_entity_id: EntityId, info: ComicInfo, pages: Sequence[Page]
) -> None:
    """Write the elements of a variant that has none.

    Example: `await write_elements(session, variant, info, await get_pages(session, variant))`.

    Args:
        session: The caller commits it.
        variant_entity_id: The variant of the document.
        info: Its elements. One named `MARK_NAME` gets the digest of `pages` as its value.
        pages: The pages that the document came with.
    """
    marked = (
        replace(item, value=_pages_digest(pages)) if item.name == MARK_NAME else item
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
    """Return the facts of a variant and of its concept, if it has one."""
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


def _with_pages(info: ComicInfo, pages: Sequence[Page]) -> ComicInfo:
    """Return a document whose list and number of pages fit the present pages.

    A list of pages in an unusual form, or a number that was wrong from the start, stays until the
    pages change: an untouched comic is exported as it was imported. After a change, both are
    written anew.
    """
    is_untouched = ComicInfoElement(MARK_NAME, _pages_digest(pages)) in info.elements
    left_out = {MARK_NAME} if is_untouched else {MARK_NAME, PAGES_NAME}
    kept = tuple(item for item in info.elements if item.is_page_list or item.name not in left_out)
    has_facts = any(page.page_type or page.is_double_page or page.attributes for page in pages)
    has_list = any(item.is_page_list for item in kept)
    has_own_list = any(item.name == PAGES_NAME for item in kept)
    is_listed = has_list or (has_facts and not has_own_list)
    info = ComicInfo(kept, _page_list(pages) if is_listed else ())
    if is_untouched or info.text(COUNT_NAME) in (None, str(len(pages))):
        return info
    return with_text(info, COUNT_NAME, str(len(pages)))


def _page_list(pages: Sequence[Page]) -> tuple[ComicInfoPage, ...]:
    return tuple(
        ComicInfoPage(index, page.page_type, page.is_double_page, tuple(page.attributes.items()))
        for index, page in enumerate(pages)
    )


def _pages_digest(pages: Sequence[Page]) -> str:
    """Return a digest (hex) of pages, their order and their facts, to see when one has changed."""
    described = [
        (
            page.page_image_entity_id,
            page.page_type,
            page.is_double_page,
            sorted(page.attributes.items()),
        )
        for page in pages
    ]
    return hashlib.sha256(repr(described).encode()).hexdigest()
