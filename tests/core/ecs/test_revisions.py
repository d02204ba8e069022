"""Who asks "what came since?" misses nothing, however many write at once."""

import asyncio

import pytest
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.database import Database
from dam.core.ecs.components import EntityId
from dam.core.ecs.rows import write_rows
from dam.models import ImagePerceptualPHashComponent as PHash
from tests.core.worlds import CONTEXT, HANG_S, all_entities, new_entities


async def write_some(session: AsyncSession) -> None:
    rows = [{"entity_id": i, "recipe": 1, "value": None} for i in await new_entities(session, 3)]
    await write_rows(session, PHash, rows, replace=True)
    await asyncio.sleep(0)  # lets the others come in between the write and the commit


async def since(session: AsyncSession, seen: int) -> list[Row[EntityId, int]]:
    newer = select(PHash.entity_id, PHash.revision).where(PHash.revision > seen)
    return list(await session.execute(newer))


@pytest.mark.slow
async def test_a_reader_sees_each_row_once_while_two_write(
    database: Database, database_url: str
) -> None:
    async def write(times: int) -> None:
        own = Database(database_url, CONTEXT)
        for _ in range(times):
            await own.write(write_some)
        await own.close()

    async with asyncio.timeout(HANG_S):
        writers = asyncio.gather(write(30), write(30))
        found: list[Row[EntityId, int]] = []
        is_last = False
        while not is_last:
            is_last = writers.done()
            seen = max((revision for _entity_id, revision in found), default=0)
            found += await database.read(since, seen)
        await writers
    assert sorted(entity_id for entity_id, _ in found) == await database.read(all_entities)
    assert len({revision for _, revision in found}) == 60
