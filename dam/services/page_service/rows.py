"""SQL statements of `page_service`. Callers that write have locked the owner of the pages."""

import json
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.bulk import insert_rows
from dam.core.database.portions import portions
from dam.core.ecs.changes import Change, Recording, Watched, recorded
from dam.core.ecs.components import EntityId, table_of
from dam.errors import FactRefusedError, NoPageAtNumberError, OwnPartError, PageNumberError
from dam.media.comic.info import PAGE_TYPES
from dam.models import PageLink
from dam.services import ecs_service

MAX_PAGE_NUMBER = 1_000_000
"""The greatest number that a page can have; the smallest is 1."""

# Databases check uniqueness row by row, so shifted numbers first move far above all others.
_DETOUR = 1 << 40

_MAX_TYPE_LENGTH = 64

_LINKS = table_of(PageLink)
_columns = _LINKS.c

Conditions = Sequence[ColumnElement[bool]]


@dataclass(frozen=True, kw_only=True)
class Page:
    """A picture as a page, with the facts of that page.

    Args:
        page_type: One of the ComicInfo types in `PAGE_TYPES`, or several separated by single
            blanks: `FrontCover`, `Story`, `Story Preview` …
        attributes: Other attributes from the list of pages in a ComicInfo.xml, by name.
    """

    page_image_entity_id: EntityId
    page_type: str | None = None
    is_double_page: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class NumberedPages:
    """Pages that were inserted or removed.

    Args:
        images: Their pictures by number, ascending.
        change: What was changed, for `undo`.
    """

    images: Mapping[int, EntityId]
    change: Change


def check_number(page_number: int) -> None:
    """Raise `PageNumberError` unless the number is 1 to `MAX_PAGE_NUMBER`."""
    if not 1 <= page_number <= MAX_PAGE_NUMBER:
        raise PageNumberError(page_number, MAX_PAGE_NUMBER)


def check_type(page_type: str | None) -> None:
    """Raise `FactRefusedError` unless `Page` can have this type.

    Pages are exported as ComicInfo, which knows no other types.
    """
    if page_type is None:
        return
    is_known = set(page_type.split(" ")) <= set(PAGE_TYPES)
    if not is_known or len(page_type) > _MAX_TYPE_LENGTH:
        shown = ascii(page_type[:_MAX_TYPE_LENGTH])
        raise FactRefusedError("page_type", shown, f"one of {', '.join(PAGE_TYPES)}")


async def lock(
    session: AsyncSession, owner_entity_id: EntityId, image_entity_ids: Collection[EntityId]
) -> None:
    """Lock the owner, and protect the pictures that become its pages from being deleted.

    Raises:
        EntityNotFoundError: The owner or some of the pictures do not exist.
        OwnPartError: The owner is among the pictures.
    """
    if owner_entity_id in image_entity_ids:
        raise OwnPartError(owner_entity_id, "page")
    await ecs_service.lock_entity(session, owner_entity_id)
    await ecs_service.require_entities(session, image_entity_ids)


def noted(
    session: AsyncSession, owner_entity_id: EntityId, *, first: int = 1, last: int | None = None
) -> AbstractAsyncContextManager[Recording]:
    """Note what a block changes in the pages of an owner that is locked.

    Args:
        session: A session that may write.
        owner_entity_id: The owner.
        first: The block changes no page with a lower number.
        last: Nor one with a higher number; None: there is no such bound.
    """
    where = [_columns.page_number >= first]
    if last is not None:
        where.append(_columns.page_number <= last)
    watched = [Watched(column=PageLink.owner_entity_id, ids=[owner_entity_id], where=where)]
    what = f"changed pages of entity {owner_entity_id}"
    return recorded(session, watched, what=what, locked=[owner_entity_id])


def at(owner_entity_id: EntityId, page_number: int) -> Conditions:
    """Return conditions that select the page of an owner at one number."""
    return _columns.owner_entity_id == owner_entity_id, _columns.page_number == page_number


def among(owner_entity_id: EntityId, page_numbers: Collection[int]) -> Conditions:
    """Return conditions that select the pages of an owner at some numbers."""
    return _columns.owner_entity_id == owner_entity_id, _columns.page_number.in_(page_numbers)


async def find_last(session: AsyncSession, owner_entity_id: EntityId) -> int:
    """Return the number of the last page, or 0 if there are no pages."""
    last = select(func.max(_columns.page_number))
    return await session.scalar(last.where(_columns.owner_entity_id == owner_entity_id)) or 0


async def find_page(
    session: AsyncSession, owner_entity_id: EntityId, page_number: int
) -> EntityId | None:
    """Return the picture at a number, or None."""
    there = select(_LINKS.c.page_image_entity_id).where(*at(owner_entity_id, page_number))
    return await session.scalar(there)


async def require_page(
    session: AsyncSession, owner_entity_id: EntityId, page_number: int
) -> EntityId:
    """Return the picture at a number; raise `NoPageAtNumberError` if there is none."""
    return (await require_pages(session, owner_entity_id, [page_number]))[page_number]


async def require_pages(
    session: AsyncSession, owner_entity_id: EntityId, page_numbers: Collection[int]
) -> dict[int, EntityId]:
    """Return pictures by number, ascending; raise `NoPageAtNumberError` if a number has none."""
    there: dict[int, EntityId] = {}
    for numbers in portions(sorted(set(page_numbers))):
        rows = select(_columns.page_number, _columns.page_image_entity_id)
        possible = [number for number in numbers if 1 <= number <= MAX_PAGE_NUMBER]
        found = await session.execute(rows.where(*among(owner_entity_id, possible)))
        pages: dict[int, EntityId] = dict(found.all())
        for number in numbers:
            if number not in pages:
                raise NoPageAtNumberError(owner_entity_id, number)
            there[number] = pages[number]
    return there


async def insert_pages(
    session: AsyncSession, owner_entity_id: EntityId, pages: Sequence[Page], *, first_number: int
) -> None:
    """Write pages at consecutive numbers, which must be free.

    Raises:
        FactRefusedError: `Page` has no such type.
    """
    for page_type in {page.page_type for page in pages}:
        check_type(page_type)
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
    """Replace all pages of the owner by these, numbered from 1."""
    check_number(max(len(pages), 1))
    await session.execute(delete(_LINKS).where(_columns.owner_entity_id == owner_entity_id))
    await insert_pages(session, owner_entity_id, pages, first_number=1)


async def delete_pages(session: AsyncSession, conditions: Conditions) -> dict[int, EntityId]:
    """Delete the pages that meet all conditions; return their pictures by number, ascending."""
    deleted = delete(_LINKS).where(*conditions)
    rows = await session.execute(
        deleted.returning(_columns.page_number, _columns.page_image_entity_id)
    )
    return dict(sorted((number, image) for number, image in rows))


async def make_room(
    session: AsyncSession, owner_entity_id: EntityId, first_number: int, count: int
) -> None:
    """Free `count` numbers from `first_number` on: pages there and all later ones move up.

    They move no further than needed. Example: of pages 1 and 3, freeing 2 numbers from 2 on moves
    page 3 to 4.

    Raises:
        PageNumberError: The last page would move beyond `MAX_PAGE_NUMBER`.
    """
    behind = select(func.min(_columns.page_number), func.max(_columns.page_number)).where(
        _columns.owner_entity_id == owner_entity_id, _columns.page_number >= first_number
    )
    nearest, last = (await session.execute(behind)).one()
    if nearest is None or nearest >= first_number + count:
        return
    by = first_number + count - nearest
    check_number(last + by)
    await shift(session, owner_entity_id, nearest, last, by=by)


async def close_gaps(
    session: AsyncSession, owner_entity_id: EntityId, freed_numbers: Collection[int]
) -> None:
    """Move each page down by the count of freed numbers below its own.

    Example: after 2 and 4 were freed, pages 1, 3 and 5 become 1, 2 and 3.
    """
    freed = sorted(freed_numbers)
    of_owner = _columns.owner_entity_id == owner_entity_id
    behind = select(_columns.page_number).where(of_owner, _columns.page_number > freed[0])
    moves = [
        {"old": number, "new": number - bisect_left(freed, number)}
        for number in await session.scalars(behind.order_by(_columns.page_number))
    ]
    if moves:  # ascending, so that each new number is free when its page moves
        moved = update(_LINKS).where(of_owner, _columns.page_number == bindparam("old"))
        await session.execute(moved.values(page_number=bindparam("new")), moves)


async def move(
    session: AsyncSession, owner_entity_id: EntityId, page_number: int, to_number: int
) -> None:
    """Move a page to another number; the pages between the two numbers move by one."""
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
    """Add `by` to the numbers of the pages `first` to `last`.

    The new numbers must be free, or be numbers of these pages.
    """
    of_owner = _columns.owner_entity_id == owner_entity_id
    await _renumber(session, (of_owner, _columns.page_number.between(first, last)), by=_DETOUR)
    waiting = _columns.page_number.between(first + _DETOUR, last + _DETOUR)
    await _renumber(session, (of_owner, waiting), by=by - _DETOUR)


async def _renumber(session: AsyncSession, conditions: Conditions, *, by: int) -> None:
    await session.execute(
        update(_LINKS).where(*conditions).values(page_number=_columns.page_number + by)
    )
