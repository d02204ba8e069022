"""The statements behind `page_service`; whoever calls one has locked the owner of the pages."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.bulk import insert_rows
from dam.core.ecs import EntityId, table_of
from dam.errors import NoPageAtNumberError, OwnPartError, PageNumberError
from dam.models import PageLink
from dam.services import ecs_service

MAX_PAGE_NUMBER = 1_000_000

# Databases look at each row as it changes: numbers that shift make a detour far above all others.
_DETOUR = 1 << 40
_CHUNK = 5_000

_LINKS = table_of(PageLink)
_columns = _LINKS.c

Conditions = Sequence[ColumnElement[bool]]


@dataclass(frozen=True, kw_only=True)
class Page:
    """A picture as a page, and what is said of it there.

    Args:
        page_type: As ComicInfo names it: `FrontCover`, `Story`, `Advertisement` …
        attributes: What else a list of pages says of it, by name.
    """

    page_image_entity_id: EntityId
    page_type: str | None = None
    is_double_page: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)


def check_number(page_number: int) -> None:
    """Raise a `PageNumberError` unless a page can have this number."""
    if not 1 <= page_number <= MAX_PAGE_NUMBER:
        raise PageNumberError(page_number, MAX_PAGE_NUMBER)


async def lock(
    session: AsyncSession, owner_entity_id: EntityId, image_entity_ids: Collection[EntityId]
) -> None:
    """Lock the owner, and keep the pictures that are to be its pages from being deleted.

    Raises:
        EntityNotFoundError: The owner or some of the pictures do not exist.
        OwnPartError: The owner is among them.
    """
    if owner_entity_id in image_entity_ids:
        raise OwnPartError(owner_entity_id, "page")
    await ecs_service.lock_entity(session, owner_entity_id)
    images = sorted(set(image_entity_ids))
    for start in range(0, len(images), _CHUNK):
        await ecs_service.require_entities(session, images[start : start + _CHUNK])


def at(owner_entity_id: EntityId, page_number: int) -> Conditions:
    """Return what is true of the page at a number of an owner alone."""
    return _columns.owner_entity_id == owner_entity_id, _columns.page_number == page_number


async def find_page(
    session: AsyncSession, owner_entity_id: EntityId, page_number: int
) -> EntityId | None:
    """Return the picture at a number, or None."""
    there = select(_LINKS.c.page_image_entity_id).where(*at(owner_entity_id, page_number))
    return await session.scalar(there)


async def require_page(
    session: AsyncSession, owner_entity_id: EntityId, page_number: int
) -> EntityId:
    """Return the picture at a number; raise a `NoPageAtNumberError` where there is none."""
    there = await find_page(session, owner_entity_id, page_number)
    if there is None:
        raise NoPageAtNumberError(owner_entity_id, page_number)
    return there


async def insert_pages(
    session: AsyncSession, owner_entity_id: EntityId, pages: Sequence[Page], *, first_number: int
) -> None:
    """Write pages at this number and those that follow it, all of them free."""
    rows = [
        {
            "owner_entity_id": owner_entity_id,
            "page_image_entity_id": page.page_image_entity_id,
            "page_number": number,
            "page_type": page.page_type,
            "is_double_page": page.is_double_page,
            "attributes": json.dumps(dict(page.attributes)) if page.attributes else None,
        }
        for number, page in enumerate(pages, first_number)
    ]
    await insert_rows(session, _LINKS, rows)


async def replace_pages(
    session: AsyncSession, owner_entity_id: EntityId, pages: Sequence[Page]
) -> None:
    """Make these the whole of the owner's pages, from 1."""
    check_number(max(len(pages), 1))
    await session.execute(delete(_LINKS).where(_columns.owner_entity_id == owner_entity_id))
    await insert_pages(session, owner_entity_id, pages, first_number=1)


async def delete_pages(session: AsyncSession, conditions: Conditions) -> list[int]:
    """Delete the pages of which all conditions are true; return their numbers, ascending."""
    deleted = delete(_LINKS).where(*conditions).returning(_columns.page_number)
    return sorted(await session.scalars(deleted))


async def make_room(session: AsyncSession, owner_entity_id: EntityId, page_number: int) -> None:
    """Move the page at a number and all that follow up by one.

    Raises:
        PageNumberError: The last one has the highest number that there is.
    """
    last = await session.scalar(
        select(func.max(_columns.page_number)).where(_columns.owner_entity_id == owner_entity_id)
    )
    check_number((last or 0) + 1)
    await shift(session, owner_entity_id, page_number, MAX_PAGE_NUMBER, by=1)


async def close_gaps(
    session: AsyncSession, owner_entity_id: EntityId, freed_numbers: Sequence[int]
) -> None:
    """Move all that follow a number that was freed down by one, for each of these."""
    for number in sorted(freed_numbers, reverse=True):
        await shift(session, owner_entity_id, number + 1, MAX_PAGE_NUMBER, by=-1)


async def move(
    session: AsyncSession, owner_entity_id: EntityId, page_number: int, to_number: int
) -> None:
    """Let the page at one number stand at another; those between move by one to make room."""
    await _renumber(session, at(owner_entity_id, page_number), by=_DETOUR)
    if to_number < page_number:
        await shift(session, owner_entity_id, to_number, page_number - 1, by=1)
    else:
        await shift(session, owner_entity_id, page_number + 1, to_number, by=-1)
    waiting = at(owner_entity_id, page_number + _DETOUR)
    await _renumber(session, waiting, by=to_number - page_number - _DETOUR)


async def shift(
    session: AsyncSession, owner_entity_id: EntityId, first: int, last: int, *, by: int
) -> None:
    """Add to the numbers of the pages from the first to the last; they then are all free."""
    of_owner = _columns.owner_entity_id == owner_entity_id
    await _renumber(session, (of_owner, _columns.page_number.between(first, last)), by=_DETOUR)
    waiting = _columns.page_number.between(first + _DETOUR, last + _DETOUR)
    await _renumber(session, (of_owner, waiting), by=by - _DETOUR)


async def _renumber(session: AsyncSession, conditions: Conditions, *, by: int) -> None:
    await session.execute(
        update(_LINKS).where(*conditions).values(page_number=_columns.page_number + by)
    )
