"""Parameters that a system may ask for, and `Plan`, which makes its arguments for each call."""

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from enum import Enum
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    TypeVar,
    TypeVarTuple,
    overload,
)

from sqlalchemy import Row, Select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from dam.core.database.database import Database
from dam.core.ecs.components import (
    AnyComponent,
    Component,
    EntityId,
    MarkerComponent,
    MultiComponent,
)
from dam.core.ecs.rows import read_rows
from dam.core.resources import ResourceManager
from dam.core.systems.declaration import ListenerFacts, SystemFacts, system_name

P = ParamSpec("P")
T = TypeVar("T")
A = TypeVar("A", bound=AnyComponent)
C = TypeVar("C", bound=Component)
N = TypeVar("N", bound=MultiComponent)
M = TypeVar("M", bound=MarkerComponent)
Columns = TypeVarTuple("Columns")

if TYPE_CHECKING:
    from _collections_abc import dict_items

EarlierMarkers = tuple[type[MarkerComponent], ...]
"""Markers of systems that must finish with an entity before another system may claim it.

Example: `analyse_images` may not claim an asset that still carries
`NeedsMetadataExtractionComponent`."""


class ParamKind(Enum):
    """Everything that a parameter of a system or listener can be."""

    SESSION = "WorldSession"
    READER = "WorldReader"
    COMMANDS = "Commands"
    CONFIG = "WorldConfig"
    CONTEXT = "WorldContext"
    RESOURCE = "Resource[T]"
    MARKED = "MarkedEntityList[Marker]"
    COMPONENTS = "Components[Kind]"
    EVENT = "the event"


WorldSession = Annotated[AsyncSession, ParamKind.SESSION]
"""A read-write session; its transaction begins before the call and is committed after it."""

Resource = Annotated[T, ParamKind.RESOURCE]
"""The world's resource of type `T`. Example: `cache: Resource[WorldCache]`."""


class MarkedEntityList(list[EntityId], Generic[M]):
    """The ids of marked entities that are claimed for this call, ascending; `M` is the marker."""

    def __init__(self, entity_ids: Iterable[EntityId] = ()) -> None:
        super().__init__(entity_ids)
        self._claimed = frozenset(self)  # the list itself is the system's to change
        self.failures: dict[EntityId, Exception] = {}

    def fail(self, entity_id: EntityId, error: Exception) -> None:
        """Give one entity up: its marker is removed and the error is stored; the other ones go on.

        Other writes for it are kept: a picture that cannot be decoded still has a media type.

        Raises:
            ValueError: The entity is not one of those that were claimed for this call.
        """
        if entity_id not in self._claimed:
            msg = f"entity {entity_id} is not one of the marked entities, so it cannot fail"
            raise ValueError(msg)
        self.failures[entity_id] = error


class Components(dict[EntityId, Any], Generic[A]):
    """The components of class `A` that the marked entities of this call have, by entity.

    They are read in one statement before the call, so their values may be older than the rows when
    the system's writes are made. With `WorldSession` they belong to that session, which writes what
    the system changes in them; otherwise write with `Commands`.

    An entity has one component of the class, or is left out; of a `MultiComponent` every entity has
    a list, oldest first, which may be empty.

    Example: with `sizes: Components[ImageDimensionsComponent]`, `sizes[picture].width`.
    """

    if TYPE_CHECKING:  # the types of the values; `dict` itself does the work

        @overload
        def __getitem__(self: "Components[C]", key: EntityId) -> C: ...
        @overload
        def __getitem__(self: "Components[N]", key: EntityId) -> list[N]: ...
        def __getitem__(self, key: EntityId) -> object: ...

        @overload  # type: ignore[override] # a default is never needed
        def get(self: "Components[C]", key: EntityId) -> C | None: ...
        @overload
        def get(self: "Components[N]", key: EntityId) -> list[N] | None: ...
        def get(self, key: EntityId) -> object: ...  # noqa: D102 - as of any mapping

        @overload
        def items(self: "Components[C]") -> dict_items[EntityId, C]: ...
        @overload
        def items(self: "Components[N]") -> dict_items[EntityId, list[N]]: ...
        def items(self) -> object: ...  # noqa: D102 - as of any mapping


async def read_components(
    session: AsyncSession, kind: type[A], entity_ids: Collection[EntityId]
) -> Components[A]:
    """Return what a parameter `Components[kind]` is, for these entities."""
    found = await read_rows(session, kind, entity_ids)
    if issubclass(kind, MultiComponent):
        return Components({entity_id: found.get(entity_id, []) for entity_id in entity_ids})
    return Components({entity_id: row for entity_id, (row,) in found.items()})


class WorldReader:
    """Read-only access to the database; each call is a short transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(
        self,
        fn: Callable[Concatenate[AsyncSession, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a service function that only reads, and return its answer.

        Example: `await reader.run(content_service.locate, assets)`.
        """
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
        """Yield the rows in pages, each read in a transaction of its own.

        Args:
            statement: Without an order; it selects `key`, too.
            key: A unique column; the rows come in its order.
            size: How many rows a page has at most.
        """
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
    """One parameter: its name, its kind, and the class of the resource, component or the like."""

    name: str
    kind: ParamKind
    target: Any = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A system or listener whose signature was read: the function, its facts and its parameters."""

    function: Callable[..., Awaitable[Any]]
    facts: SystemFacts | ListenerFacts
    params: tuple[Param, ...]

    @property
    def name(self) -> str:
        """The function's name, as reports and failures use it."""
        return system_name(self.function)

    @property
    def marker(self) -> type[MarkerComponent] | None:
        """The marker of the entities that the system processes; None if it asks for none."""
        return next((p.target for p in self.params if p.kind is ParamKind.MARKED), None)

    @property
    def components(self) -> list[type[AnyComponent]]:
        """The classes of the parameters `Components`."""
        return [param.target for param in self.params if param.kind is ParamKind.COMPONENTS]

    def asks_for(self, kind: ParamKind) -> bool:
        """Tell whether a parameter is of that kind."""
        return any(param.kind is kind for param in self.params)

    @property
    def stage_facts(self) -> SystemFacts:
        """The arguments of `@system`; only for the plan of a system."""
        assert isinstance(self.facts, SystemFacts)
        return self.facts

    def arguments(
        self,
        resources: ResourceManager,
        components: Mapping[type[AnyComponent], object],
        given: Mapping[ParamKind, object],
    ) -> dict[str, object]:
        """Return the arguments of one call by name.

        Args:
            resources: Where parameters of kind `RESOURCE` are found.
            components: The arguments of kind `COMPONENTS`, by class.
            given: The arguments of all other kinds.
        """

        def argument(param: Param) -> object:
            if param.kind is ParamKind.RESOURCE:
                return resources.get(param.target)
            if param.kind is ParamKind.COMPONENTS:
                return components[param.target]
            return given[param.kind]

        return {param.name: argument(param) for param in self.params}
