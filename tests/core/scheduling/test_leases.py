"""Work that somebody else has on lease: waited for, taken over, given up; never done twice."""

import asyncio
from itertools import count

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.config import LONGEST_LEASE_S
from dam.core.database.database import Database
from dam.core.ecs.components import EntityId
from dam.core.ecs.rows import mark, write_rows
from dam.core.scheduling import leases as work
from dam.core.scheduling.batch_runner import BatchRunner
from dam.core.scheduling.event_dispatcher import EventDispatcher
from dam.core.scheduling.invoker import Invoker
from dam.core.scheduling.report import RunReport
from dam.core.scheduling.settling import SettlingGuard
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemFunction, SystemStage, system
from dam.core.systems.params import MarkedEntityList, Resource, WorldSession
from dam.core.world import World
from dam.models import (
    FileLocationComponent,
    ImageDimensionsComponent,
    NeedsContentAnalysisComponent,
)
from tests.core.worlds import (
    CONTEXT,
    OpenWorld,
    failures,
    marked,
    new_entities,
    rows_of,
    size,
    widths,
)

Analyse = NeedsContentAnalysisComponent
STAGE = SystemStage.CONTENT_ANALYSIS
LONG_S = LONGEST_LEASE_S
SET_BACK_S = 3600.0
OVER_S = -1.0
"""A lease that ran out in the moment in which it was taken."""


@system(stage=STAGE, batch_size=10)
async def analyse(assets: MarkedEntityList[Analyse], commands: Commands) -> None:
    for asset in assets:
        commands.set(asset, size(len(assets)))


@system(stage=STAGE, batch_size=10)
async def analyse_in_session(assets: MarkedEntityList[Analyse], session: WorldSession) -> None:
    rows = [{"entity_id": asset, "width": len(assets), "height": 1} for asset in assets]
    await write_rows(session, ImageDimensionsComponent, rows, replace=False)


both_kinds = pytest.mark.parametrize("system_", [analyse, analyse_in_session])


async def claim(
    session: AsyncSession, token: str, *, limit: int = 10, lease_s: float = LONG_S
) -> list[EntityId]:
    """Claim as another process does, and say no more."""
    claimed = await work.claim(session, Analyse, token=token, limit=limit, lease_s=lease_s, after=0)
    return claimed.entity_ids if claimed else []


async def claim_orphan(session: AsyncSession, token: str) -> int:
    claimed = await work.claim_orphan(session, Analyse, token=token, lease_s=OVER_S)
    assert claimed is not None
    return claimed.attempts


async def test_a_claim_takes_the_lowest_and_no_two_get_the_same(database: Database) -> None:
    ids = await database.write(new_entities, 5, Analyse)
    first = await database.write(claim, "a", limit=2)
    second = await database.write(claim, "b", limit=2)
    third = await database.write(claim, "c", limit=2)
    fourth = await database.write(claim, "d")
    assert [first, second, third, fourth] == [ids[:2], ids[2:4], ids[4:], []]


async def test_concurrent_claims_share_the_work(database: Database, database_url: str) -> None:
    ids = await database.write(new_entities, 40, Analyse)
    other = Database(database_url, CONTEXT)
    sides = [database, other] * 4
    claims = await asyncio.gather(
        *(side.write(claim, str(number), limit=5) for number, side in enumerate(sides))
    )
    await other.close()
    assert sorted(entity_id for claimed in claims for entity_id in claimed) == ids


async def test_a_lease_that_holds_is_not_taken_over(database: Database) -> None:
    await database.write(new_entities, 1, Analyse)
    await database.write(claim, "mine")
    assert await database.write(claim, "other's") == []

    async def alone(session: AsyncSession) -> work.Claim | None:
        return await work.claim_orphan(session, Analyse, token="other's", lease_s=1)  # noqa: S106 - of a lease

    assert await database.write(alone) is None
    assert await database.read(work.count_pending, {Analyse: ()}) == (0, 1)


async def test_a_lease_from_before_the_clock_was_set_back_has_run_out(database: Database) -> None:
    ids = await database.write(new_entities, 2, Analyse)
    await database.write(claim, "dead", limit=1, lease_s=LONG_S + SET_BACK_S)
    await database.write(claim, "alive", lease_s=LONG_S + SET_BACK_S)
    assert await database.read(work.count_pending, {Analyse: ()}) == (2, 0)
    await database.write(work.renew, Analyse, work.Claim("alive", ids[1:]), lease_s=LONG_S)
    assert await database.read(work.count_pending, {Analyse: ()}) == (1, 1)
    assert await database.write(claim_orphan, "quick") == 1
    async with database.writer() as session:
        assert await work.finish(session, Analyse, work.Claim("dead", ids)) == set()
        assert await work.finish(session, Analyse, work.Claim("quick", ids)) == {ids[0]}
        assert await work.finish(session, Analyse, work.Claim("alive", ids)) == {ids[1]}


async def test_a_clock_that_is_corrected_by_a_little_ends_no_lease(database: Database) -> None:
    await database.write(new_entities, 1, Analyse)
    await database.write(claim, "mine", lease_s=LONG_S + 0.5)
    assert await database.read(work.count_pending, {Analyse: ()}) == (0, 1)


async def test_a_renewed_lease_holds_again(database: Database) -> None:
    ids = await database.write(new_entities, 1, Analyse)
    await database.write(claim, "mine", lease_s=OVER_S)
    assert await database.read(work.count_pending, {Analyse: ()}) == (1, 0)
    await database.write(work.renew, Analyse, work.Claim("mine", ids), lease_s=LONG_S)
    assert await database.read(work.count_pending, {Analyse: ()}) == (0, 1)


async def test_a_released_claim_is_as_if_it_had_never_been(database: Database) -> None:
    ids = await database.write(new_entities, 2, Analyse)
    await database.write(claim, "mine")
    await database.write(work.release, Analyse, "mine")
    rows = await database.read(rows_of, Analyse)
    leases = {(row.lease_token, row.lease_until, row.attempts) for row in rows}
    assert leases == {(None, None, 0)}
    assert await database.write(claim, "again") == ids


async def test_who_comes_too_late_finishes_nothing(database: Database) -> None:
    ids = await database.write(new_entities, 2, Analyse)
    await database.write(claim, "late", lease_s=OVER_S)
    await database.write(claim_orphan, "quick")
    async with database.writer() as session:
        assert await work.finish(session, Analyse, work.Claim("late", ids)) == {ids[1]}
        assert await work.finish(session, Analyse, work.Claim("quick", ids)) == {ids[0]}


@both_kinds
async def test_the_writes_of_who_comes_too_late_are_dropped(
    open_world: OpenWorld, system_: SystemFunction
) -> None:
    async with open_world(system_) as world:
        ids = await world.run(new_entities, 2, Analyse)
        await world.run(claim, "late", lease_s=OVER_S)
        await world.run(claim_orphan, "quick")
        (plan,) = world.scheduler.systems()
        invoker = Invoker(
            database=world.database,
            resources=world.resources,
            config=world.config,
            context=world.context,
        )
        runner = BatchRunner(
            invoker,
            EventDispatcher(invoker, {}),
            plan,
            Analyse,
            earlier=(),
            tokens=count(),
            report=RunReport(),
            guard=SettlingGuard(),
        )
        await runner.work_off(work.Claim("late", ids))
        assert await world.read(widths) == {ids[1]: 1 if system_ is analyse_in_session else 2}
        assert await world.read(marked, Analyse) == [ids[0]]


@both_kinds
@pytest.mark.slow
async def test_a_foreign_lease_is_waited_for_and_its_orphans_come_one_by_one(
    open_world: OpenWorld, system_: SystemFunction
) -> None:
    heard: list[object] = []

    class Listening:
        def advanced(self, _system: str, entities: int) -> None:
            heard.append(entities)

        def waiting(self, entities: int, seconds: float | None) -> None:
            heard.append((entities, seconds))

    lease_s = 1.0  # so long that the others are done before it is over
    async with open_world(system_, lease_s=lease_s) as world:
        ids = await world.run(new_entities, 4, Analyse)
        await world.run(claim, "dead", limit=3, lease_s=lease_s)
        await world.scheduler.run_until_idle(observer=Listening())
        assert await world.read(widths) == dict.fromkeys(ids, 1)
        assert await world.read(failures) == {}
    assert heard[0] == 1
    assert (3, lease_s) in heard
    assert heard[-3:] == [1, 1, 1]


async def test_three_deaths_alone_are_the_end(open_world: OpenWorld) -> None:
    async with open_world(analyse) as world:
        ids = await world.run(new_entities, 1, Analyse)
        await world.run(claim, "0", lease_s=OVER_S)
        assert [await world.run(claim_orphan, str(n)) for n in (1, 2, 3)] == [1, 2, 3]
        report = await world.scheduler.run_until_idle()
        message = "gave up: 3 processes died while working on it alone"
        expected = {ids[0]: ("analyse", "RepeatedDeathError", message, 1)}
        assert await world.read(failures) == expected
        assert await world.read(widths) == {}
        assert await world.read(marked, Analyse) == []
    assert report.failed == 1


async def test_deaths_in_company_and_two_alone_are_not(open_world: OpenWorld) -> None:
    async with open_world(analyse) as world:
        ids = await world.run(new_entities, 1, Analyse)
        await world.run(claim, "0", lease_s=OVER_S)
        for number in (1, 2):
            await world.run(claim_orphan, str(number))
        await world.scheduler.run_until_idle()
        assert await world.read(widths) == {ids[0]: 1}
        assert await world.read(failures) == {}


@pytest.mark.slow
async def test_a_lease_is_renewed_while_the_work_goes_on(
    open_world: OpenWorld, database: Database
) -> None:
    @system(stage=STAGE)
    async def slow(assets: MarkedEntityList[Analyse], commands: Commands) -> None:
        (row,) = await database.read(rows_of, Analyse)
        first = row.lease_until
        while row.lease_until == first:
            (row,) = await database.read(rows_of, Analyse)
        commands.set(assets[0], size(1))

    async with open_world(slow, lease_s=0.3) as world:
        ids = await world.run(new_entities, 1, Analyse)
        await world.scheduler.run_until_idle()
        assert await world.read(widths) == {ids[0]: 1}


async def test_what_is_marked_during_the_work_is_done_again(open_world: OpenWorld) -> None:
    calls = []

    @system(stage=STAGE)
    async def look(
        assets: MarkedEntityList[Analyse], commands: Commands, world: Resource[World]
    ) -> None:
        calls.append(list(assets))
        for asset in assets:
            commands.set(asset, size(len(calls)))
            commands.add(asset, FileLocationComponent(storage="store"))
        if len(calls) == 1:
            await world.run(mark, Analyse, assets[:1])

    async with open_world(look) as world:
        ids = await world.run(new_entities, 2, Analyse)
        await world.scheduler.run_until_idle()
        assert await world.read(widths) == {ids[0]: 2, ids[1]: 1}
        assert len(await world.read(rows_of, FileLocationComponent)) == 2
        assert await world.read(marked, Analyse) == []
    assert calls == [ids, ids[:1]]


async def test_two_worlds_at_once_do_each_entity_once(open_world: OpenWorld) -> None:
    @system(stage=STAGE, batch_size=3)
    async def add(assets: MarkedEntityList[Analyse], commands: Commands) -> None:
        for asset in assets:
            commands.add(asset, FileLocationComponent(storage="store"))

    async with open_world(add) as one, open_world(add) as other:
        ids = await one.run(new_entities, 30, Analyse)
        reports = await asyncio.gather(
            one.scheduler.run_until_idle(), other.scheduler.run_until_idle()
        )
        rows = await one.read(rows_of, FileLocationComponent)
    assert sorted(row.entity_id for row in rows) == ids
    assert sum(report.processed["add"] for report in reports) == 30
