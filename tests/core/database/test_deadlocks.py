"""Transactions that PostgreSQL chooses as a deadlock's victim are run again.

SQLite has none: its writers wait for each other before they begin.
"""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.database import Database
from dam.core.ecs.components import EntityId, table_of
from dam.core.ecs.rows import write_rows
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, system
from dam.core.systems.params import MarkedEntityList, WorldSession
from dam.errors import DatabaseContendedError
from dam.models import (
    ContentHashSHA256Component,
    ImageDimensionsComponent,
    NeedsContentAnalysisComponent,
    NeedsMetadataExtractionComponent,
)
from tests.core.worlds import (
    CONTEXT,
    HANG_S,
    NOW,
    WorldOpener,
    all_entities,
    failures,
    new_entities,
    no_tags,
    rows_of,
    widths,
)

Describe = NeedsMetadataExtractionComponent
Analyse = NeedsContentAnalysisComponent
STAGE = SystemStage.CONTENT_ANALYSIS

pytestmark = pytest.mark.slow


class Crossing:
    """Two who take the same two rows in opposite orders; the first time both hold one already."""

    def __init__(self) -> None:
        self.tries = 0
        self._both_hold_one = asyncio.Barrier(2)

    async def take(self, session: AsyncSession, entity_ids: list[EntityId]) -> None:
        self.tries += 1
        is_first = self.tries <= 2
        for place, entity_id in enumerate(entity_ids):
            table = table_of(ImageDimensionsComponent)
            raised = update(table).where(table.c.entity_id == entity_id)
            await session.execute(raised.values(width=table.c.width + 1))
            if is_first and place == 0:
                await self._both_hold_one.wait()


async def two_sizes(session: AsyncSession) -> list[EntityId]:
    ids = await new_entities(session, 2)
    rows = [{"entity_id": i, "width": 0, "height": 1} for i in ids]
    await write_rows(session, ImageDimensionsComponent, rows, replace=False)
    return ids


async def test_a_victim_is_told_from_other_errors(postgres_url: str) -> None:
    database = Database(postgres_url, CONTEXT)
    crossing = Crossing()
    first, second = await database.write(two_sizes)
    async with asyncio.timeout(HANG_S):
        outcomes = await asyncio.gather(
            take_once(database, crossing, [first, second]),
            take_once(database, crossing, [second, first]),
            return_exceptions=True,
        )
    (error,) = [outcome for outcome in outcomes if outcome is not None]
    assert isinstance(error, DatabaseContendedError)
    await database.close()


async def take_once(database: Database, crossing: Crossing, entity_ids: list[EntityId]) -> None:
    async with database.writer() as session:
        await crossing.take(session, entity_ids)


async def test_a_victim_is_run_again(postgres_url: str, retried: Callable[[], bool]) -> None:
    crossing = Crossing()
    async with WorldOpener(postgres_url)() as one, WorldOpener(postgres_url)() as other:
        first, second = await one.run(two_sizes)
        assert not retried()
        await asyncio.gather(
            one.run(crossing.take, [first, second]), other.run(crossing.take, [second, first])
        )
        assert await one.read(widths) == {first: 2, second: 2}
    assert crossing.tries == 3
    assert retried()  # so who sees no retry by this fixture has seen that there was none


async def test_an_error_that_comes_again_and_again_is_raised(postgres_url: str) -> None:
    database = Database(postgres_url, CONTEXT)
    tries = 0

    async def fail(session: AsyncSession) -> None:
        nonlocal tries
        tries += 1
        await session.execute(text("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$"))

    with pytest.raises(DatabaseContendedError, match="40P01"):
        await database.write(fail)
    assert tries == 5
    await database.close()


async def test_systems_that_cross_do_not_fail(postgres_url: str) -> None:
    crossing = Crossing()

    @system(stage=STAGE)
    async def forwards(assets: MarkedEntityList[Analyse], session: WorldSession) -> None:
        assert list(assets) == [3]
        await crossing.take(session, [1, 2])

    @system(stage=STAGE)
    async def backwards(assets: MarkedEntityList[Describe], session: WorldSession) -> None:
        assert list(assets) == [4]
        await crossing.take(session, [2, 1])

    async with (
        WorldOpener(postgres_url)(forwards) as one,
        WorldOpener(postgres_url)(backwards) as other,
    ):
        await one.run(two_sizes)
        await one.run(new_entities, 1, Analyse)
        await one.run(new_entities, 1, Describe)
        await asyncio.gather(one.scheduler.run_until_idle(), other.scheduler.run_until_idle())
        assert await one.read(failures) == {}
        assert await one.read(widths) == {1: 2, 2: 2}
    assert crossing.tries == 3


async def test_digests_taken_in_opposite_orders(postgres_url: str) -> None:
    """Two wait for one in the middle; in their own orders, each would then wait for the other."""

    def taking(order: Sequence[int]) -> Commands:
        commands = Commands()
        for number in order:
            commands.entity_for_digest(ContentHashSHA256Component(digest=bytes([number]) * 32))
        return commands

    one, other, middle = (Database(postgres_url, CONTEXT) for _ in range(3))
    async with asyncio.timeout(HANG_S):
        async with middle.writer() as session:
            await taking([1]).apply(session, (), no_tags, now=NOW)
            both = asyncio.gather(
                one.write(taking([0, 1, 2]).apply, (), no_tags, now=NOW),
                other.write(taking([2, 1, 0]).apply, (), no_tags, now=NOW),
            )
            while await one.read(waiting) < 2:
                pass
        await both
    hashes = await one.read(rows_of, ContentHashSHA256Component)
    assert len(hashes) == 3
    assert sorted(row.entity_id for row in hashes) == await one.read(all_entities)
    for database in (one, other, middle):
        await database.close()


async def waiting(session: AsyncSession) -> int:
    """Return how many transactions wait for another one."""
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    return int(await session.scalar(text(waits)))


async def test_digests_taken_one_by_one_in_opposite_orders_cross_for_real(
    postgres_url: str,
) -> None:
    crossed = asyncio.Barrier(2)
    tries = 0

    def taking(order: list[bytes]) -> list[Commands]:
        answer = []
        for digest in order:
            commands = Commands()
            commands.entity_for_digest(ContentHashSHA256Component(digest=digest))
            answer.append(commands)
        return answer

    async def take(session: AsyncSession, order: list[bytes]) -> None:
        nonlocal tries
        tries += 1
        is_first = tries <= 2
        first, second = taking(order)
        await first.apply(session, (), no_tags, now=NOW)
        if is_first:
            await crossed.wait()
        await second.apply(session, (), no_tags, now=NOW)

    one, two = b"1" * 32, b"2" * 32
    async with WorldOpener(postgres_url)() as world, WorldOpener(postgres_url)() as other:
        await asyncio.gather(world.run(take, [one, two]), other.run(take, [two, one]))
        hashes = await world.read(rows_of, ContentHashSHA256Component)
        assert sorted(row.digest for row in hashes) == [one, two]
        assert sorted(row.entity_id for row in hashes) == await world.read(all_entities)
    assert tries == 3
