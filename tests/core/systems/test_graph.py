"""Systems are checked as a set, and ordered by what they say."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from dam.core.ecs.components import MarkerComponent
from dam.core.events import Event
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, listens_for, system
from dam.core.systems.params import MarkedEntityList, Resource, WorldReader, WorldSession
from dam.errors import BuildFault, ExitCode, WorldBuildError
from dam.models import NeedsContentAnalysisComponent, NeedsMetadataExtractionComponent
from tests.core.worlds import builder_of

STAGE = SystemStage.CONTENT_ANALYSIS


class Store:
    """A resource that no plugin provides."""


class Asked(Event[int]):
    """An event."""


async def build_faults(
    tmp_path: Path, *functions: Callable[..., Awaitable[Any]]
) -> list[BuildFault]:
    with pytest.raises(WorldBuildError) as caught:
        await builder_of(f"sqlite:///{tmp_path / 'dam.db'}", *functions).build()
    return list(caught.value.faults)


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


async def test_a_circle_is_printed_as_a_path(tmp_path: Path) -> None:
    first = named("first")
    second = named("second", after=[first])
    third = named("third", after=[second])
    first = named("first", after=[third])
    second = system(stage=STAGE, after=[first])(second)
    (fault,) = await build_faults(tmp_path, first, second, third)
    assert fault.found == "after= goes in a circle: first -> third -> second -> first"
    assert fault.hint == "remove one of these from an after="


async def test_a_system_after_itself_is_a_circle(tmp_path: Path) -> None:
    own = named("own")
    own = system(stage=STAGE, after=[own])(own)
    (fault,) = await build_faults(tmp_path, own)
    assert fault.found == "after= goes in a circle: own -> own"


async def test_after_a_system_that_is_not_in_the_stage(tmp_path: Path) -> None:
    elsewhere = named("elsewhere", stage=SystemStage.POST_PROCESSING)
    unregistered = named("unregistered")
    later = named("later", after=[elsewhere, unregistered])
    hint = "register it in stage CONTENT_ANALYSIS, or drop it from after="
    faults = [(f.found, f.hint) for f in await build_faults(tmp_path, elsewhere, later)]
    assert faults == [
        ("after= names elsewhere, unknown in its stage", hint),
        ("after= names unregistered, unknown in its stage", hint),
    ]


async def test_a_resource_that_nobody_provides(tmp_path: Path) -> None:
    @system(stage=STAGE)
    async def stores(store: Resource[Store]) -> None: ...

    @listens_for(Asked)
    async def answers(event: Asked, store: Resource[Store]) -> int: ...  # type: ignore[empty-body] # never called

    found = "parameter 'store' asks for Store, which no plugin provides"
    hint = "builder.add_resource(Store, …)"
    faults = await build_faults(tmp_path, stores, answers)
    assert [(fault.function, fault.found, fault.hint) for fault in faults] == [
        ("stores", found, hint),
        ("answers", found, hint),
    ]


async def test_two_systems_for_one_marker(tmp_path: Path) -> None:
    @system(stage=STAGE)
    async def first(assets: MarkedEntityList[NeedsContentAnalysisComponent]) -> None: ...

    @system(stage=SystemStage.POST_PROCESSING)
    async def second(assets: MarkedEntityList[NeedsContentAnalysisComponent]) -> None: ...

    (fault,) = await build_faults(tmp_path, first, second)
    assert (fault.function, fault.found, fault.hint) == (
        "second",
        "it consumes NeedsContentAnalysisComponent, and so does first",
        "give each system a marker of its own",
    )


async def test_two_systems_of_one_name(tmp_path: Path) -> None:
    faults = await build_faults(tmp_path, named("twice"), named("twice"))
    assert [(fault.found, fault.hint) for fault in faults] == [
        (
            "another system is called twice too",
            "rename one of them: failures and reports identify systems by their names",
        )
    ]


async def test_functions_without_decorator(tmp_path: Path) -> None:
    async def plain(commands: Commands) -> None: ...

    builder = builder_of(f"sqlite:///{tmp_path / 'dam.db'}")
    builder.add_system(plain)
    builder.add_listener(plain)
    builder.add_system(listens_for(Asked)(plain))
    with pytest.raises(WorldBuildError) as caught:
        await builder.build()
    assert [(fault.found, fault.hint) for fault in caught.value.faults] == [
        ("it is not a system", "decorate it with @system"),
        ("it is not a listener", "decorate it with @listens_for"),
        ("it is not a system", "decorate it with @system"),
    ]


@pytest.mark.parametrize("after", [3, [[1]], ["first"]])
async def test_after_may_name_anything(tmp_path: Path, after: Any) -> None:
    (fault,) = await build_faults(tmp_path, named("last", after=after))
    thing = after if isinstance(after, int) else after[0]
    assert fault.found == f"after= names {thing!r}, unknown in its stage"


async def test_after_may_be_one_function(tmp_path: Path) -> None:
    first = named("first")
    assert await order_of(tmp_path, named("last", after=first), first) == ["first", "last"]


@pytest.mark.parametrize(
    ("marker", "when", "found"),
    [
        (Store, None, "mark_new is given Store, which is not a marker"),
        (MarkerComponent, None, "mark_new is given MarkerComponent, which is not a marker"),
        (3, None, "mark_new is given 3, which is not a marker"),
        (NeedsContentAnalysisComponent, "jpg", "when= is 'jpg', which is not a plain function"),
    ],
)
async def test_rules_that_make_no_sense(tmp_path: Path, marker: Any, when: Any, found: str) -> None:
    builder = builder_of(f"sqlite:///{tmp_path / 'dam.db'}")
    builder.mark_new(marker, when=when)
    builder.add_system(marker)
    with pytest.raises(WorldBuildError) as caught:
        await builder.build()
    fault, other = caught.value.faults
    assert (fault.file, fault.function, fault.found) == (
        __file__,
        "test_rules_that_make_no_sense",
        found,
    )
    assert fault.line == other.line - 1
    assert fault.hint in {
        "name a class that derives from MarkerComponent and has a table",
        "give a plain function that takes a NewAsset and returns a bool",
    }


async def test_all_faults_of_all_systems_come_in_one_error(tmp_path: Path) -> None:
    @system(stage=STAGE)
    async def first(
        assets: MarkedEntityList[NeedsMetadataExtractionComponent], number: int
    ) -> None: ...

    @system(stage=STAGE, after=[named("gone")])
    async def second(
        assets: MarkedEntityList[NeedsMetadataExtractionComponent],
        session: WorldSession,
        commands: Commands,
    ) -> None: ...

    @listens_for(Asked)
    async def third(store: Resource[Store], reader: WorldReader) -> int: ...  # type: ignore[empty-body] # never called

    circle = named("circle")
    circle = system(stage=SystemStage.POST_PROCESSING, after=[circle])(circle)
    with pytest.raises(WorldBuildError) as caught:
        await builder_of(f"sqlite:///{tmp_path / 'dam.db'}", first, second, third, circle).build()
    assert [(fault.function, fault.found) for fault in caught.value.faults] == [
        ("first", "parameter 'number' is a int, which cannot be injected"),
        ("second", "it asks for both WorldSession and Commands"),
        ("second", "after= names gone, unknown in its stage"),
        ("circle", "after= goes in a circle: circle -> circle"),
        ("third", "parameter 'store' asks for Store, which no plugin provides"),
        ("second", "it consumes NeedsMetadataExtractionComponent, and so does first"),
    ]
    lines = str(caught.value).splitlines()
    assert lines[0] == "the world cannot be built, 6 faults:"
    line = second.__code__.co_firstlineno
    assert lines[2] == (
        f"  {__file__}:{line}: second: it asks for both WorldSession and Commands; "
        "take WorldSession for short database work, Commands for slow work, not both"
    )
    assert caught.value.exit_code is ExitCode.ENVIRONMENT


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
