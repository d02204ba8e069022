"""Events leave after the commit; who asks gets the listeners' answers."""

import logging
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.events import Event, emit
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, listens_for, system
from dam.core.systems.params import MarkedEntityList, WorldReader, WorldSession
from dam.models import ImageDimensionsComponent, NeedsContentAnalysisComponent
from tests.core.worlds import OpenWorld, all_entities, new_entities, size, widths

Analyse = NeedsContentAnalysisComponent
STAGE = SystemStage.CONTENT_ANALYSIS


@dataclass(frozen=True)
class Analysed(Event[None]):
    """An entity was looked at."""

    entity_id: EntityId


@dataclass(frozen=True)
class SizeAsked(Event[int]):
    """Somebody asks for a size."""

    factor: int


async def test_listeners_answer_in_their_order(open_world: OpenWorld) -> None:
    @listens_for(SizeAsked)
    async def once(event: SizeAsked) -> int:
        return event.factor

    @listens_for(SizeAsked)
    async def twice(event: SizeAsked, reader: WorldReader) -> int:
        return 2 * event.factor + len(await reader.run(all_entities))

    async with open_world(once, twice) as world:
        assert await world.dispatch_event(SizeAsked(3)) == [3, 6]
        await world.run(new_entities, 1)
        assert await world.dispatch_event(SizeAsked(3)) == [3, 7]
        assert await world.dispatch_event(Analysed(1)) == []


async def test_an_error_of_a_listener_reaches_who_asked(open_world: OpenWorld) -> None:
    @listens_for(SizeAsked)
    async def fail(_event: SizeAsked) -> int:
        raise ZeroDivisionError

    async with open_world(fail) as world:
        with pytest.raises(ZeroDivisionError):
            await world.dispatch_event(SizeAsked(3))


async def test_listeners_write_in_both_ways(open_world: OpenWorld) -> None:
    @listens_for(Analysed)
    async def in_session(event: Analysed, session: WorldSession) -> None:
        component = size(1)
        component.entity_id = event.entity_id
        session.add(component)

    @listens_for(Analysed)
    async def with_commands(event: Analysed, commands: Commands) -> None:
        commands.set(event.entity_id + 1, size(2))

    async with open_world(in_session, with_commands) as world:
        first, second = await world.run(new_entities, 2)
        await world.dispatch_event(Analysed(first))
        assert await world.read(widths) == {first: 1, second: 2}


async def test_what_a_transaction_emits_leaves_when_it_has_committed(
    open_world: OpenWorld,
) -> None:
    seen = []

    @listens_for(Analysed)
    async def look(event: Analysed, reader: WorldReader) -> None:
        seen.append((event.entity_id, await reader.run(widths)))

    async def write(session: AsyncSession) -> None:
        (entity_id,) = await new_entities(session, 1)
        emit(session, Analysed(entity_id))
        component = size(1)
        component.entity_id = entity_id
        session.add(component)
        assert seen == []

    async with open_world(look) as world:
        await world.run(write)
    assert seen == [(1, {1: 1})]


async def test_a_rollback_takes_events_back(open_world: OpenWorld) -> None:
    seen = []

    @listens_for(Analysed)
    async def look(event: Analysed) -> None:
        seen.append(event)

    async def fail(session: AsyncSession) -> None:
        emit(session, Analysed(1))
        raise ZeroDivisionError

    async with open_world(look) as world:
        with pytest.raises(ZeroDivisionError):
            await world.run(fail)
    assert seen == []


@pytest.mark.parametrize("kind", ["commands", "session"])
async def test_systems_events_leave_after_the_commit_of_what_succeeded(
    open_world: OpenWorld, kind: str
) -> None:
    seen = []

    @system(stage=STAGE)
    async def with_commands(assets: MarkedEntityList[Analyse], commands: Commands) -> None:
        for asset in assets:
            commands.set(asset, size(1))
            commands.emit(Analysed(asset), on_behalf_of=asset)
            if asset == 2:
                raise ZeroDivisionError

    @system(stage=STAGE)
    async def in_session(assets: MarkedEntityList[Analyse], session: WorldSession) -> None:
        for asset in assets:
            component = size(1)
            component.entity_id = asset
            session.add(component)
            emit(session, Analysed(asset))
            if asset == 2:
                raise ZeroDivisionError

    @listens_for(Analysed)
    async def look(event: Analysed, reader: WorldReader) -> None:
        seen.append((event.entity_id, event.entity_id in await reader.run(widths)))

    worker = with_commands if kind == "commands" else in_session
    async with open_world(worker, look) as world:
        await world.run(new_entities, 3, Analyse)
        await world.scheduler.run_until_idle()
    assert seen == [(1, True), (3, True)]


async def test_a_listener_that_fails_after_the_commit_harms_nobody(
    open_world: OpenWorld, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[Event[Any]] = []

    @listens_for(Analysed)
    async def fail(_event: Analysed) -> None:
        raise ZeroDivisionError

    @listens_for(Analysed)
    async def hear_the_same(event: Analysed) -> None:
        seen.append(event)

    @listens_for(SizeAsked)
    async def hear_the_next(event: SizeAsked) -> int:
        seen.append(event)
        return 0

    async def write(session: AsyncSession) -> None:
        await new_entities(session, 1)
        emit(session, Analysed(1))
        emit(session, SizeAsked(1))

    async with open_world(fail, hear_the_same, hear_the_next) as world:
        await world.run(write)
        assert await world.read(all_entities) == [1]
    assert seen == [Analysed(1), SizeAsked(1)]
    (record,) = [entry for entry in caplog.records if entry.levelno == logging.ERROR]
    assert record.message == "a listener failed"


async def test_a_listener_that_only_reads_may_be_asked_by_who_writes(
    open_world: OpenWorld,
) -> None:
    @listens_for(SizeAsked)
    async def count(_event: SizeAsked, reader: WorldReader) -> int:
        return len(await reader.run(all_entities))

    async with open_world(count) as world:

        async def write(session: AsyncSession) -> list[int]:
            await new_entities(session, 1)
            return await world.dispatch_event(SizeAsked(1))

        assert await world.run(write) == [0]


async def test_systems_without_marked_entities_emit_too(open_world: OpenWorld) -> None:
    seen = []

    @system(stage=STAGE)
    async def tick(commands: Commands) -> None:
        entity = commands.create_entity()
        commands.set(entity, ImageDimensionsComponent(width=5, height=1))
        commands.emit(Analysed(0))

    @listens_for(Analysed)
    async def look(_event: Analysed, reader: WorldReader) -> None:
        seen.append(await reader.run(widths))

    async with open_world(tick, look) as world:
        await world.scheduler.run_until_idle()
    assert seen == [{1: 5}]
