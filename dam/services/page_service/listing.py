"""Lists and changes pages for commands: several at once, with the resulting pages as the answer.

Nothing here commits. The owner of the pages may be any entity.
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.changes import Change
from dam.core.ecs.components import EntityId, table_of
from dam.core.read_only import ReadOnly
from dam.errors import PagesLeftOutError
from dam.media.archive.names import parts
from dam.media.comic.members import page_key
from dam.models import (
    ContentHashSHA256Component,
    FilePropertiesComponent,
    ImageDimensionsComponent,
    PageLink,
)
from dam.services import ecs_service
from dam.services.page_service import pages as page_service
from dam.services.page_service.naming import archive_names, folder_names
from dam.services.page_service.rows import Page, noted

_links = table_of(PageLink).c


@dataclass(frozen=True, kw_only=True)
class PageFacts:
    """A page: its number, its picture, and facts of both.

    Args:
        entity_id: The picture.
        name: The base name of the picture's file, unchanged; bytes that are not UTF-8 are surrogate
            escapes.
    """

    page_number: int
    entity_id: EntityId
    sha256: bytes | None
    name: str | None
    width: int | None
    height: int | None
    page_type: str | None
    is_double_page: bool


@dataclass(frozen=True, kw_only=True)
class EditedPages:
    """Pages after a change.

    Args:
        pages: The pages that were added or removed, or all of a new order.
        change: What was changed, for `undo`.
    """

    pages: tuple[PageFacts, ...]
    change: Change


async def describe_pages(session: AsyncSession, owner_entity_id: EntityId) -> list[PageFacts]:
    """Return an owner's pages in order, with the names of the pictures' files.

    It takes one statement.

    Raises:
        EntityNotFoundError: The owner does not exist.
    """
    ecs_service.check_ids([owner_entity_id])
    digest, file, size = (
        table_of(kind).c
        for kind in (ContentHashSHA256Component, FilePropertiesComponent, ImageDimensionsComponent)
    )
    image = _links.page_image_entity_id
    described = (
        select(
            _links.page_number,
            image.label("entity_id"),
            digest.digest.label("sha256"),
            file.name,
            size.width,
            size.height,
            _links.page_type,
            _links.is_double_page,
        )
        .outerjoin(ContentHashSHA256Component, digest.entity_id == image)
        .outerjoin(FilePropertiesComponent, file.entity_id == image)
        .outerjoin(ImageDimensionsComponent, size.entity_id == image)
        .where(_links.owner_entity_id == owner_entity_id)
        .order_by(_links.page_number)
    )
    rows = (await session.execute(described)).mappings()
    pages = [PageFacts(**{**row, "name": _text(row["name"])}) for row in rows]
    if not pages:
        await ecs_service.get_entities(session, [owner_entity_id])
    return pages


def _text(name: bytes | None) -> str | None:
    return None if name is None else os.fsdecode(name)


async def list_pages(session: ReadOnly[AsyncSession], owner_entity_id: EntityId) -> list[PageFacts]:
    """Return an owner's pages in order; pages of an archive have the names of its members.

    If an archive holds a picture several times, each of these pages gets the next of the picture's
    names behind that of the page before it, or the first free one if there is no such name.

    Raises:
        EntityNotFoundError: The owner does not exist.
    """
    pages = await describe_pages(session, owner_entity_id)
    names = await archive_names(session, owner_entity_id, [page.entity_id for page in pages])
    return [
        page if name is None else replace(page, name=(parts(name) or ["?"])[-1])
        for page, name in zip(pages, names, strict=True)
    ]


async def add_pages(
    session: AsyncSession,
    owner_entity_id: EntityId,
    image_entity_ids: Sequence[EntityId],
    *,
    at: int | None = None,
    page_type: str | None = None,
    is_double_page: bool = False,
) -> EditedPages:
    """Insert pictures as pages; return the new pages.

    Example: two pictures `at=3` become pages 3 and 4; the former pages 3 and 4 become 5 and 6.

    Args:
        session: The caller commits it.
        owner_entity_id: The entity that gets the pages.
        image_entity_ids: The pictures, in order.
        at: The number of the first new page; None puts them behind the last page.
        page_type: The type of all new pages, as in `Page`.
        is_double_page: Whether all new pages are double pages.

    Raises:
        EntityNotFoundError: The owner or some of the pictures do not exist.
        OwnPartError, PageNumberError, FactRefusedError: As for `page_service.insert_pages`.
    """
    added = await page_service.insert_pages(
        session,
        owner_entity_id,
        [
            Page(page_image_entity_id=image, page_type=page_type, is_double_page=is_double_page)
            for image in image_entity_ids
        ],
        at=at,
    )
    pages = await list_pages(session, owner_entity_id)
    new = tuple(page for page in pages if page.page_number in added.images)
    return EditedPages(pages=new, change=added.change)


async def remove_pages(
    session: AsyncSession,
    owner_entity_id: EntityId,
    page_numbers: Sequence[int],
    *,
    closes_gaps: bool,
) -> EditedPages:
    """Remove the pages at these numbers and return them; the pictures stay as assets.

    Example: `await remove_pages(session, variant, [1, 2], closes_gaps=True)`.

    Args:
        session: The caller commits it.
        owner_entity_id: The entity that has the pages.
        page_numbers: The numbers before any page is removed.
        closes_gaps: Move later pages down, so that no number is left free.

    Raises:
        EntityNotFoundError: The owner does not exist.
        NoPageAtNumberError: It has no page at one of the numbers; nothing is removed.
    """
    await ecs_service.lock_entity(session, owner_entity_id)
    pages = await list_pages(session, owner_entity_id)
    removed = await page_service.remove_pages_at_numbers(
        session, owner_entity_id, page_numbers, closes_gaps=closes_gaps
    )
    gone = tuple(page for page in pages if page.page_number in removed.images)
    return EditedPages(pages=gone, change=removed.change)


async def renumber_page(
    session: AsyncSession, owner_entity_id: EntityId, page_number: int, to_number: int
) -> EditedPages:
    """Move a page to another number as `page_service.move_page` does; return all pages.

    Example: `await renumber_page(session, variant, 4, 1)`.

    Args:
        session: The caller commits it.
        owner_entity_id: The entity that has the page.
        page_number: The present number.
        to_number: The new number.

    Raises:
        EntityNotFoundError, NoPageAtNumberError, PageNumberError: As for `page_service.move_page`.
    """
    change = await page_service.move_page(session, owner_entity_id, page_number, to_number)
    return await _edited(session, owner_entity_id, change)


async def reorder_pages(
    session: AsyncSession,
    owner_entity_id: EntityId,
    image_entity_ids: Iterable[EntityId],
    *,
    drops_others: bool = False,
) -> EditedPages:
    """Replace all pages by these pictures, in this order; return all pages.

    Every present page must be among the pictures, as often as it occurs, so that pages which
    another user has added meanwhile are not lost unnoticed.

    Example: `await reorder_pages(session, variant, [back, front], drops_others=True)`.

    Args:
        session: The caller commits it.
        owner_entity_id: The entity that has the pages.
        image_entity_ids: The pictures in their new order.
        drops_others: Allow leaving out pages; they are removed.

    Raises:
        EntityNotFoundError, OwnPartError: As for `page_service.update_page_order`.
        PagesLeftOutError: Some pages are not among the pictures; all pages stay as they are.
    """
    images = list(image_entity_ids)
    await ecs_service.lock_entity(session, owner_entity_id)
    if not drops_others:
        there = await list_pages(session, owner_entity_id)
        if left_out := _left_out(there, images):
            raise PagesLeftOutError(owner_entity_id, left_out)
    change = await page_service.update_page_order(session, owner_entity_id, images)
    return await _edited(session, owner_entity_id, change)


async def reorder_pages_by_name(session: AsyncSession, owner_entity_id: EntityId) -> EditedPages:
    """Put an owner's pages in the order in which an import would put their names today.

    A page has its path in the owner's archive or folder as its name, or else the name of its
    picture's file. Facts of a page stay with it.

    Example: `await reorder_pages_by_name(session, variant)`.

    Args:
        session: The caller commits it.
        owner_entity_id: The entity that has the pages.

    Raises:
        EntityNotFoundError: The owner does not exist.
    """
    await ecs_service.lock_entity(session, owner_entity_id)
    pages = await page_service.get_pages(session, owner_entity_id)
    images = [page.page_image_entity_id for page in pages]
    names = [
        archived or below or described.name or ""
        for archived, below, described in zip(
            await archive_names(session, owner_entity_id, images),
            await folder_names(session, owner_entity_id, images),
            await describe_pages(session, owner_entity_id),
            strict=True,
        )
    ]
    order = sorted(range(len(pages)), key=lambda at: page_key(names[at]))
    async with noted(session, owner_entity_id) as noting:
        if order != list(range(len(pages))):
            await page_service.set_pages(session, owner_entity_id, [pages[at] for at in order])
    return await _edited(session, owner_entity_id, noting.change)


async def _edited(session: AsyncSession, owner_entity_id: EntityId, change: Change) -> EditedPages:
    pages = await list_pages(session, owner_entity_id)
    return EditedPages(pages=tuple(pages), change=change)


def _left_out(pages: Sequence[PageFacts], images: Iterable[EntityId]) -> dict[int, EntityId]:
    """Return by number the pages that are not among the pictures.

    Of a picture that is a page more often than it is named, the last pages count as left out.
    """
    named = Counter(images)
    left_out: dict[int, EntityId] = {}
    for page in pages:
        named[page.entity_id] -= 1
        if named[page.entity_id] < 0:
            left_out[page.page_number] = page.entity_id
    return left_out
