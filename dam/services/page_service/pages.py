"""Ordered pages of an entity: of a comic variant, or of any other work that has pages.

Page numbers start at 1 and stay with their pages: removing page 3 leaves page 7 at 7, so that a
command that another user is typing for page 7 still hits it. Only inserting, closing a gap, moving
and reordering renumber pages.

Every change locks the owner of the pages first, so two changes at once run one after the other.
Nothing here commits.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.changes import Change
from dam.core.ecs.components import EntityId, table_of
from dam.core.read_only import ReadOnly
from dam.errors import NotAPageError, PageNumberTakenError, PagesChangedError
from dam.models import PageLink
from dam.services import ecs_service
from dam.services.page_service import rows as page_rows
from dam.services.page_service.rows import NumberedPages, Page

_LINKS = table_of(PageLink)


async def assign_page(
    session: AsyncSession,
    owner_entity_id: EntityId,
    page_image_entity_id: EntityId,
    page_number: int,
    *,
    is_inserted: bool = False,
    page_type: str | None = None,
    is_double_page: bool = False,
) -> Change:
    """Make a picture the page at a number; return the change, for `undo`.

    Lower numbers may stay free. A picture may be a page several times.

    Example: `await assign_page(session, variant, picture, 3, is_inserted=True)`.

    Args:
        session: The caller commits it.
        owner_entity_id: The entity that gets the page; any entity.
        page_image_entity_id: The picture.
        page_number: 1 to `MAX_PAGE_NUMBER`.
        is_inserted: If the number is taken, that page and all later ones move up by one. Without
            it, a taken number is an error.
        page_type: As in `Page`.
        is_double_page: Whether it is a double page.

    Raises:
        EntityNotFoundError: The owner or the picture does not exist.
        OwnPartError: Owner and picture are the same entity.
        PageNumberError: The number is not 1 to `MAX_PAGE_NUMBER`, or a page would move beyond it.
        PageNumberTakenError: Another page, or the same picture, is at this number.
        FactRefusedError: `Page` has no such type.
    """
    page_rows.check_number(page_number)
    await page_rows.lock(session, owner_entity_id, [page_image_entity_id])
    if not is_inserted:
        there = await page_rows.find_page(session, owner_entity_id, page_number)
        if there is not None:
            raise PageNumberTakenError(owner_entity_id, page_number, there)
    page = Page(
        page_image_entity_id=page_image_entity_id,
        page_type=page_type,
        is_double_page=is_double_page,
    )
    async with page_rows.noted(session, owner_entity_id, first=page_number) as noted:
        await page_rows.make_room(session, owner_entity_id, page_number, 1)
        await page_rows.insert_pages(session, owner_entity_id, [page], first_number=page_number)
    return noted.change


async def insert_pages(
    session: AsyncSession,
    owner_entity_id: EntityId,
    pages: Iterable[Page],
    *,
    at: int | None = None,
) -> NumberedPages:
    """Insert pages at consecutive numbers; return them by number.

    If one of the numbers is taken, that page and all later ones move up until the numbers are free.
    Example: of pages 1, 3 and 9, inserting two pages at 2 gives 1, the new pages 2 and 3, then 4
    and 10.

    Args:
        session: The caller commits it.
        owner_entity_id: The entity that gets the pages; any entity.
        pages: The new pages, in order.
        at: The number of the first one; None puts them behind the last page.

    Raises:
        EntityNotFoundError: The owner or some of the pictures do not exist.
        OwnPartError: The owner is among the pictures.
        PageNumberError: A number is not 1 to `MAX_PAGE_NUMBER`, or a page would move beyond it.
        FactRefusedError: `Page` has no such type.
    """
    pages = list(pages)
    await page_rows.lock(session, owner_entity_id, [page.page_image_entity_id for page in pages])
    first = await page_rows.find_last(session, owner_entity_id) + 1 if at is None else at
    numbers = range(first, first + len(pages))
    for number in (*numbers[:1], *numbers[-1:]):
        page_rows.check_number(number)
    async with page_rows.noted(session, owner_entity_id, first=first if pages else 1) as noted:
        if pages:
            await page_rows.make_room(session, owner_entity_id, first, len(pages))
            await page_rows.insert_pages(session, owner_entity_id, pages, first_number=first)
    images = [page.page_image_entity_id for page in pages]
    return NumberedPages(images=dict(zip(numbers, images, strict=True)), change=noted.change)


async def remove_page(
    session: AsyncSession,
    owner_entity_id: EntityId,
    page_image_entity_id: EntityId,
    *,
    page_number: int | None = None,
    closes_gap: bool = False,
) -> NumberedPages:
    """Remove a picture from the pages of an owner; return the removed pages by number.

    Example: `await remove_page(session, variant, picture, page_number=3)`.

    Args:
        session: The caller commits it.
        owner_entity_id: The entity that has the pages.
        page_image_entity_id: The picture; it stays as an asset.
        page_number: Remove it at this number only; None removes it wherever it is a page.
        closes_gap: Move later pages down; otherwise the other pages keep their numbers.

    Raises:
        EntityNotFoundError: The owner does not exist, or the picture's id cannot be an id.
        PageNumberError: The number is not 1 to `MAX_PAGE_NUMBER`.
        NotAPageError: The picture is not a page of the owner, or not at that number.
    """
    await ecs_service.lock_entity(session, owner_entity_id)
    ecs_service.check_ids([page_image_entity_id])
    of_owner = PageLink.owner_entity_id == owner_entity_id
    wanted = [of_owner, PageLink.page_image_entity_id == page_image_entity_id]
    if page_number is not None:
        page_rows.check_number(page_number)
        wanted.append(PageLink.page_number == page_number)
    async with page_rows.noted(session, owner_entity_id, first=page_number or 1) as noted:
        removed = await page_rows.delete_pages(session, wanted)
        if not removed:
            raise NotAPageError(owner_entity_id, page_image_entity_id, page_number)
        if closes_gap:
            await page_rows.close_gaps(session, owner_entity_id, removed)
    return NumberedPages(images=removed, change=noted.change)


async def remove_page_at_number(
    session: AsyncSession,
    owner_entity_id: EntityId,
    page_number: int,
    *,
    closes_gap: bool = False,
) -> NumberedPages:
    """Remove the page at a number and return it; its picture stays as an asset.

    Example: `await remove_page_at_number(session, variant, 3, closes_gap=True)`.

    Args:
        session: The caller commits it.
        owner_entity_id: The entity that has the page.
        page_number: The number of the page.
        closes_gap: Move later pages down; otherwise the other pages keep their numbers.

    Raises:
        EntityNotFoundError: The owner does not exist.
        NoPageAtNumberError: It has no page at that number.
    """
    return await remove_pages_at_numbers(
        session, owner_entity_id, [page_number], closes_gaps=closes_gap
    )


async def remove_pages_at_numbers(
    session: AsyncSession,
    owner_entity_id: EntityId,
    page_numbers: Collection[int],
    *,
    closes_gaps: bool = False,
) -> NumberedPages:
    """Remove the pages at these numbers and return them; the pictures stay as assets.

    Example: `await remove_pages_at_numbers(session, variant, [1, 2], closes_gaps=True)`.

    Args:
        session: The caller commits it.
        owner_entity_id: The entity that has the pages.
        page_numbers: The numbers before any page is removed.
        closes_gaps: Move later pages down; otherwise the other pages keep their numbers.

    Raises:
        EntityNotFoundError: The owner does not exist.
        NoPageAtNumberError: It has no page at one of the numbers; nothing is removed.
    """
    await ecs_service.lock_entity(session, owner_entity_id)
    there = await page_rows.require_pages(session, owner_entity_id, page_numbers)
    async with page_rows.noted(session, owner_entity_id, first=min(there, default=1)) as noted:
        for numbers in portions(list(there)):
            await page_rows.delete_pages(session, page_rows.among(owner_entity_id, numbers))
        if closes_gaps and there:
            await page_rows.close_gaps(session, owner_entity_id, there)
    return NumberedPages(images=there, change=noted.change)


async def move_page(
    session: AsyncSession, owner_entity_id: EntityId, page_number: int, to_number: int
) -> Change:
    """Move a page to another number; return the change, for `undo`.

    The pages between the two numbers move by one.

    Example: moving page 5 to 2 makes page 2 page 3, and pages 3 and 4 pages 4 and 5. A free number
    in between moves along: if 3 was free, 4 is free afterwards.

    Args:
        session: The caller commits it.
        owner_entity_id: The entity that has the page.
        page_number: The present number.
        to_number: The new number.

    Raises:
        EntityNotFoundError: The owner does not exist.
        NoPageAtNumberError: It has no page at `page_number`.
        PageNumberError: `to_number` is not 1 to `MAX_PAGE_NUMBER`.
    """
    page_rows.check_number(to_number)
    await ecs_service.lock_entity(session, owner_entity_id)
    await page_rows.require_page(session, owner_entity_id, page_number)
    first, last = sorted((page_number, to_number))
    async with page_rows.noted(session, owner_entity_id, first=first, last=last) as noted:
        if to_number != page_number:
            await page_rows.move(session, owner_entity_id, page_number, to_number)
    return noted.change


async def update_page_order(
    session: AsyncSession,
    owner_entity_id: EntityId,
    page_image_entity_ids: Iterable[EntityId],
    *,
    expected: Sequence[EntityId] | None = None,
) -> Change:
    """Replace an owner's pages by these pictures; return the change, for `undo`.

    They are numbered from 1, in the order given. Pages whose pictures are left out are removed; new
    pictures become pages. The facts of a page (its type, double page …) stay with its picture. If a
    picture occurs several times, its first place keeps the facts of the former first place, and so
    on.

    Example: `await update_page_order(session, variant, [*before[1:], before[0]], expected=before)`.

    Args:
        session: The caller commits it.
        owner_entity_id: The entity that has the pages; any entity.
        page_image_entity_ids: The pictures in their new order; may repeat, may be empty.
        expected: The former order, as `get_ordered_pages` returned it. Pass it if it was read in an
            earlier transaction, so that pages which another user has added since are not lost
            unnoticed.

    Raises:
        EntityNotFoundError: The owner or some of the pictures do not exist; the pages stay.
        OwnPartError: The owner is among the pictures.
        PagesChangedError: The pages are not those in `expected`; they stay.
    """
    images = list(page_image_entity_ids)
    await page_rows.lock(session, owner_entity_id, images)
    there = await get_pages(session, owner_entity_id)
    found = [page.page_image_entity_id for page in there]
    if expected is not None and found != list(expected):
        raise PagesChangedError(owner_entity_id, expected, found)
    known = defaultdict[EntityId, list[Page]](list)
    for page in there:
        known[page.page_image_entity_id].append(page)
    pages = [
        known[image].pop(0) if known[image] else Page(page_image_entity_id=image)
        for image in images
    ]
    async with page_rows.noted(session, owner_entity_id) as noted:
        await page_rows.replace_pages(session, owner_entity_id, pages)
    return noted.change


async def set_pages(
    session: AsyncSession, owner_entity_id: EntityId, pages: Iterable[Page]
) -> Change:
    """Replace an owner's pages by these, with their facts; return the change, for `undo`.

    Example: `await set_pages(session, variant, [Page(cover, "FrontCover"), Page(second)])`.

    Args:
        session: The caller commits it.
        owner_entity_id: The entity that has the pages; any entity.
        pages: The new pages, in order; they are numbered from 1.

    Raises:
        EntityNotFoundError: The owner or some of the pictures do not exist; the pages stay.
        OwnPartError: The owner is among the pictures.
        FactRefusedError: `Page` has no such type.
    """
    pages = list(pages)
    await page_rows.lock(session, owner_entity_id, [page.page_image_entity_id for page in pages])
    async with page_rows.noted(session, owner_entity_id) as noted:
        await page_rows.replace_pages(session, owner_entity_id, pages)
    return noted.change


async def change_page(
    session: AsyncSession,
    owner_entity_id: EntityId,
    page_number: int,
    *,
    page_type: str | None,
    is_double_page: bool,
) -> Change:
    """Set the type of a page, and whether it is a double page; return the change, for `undo`.

    Example: `await change_page(session, variant, 1, page_type="FrontCover", is_double_page=False)`.

    Args:
        session: The caller commits it.
        owner_entity_id: The entity that has the page.
        page_number: The number of the page.
        page_type: As in `Page`; None removes the type.
        is_double_page: Whether it is a double page.

    Raises:
        EntityNotFoundError: The owner does not exist.
        NoPageAtNumberError: It has no page at that number.
        FactRefusedError: `Page` has no such type.
    """
    page_rows.check_type(page_type)
    await ecs_service.lock_entity(session, owner_entity_id)
    await page_rows.require_page(session, owner_entity_id, page_number)
    facts = {"page_type": page_type, "is_double_page": is_double_page}
    where, at = page_rows.at(owner_entity_id, page_number), page_number
    async with page_rows.noted(session, owner_entity_id, first=at, last=at) as noted:
        await session.execute(update(_LINKS).where(*where).values(facts))
    return noted.change


async def get_ordered_pages(
    session: ReadOnly[AsyncSession], owner_entity_id: EntityId
) -> list[EntityId]:
    """Return the pictures of an owner's pages in order; a picture may occur several times.

    The owner may be any entity; the list is empty if it has no pages.

    Raises:
        EntityNotFoundError: The owner does not exist.
    """
    ecs_service.check_ids([owner_entity_id])
    ordered = (
        select(_LINKS.c.page_image_entity_id)
        .where(_LINKS.c.owner_entity_id == owner_entity_id)
        .order_by(_LINKS.c.page_number)
    )
    images = (await session.scalars(ordered)).all()
    if not images:
        await ecs_service.get_entities(session, [owner_entity_id])
    return list(images)


async def get_pages(session: ReadOnly[AsyncSession], owner_entity_id: EntityId) -> list[Page]:
    """Return an owner's pages in order with their facts, as `set_pages` takes them.

    Raises:
        EntityNotFoundError: The owner does not exist.
    """
    ecs_service.check_ids([owner_entity_id])
    rows = select(
        _LINKS.c.page_image_entity_id,
        _LINKS.c.page_type,
        _LINKS.c.is_double_page,
        _LINKS.c.attributes,
    ).where(_LINKS.c.owner_entity_id == owner_entity_id)
    found = (await session.execute(rows.order_by(_LINKS.c.page_number))).all()
    if not found:
        await ecs_service.get_entities(session, [owner_entity_id])
    return [
        Page(
            page_image_entity_id=row.page_image_entity_id,
            page_type=row.page_type,
            is_double_page=row.is_double_page,
            attributes=json.loads(row.attributes) if row.attributes else {},
        )
        for row in found
    ]
