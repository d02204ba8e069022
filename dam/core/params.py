"""What a system may ask for: a signature becomes a plan once, a plan becomes arguments each run."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import (
    Annotated,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    TypeVar,
    TypeVarTuple,
    get_args,
    get_origin,
    get_type_hints,
)

from sqlalchemy import Row, Select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from dam.core.commands import Commands
from dam.core.config import WorldConfig, WorldContext
from dam.core.database import Database
from dam.core.ecs import EntityId, MarkerComponent
from dam.core.events import Event
from dam.core.resources import ResourceManager
from dam.core.systems import ListenerFacts, SystemFacts, system_name
from dam.errors import BuildFault

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", bound=MarkerComponent)
Columns = TypeVarTuple("Columns")


class ParamKind(Enum):
    """The kinds of thing that a parameter of a system can be."""

    SESSION = "WorldSession"
    READER = "WorldReader"
    COMMANDS = "Commands"
    CONFIG = "WorldConfig"
    CONTEXT = "WorldContext"
    RESOURCE = "Resource[T]"
    MARKED = "MarkedEntityList[Marker]"
    EVENT = "the event"


WorldSession = Annotated[AsyncSession, ParamKind.SESSION]
"""A read-write session; the scheduler begins and commits its transaction around the call."""

Resource = Annotated[T, ParamKind.RESOURCE]
"""The world's resource of type `T`."""


class MarkedEntityList(list[EntityId], Generic[M]):
    """The ids of entities that carry the marker `M`, claimed for this call, ascending."""

    def __init__(self, entity_ids: Iterable[EntityId] = ()) -> None:
        super().__init__(entity_ids)
        self.failures: dict[EntityId, Exception] = {}

    def fail(self, entity_id: EntityId, error: Exception) -> None:
        """Give one entity up: the marker comes off and the error is kept; the others go on."""
        if entity_id not in self:
            msg = f"entity {entity_id} is not among the marked ones, so it cannot fail"
            raise ValueError(msg)
        self.failures[entity_id] = error


class WorldReader:
    """Read-only access; each call is a short transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(
        self,
        fn: Callable[Concatenate[AsyncSession, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Return what a service function reads."""
        return await self._database.read(fn, *args, **kwargs)

    async def rows(self, statement: Select[*Columns]) -> Sequence[Row[*Columns]]:
        """Return all rows of a statement."""

        async def fetch(session: AsyncSession) -> Sequence[Row[*Columns]]:
            found: Sequence[Row[*Columns]] = (await session.execute(statement)).all()
            return found

        return await self.run(fetch)

    async def pages(
        self, statement: Select[Any], *, key: InstrumentedAttribute[Any], size: int = 1000
    ) -> AsyncIterator[Sequence[Row[Any]]]:
        """Yield the rows in pages, ordered by the unique column `key`, which they must contain."""
        last = None
        while True:
            page = statement.order_by(key).limit(size)
            rows = await self.rows(page if last is None else page.where(key > last))
            if not rows:
                return
            yield rows
            last = rows[-1]._mapping[key.key]  # noqa: SLF001 - SQLAlchemy's public name for it


@dataclass(frozen=True)
class Param:
    """One parameter: its name, what it is, and the resource, marker or event class meant."""

    name: str
    kind: ParamKind
    target: Any = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A system or listener, read once: what to call, with what, and how it writes."""

    function: Callable[..., Awaitable[Any]]
    facts: SystemFacts | ListenerFacts
    params: tuple[Param, ...]

    @property
    def name(self) -> str:
        """The name that reports and failures use."""
        return system_name(self.function)

    @property
    def marker(self) -> type[MarkerComponent] | None:
        """The marker that the system works off."""
        return next((p.target for p in self.params if p.kind is ParamKind.MARKED), None)

    def asks_for(self, kind: ParamKind) -> bool:
        """Tell whether a parameter is of that kind."""
        return any(param.kind is kind for param in self.params)

    @property
    def stage_facts(self) -> SystemFacts:
        """The facts of a system."""
        assert isinstance(self.facts, SystemFacts)
        return self.facts

    def arguments(
        self, resources: ResourceManager, given: Mapping[ParamKind, object]
    ) -> dict[str, object]:
        """Return the arguments of one call; `given` has what is not a resource."""
        return {
            param.name: resources.get(param.target)
            if param.kind is ParamKind.RESOURCE
            else given[param.kind]
            for param in self.params
        }


_BY_TYPE: dict[Any, ParamKind] = {
    WorldReader: ParamKind.READER,
    Commands: ParamKind.COMMANDS,
    WorldConfig: ParamKind.CONFIG,
    WorldContext: ParamKind.CONTEXT,
}

_MENU = "a system may ask for " + ", ".join(
    kind.value for kind in ParamKind if kind is not ParamKind.EVENT
)


def read_plan(
    function: Callable[..., Awaitable[Any]], facts: SystemFacts | ListenerFacts
) -> tuple[Plan, list[BuildFault]]:
    """Return the plan of a function, and everything that is wrong with its signature."""
    faults: list[BuildFault] = []
    hints: dict[str, Any] = {}
    if not inspect.iscoroutinefunction(function):
        faults.append(fault(function, "it is not an async function", "write `async def`"))
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as error:
        hint = "import injected types for real, not under TYPE_CHECKING"
        return Plan(function=function, facts=facts, params=()), [
            fault(function, f"an annotation names {error.name!r}, which is not there", hint)
        ]
    except SyntaxError:
        found = "an annotation cannot be read as Python"
        return Plan(function=function, facts=facts, params=()), [
            fault(function, found, "write it as a plain expression")
        ]
    event_type = facts.event if isinstance(facts, ListenerFacts) else None
    params = []
    for name, declared in inspect.signature(function).parameters.items():
        param = _unnamed(declared) or _read_param(name, hints.get(name), event_type)
        if isinstance(param, Param):
            params.append(param)
        else:
            faults.append(fault(function, *param))
    plan = Plan(function=function, facts=facts, params=tuple(params))
    return plan, faults + _contradictions(plan)


def _unnamed(declared: inspect.Parameter) -> tuple[str, str] | None:
    if declared.kind in {declared.POSITIONAL_OR_KEYWORD, declared.KEYWORD_ONLY}:
        return None
    how = "positional-only" if declared.kind is declared.POSITIONAL_ONLY else "variadic"
    hint = "systems are called with keyword arguments: give it a plain name"
    return f"parameter {declared.name!r} is {how}", hint


def _read_param(
    name: str, hint: object, event_type: type[Event[Any]] | None
) -> Param | tuple[str, str]:
    if hint is None:
        return f"parameter {name!r} has no annotation", _MENU
    if hint in _BY_TYPE:
        return Param(name, _BY_TYPE[hint])
    if event_type is not None and hint is event_type:
        return Param(name, ParamKind.EVENT, event_type)
    if get_origin(hint) is Annotated:
        target, *extras = get_args(hint)
        kind = next((extra for extra in extras if isinstance(extra, ParamKind)), None)
        if kind is not None:
            return Param(name, kind, target)
    if hint is MarkedEntityList or get_origin(hint) is MarkedEntityList:
        return _read_marked(name, next(iter(get_args(hint)), None))
    shown = getattr(hint, "__name__", repr(hint))
    return f"parameter {name!r} is a {shown}, which cannot be injected", _MENU


def _read_marked(name: str, marker: object) -> Param | tuple[str, str]:
    if isinstance(marker, type) and issubclass(marker, MarkerComponent):
        return Param(name, ParamKind.MARKED, marker)
    found = getattr(marker, "__name__", "nothing")
    return (
        f"parameter {name!r} is a list of entities marked by {found}, which is no marker",
        "name a class that derives from MarkerComponent: MarkedEntityList[NeedsSomething]",
    )


def _contradictions(plan: Plan) -> list[BuildFault]:
    faults = []
    if plan.asks_for(ParamKind.SESSION) and plan.asks_for(ParamKind.COMMANDS):
        hint = "take WorldSession for short database work, Commands for slow work, not both"
        faults.append(fault(plan.function, "it asks for WorldSession beside Commands", hint))
    if sum(param.kind is ParamKind.MARKED for param in plan.params) > 1:
        hint = "split it: one system works off one marker"
        faults.append(fault(plan.function, "it asks for two lists of marked entities", hint))
    if isinstance(plan.facts, ListenerFacts) and plan.marker is not None:
        hint = "a listener answers an event; work off markers in a system"
        faults.append(fault(plan.function, "a listener asks for marked entities", hint))
    return faults


def fault(function: Callable[..., Any], found: str, hint: str) -> BuildFault:
    """Return a fault that points at the function's definition."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return BuildFault(
        file=code.co_filename if code else "?",
        line=code.co_firstlineno if code else 0,
        function=getattr(function, "__name__", repr(function)),
        found=found,
        hint=hint,
    )
