"""Marks many entities in short transactions, so that other writers need not wait long."""

from collections.abc import Callable
from typing import TypeVarTuple

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId, MarkerComponent
from dam.core.ecs.rows import mark
from dam.core.world import World

Columns = TypeVarTuple("Columns")

_PAGE = 5_000


def _is_any(*_: object) -> bool:
    return True


async def mark_in_pages(
    world: World,
    marker: type[MarkerComponent],
    statement: Select[EntityId, *Columns],
    *,
    is_meant: Callable[[EntityId, *Columns], bool] = _is_any,
    is_dry_run: bool = False,
) -> int:
    """Mark the entities that a statement selects; return how many.

    Each page of 5000 rows is a transaction of its own. If a page fails, the marks of earlier pages
    stay.

    Example: look once more at the content of all large pictures:

        size = ImageDimensionsComponent
        large = select(size.entity_id).where(size.width > 10_000)
        await mark_in_pages(world, NeedsContentAnalysisComponent, large)

    Args:
        world: The world of the entities.
        marker: The marker to set.
        statement: Selects each entity once, its id as the first column. Has no order: this function
            sorts by id.
        is_meant: Called with the values of each row; the entity is marked if it returns True.
        is_dry_run: Count, and mark nothing.
    """
    entity_id = statement.selected_columns[0]

    async def mark_page(session: AsyncSession, after: EntityId) -> tuple[int, EntityId | None]:
        page = statement.where(entity_id > after).order_by(entity_id).limit(_PAGE)
        rows = (await session.execute(page)).all()
        meant = [row[0] for row in rows if is_meant(*row)]
        if not is_dry_run:
            await mark(session, marker, meant)
        return len(meant), rows[-1][0] if len(rows) == _PAGE else None

    run = world.read if is_dry_run else world.run
    marked = 0
    last: EntityId | None = 0
    while last is not None:
        count, last = await run(mark_page, last)
        marked += count
    return marked
