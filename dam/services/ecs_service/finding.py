"""Finds and counts the entities that have some components and lack others."""

from collections.abc import AsyncIterator

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.values import at_least
from dam.core.ecs.components import Entity, EntityId
from dam.core.read_only import ReadOnly
from dam.services.ecs_service.hiding import Hidden
from dam.services.ecs_service.queries import MAX_ID, Conditions, Kinds, matching


async def find_entities(
    session: ReadOnly[AsyncSession],
    *,
    with_: Kinds = (),
    without: Kinds = (),
    where: Conditions = (),
    hidden: Hidden = "leave_out",
    after: EntityId = 0,
    limit: int = 1000,
) -> list[EntityId]:
    """Return one page of the entities that match, in ascending order of their ids.

    Example: wide pictures without a perceptual hash, page by page:

        wide = [ImageDimensionsComponent.width >= 1000]
        unhashed = [ImagePerceptualPHashComponent]
        first = await find_entities(session, where=wide, without=unhashed)
        second = await find_entities(session, where=wide, without=unhashed, after=first[-1])

    Args:
        session: An open transaction.
        with_: Component classes that an entity must all have.
        without: Component classes of which it must have none.
        where: Conditions that must all hold. Each one is checked on one row of each component that
            it names; to check two conditions on the same row, join them with `and_`.
        hidden: Whether hidden entities, such as assets in the trash, are left out.
        after: Return only ids greater than this one.
        limit: The greatest number of ids returned.

    Raises:
        ValueError: The limit is negative.
        TypeError: `with_` or `without` has something that is not a component class with a table.
    """
    at_least(0, limit=limit)
    after = max(0, min(after, MAX_ID))
    found = matching(with_, without, where, hidden).where(Entity.id > after).order_by(Entity.id)
    return list(await session.scalars(found.limit(min(limit, MAX_ID))))


async def stream_entities(
    session: ReadOnly[AsyncSession],
    *,
    with_: Kinds = (),
    without: Kinds = (),
    where: Conditions = (),
    hidden: Hidden = "leave_out",
    page_size: int = 1000,
) -> AsyncIterator[EntityId]:
    """Yield the ids of all entities that match, one by one, in ascending order.

    The session's transaction stays open until the end. For slow work, call `find_entities` page by
    page with `world.run` instead; `SyncWorld.pages` does that in ordinary code.

    Example: `async for entity_id in stream_entities(session, with_=[ImageDimensionsComponent]):`.

    Args:
        session: An open transaction.
        with_: As in `find_entities`.
        without: As in `find_entities`.
        where: As in `find_entities`.
        hidden: As in `find_entities`.
        page_size: How many ids are read from the database at a time.

    Raises:
        ValueError: The page size is less than one.
        TypeError: As in `find_entities`.
    """
    at_least(1, page_size=page_size)
    page = [0]
    while page:
        page = await find_entities(
            session,
            with_=with_,
            without=without,
            where=where,
            hidden=hidden,
            after=page[-1],
            limit=page_size,
        )
        for entity_id in page:
            yield entity_id


async def count_entities(
    session: ReadOnly[AsyncSession],
    *,
    with_: Kinds = (),
    without: Kinds = (),
    where: Conditions = (),
    hidden: Hidden = "leave_out",
) -> int:
    """Return how many entities match.

    Example: `await count_entities(session, where=[ImageDimensionsComponent.width > 400])`.

    Args:
        session: An open transaction.
        with_: As in `find_entities`.
        without: As in `find_entities`.
        where: As in `find_entities`.
        hidden: As in `find_entities`.
    """
    found = matching(with_, without, where, hidden).subquery()
    return (await session.scalars(select(func.count()).select_from(found))).one()
