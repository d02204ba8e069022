"""What a system may ask for, and every way in which a signature can be wrong."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.config import WorldConfig, WorldContext
from dam.core.ecs.components import Component, MarkerComponent
from dam.core.events import Event
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, facts_of, listens_for, system
from dam.core.systems.params import (
    Components,
    MarkedEntityList,
    Param,
    ParamKind,
    Resource,
    WorldReader,
    WorldSession,
)
from dam.core.systems.signatures import read_plan
from dam.models import (
    FileLocationComponent,
    ImageDimensionsComponent,
    NeedsContentAnalysisComponent,
)

STAGE = SystemStage.CONTENT_ANALYSIS
faulty: Any = system(stage=STAGE)  # the type checker would name some of the faults itself
MENU = (
    "a system may ask for WorldSession, WorldReader, Commands, WorldConfig, WorldContext, "
    "Resource[T], MarkedEntityList[Marker], Components[Kind]"
)


CANNOT = "which cannot be injected"
EVALUATED = "the annotation of parameter 'odd' cannot be evaluated: "
STAGES = (
    "give one of SystemStage.ASSET_INGESTION, SystemStage.METADATA_EXTRACTION, "
    "SystemStage.CONTENT_ANALYSIS, SystemStage.POST_PROCESSING"
)


class Store:
    """A resource."""


class Asked(Event[int]):
    """An event."""


def faults_of(function: Callable[..., Awaitable[Any]]) -> list[tuple[str, str]]:
    facts = facts_of(function)
    assert facts is not None
    _plan, faults = read_plan(function, facts)
    assert all(fault.file == __file__ for fault in faults)
    assert all(fault.line == function.__code__.co_firstlineno for fault in faults)
    return [(fault.found, fault.hint) for fault in faults]


@system(stage=STAGE)
async def asks_for_much(
    assets: MarkedEntityList[NeedsContentAnalysisComponent],
    reader: WorldReader,
    commands: Commands,
    config: WorldConfig,
    context: WorldContext,
    store: Resource[Store],
    sizes: Components[ImageDimensionsComponent],
    places: Components[FileLocationComponent],
) -> None: ...


def test_a_signature_becomes_a_plan() -> None:
    facts = facts_of(asks_for_much)
    assert facts is not None
    plan, faults = read_plan(asks_for_much, facts)
    assert faults == []
    assert plan.name == "asks_for_much"
    assert plan.marker is NeedsContentAnalysisComponent
    assert plan.params == (
        Param("assets", ParamKind.MARKED, NeedsContentAnalysisComponent),
        Param("reader", ParamKind.READER),
        Param("commands", ParamKind.COMMANDS),
        Param("config", ParamKind.CONFIG),
        Param("context", ParamKind.CONTEXT),
        Param("store", ParamKind.RESOURCE, Store),
        Param("sizes", ParamKind.COMPONENTS, ImageDimensionsComponent),
        Param("places", ParamKind.COMPONENTS, FileLocationComponent),
    )


def test_a_session_is_told_by_its_alias() -> None:
    @system(stage=STAGE)
    async def writes(session: WorldSession) -> None: ...

    assert faults_of(writes) == []

    @system(stage=STAGE)
    async def writes_unnamed(session: AsyncSession) -> None: ...

    assert faults_of(writes_unnamed) == [
        ("parameter 'session' is a AsyncSession, which cannot be injected", MENU)
    ]


def test_the_decorator_returns_the_function() -> None:
    async def plain(commands: Commands) -> None: ...

    assert system(stage=STAGE)(plain) is plain


def test_an_unannotated_parameter() -> None:
    async def bad(assets: object, commands: Commands) -> None: ...

    del bad.__annotations__["assets"]
    assert faults_of(faulty(bad)) == [("parameter 'assets' has no annotation", MENU)]


def test_something_that_cannot_be_injected() -> None:
    @system(stage=STAGE)
    async def bad(number: int, many: list[int], text: str | None = None) -> None: ...

    assert faults_of(bad) == [
        ("parameter 'number' is a int, which cannot be injected", MENU),
        ("parameter 'many' is a list, which cannot be injected", MENU),
        ("parameter 'text' is a str | None, which cannot be injected", MENU),
    ]


two: Any = (NeedsContentAnalysisComponent, NeedsContentAnalysisComponent)
list_of_two = MarkedEntityList[two]


@pytest.mark.parametrize(
    ("annotation", "found"),
    [
        (MarkedEntityList, "nothing"),
        (MarkedEntityList[MarkerComponent], "MarkerComponent"),
        (list_of_two, "NeedsContentAnalysisComponent, NeedsContentAnalysisComponent"),
        (MarkedEntityList[ImageDimensionsComponent], "ImageDimensionsComponent"),  # type: ignore[type-var] # the fault
    ],
)
def test_a_list_marked_by_no_marker(annotation: Any, found: str) -> None:
    async def bad(assets: object) -> None: ...

    bad.__annotations__["assets"] = annotation
    hint = (
        "name a class that derives from MarkerComponent and has a table: "
        "MarkedEntityList[NeedsSomething]"
    )
    assert faults_of(system(stage=STAGE)(bad)) == [
        (f"parameter 'assets' is a list of entities marked by {found}, which is not a marker", hint)
    ]


@pytest.mark.parametrize(
    ("annotation", "found"),
    [
        (Components, "nothing"),
        (Components[Component], "Component"),
        (Components[Any], "Any"),
        (Components[Store], "Store"),  # type: ignore[type-var] # the fault
    ],
)
def test_components_of_no_component(annotation: Any, found: str) -> None:
    async def bad(
        assets: MarkedEntityList[NeedsContentAnalysisComponent], sizes: object
    ) -> None: ...

    bad.__annotations__["sizes"] = annotation
    hint = (
        "name a class that derives from Component or MultiComponent and has a table: "
        "Components[ImageDimensionsComponent]"
    )
    assert faults_of(system(stage=STAGE)(bad)) == [
        (f"parameter 'sizes' asks for components of {found}, which is not a component", hint)
    ]


def test_components_without_marked_entities() -> None:
    @system(stage=STAGE)
    async def bad(sizes: Components[ImageDimensionsComponent]) -> None: ...

    @listens_for(Asked)
    async def answers(event: Asked, sizes: Components[ImageDimensionsComponent]) -> int: ...  # type: ignore[empty-body] # never called

    hint = "ask for MarkedEntityList[Marker] too, or read them with WorldReader"
    fault = ("it asks for components without marked entities", hint)
    assert faults_of(bad) == [fault]
    assert faults_of(answers) == [fault]


def test_a_name_that_is_not_imported() -> None:
    @system(stage=STAGE)
    async def bad(store: "Resource[NotImported]") -> None: ...  # type: ignore[name-defined] # noqa: F821 - the fault

    hint = "import injected types for real, not under TYPE_CHECKING"
    assert faults_of(bad) == [("an annotation names 'NotImported', which is not defined", hint)]


def test_an_annotation_that_is_no_expression() -> None:
    async def bad(store: object) -> None: ...

    bad.__annotations__["store"] = "Resource["
    assert faults_of(system(stage=STAGE)(bad)) == [
        ("an annotation cannot be read as Python", "write it as a plain expression")
    ]


@pytest.mark.parametrize(
    ("annotation", "found"),
    [
        (
            [Store],
            "parameter 'odd' is a [<class 'tests.core.systems.test_params.Store'>], " + CANNOT,
        ),
        ({}, "parameter 'odd' is a {}, " + CANNOT),
        (Annotated[int, []], "parameter 'odd' is a Annotated, " + CANNOT),
        ("Store.gone", EVALUATED + "AttributeError: type object 'Store' has no attribute 'gone'"),
        ("int[3]", EVALUATED + "TypeError: type 'int' is not subscriptable"),
        ("1 / 0", EVALUATED + "ZeroDivisionError: division by zero"),
    ],
)
def test_an_annotation_may_be_anything(annotation: Any, found: str) -> None:
    async def bad(odd: object, number: int) -> None: ...

    bad.__annotations__["odd"] = annotation
    assert faults_of(system(stage=STAGE)(bad)) == [
        (found, MENU),
        ("parameter 'number' is a int, which cannot be injected", MENU),
    ]


def test_a_resource_that_is_no_class() -> None:
    @system(stage=STAGE)
    async def bad(either: Resource[Store | int], many: Resource[list[int]]) -> None: ...

    hint = "name the class under which builder.add_resource provides it: Resource[Store]"
    either = "tests.core.systems.test_params.Store | int"
    assert faults_of(bad) == [
        (f"parameter 'either' asks for {either}, which is not a class", hint),
        ("parameter 'many' asks for list[int], which is not a class", hint),
    ]


@pytest.mark.parametrize(
    ("facts", "found", "hint"),
    [
        (
            {"stage": "content-analysis"},
            "stage= is 'content-analysis', which is not a stage",
            STAGES,
        ),
        ({"batch_size": 0}, "batch_size= is 0", "give a whole number, at least 1"),
        ({"batch_size": True}, "batch_size= is True", "give a whole number, at least 1"),
        (
            {"run_if": "linux"},
            "run_if= is 'linux', which cannot be called",
            "give a function that takes the WorldConfig and returns a bool",
        ),
    ],
)
def test_a_decorator_that_is_given_something_else(
    facts: dict[str, Any], found: str, hint: str
) -> None:
    async def bad(commands: Commands) -> None: ...

    assert faults_of(system(**{"stage": STAGE} | facts)(bad)) == [(found, hint)]


def test_a_listener_for_no_event() -> None:
    no_event: Any = Store

    @listens_for(no_event)
    async def bad(reader: WorldReader) -> None: ...

    assert faults_of(bad) == [
        ("it listens for Store, which is not an event", "derive it from Event[R]")
    ]


def test_parameters_that_take_whatever_comes() -> None:
    @system(stage=STAGE)
    async def bad(config: WorldConfig, /, *args: Commands, **more: WorldReader) -> None: ...

    hint = "systems are called with keyword arguments: give it a plain name"
    assert faults_of(bad) == [
        ("parameter 'config' is positional-only", hint),
        ("parameter 'args' is variadic", hint),
        ("parameter 'more' is variadic", hint),
    ]


def test_a_function_that_is_not_async() -> None:
    def bad(commands: Commands) -> None: ...

    assert faults_of(faulty(bad)) == [("it is not an async function", "write `async def`")]


def test_a_session_beside_commands() -> None:
    @system(stage=STAGE)
    async def bad(session: WorldSession, commands: Commands) -> None: ...

    hint = "take WorldSession for short database work, Commands for slow work, not both"
    assert faults_of(bad) == [("it asks for both WorldSession and Commands", hint)]


def test_two_lists_of_marked_entities() -> None:
    @system(stage=STAGE)
    async def bad(
        some: MarkedEntityList[NeedsContentAnalysisComponent],
        others: MarkedEntityList[NeedsContentAnalysisComponent],
    ) -> None: ...

    hint = "split it: a system works on one marker"
    assert faults_of(bad) == [("it asks for two lists of marked entities", hint)]


def test_a_listener_with_marked_entities() -> None:
    @listens_for(Asked)
    async def bad(event: Asked, assets: MarkedEntityList[NeedsContentAnalysisComponent]) -> int: ...  # type: ignore[empty-body] # never called

    hint = "make it a system: a listener only answers an event"
    assert faults_of(bad) == [("a listener asks for marked entities", hint)]


def test_an_event_in_a_system() -> None:
    @system(stage=STAGE)
    async def bad(event: Asked) -> None: ...

    assert faults_of(bad) == [("parameter 'event' is a Asked, which cannot be injected", MENU)]


def test_all_faults_of_a_signature_are_found() -> None:
    def bad(number: int, *more: Commands, session: WorldSession, commands: Commands) -> None: ...

    assert [found for found, _hint in faults_of(faulty(bad))] == [
        "it is not an async function",
        "parameter 'number' is a int, which cannot be injected",
        "parameter 'more' is variadic",
        "it asks for both WorldSession and Commands",
    ]
