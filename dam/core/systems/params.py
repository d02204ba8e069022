"""What a system may ask for, and the plan that becomes its arguments each run."""

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
)

from sqlalchemy import Row, Select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from dam.core.database.database import Database
from dam.core.ecs.components import EntityId, MarkerComponent
from dam.core.resources import ResourceManager
from dam.core.systems.declaration import ListenerFacts, SystemFacts, system_name

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", bound=MarkerComponent)
Columns = TypeVarTuple("Columns")


EarlierMarkers = tuple[type[MarkerComponent], ...]
"""Markers that come first: who still carries one of them is not ready for the work in question."""


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
        self._claimed = frozenset(self)  # the list itself is the system's to change
        self.failures: dict[EntityId, Exception] = {}

    def fail(self, entity_id: EntityId, error: Exception) -> None:
        """Give one entity up: the marker comes off and the error is kept; the others go on.

        Its other writes stay: a picture that cannot be decoded still has a type.
        """
        if entity_id not in self._claimed:
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
