"""A column is compared with any number of values by one parameter."""

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import aiosqlite
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.among import ArrayText, among, array_text, unnested
from dam.core.database.database import Database
from dam.core.ecs.components import Entity, EntityId
from tests.core.worlds import new_entities


async def test_many_values_are_one_parameter(database: Database) -> None:
    ids = await database.write(new_entities, 3)

    async def read(session: AsyncSession, wanted: list[EntityId]) -> list[EntityId]:
        chosen = select(Entity.id).where(among(Entity.id, wanted)).order_by(Entity.id)
        return list(await session.scalars(chosen))

    assert await database.read(read, ids[1:]) == ids[1:]
    assert await database.read(read, [ids[0], *range(1000, 200_000)]) == ids[:1]
    assert await database.read(read, []) == []


async def test_it_may_stand_inside_of_a_statement(database: Database) -> None:
    first, second, third = await database.write(new_entities, 3)

    async def read(session: AsyncSession) -> list[EntityId]:
        inner = select(Entity.id).where(among(Entity.id, [first, third]))
        both = select(Entity.id).where(Entity.id.in_(inner), ~among(Entity.id, [first]))
        return list(await session.scalars(both))

    assert await database.read(read) == [third]
    assert second


def test_sqlite_answers_it_by_an_index() -> None:
    chosen = select(Entity.id).where(among(Entity.id, [1, 2]), ~among(Entity.id, [3]))
    text = str(chosen.compile(dialect=aiosqlite.dialect()))
    assert "= 1" not in text


async def test_postgresql_takes_the_numbers_of_rows_as_it_wrote_them(database: Database) -> None:
    if database.is_sqlite:
        return
    ids = await database.write(new_entities, 3)

    async def read(session: AsyncSession) -> tuple[list[EntityId], list[EntityId]]:
        written = await session.scalar(select(array_text(Entity.id)).where(Entity.id > ids[0]))
        numbers = ArrayText(written or "")
        again = await session.scalars(unnested(numbers, "entity_id"))
        chosen = select(Entity.id).where(among(Entity.id, numbers)).order_by(Entity.id)
        return sorted(again), list(await session.scalars(chosen))

    assert await database.read(read) == (ids[1:], ids[1:])
    empty = await database.read(_of_no_rows)
    assert empty is None


async def _of_no_rows(session: AsyncSession) -> str | None:
    return await session.scalar(select(array_text(Entity.id)).where(Entity.id < 0))
