"""Reads the signature of a system or listener into a `Plan`, and reports everything wrong in it."""

import inspect
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Annotated, Any, TypeGuard, get_args, get_origin

from dam.core.config import WorldConfig, WorldContext
from dam.core.ecs.components import AnyComponent, MarkerComponent
from dam.core.events import Event
from dam.core.systems.annotations import evaluated, unreadable
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import ListenerFacts, SystemFacts, SystemStage, system_name
from dam.core.systems.params import (
    Components,
    MarkedEntityList,
    Param,
    ParamKind,
    Plan,
    WorldReader,
)
from dam.errors import BuildFault

Wrong = tuple[str, str]
"""A fault: what was found, and what to do."""

_BY_TYPE: list[tuple[type, ParamKind]] = [
    (WorldReader, ParamKind.READER),
    (Commands, ParamKind.COMMANDS),
    (WorldConfig, ParamKind.CONFIG),
    (WorldContext, ParamKind.CONTEXT),
]

_MENU = "a system may ask for " + ", ".join(
    kind.value for kind in ParamKind if kind is not ParamKind.EVENT
)
_A_MARKER = "a class that derives from MarkerComponent and has a table"


def read_plan(
    function: Callable[..., Awaitable[Any]], facts: SystemFacts | ListenerFacts
) -> tuple[Plan, list[BuildFault]]:
    """Return the plan of a function, and a fault for everything that is wrong with it."""
    wrong: list[Wrong] = []
    if not inspect.iscoroutinefunction(function):
        wrong.append(("it is not an async function", "write `async def`"))
    event_type = facts.event if isinstance(facts, ListenerFacts) else None
    params = []
    for declared in _parameters(function, wrong):
        param = _unnamed(declared) or _read_param(function, declared, event_type)
        if isinstance(param, Param):
            params.append(param)
        elif param not in wrong:
            wrong.append(param)
    plan = Plan(function=function, facts=facts, params=tuple(params))
    wrong += _contradictions(plan)
    wrong += _wrong_facts(facts) if isinstance(facts, SystemFacts) else _wrong_event(facts)
    return plan, [fault(function, *each) for each in wrong]


def is_component(kind: object) -> bool:
    """Tell whether something is a component class."""
    return isinstance(kind, type) and issubclass(kind, AnyComponent)


def is_marker(kind: object) -> TypeGuard[type[MarkerComponent]]:
    """Tell whether a thing is a marker class with a table, which the base class has not."""
    is_subclass = isinstance(kind, type) and issubclass(kind, MarkerComponent)
    return is_subclass and hasattr(kind, "__table__")


def fault(
    function: Callable[..., Any], found: str, hint: str, caller: FrameType | None = None
) -> BuildFault:
    """Return a fault that points at the function's definition, or at the caller if it has none.

    Args:
        function: The function that is wrong.
        found: What is wrong with it.
        hint: What to do.
        caller: The frame to point at, if `function` was not defined in Python.
    """
    name = system_name(function)
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is not None:
        file, line = code.co_filename, code.co_firstlineno
    elif caller is not None:
        file, line = caller.f_code.co_filename, caller.f_lineno
    else:
        file, line = "?", 0
    return BuildFault(file=file, line=line, function=name, found=found, hint=hint)


def call_fault(caller: FrameType, found: str, hint: str) -> BuildFault:
    """Return a fault that points at the current line of the caller, not at a function."""
    code = caller.f_code
    return BuildFault(
        file=code.co_filename, line=caller.f_lineno, function=code.co_name, found=found, hint=hint
    )


def name_of(thing: object) -> str:
    """Return the name of a class, or the `repr` of anything else."""
    return thing.__name__ if isinstance(thing, type) else repr(thing)


def _parameters(
    function: Callable[..., Awaitable[Any]], wrong: list[Wrong]
) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except Exception as error:  # noqa: BLE001 - newer Pythons evaluate a plugin's annotations here
        wrong.append(unreadable("its signature", error, _MENU))
        return []


def _unnamed(declared: inspect.Parameter) -> Wrong | None:
    if declared.kind in {declared.POSITIONAL_OR_KEYWORD, declared.KEYWORD_ONLY}:
        return None
    is_positional = declared.kind is declared.POSITIONAL_ONLY
    how = "can only be given by position" if is_positional else "is for any number of arguments"
    hint = "each argument is given by its name: write parameters without `/` and `*`"
    return f"parameter {declared.name!r} {how}", hint


def _read_param(
    function: Callable[..., Awaitable[Any]],
    declared: inspect.Parameter,
    event_type: type[Event[Any]] | None,
) -> Param | Wrong:
    name = declared.name
    if declared.annotation is declared.empty:
        return f"parameter {name!r} has no annotation", _MENU
    try:
        hint = evaluated(function, declared)
    except Exception as error:  # noqa: BLE001 - an annotation may be any expression
        return unreadable(f"the annotation of parameter {name!r}", error, _MENU)
    return _read_hint(name, hint, event_type)


def _read_hint(name: str, hint: object, event_type: type[Event[Any]] | None) -> Param | Wrong:
    for kind, param_kind in _BY_TYPE:  # by identity: some annotations cannot be hashed
        if hint is kind:
            return Param(name, param_kind)
    if event_type is not None and hint is event_type:
        return Param(name, ParamKind.EVENT, event_type)
    if get_origin(hint) is Annotated:
        target, *extras = get_args(hint)
        extra = next((extra for extra in extras if isinstance(extra, ParamKind)), None)
        if extra is not None:
            return _read_annotated(name, extra, target)
    if hint is MarkedEntityList or get_origin(hint) is MarkedEntityList:
        return _read_marked(name, get_args(hint))
    if hint is Components or get_origin(hint) is Components:
        return _read_components(name, get_args(hint))
    return (
        f"parameter {name!r} is annotated as {name_of(hint)}, which a system cannot ask for",
        _MENU,
    )


def _read_annotated(name: str, kind: ParamKind, target: object) -> Param | Wrong:
    if kind is ParamKind.RESOURCE and not isinstance(target, type):
        hint = "name the class under which builder.add_resource provides it: Resource[Store]"
        return f"parameter {name!r} asks for {target}, which is not a class", hint
    return Param(name, kind, target)


def _read_marked(name: str, markers: tuple[object, ...]) -> Param | Wrong:
    if len(markers) == 1 and is_marker(markers[0]):
        return Param(name, ParamKind.MARKED, markers[0])
    found = _subscribed("MarkedEntityList", markers)
    return (
        f"parameter {name!r} is annotated as {found}, which does not name one marker",
        f"write MarkedEntityList[NeedsSomething], with {_A_MARKER}",
    )


def _read_components(name: str, kinds: tuple[object, ...]) -> Param | Wrong:
    kind = kinds[0] if len(kinds) == 1 else None
    if isinstance(kind, type) and issubclass(kind, AnyComponent) and hasattr(kind, "__table__"):
        return Param(name, ParamKind.COMPONENTS, kind)
    found = _subscribed("Components", kinds)
    return (
        f"parameter {name!r} is annotated as {found}, which does not name one component",
        "write Components[ImageDimensionsComponent], with a class that derives from Component or "
        "MultiComponent and has a table",
    )


def _subscribed(kind: str, targets: tuple[object, ...]) -> str:
    return f"{kind}[{', '.join(map(name_of, targets))}]" if targets else kind


def wrong_rule(marker: object, when: object) -> list[Wrong]:
    """Return what is wrong with the arguments of `mark_new`."""
    wrong = []
    if not is_marker(marker):
        wrong.append(
            (f"mark_new is given {name_of(marker)}, which is not a marker", f"give {_A_MARKER}")
        )
    if when is not None and (not callable(when) or inspect.iscoroutinefunction(when)):
        hint = "give a function without `async` that takes a NewAsset and returns a bool"
        wrong.append((f"when= is {system_name(when)}, which is not a plain function", hint))
    return wrong


def wrong_described_rule(marker: object, wanted: object) -> list[Wrong]:
    """Return what is wrong with the arguments of `mark_described`."""
    wrong = []
    if not is_marker(marker):
        found = f"mark_described is given {name_of(marker)}, which is not a marker"
        wrong.append((found, f"give {_A_MARKER}"))
    is_type = isinstance(wanted, str) and "/" in wanted and "*" not in wanted[:-1]
    if not is_type and (not callable(wanted) or inspect.iscoroutinefunction(wanted)):
        hint = "give a media type, a pattern such as image/*, or a function of a MediaKind"
        wrong.append((f"mark_described is given {name_of(wanted)} for the media type", hint))
    return wrong


def _wrong_facts(facts: SystemFacts) -> list[Wrong]:
    """Return what is wrong with the arguments of `@system`, which may be anything."""
    given: dict[str, object] = vars(facts)
    stage, run_if, batch_size = given["stage"], given["run_if"], given["batch_size"]
    wrong = []
    if not isinstance(stage, SystemStage):
        names = ", ".join(f"SystemStage.{member.name}" for member in SystemStage)
        wrong.append((f"stage= is {stage!r}, which is not a stage", f"give one of {names}"))
    if run_if is not None and not callable(run_if):
        hint = "give a function that takes the WorldConfig and returns a bool"
        wrong.append((f"run_if= is {run_if!r}, which cannot be called", hint))
    if type(batch_size) is not int or batch_size < 1:
        wrong.append((f"batch_size= is {batch_size!r}", "give a whole number, at least 1"))
    if given["requires"] is not None and not is_component(given["requires"]):
        hint = "give a component class, or leave it out"
        wrong.append((f"requires= is {name_of(given['requires'])}, which is not a component", hint))
    return wrong


def _wrong_event(facts: ListenerFacts) -> list[Wrong]:
    event: object = facts.event
    if isinstance(event, type) and issubclass(event, Event):
        return []
    return [(f"it listens for {name_of(event)}, which is not an event", "derive it from Event[R]")]


def _contradictions(plan: Plan) -> list[Wrong]:
    wrong = []
    if plan.asks_for(ParamKind.SESSION) and plan.asks_for(ParamKind.COMMANDS):
        hint = "take WorldSession for short database work, Commands for slow work, not both"
        wrong.append(("it asks for both WorldSession and Commands", hint))
    if sum(param.kind is ParamKind.MARKED for param in plan.params) > 1:
        hint = "split it: a system works on one marker"
        wrong.append(("it asks for two lists of marked entities", hint))
    if plan.asks_for(ParamKind.COMPONENTS) and plan.marker is None:
        hint = "ask for MarkedEntityList[Marker] too, or read them with WorldReader"
        wrong.append(("it asks for components without marked entities", hint))
    if isinstance(plan.facts, ListenerFacts) and plan.marker is not None:
        hint = "make it a system: a listener only answers an event"
        wrong.append(("it is a listener and asks for marked entities", hint))
    return wrong
