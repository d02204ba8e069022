"""Systems, listeners and rules that no world can be built of: each function adds one kind."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any, BinaryIO

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.builder import WorldBuilder
from dam.core.config import WorldConfig
from dam.core.ecs.components import Component, EntityId, MarkerComponent
from dam.core.events import Event
from dam.core.media_kinds import KindBinding
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, listens_for, system
from dam.core.systems.params import (
    Components,
    MarkedEntityList,
    Resource,
    WorldReader,
    WorldSession,
)
from dam.media.kind import MediaKind
from dam.media.limits import MediaLimits
from dam.models import (
    ImageDimensionsComponent,
    NeedsContentAnalysisComponent,
    NeedsMetadataExtractionComponent,
)

STAGE = SystemStage.CONTENT_ANALYSIS

faulty: Any = system(stage=STAGE)  # the type checker would name some of the faults itself


class Store:
    """A resource that no plugin provides."""


class Asked(Event[int]):
    """An event."""


def named(name: str, **facts: Any) -> Callable[..., Awaitable[None]]:
    """Return a system of that name."""

    async def function(commands: Commands) -> None: ...

    function.__name__ = name
    return system(**{"stage": STAGE} | facts)(function)


def annotated(name: str, annotation: Any) -> Callable[..., Awaitable[None]]:
    """Return a system of that name whose parameter, `odd`, is annotated so."""

    async def function(odd: object) -> None: ...

    function.__annotations__["odd"] = annotation
    function.__name__ = name
    return system(stage=STAGE)(function)


def no_annotation(builder: WorldBuilder) -> None:
    async def bad(assets: object, commands: Commands) -> None: ...

    del bad.__annotations__["assets"]
    builder.add_system(faulty(bad))


def cannot_be_given(builder: WorldBuilder) -> None:
    @system(stage=STAGE)
    async def bad(
        number: int, many: list[int], event: Asked, session: AsyncSession, text: str | None = None
    ) -> None: ...

    builder.add_system(bad)
    for number, annotation in enumerate([[Store], {}, Annotated[int, []]], start=1):
        builder.add_system(annotated(f"bad_{number}", annotation))


def cannot_be_evaluated(builder: WorldBuilder) -> None:
    @system(stage=STAGE)
    async def not_imported(store: "Resource[NotImported]") -> None: ...  # type: ignore[name-defined] # noqa: F821 - the fault

    builder.add_system(not_imported)
    for name, text in {
        "no_expression": "Resource[",
        "no_attribute": "Store.gone",
        "no_generic": "int[3]",
        "no_number": "1 / 0",
    }.items():
        builder.add_system(annotated(name, text))


def no_signature(builder: WorldBuilder) -> None:
    bad = named("bad")
    bad.__signature__ = 3  # type: ignore[attr-defined] # what newer Pythons raise on their own
    builder.add_system(bad)


def marked_by_no_marker(builder: WorldBuilder) -> None:
    two: Any = (NeedsContentAnalysisComponent, NeedsContentAnalysisComponent)
    of_two = MarkedEntityList[two]
    annotations: list[Any] = [MarkedEntityList, MarkedEntityList[MarkerComponent], of_two]
    annotations.append(MarkedEntityList[ImageDimensionsComponent])  # type: ignore[type-var] # the fault
    for number, annotation in enumerate(annotations, start=1):
        builder.add_system(annotated(f"bad_{number}", annotation))


def components_of_no_component(builder: WorldBuilder) -> None:
    async def bad(
        assets: MarkedEntityList[NeedsContentAnalysisComponent],
        nothing: object,
        base: Components[Component],
        anything: Components[Any],
        store: Components[Store],  # type: ignore[type-var] # the fault
    ) -> None: ...

    bad.__annotations__["nothing"] = Components
    builder.add_system(faulty(bad))


def components_without_marked_entities(builder: WorldBuilder) -> None:
    @system(stage=STAGE)
    async def bad(sizes: Components[ImageDimensionsComponent]) -> None: ...

    @listens_for(Asked)
    async def answers(event: Asked, sizes: Components[ImageDimensionsComponent]) -> int: ...  # type: ignore[empty-body] # never called

    builder.add_system(bad)
    builder.add_listener(answers)


def resource_of_no_class(builder: WorldBuilder) -> None:
    @system(stage=STAGE)
    async def bad(either: Resource[Store | int], many: Resource[list[int]]) -> None: ...

    builder.add_system(bad)


def wrong_arguments_of_system(builder: WorldBuilder) -> None:
    facts: list[dict[str, Any]] = [
        {"stage": "content-analysis"},
        {"batch_size": 0},
        {"batch_size": True},
        {"run_if": "linux"},
        {"requires": Store},
    ]
    for number, each in enumerate(facts, start=1):
        builder.add_system(named(f"bad_{number}", **each))


def listens_for_no_event(builder: WorldBuilder) -> None:
    no_event: Any = Store

    @listens_for(no_event)
    async def bad(reader: WorldReader) -> None: ...

    builder.add_listener(bad)


def not_by_name(builder: WorldBuilder) -> None:
    @system(stage=STAGE)
    async def bad(config: WorldConfig, /, *args: Commands, **more: WorldReader) -> None: ...

    builder.add_system(bad)


def not_async(builder: WorldBuilder) -> None:
    def bad(commands: Commands) -> None: ...

    builder.add_system(faulty(bad))


def session_beside_commands(builder: WorldBuilder) -> None:
    @system(stage=STAGE)
    async def bad(session: WorldSession, commands: Commands) -> None: ...

    builder.add_system(bad)


def two_lists_of_marked_entities(builder: WorldBuilder) -> None:
    @system(stage=STAGE)
    async def bad(
        some: MarkedEntityList[NeedsContentAnalysisComponent],
        others: MarkedEntityList[NeedsContentAnalysisComponent],
    ) -> None: ...

    builder.add_system(bad)


def listener_with_marked_entities(builder: WorldBuilder) -> None:
    @listens_for(Asked)
    async def bad(event: Asked, assets: MarkedEntityList[NeedsContentAnalysisComponent]) -> int: ...  # type: ignore[empty-body] # never called

    builder.add_listener(bad)


def circle(builder: WorldBuilder) -> None:
    first = named("first")
    second = named("second", after=[first])
    third = named("third", after=[second])
    first = named("first", after=[third])
    for each in (first, system(stage=STAGE, after=[first])(second), third):
        builder.add_system(each)


def after_itself(builder: WorldBuilder) -> None:
    own = named("own")
    builder.add_system(system(stage=STAGE, after=[own])(own))


def after_no_system_of_the_stage(builder: WorldBuilder) -> None:
    elsewhere = named("elsewhere", stage=SystemStage.POST_PROCESSING)
    builder.add_system(elsewhere)
    builder.add_system(named("later", after=[elsewhere, named("unregistered")]))
    for number, after in enumerate([3, [[1]], ["first"]], start=1):
        builder.add_system(named(f"last_{number}", after=after))


def no_such_resource(builder: WorldBuilder) -> None:
    @system(stage=STAGE)
    async def stores(store: Resource[Store]) -> None: ...

    @listens_for(Asked)
    async def answers(event: Asked, store: Resource[Store]) -> int: ...  # type: ignore[empty-body] # never called

    builder.add_system(stores)
    builder.add_listener(answers)


def two_systems_for_one_marker(builder: WorldBuilder) -> None:
    @system(stage=STAGE)
    async def first(assets: MarkedEntityList[NeedsContentAnalysisComponent]) -> None: ...

    @system(stage=SystemStage.POST_PROCESSING)
    async def second(assets: MarkedEntityList[NeedsContentAnalysisComponent]) -> None: ...

    builder.add_system(first)
    builder.add_system(second)


def two_systems_of_one_name(builder: WorldBuilder) -> None:
    builder.add_system(named("twice"))
    builder.add_system(named("twice"))


def no_decorator(builder: WorldBuilder) -> None:
    async def plain(commands: Commands) -> None: ...

    builder.add_system(plain)
    builder.add_listener(plain)
    builder.add_system(listens_for(Asked)(plain))


def wrong_arguments_of_mark_new(builder: WorldBuilder) -> None:
    rules: list[tuple[Any, Any]] = [
        (Store, None),
        (MarkerComponent, None),
        (3, None),
        (NeedsContentAnalysisComponent, "jpg"),
        (NeedsContentAnalysisComponent, named("later")),
    ]
    for marker, when in rules:
        builder.mark_new(marker, when=when)


def wrong_arguments_of_mark_described(builder: WorldBuilder) -> None:
    rules: list[tuple[Any, Any]] = [
        (Store, "image/*"),
        (NeedsContentAnalysisComponent, "jpg"),
        (NeedsContentAnalysisComponent, "*/jpeg"),
        (NeedsContentAnalysisComponent, 3),
    ]
    for marker, wanted in rules:
        builder.mark_described(marker, wanted)


def describe(file: BinaryIO, media_type: str, limits: MediaLimits) -> int:
    """Stand for the function of a media kind."""
    raise NotImplementedError  # it is never called


def wrong_media_kinds(builder: WorldBuilder) -> None:
    def bind(name: str, *media_types: str) -> KindBinding[Any]:
        kind = MediaKind(
            name=name,
            media_types=frozenset(media_types),
            describe=describe,
            description_version=1,
        )
        return KindBinding(kind=kind, components=(), write=write)

    def write(commands: Commands, asset: EntityId, facts: int) -> None: ...

    async def write_later(commands: Commands, asset: EntityId, facts: int) -> None: ...

    later: Any = write_later
    wrong: Any = "a binding"
    builder.contribute(bind("songs", "audio/mpeg"))
    builder.contribute(wrong)
    builder.contribute(bind("songs", "audio/flac"))
    builder.contribute(bind("sounds", "audio/flac", "audio/mpeg"))
    builder.contribute(bind("nothing"))
    builder.contribute(
        replace(
            bind("rows", "text/csv"),
            components=(ImageDimensionsComponent, NeedsContentAnalysisComponent),
        )
    )
    nested = replace(bind("nested", "text/x-nested").kind, picture=lambda *_: None)
    builder.contribute(replace(bind("nested", "text/x-nested"), kind=nested, write=later))


def many_at_once(builder: WorldBuilder) -> None:
    def first(
        assets: MarkedEntityList[NeedsMetadataExtractionComponent],
        number: int,
        *more: Commands,
        session: WorldSession,
        commands: Commands,
    ) -> None: ...

    @system(stage=STAGE, after=[named("gone")])
    async def second(assets: MarkedEntityList[NeedsMetadataExtractionComponent]) -> None: ...

    @listens_for(Asked)
    async def third(store: Resource[Store], reader: WorldReader) -> int: ...  # type: ignore[empty-body] # never called

    last = named("last")
    last = system(stage=SystemStage.POST_PROCESSING, after=[last])(last)
    for each in (faulty(first), second, last):
        builder.add_system(each)
    builder.add_listener(third)


FAULTY: list[Callable[[WorldBuilder], None]] = [
    after_itself,
    after_no_system_of_the_stage,
    cannot_be_evaluated,
    cannot_be_given,
    circle,
    components_of_no_component,
    components_without_marked_entities,
    listener_with_marked_entities,
    listens_for_no_event,
    many_at_once,
    marked_by_no_marker,
    no_annotation,
    no_decorator,
    no_signature,
    no_such_resource,
    not_async,
    not_by_name,
    resource_of_no_class,
    session_beside_commands,
    two_lists_of_marked_entities,
    two_systems_for_one_marker,
    two_systems_of_one_name,
    wrong_arguments_of_mark_described,
    wrong_arguments_of_mark_new,
    wrong_arguments_of_system,
    wrong_media_kinds,
]
