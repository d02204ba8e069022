"""Systems are checked as a set, and ordered by what they say."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, system
from dam.core.systems.params import MarkedEntityList, Resource, WorldSession
from dam.errors import WorldBuildError
from dam.models import NeedsContentAnalysisComponent, NeedsMetadataExtractionComponent
from tests.core.worlds import builder_of

STAGE = SystemStage.CONTENT_ANALYSIS


class Store:
    """A resource that no plugin provides."""


async def order_of(tmp_path: Path, *functions: Callable[..., Awaitable[Any]]) -> list[str]:
    world = await builder_of(f"sqlite:///{tmp_path / 'dam.db'}", *functions).build()
    return [plan.name for plan in world.scheduler.systems()]


def named(name: str, **facts: Any) -> Callable[..., Awaitable[None]]:
    async def function(commands: Commands) -> None: ...

    function.__name__ = name
    return system(**{"stage": STAGE} | facts)(function)


async def test_stages_come_in_their_order(tmp_path: Path) -> None:
    systems = [named(stage.name, stage=stage) for stage in reversed(SystemStage)]
    assert await order_of(tmp_path, *systems) == [
        "ASSET_INGESTION",
        "METADATA_EXTRACTION",
        "CONTENT_ANALYSIS",
        "POST_PROCESSING",
    ]


async def test_systems_and_their_markers_are_told_by_stage(tmp_path: Path) -> None:
    @system(stage=SystemStage.METADATA_EXTRACTION)
    async def early(
        _assets: MarkedEntityList[NeedsMetadataExtractionComponent], _commands: Commands
    ) -> None: ...

    @system(stage=SystemStage.CONTENT_ANALYSIS)
    async def late(
        _assets: MarkedEntityList[NeedsContentAnalysisComponent], _commands: Commands
    ) -> None: ...

    unmarked = named("unmarked", stage=SystemStage.METADATA_EXTRACTION)
    world = await builder_of(f"sqlite:///{tmp_path / 'dam.db'}", late, early, unmarked).build()
    scheduler, stage = world.scheduler, SystemStage.METADATA_EXTRACTION
    assert list(scheduler.markers().items()) == [
        ("early", NeedsMetadataExtractionComponent),
        ("late", NeedsContentAnalysisComponent),
    ]
    assert scheduler.markers([stage]) == {"early": NeedsMetadataExtractionComponent}
    assert [plan.name for plan in scheduler.systems([stage])] == ["early", "unmarked"]


async def test_inside_a_stage_after_says_the_order_and_registration_breaks_ties(
    tmp_path: Path,
) -> None:
    first = named("first")
    second = named("second", after=[first])
    third = named("third", after=[second, first])
    free = named("free")
    systems = [third, free, second, first]
    assert await order_of(tmp_path, *systems) == ["free", "first", "second", "third"]


async def test_after_may_be_one_function(tmp_path: Path) -> None:
    first = named("first")
    assert await order_of(tmp_path, named("last", after=first), first) == ["first", "last"]


async def test_a_fault_is_told_with_its_place(tmp_path: Path) -> None:
    @system(stage=STAGE)
    async def bad(session: WorldSession, commands: Commands) -> None: ...

    no_marker: Any = Store
    builder = builder_of(f"sqlite:///{tmp_path / 'dam.db'}", bad)
    builder.mark_new(no_marker)
    builder.add_system(no_marker)
    with pytest.raises(WorldBuildError) as caught:
        await builder.build()
    found, given, added = caught.value.faults
    assert {fault.file for fault in caught.value.faults} == {__file__}
    assert (found.function, found.line) == ("bad", bad.__code__.co_firstlineno)
    assert (given.function, given.line) == ("test_a_fault_is_told_with_its_place", added.line - 1)


async def test_nothing_is_opened_for_a_world_that_does_not_fit(tmp_path: Path) -> None:
    opened = []

    class Pool:
        """A resource that would have to be closed."""

    @system(stage=STAGE)
    async def bad(number: int, pool: Resource[Pool]) -> None: ...

    def make(_resources: object) -> Pool:
        opened.append("pool")
        return Pool()

    builder = builder_of(f"sqlite:///{tmp_path / 'dam.db'}", bad)
    builder.add_resource(Pool, make)
    with pytest.raises(WorldBuildError, match="1 fault:"):
        await builder.build()
    assert opened == []
