"""Cancelling whoever waits for the database leaves the database as it was, and usable."""

import asyncio
import random
from collections.abc import Awaitable
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.database import Database
from dam.core.database.run_to_end import run_to_end
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, system
from dam.core.systems.params import MarkedEntityList
from dam.models import NeedsContentAnalysisComponent
from tests.core.worlds import (
    HANG_S,
    OpenWorld,
    all_entities,
    failures,
    marked,
    new_entities,
    rows_of,
    size,
    widths,
)


@system(stage=SystemStage.CONTENT_ANALYSIS, batch_size=3)
async def analyse(
    assets: MarkedEntityList[NeedsContentAnalysisComponent], commands: Commands
) -> None:
    for asset in assets:
        commands.set(asset, size(1))


async def cancel_after(turns: int, call: Awaitable[Any], *, times: int = 1) -> None:
    """Cancel a call after so many turns of the loop, more than once if told to, and wait for it."""
    task = asyncio.ensure_future(call)
    for _ in range(turns):
        await asyncio.sleep(0)
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


@pytest.mark.slow
async def test_cancelled_calls_write_all_or_nothing(open_world: OpenWorld) -> None:
    chance = random.Random(1)  # noqa: S311 - no secret
    async with open_world() as world:

        async def write_pair(session: AsyncSession) -> None:
            await new_entities(session, 1)
            await new_entities(session, 1)

        for number in range(100):
            call = world.run(write_pair) if number % 2 else world.read(all_entities)
            await cancel_after(chance.randrange(40), call, times=number % 3 + 1)
        ids = await world.run(new_entities, 2)
        assert len(await world.read(all_entities)) % 2 == 0
        assert ids[-1] in await world.read(all_entities)


@pytest.mark.slow
async def test_a_cancelled_scheduler_gives_its_entities_back(open_world: OpenWorld) -> None:
    chance = random.Random(2)  # noqa: S311 - no secret
    async with open_world(analyse) as world:
        ids = await world.run(new_entities, 60, NeedsContentAnalysisComponent)
        for _ in range(15):
            await cancel_after(chance.randrange(80), world.scheduler.run_until_idle())
            rows = await world.read(rows_of, NeedsContentAnalysisComponent)
            assert [row.lease_token for row in rows] == [None] * len(rows)
        await world.scheduler.run_until_idle()
        assert await world.read(widths) == dict.fromkeys(ids, 1)
        assert await world.read(failures) == {}


async def test_a_system_that_is_cancelled_keeps_its_marker(open_world: OpenWorld) -> None:
    started = asyncio.Event()

    @system(stage=SystemStage.CONTENT_ANALYSIS)
    async def wait_for_ever(
        assets: MarkedEntityList[NeedsContentAnalysisComponent], commands: Commands
    ) -> None:
        commands.set(assets[0], size(1))
        started.set()
        await asyncio.Event().wait()

    async with open_world(wait_for_ever) as world:
        ids = await world.run(new_entities, 1, NeedsContentAnalysisComponent)
        task = asyncio.create_task(world.scheduler.run_until_idle())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        (marker,) = await world.read(rows_of, NeedsContentAnalysisComponent)
        assert (marker.entity_id, marker.lease_token, marker.attempts) == (ids[0], None, 0)
        assert await world.read(widths) == {}
        assert await world.read(marked, NeedsContentAnalysisComponent) == ids


async def test_what_is_cancelled_runs_to_its_end_first() -> None:
    begun, may_end, done = asyncio.Event(), asyncio.Event(), []

    async def work() -> None:
        begun.set()
        await may_end.wait()
        done.append("work")

    async with asyncio.timeout(HANG_S):
        task = asyncio.create_task(run_to_end(work()))
        await begun.wait()
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0)
            assert not task.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert done == ["work"]


@pytest.mark.parametrize("kind", ["write", "read"])
async def test_a_transaction_that_is_cancelled_ends_before_its_caller_goes_on(
    database: Database, kind: str
) -> None:
    begun, may_end, done = asyncio.Event(), asyncio.Event(), []

    async def work(session: AsyncSession) -> None:
        begun.set()
        await may_end.wait()
        done.append(await all_entities(session))

    async with asyncio.timeout(HANG_S):
        call = database.write(work) if kind == "write" else database.read(work)
        task = asyncio.create_task(call)
        await begun.wait()
        task.cancel()
        await asyncio.sleep(0)
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert done == [[]]


async def test_an_error_comes_through() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run_to_end(fail())
