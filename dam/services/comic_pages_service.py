"""Changes of a comic's pages as people make them: many at once, and the page count with them.

Nothing here commits. The owner may be any entity; only a variant has a document that counts pages.
"""

from collections import defaultdict, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs import EntityId, table_of
from dam.media.archive_names import parts
from dam.models import ComicInfoElementComponent, FileLocationComponent, PageLink
from dam.services import ecs_service, page_service
from dam.services.comic_description_service import PageFacts, describe_pages

_PAGE_COUNT = "PageCount"


async def list_pages(session: AsyncSession, owner_entity_id: EntityId) -> list[PageFacts]:
    """Return an owner's pages in order, by the names that they have in it if it is an archive.

    Raises:
        EntityNotFoundError: The owner does not exist.
    """
    place = FileLocationComponent
    inside = (
        select(place.entity_id, place.path_text)
        .where(place.container_entity_id == owner_entity_id)
        .order_by(place.id)  # in which reading order wrote them
    )
    names: dict[EntityId, deque[str]] = defaultdict(deque)
    for entity_id, name in await session.execute(inside):
        names[entity_id].append((parts(name or "") or ["?"])[-1])
    return [
        replace(page, name=names[page.entity_id].popleft()) if names[page.entity_id] else page
        for page in await describe_pages(session, owner_entity_id)
    ]


async def add_pages(
    session: AsyncSession,
    owner_entity_id: EntityId,
    image_entity_ids: Sequence[EntityId],
    *,
    at: int | None = None,
    page_type: str | None = None,
    is_double_page: bool = False,
) -> list[PageFacts]:
    """Make pictures pages, from the number `at` on or at the end; return them as pages.

    What stands there and behind moves up.

    Raises:
        EntityNotFoundError: The owner or some of the pictures do not exist.
        OwnPartError, PageNumberError: As `page_service.assign_page` says.
    """
    async with _counted(session, owner_entity_id):
        last = select(func.max(PageLink.page_number))
        of_owner = last.where(PageLink.owner_entity_id == owner_entity_id)
        first = at or (await session.scalar(of_owner) or 0) + 1
        for number, image in enumerate(image_entity_ids, first):
            await page_service.assign_page(
                session,
                owner_entity_id,
                image,
                number,
                is_inserted=True,
                page_type=page_type,
                is_double_page=is_double_page,
            )
    added = range(first, first + len(image_entity_ids))
    pages = await list_pages(session, owner_entity_id)
    return [page for page in pages if page.page_number in added]


async def remove_pages(
    session: AsyncSession,
    owner_entity_id: EntityId,
    page_numbers: Sequence[int],
    *,
    closes_gaps: bool,
) -> list[PageFacts]:
    """Take the pages at these numbers away and return them; the pictures stay.

    Args:
        session: Where.
        owner_entity_id: Whose pages.
        page_numbers: As they are before any is taken away.
        closes_gaps: The pages behind move down.

    Raises:
        EntityNotFoundError: The owner does not exist.
        NoPageAtNumberError: It has no page at one of the numbers.
    """
    pages = {page.page_number: page for page in await list_pages(session, owner_entity_id)}
    async with _counted(session, owner_entity_id):
        for number in sorted(set(page_numbers), reverse=True):
            await page_service.remove_page_at_number(
                session, owner_entity_id, number, closes_gap=closes_gaps
            )
    return [pages[number] for number in sorted(set(page_numbers))]


async def move_page(
    session: AsyncSession, owner_entity_id: EntityId, page_number: int, to_number: int
) -> list[PageFacts]:
    """Let a page stand at another number; return all pages as they are then.

    Raises:
        EntityNotFoundError, NoPageAtNumberError, PageNumberError: As `page_service.move_page` says.
    """
    await page_service.move_page(session, owner_entity_id, page_number, to_number)
    return await list_pages(session, owner_entity_id)


async def reorder_pages(
    session: AsyncSession, owner_entity_id: EntityId, image_entity_ids: Sequence[EntityId]
) -> list[PageFacts]:
    """Make these pictures the whole of the pages, in this order; return all pages.

    Raises:
        EntityNotFoundError, OwnPartError: As `page_service.update_page_order` says.
    """
    async with _counted(session, owner_entity_id):
        await page_service.update_page_order(session, owner_entity_id, image_entity_ids)
    return await list_pages(session, owner_entity_id)


@asynccontextmanager
async def _counted(session: AsyncSession, owner_entity_id: EntityId) -> AsyncIterator[None]:
    """Let the document's page count follow what the block does, where it was right before."""
    await ecs_service.lock_entity(session, owner_entity_id)
    counting = select(func.count()).where(PageLink.owner_entity_id == owner_entity_id)
    before = (await session.execute(counting)).scalar_one()
    yield
    after = (await session.execute(counting)).scalar_one()
    element = table_of(ComicInfoElementComponent)
    counted = update(element).where(
        element.c.entity_id == owner_entity_id,
        element.c.name == _PAGE_COUNT,
        element.c.value == str(before),
    )
    await session.execute(counted.values(value=str(after)))
