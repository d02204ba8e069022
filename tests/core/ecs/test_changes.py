"""Changes of rows, and what `undo` makes of them."""

import gc
from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.database import Database
from dam.core.ecs.changes import Change, Watched, recorded, undo
from dam.core.ecs.components import EntityId
from dam.core.ecs.rows import write_rows
from dam.errors import ChangedSinceError
from dam.models import ContentSuccessorComponent as Link
from dam.models import ImageDimensionsComponent as Dimensions
from tests.core.worlds import new_entities


async def _write(session: AsyncSession, sizes: dict[EntityId, int]) -> None:
    rows = [{"entity_id": key, "width": width, "height": 1} for key, width in sizes.items()]
    await write_rows(session, Dimensions, rows, replace=True)


async def _sizes(session: AsyncSession) -> dict[EntityId, int]:
    rows = await session.execute(select(Dimensions.entity_id, Dimensions.width))
    return dict(rows.all())


async def _links(session: AsyncSession) -> list[tuple[EntityId, EntityId]]:
    rows = await session.execute(select(Link.entity_id, Link.successor_entity_id).order_by(Link.id))
    return [(entity, other) for entity, other in rows]


def _watched(ids: Sequence[EntityId]) -> list[Watched]:
    return [Watched(column=kind.entity_id, ids=ids) for kind in (Dimensions, Link)]


async def _link(session: AsyncSession, entity: EntityId, other: EntityId) -> None:
    row = {"entity_id": entity, "successor_entity_id": other}
    await write_rows(session, Link, [row], replace=False)


async def _change(session: AsyncSession) -> Change:
    """Change the size of entity 1, remove that of 2, give 3 one, and take a link from 1."""
    async with recorded(session, _watched([1, 2, 3]), what="a change") as recording:
        await _write(session, {1: 10, 3: 30})
        await session.delete(await session.get_one(Dimensions, 2))
        await session.delete((await session.scalars(select(Link))).one())
    return recording.change


async def _prepare(session: AsyncSession) -> None:
    await new_entities(session, 4)
    await _write(session, {1: 1, 2: 2, 4: 4})
    await _link(session, 1, 4)


async def test_a_change_tells_which_rows_it_changed(database: Database) -> None:
    await database.write(_prepare)
    change = await database.write(_change)
    assert change.what == "a change"
    assert change.entity_ids == (1, 2, 3)
    sizes = [
        tuple(row and row["width"] for row in (each.before, each.after))
        for each in change.rows
        if each.table.name == Dimensions.__tablename__
    ]
    assert sizes == [(1, 10), (2, None), (None, 30)]


async def test_undo_puts_back_what_was_changed_removed_and_added(database: Database) -> None:
    await database.write(_prepare)
    change = await database.write(_change)
    await database.write(_write, {4: 40})  # not a row of the change
    again = await database.write(undo, change)
    assert await database.read(_sizes) == {1: 1, 2: 2, 4: 40}
    assert await database.read(_links) == [(1, 4)]
    await database.write(undo, again)
    assert await database.read(_sizes) == {1: 10, 3: 30, 4: 40}
    assert await database.read(_links) == []


async def test_a_removed_row_comes_back_although_its_number_was_used_again(
    database: Database,
) -> None:
    await database.write(_prepare)
    change = await database.write(_change)
    await database.write(_link, 3, 4)
    await database.write(undo, change)
    assert sorted(await database.read(_links)) == [(1, 4), (3, 4)]


async def test_undo_refuses_rows_that_changed_since(database: Database) -> None:
    await database.write(_prepare)
    change = await database.write(_change)
    await database.write(_write, {1: 11})
    message = "cannot undo this \\(a change\\): entity 1 changed since"
    with pytest.raises(ChangedSinceError, match=message):
        await database.write(undo, change)
    assert await database.read(_sizes) == {1: 11, 3: 30, 4: 4}


async def test_undo_refuses_a_removed_row_that_was_written_anew(database: Database) -> None:
    await database.write(_prepare)
    change = await database.write(_change)
    await database.write(_write, {2: 22})
    message = r"cannot undo this \(a change\): entities 1, 2, 3 changed"
    with pytest.raises(ChangedSinceError, match=message):
        await database.write(undo, change)
    assert await database.read(_sizes) == {1: 10, 2: 22, 3: 30, 4: 4}


async def test_a_call_that_changes_nothing_is_an_empty_change(database: Database) -> None:
    await database.write(_prepare)

    async def nothing(session: AsyncSession) -> Change:
        async with recorded(session, _watched([1]), what="nothing") as recording:
            await _write(session, {1: 1})
        return recording.change

    change = await database.write(nothing)
    assert change.rows == ()
    assert (await database.write(undo, change)).rows == ()


@pytest.mark.parametrize("was_enabled", [True, False])
async def test_the_collector_is_left_as_it_was(database: Database, *, was_enabled: bool) -> None:
    await database.write(_prepare)
    switch = gc.enable if was_enabled else gc.disable
    try:
        switch()
        await database.write(_change)
        assert gc.isenabled() is was_enabled
    finally:
        gc.enable()
