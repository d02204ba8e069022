"""The ordered pages of an entity: of a comic's variant, or of any other work that has pages.

Numbers count from 1 and belong to their pages: taking a page away leaves the numbers of the others,
so that what somebody else is about to do to page 7 still hits page 7. Only inserting, closing a
gap, moving and reordering renumber. Whoever changes pages locks their owner first, so two who do
so at once come one after the other. Nothing here commits.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId, table_of
from dam.errors import NotAPageError, PageNumberTakenError, PagesChangedError
from dam.models import PageLink
from dam.services import ecs_service
from dam.services.page_service import rows as page_rows
from dam.services.page_service.rows import Page

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
) -> None:
    """Make a picture the page of an owner at a number; numbers before it may stay free.

    The owner may be any entity. A picture may be a page several times. A taken number is an error,
    unless the page `is_inserted`: then the page there and all that follow move up by one.

    Raises:
        EntityNotFoundError: The owner or the picture does not exist.
        OwnPartError: They are the same entity.
        PageNumberError: The number is not 1 to `MAX_PAGE_NUMBER`, or a page would move beyond it.
        PageNumberTakenError: Another page, or the same picture, is at this number.
        FactRefusedError: The type is none that `Page` can have.
    """
    page_rows.check_number(page_number)
    await page_rows.lock(session, owner_entity_id, [page_image_entity_id])
    if is_inserted:
        await page_rows.make_room(session, owner_entity_id, page_number, 1)
    elif (there := await page_rows.find_page(session, owner_entity_id, page_number)) is not None:
        raise PageNumberTakenError(owner_entity_id, page_number, there)
    page = Page(
        page_image_entity_id=page_image_entity_id,
        page_type=page_type,
        is_double_page=is_double_page,
    )
    await page_rows.insert_pages(session, owner_entity_id, [page], first_number=page_number)


async def insert_pages(
    session: AsyncSession,
    owner_entity_id: EntityId,
    pages: Iterable[Page],
    *,
    at: int | None = None,
) -> range:
    """Put pages at a number and those that follow it, or behind the last; return their numbers.

    The owner may be any entity. Where one of these numbers is taken, the page there and all that
    follow move up, behind the new ones.

    Raises:
        EntityNotFoundError: The owner or some of the pictures do not exist.
        OwnPartError: The owner is among them.
        PageNumberError: A number is not 1 to `MAX_PAGE_NUMBER`, or a page would move beyond it.
        FactRefusedError: A type is none that `Page` can have.
    """
    pages = list(pages)
    await page_rows.lock(session, owner_entity_id, [page.page_image_entity_id for page in pages])
    first = await page_rows.find_last(session, owner_entity_id) + 1 if at is None else at
    numbers = range(first, first + len(pages))
    if pages:
        page_rows.check_number(numbers[0])
        page_rows.check_number(numbers[-1])
        await page_rows.make_room(session, owner_entity_id, first, len(pages))
        await page_rows.insert_pages(session, owner_entity_id, pages, first_number=first)
    return numbers


async def remove_page(
    session: AsyncSession,
    owner_entity_id: EntityId,
    page_image_entity_id: EntityId,
    *,
    page_number: int | None = None,
    closes_gap: bool = False,
) -> list[int]:
    """Take a picture from an owner's pages, wherever it stands or at one number alone.

    The other pages keep their numbers, unless this `closes_gap`. Returns the numbers that were
    taken away, ascending.

    Raises:
        EntityNotFoundError: The owner does not exist, or the picture's id can be nobody's.
        PageNumberError: The number is not 1 to `MAX_PAGE_NUMBER`.
        NotAPageError: The picture is no page of the owner, or not at that number.
    """
    await ecs_service.lock_entity(session, owner_entity_id)
    ecs_service.check_ids([page_image_entity_id])
    wanted = [
        PageLink.owner_entity_id == owner_entity_id,
        PageLink.page_image_entity_id == page_image_entity_id,
    ]
    if page_number is not None:
        page_rows.check_number(page_number)
        wanted.append(PageLink.page_number == page_number)
    numbers = await page_rows.delete_pages(session, wanted)
    if not numbers:
        raise NotAPageError(owner_entity_id, page_image_entity_id, page_number)
    if closes_gap:
        await page_rows.close_gaps(session, owner_entity_id, numbers)
    return numbers


async def remove_page_at_number(
    session: AsyncSession,
    owner_entity_id: EntityId,
    page_number: int,
    *,
    closes_gap: bool = False,
) -> EntityId:
    """Take the page at a number from an owner's pages and return its picture, which stays.

    The other pages keep their numbers, unless this `closes_gap`.

    Raises:
        EntityNotFoundError: The owner does not exist.
        NoPageAtNumberError: It has no page at that number.
    """
    removed = await remove_pages_at_numbers(
        session, owner_entity_id, [page_number], closes_gaps=closes_gap
    )
    return removed[page_number]


async def remove_pages_at_numbers(
    session: AsyncSession,
    owner_entity_id: EntityId,
    page_numbers: Collection[int],
    *,
    closes_gaps: bool = False,
) -> dict[int, EntityId]:
    """Take the pages at these numbers away and return their pictures, which stay, by number.

    The numbers are those before any is taken away. The other pages keep theirs, unless this
    `closes_gaps`.

    Raises:
        EntityNotFoundError: The owner does not exist.
        NoPageAtNumberError: It has no page at one of the numbers; all pages stay.
    """
    await ecs_service.lock_entity(session, owner_entity_id)
    there = await page_rows.require_pages(session, owner_entity_id, page_numbers)
    for numbers in portions(list(there)):
        await page_rows.delete_pages(session, page_rows.among(owner_entity_id, numbers))
    if closes_gaps and there:
        await page_rows.close_gaps(session, owner_entity_id, there)
    return there


async def move_page(
    session: AsyncSession, owner_entity_id: EntityId, page_number: int, to_number: int
) -> None:
    """Let the page at one number stand at another; those between move by one to make room.

    Free numbers between them stay free, one further on.

    Raises:
        EntityNotFoundError: The owner does not exist.
        NoPageAtNumberError: It has no page at the first number.
        PageNumberError: The second number is not 1 to `MAX_PAGE_NUMBER`.
    """
    page_rows.check_number(to_number)
    await ecs_service.lock_entity(session, owner_entity_id)
    await page_rows.require_page(session, owner_entity_id, page_number)
    if to_number != page_number:
        await page_rows.move(session, owner_entity_id, page_number, to_number)


async def update_page_order(
    session: AsyncSession,
    owner_entity_id: EntityId,
    page_image_entity_ids: Iterable[EntityId],
    *,
    expected: Sequence[EntityId] | None = None,
) -> None:
    """Make these pictures, in this order, the whole of an owner's pages, numbered from 1.

    Pictures that are left out are no pages any more, new ones become pages; none makes an owner
    without pages. A picture may repeat. What is said of a page (its type, double page …) stays with
    its picture: that of its first place with the first, and so on. The owner may be any entity.

    Args:
        session: Where.
        owner_entity_id: Whose pages.
        page_image_entity_ids: The new order.
        expected: The order of before, as `get_ordered_pages` returned it. Who makes a new order of
            what was read in an earlier transaction gives it: pages that somebody else has added
            meanwhile are then not lost unseen.

    Raises:
        EntityNotFoundError: The owner or some of the pictures do not exist; the pages stay.
        OwnPartError: The owner is among them.
        PagesChangedError: The pages are not those expected; they stay.
    """
    images = list(page_image_entity_ids)
    await page_rows.lock(session, owner_entity_id, images)
    there = await get_pages(session, owner_entity_id)
    found = [page.page_image_entity_id for page in there]
    if expected is not None and found != list(expected):
        raise PagesChangedError(owner_entity_id, expected, found)
    said = defaultdict[EntityId, list[Page]](list)
    for page in there:
        said[page.page_image_entity_id].append(page)
    pages = [
        said[image].pop(0) if said[image] else Page(page_image_entity_id=image) for image in images
    ]
    await page_rows.replace_pages(session, owner_entity_id, pages)


async def set_pages(
    session: AsyncSession, owner_entity_id: EntityId, pages: Iterable[Page]
) -> None:
    """Make these, in this order, the whole of an owner's pages, with what is said of them.

    Raises:
        EntityNotFoundError: The owner or some of the pictures do not exist; the pages stay.
        OwnPartError: The owner is among them.
        FactRefusedError: A type is none that `Page` can have.
    """
    pages = list(pages)
    await page_rows.lock(session, owner_entity_id, [page.page_image_entity_id for page in pages])
    await page_rows.replace_pages(session, owner_entity_id, pages)


async def change_page(
    session: AsyncSession,
    owner_entity_id: EntityId,
    page_number: int,
    *,
    page_type: str | None,
    is_double_page: bool,
) -> None:
    """Say anew of the page at a number what type it is and whether it is a double page.

    Raises:
        EntityNotFoundError: The owner does not exist.
        NoPageAtNumberError: It has no page at that number.
        FactRefusedError: The type is none that `Page` can have.
    """
    page_rows.check_type(page_type)
    await ecs_service.lock_entity(session, owner_entity_id)
    await page_rows.require_page(session, owner_entity_id, page_number)
    said = {"page_type": page_type, "is_double_page": is_double_page}
    await session.execute(
        update(_LINKS).where(*page_rows.at(owner_entity_id, page_number)).values(said)
    )


async def get_ordered_pages(session: AsyncSession, owner_entity_id: EntityId) -> list[EntityId]:
    """Return the pictures of an owner's pages in order; one that repeats is there repeatedly.

    The owner may be any entity; one without pages has none.

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


async def get_pages(session: AsyncSession, owner_entity_id: EntityId) -> list[Page]:
    """Return an owner's pages in order with what is said of them, ready for `set_pages`.

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
