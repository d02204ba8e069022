"""The stages, and `after=` inside one, hold for each entity, whenever it arrives."""

from collections import defaultdict

import pytest
from sqlalchemy import ClauseElement, Connection
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.compiler import SQLCompiler

from dam.core.config import WorldConfig
from dam.core.database.database import Database
from dam.core.ecs.components import EntityId
from dam.core.scheduling import leases
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, system
from dam.core.systems.params import MarkedEntityList, Resource
from dam.core.world import World
from dam.models import NeedsContentAnalysisComponent, NeedsMetadataExtractionComponent
from tests.core.worlds import OpenWorld, failures, marked, new_entities

Early = NeedsMetadataExtractionComponent
Late = NeedsContentAnalysisComponent


@system(stage=SystemStage.METADATA_EXTRACTION, batch_size=2)
async def early(_assets: MarkedEntityList[Early], _commands: Commands) -> None: ...


@system(stage=SystemStage.CONTENT_ANALYSIS, batch_size=2)
async def late(_assets: MarkedEntityList[Late], _commands: Commands) -> None: ...


@pytest.mark.parametrize("kind", ["stage", "after"])
async def test_who_arrives_in_the_midst_passes_the_systems_in_their_order(
    open_world: OpenWorld, kind: str
) -> None:
    seen: dict[EntityId, list[str]] = defaultdict(list)
    arrivals = 3

    async def arrive(session: AsyncSession) -> None:
        await new_entities(session, 2, Early, Late)

    @system(stage=SystemStage.METADATA_EXTRACTION, batch_size=2)
    async def first(assets: MarkedEntityList[Early], _commands: Commands) -> None:
        for asset in assets:
            seen[asset].append("first")

    stage = SystemStage.METADATA_EXTRACTION if kind == "after" else SystemStage.CONTENT_ANALYSIS

    @system(stage=stage, after=[first] if kind == "after" else (), batch_size=2)
    async def second(
        assets: MarkedEntityList[Late], _commands: Commands, world: Resource[World]
    ) -> None:
        nonlocal arrivals
        for asset in assets:
            seen[asset].append("second")
        if arrivals:  # after the first system's turn and before the end of this one's
            arrivals -= 1
            await world.run(arrive)

    async with open_world(first, second) as world:
        await world.run(arrive)
        await world.scheduler.run_until_idle()
    assert len(seen) == 8
    assert set(map(tuple, seen.values())) == {("first", "second")}


async def test_an_early_failure_does_not_hold_up_what_comes_later(open_world: OpenWorld) -> None:
    @system(stage=SystemStage.METADATA_EXTRACTION)
    async def fail(assets: MarkedEntityList[Early], commands: Commands) -> None:
        for asset in assets:
            commands.fail(asset, ZeroDivisionError())

    async with open_world(fail, late) as world:
        ids = await world.run(new_entities, 2, Early, Late)
        report = await world.scheduler.run_until_idle()
        assert report.processed == {"fail": 2, "late": 2}
        assert sorted(await world.read(failures)) == ids


async def test_a_later_stage_alone_leaves_those_that_are_not_ready(open_world: OpenWorld) -> None:
    async with open_world(early, late) as world:
        waiting = await world.run(new_entities, 2, Early, Late)
        await world.run(new_entities, 3, Late)
        report = await world.scheduler.run_until_idle([SystemStage.CONTENT_ANALYSIS])
        assert report.processed == {"late": 3}
        assert await world.read(marked, Late) == await world.read(marked, Early) == waiting


async def test_a_system_that_is_switched_off_holds_nobody_up(open_world: OpenWorld) -> None:
    def never(_config: WorldConfig) -> bool:
        return False

    @system(stage=SystemStage.METADATA_EXTRACTION, run_if=never)
    async def off(_assets: MarkedEntityList[Early], _commands: Commands) -> None: ...

    async with open_world(off, late) as world:
        ids = await world.run(new_entities, 2, Early, Late)
        assert (await world.scheduler.run_until_idle()).processed == {"late": 2}
        assert await world.read(marked, Early) == ids


async def test_an_expired_lease_waits_for_the_earlier_stages_too(database: Database) -> None:
    async def take(session: AsyncSession, token: str, lease_s: float) -> leases.Claim | None:
        claimed = await leases.claim(
            session, Late, token=token, limit=9, lease_s=lease_s, after=0, earlier=()
        )
        return claimed or await leases.claim_orphan(
            session, Late, token=token, lease_s=lease_s, earlier=(Early,)
        )

    await database.write(new_entities, 1, Early, Late)
    assert await database.write(take, "died", -1.0) is not None
    assert await database.write(take, "alive", 60.0) is None
    assert await database.read(leases.count_pending, {Late: (Early,)}) == (0, 0)
    assert await database.read(leases.count_pending, {Late: ()}) == (1, 0)


async def test_readiness_is_looked_up_by_primary_key(database: Database) -> None:
    def plan_of(connection: Connection) -> str:
        statement = leases._lease_untried(Late, (Early,))
        assert isinstance(statement, ClauseElement)
        compiled = statement.compile(dialect=connection.dialect)
        values = compiled.params | {"after": 0, "limit": 9, "token": "t", "lease_s": 1.0}
        assert isinstance(compiled, SQLCompiler)
        given = [values[name] for name in compiled.positiontup or ()]
        how = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
        rows = connection.exec_driver_sql(f"{how} {compiled}", tuple(given) or values)
        return "\n".join(row[-1] for row in rows)

    async with database.writer() as session:
        await new_entities(session, 500, Early, Late)
        plan = await (await session.connection()).run_sync(plan_of)
    table = Early.__tablename__
    if database.is_sqlite:
        assert f"SEARCH {table} USING INTEGER PRIMARY KEY" in plan
    else:
        assert f"Index Only Scan using pk_{table}" in plan
