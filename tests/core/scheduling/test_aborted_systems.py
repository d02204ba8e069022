"""What would end more than the system itself is a failure of its entities, like any exception."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.ecs.rows import write_rows
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemFunction, SystemStage, system
from dam.core.systems.params import MarkedEntityList, WorldSession
from dam.errors import ExitCode, PluginFunctionError
from dam.models import ImageDimensionsComponent, NeedsContentAnalysisComponent
from tests.core.worlds import OpenWorld, failures, marked, new_entities, size, widths

Analyse = NeedsContentAnalysisComponent
STAGE = SystemStage.CONTENT_ANALYSIS


class PanicError(BaseException):
    """What a library in another language raises."""


async def leave() -> None:
    raise SystemExit(0)


async def cancel_a_task() -> None:
    task = asyncio.create_task(asyncio.Event().wait())
    task.cancel()
    await task


async def panic() -> None:
    raise PanicError("bad pointer")


def with_commands(deed: Callable[[], Awaitable[None]], bad: list[EntityId]) -> SystemFunction:
    @system(stage=STAGE)
    async def analyse(assets: MarkedEntityList[Analyse], commands: Commands) -> None:
        for asset in assets:
            commands.set(asset, size(1))
            if asset in bad:
                await deed()

    return analyse


def in_session(deed: Callable[[], Awaitable[None]], bad: list[EntityId]) -> SystemFunction:
    @system(stage=STAGE)
    async def analyse(assets: MarkedEntityList[Analyse], session: WorldSession) -> None:
        for asset in assets:
            await write_width(session, asset)
            if asset in bad:
                await deed()

    return analyse


async def write_width(session: AsyncSession, asset: EntityId) -> None:
    rows = [{"entity_id": asset, "width": 1, "height": 1}]
    await write_rows(session, ImageDimensionsComponent, rows, replace=True)


@pytest.mark.parametrize(
    ("deed", "message"),
    [
        (leave, "the system raised SystemExit: 0"),
        (cancel_a_task, "the system raised CancelledError"),
        (panic, "the system raised PanicError: bad pointer"),
    ],
)
@pytest.mark.parametrize("kind", [with_commands, in_session])
async def test_a_system_that_would_end_the_program_fails_its_entity_alone(
    open_world: OpenWorld,
    kind: Callable[[Callable[[], Awaitable[None]], list[EntityId]], SystemFunction],
    deed: Callable[[], Awaitable[None]],
    message: str,
) -> None:
    bad: list[EntityId] = []
    async with open_world(kind(deed, bad)) as world:
        ids = await world.run(new_entities, 4, Analyse)
        bad.append(ids[2])
        report = await world.scheduler.run_until_idle()
        assert (report.processed["analyse"], report.failed) == (4, 1)
        assert sorted(await world.read(widths)) == [ids[0], ids[1], ids[3]]
        assert await world.read(marked, Analyse) == []
        assert await world.read(failures) == {ids[2]: ("analyse", "SystemAbortedError", message, 1)}


@pytest.mark.parametrize("end", ["commit", "rollback"])
@pytest.mark.parametrize("raises", [True, False])
async def test_a_system_that_ends_its_own_transaction_keeps_nothing_and_fails(
    open_world: OpenWorld, end: str, *, raises: bool
) -> None:
    @system(stage=STAGE)
    async def hasty(assets: MarkedEntityList[Analyse], session: WorldSession) -> None:
        for asset in assets:
            await write_width(session, asset)
        await (session.commit() if end == "commit" else session.rollback())
        if raises:
            raise ZeroDivisionError

    async with open_world(hasty) as world:
        ids = await world.run(new_entities, 2, Analyse)
        report = await world.scheduler.run_until_idle()
        assert report.failed == 2
        assert await world.read(widths) == {}
        assert await world.read(marked, Analyse) == []
        message = "the system committed or rolled back its WorldSession"
        failure = ("hasty", "TransactionEndedError", message, 1)
        if raises:
            failure = ("hasty", "ZeroDivisionError", "ZeroDivisionError", 1)
        assert await world.read(failures) == dict.fromkeys(ids, failure)


async def test_a_service_that_commits_by_itself_is_still_one_transaction(
    open_world: OpenWorld,
) -> None:
    async def hasty(session: AsyncSession) -> None:
        (entity_id,) = await new_entities(session, 1)
        await write_width(session, entity_id)
        await session.commit()
        raise ZeroDivisionError

    async with open_world() as world:
        with pytest.raises(ZeroDivisionError):
            await world.run(hasty)
        assert await world.read(widths) == {}


@pytest.mark.parametrize(
    ("deed", "said"),
    [(leave, "SystemAbortedError: the system raised SystemExit: 0"), (panic, None)],
)
async def test_a_system_without_marked_entities_is_named(
    open_world: OpenWorld, deed: Callable[[], Awaitable[None]], said: str | None
) -> None:
    @system(stage=STAGE)
    async def tick(_commands: Commands) -> None:
        await deed()

    said = said or "SystemAbortedError: the system raised PanicError: bad pointer"
    async with open_world(tick) as world:
        with pytest.raises(PluginFunctionError) as caught:
            await world.scheduler.run_until_idle()
    assert str(caught.value) == f"system 'tick' of {__name__} failed: {said}"
    assert caught.value.hint == (
        "fix it, or run without plugins (--no-plugins); --debug shows the traceback"
    )
    assert caught.value.exit_code is ExitCode.ENVIRONMENT


async def test_a_condition_that_raises_is_named(open_world: OpenWorld) -> None:
    def broken(_config: object) -> bool:
        raise ZeroDivisionError

    @system(stage=STAGE, run_if=broken)
    async def tick(_commands: Commands) -> None: ...

    async with open_world(tick) as world:
        with pytest.raises(PluginFunctionError) as caught:
            await world.scheduler.run_until_idle()
    assert str(caught.value) == (
        f"run_if= of system 'tick' of {__name__} failed: ZeroDivisionError"
    )
