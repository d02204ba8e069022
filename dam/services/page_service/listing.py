"""Pages as people look at them and change them: many at once, and what is then there.

Nothing here commits. The owner may be any entity.
"""

import os
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId, table_of
from dam.errors import PagesLeftOutError
from dam.media.archive.names import parts, true_name
from dam.models import (
    ContentHashSHA256Component,
    FileLocationComponent,
    FilePropertiesComponent,
    ImageDimensionsComponent,
    PageLink,
)
from dam.services import ecs_service
from dam.services.page_service import pages as page_service
from dam.services.page_service.rows import Page

_links = table_of(PageLink).c


@dataclass(frozen=True, kw_only=True)
class PageFacts:
    """A page: its number, its picture, and what is known of both.

    Args:
        name: The base name as it is; bytes that are not UTF-8 are surrogate escapes.
    """

    page_number: int
    entity_id: EntityId
    sha256: bytes | None
    name: str | None
    width: int | None
    height: int | None
    page_type: str | None
    is_double_page: bool


async def describe_pages(session: AsyncSession, owner_entity_id: EntityId) -> list[PageFacts]:
    """Return an owner's pages in order, in one statement; any entity may have pages.

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


async def list_pages(session: AsyncSession, owner_entity_id: EntityId) -> list[PageFacts]:
    """Return an owner's pages in order, by the names that they have in it if it is an archive.

    Of a picture that an archive has several times, a page has the name that follows the one of the
    page before it, where there is one.

    Raises:
        EntityNotFoundError: The owner does not exist.
    """
    ecs_service.check_ids([owner_entity_id])
    place = FileLocationComponent
    inside = (
        select(place.entity_id, place.path, place.path_text)
        .where(place.container_entity_id == owner_entity_id)
        .order_by(place.id)  # in which reading order wrote them
    )
    names: list[str] = []
    places: dict[EntityId, list[int]] = defaultdict(list)
    for at, (entity_id, raw_name, shown) in enumerate(await session.execute(inside)):
        places[entity_id].append(at)
        names.append((parts(true_name(raw_name or b"", shown or "")) or ["?"])[-1])
    pages: list[PageFacts] = []
    before = -1
    for page in await describe_pages(session, owner_entity_id):
        if free := places[page.entity_id]:
            before = free.pop(bisect_right(free, before) % len(free))
            pages.append(replace(page, name=names[before]))
        else:
            pages.append(page)
    return pages


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

    What stands there moves up, with all behind.

    Raises:
        EntityNotFoundError: The owner or some of the pictures do not exist.
        OwnPartError, PageNumberError: As `page_service.insert_pages` says.
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
    await ecs_service.lock_entity(session, owner_entity_id)
    pages = await list_pages(session, owner_entity_id)
    removed = await page_service.remove_pages_at_numbers(
        session, owner_entity_id, page_numbers, closes_gaps=closes_gaps
    )
    return [page for page in pages if page.page_number in removed]


async def renumber_page(
    session: AsyncSession, owner_entity_id: EntityId, page_number: int, to_number: int
) -> list[PageFacts]:
    """Let a page stand at another number; return all pages as they are then.

    Raises:
        EntityNotFoundError, NoPageAtNumberError, PageNumberError: As `page_service.move_page` says.
    """
    await page_service.move_page(session, owner_entity_id, page_number, to_number)
    return await list_pages(session, owner_entity_id)


async def reorder_pages(
    session: AsyncSession,
    owner_entity_id: EntityId,
    image_entity_ids: Iterable[EntityId],
    *,
    drops_others: bool = False,
) -> list[PageFacts]:
    """Make these pictures the whole of the pages, in this order; return all pages.

    Each page that there is has to be among them, as often as it is there, unless this
    `drops_others`: so what somebody else has added meanwhile is not lost unseen.

    Raises:
        EntityNotFoundError, OwnPartError: As `page_service.update_page_order` says.
        PagesLeftOutError: Some pages are not among them; all stay as they are.
    """
    images = list(image_entity_ids)
    await ecs_service.lock_entity(session, owner_entity_id)
    if not drops_others:
        there = await list_pages(session, owner_entity_id)
        if left_out := _left_out(there, images):
            raise PagesLeftOutError(owner_entity_id, left_out)
    await page_service.update_page_order(session, owner_entity_id, images)
    return await list_pages(session, owner_entity_id)


def _left_out(pages: Sequence[PageFacts], images: Iterable[EntityId]) -> dict[int, EntityId]:
    """Return the pages that are not among pictures, by number; of those of one, the last ones."""
    named = Counter(images)
    left_out: dict[int, EntityId] = {}
    for page in pages:
        named[page.entity_id] -= 1
        if named[page.entity_id] < 0:
            left_out[page.page_number] = page.entity_id
    return left_out
