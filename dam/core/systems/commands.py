"""`Commands`: collects the writes that a system asks for; they are made when it has returned."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, ParamSpec, cast, get_args

from sqlalchemy import Update, delete
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.choices import check_choice
from dam.core.database.portions import portions
from dam.core.ecs.components import (
    AnyComponent,
    Component,
    EntityId,
    IdentityComponent,
    MarkerComponent,
    MultiComponent,
    table_of,
)
from dam.core.ecs.identities import entities_for_digests
from dam.core.ecs.rows import (
    Row,
    create_entities,
    full_row,
    mark,
    partial_row,
    row_of,
    update_rows,
    write_rows,
)
from dam.core.events import Event
from dam.core.systems.params import MarkedEntityList
from dam.core.systems.tag_writer import GiveTags, SystemSource
from dam.errors import NoComponentError
from dam.media.tag_name import TagText, parse_tag

P = ParamSpec("P")


@dataclass(frozen=True, eq=False)
class PendingEntity:
    """An entity that gets its id in the commit: a new entity, or the one with a given digest."""

    on_behalf_of: EntityId | None
    identity: IdentityComponent | None = None


EntityRef = EntityId | PendingEntity


class _Write(NamedTuple):
    on_behalf_of: EntityId | None
    entity: EntityRef
    row: Row


class _Statement(NamedTuple):
    on_behalf_of: EntityId | None
    statement: Update
    values: Row


class _Tagging(NamedTuple):
    on_behalf_of: EntityId | None
    entity: EntityRef
    tags: Sequence[TagText]


class _On(NamedTuple):
    on_behalf_of: EntityId | None
    entity: EntityRef


class Commands:
    """Writes that a system asks for; they are made in one transaction after it has returned.

    Each write is made on behalf of one of the marked entities that the system was given: the entity
    that is written to, unless `on_behalf_of` names another one.

    Invariant: the commit makes only the writes on behalf of entities whose lease still holds (all
    writes of a system without marked entities). `entities` is the very list that the system is
    given, so `commands.fail` and `entities.fail` note the same failures.
    """

    def __init__(self, claimed: Collection[EntityId] | None = None) -> None:
        self._claimed = None if claimed is None else frozenset(claimed)
        self._sets: dict[type[Component], list[_Write]] = defaultdict(list)
        self._adds: dict[type[MultiComponent], list[_Write]] = defaultdict(list)
        self._removes: dict[type[AnyComponent], list[_On]] = defaultdict(list)
        self._marks: dict[type[MarkerComponent], list[_On]] = defaultdict(list)
        self._updates: dict[type[Component], list[_Write]] = defaultdict(list)
        self._tags: dict[str, list[_Tagging]] = defaultdict(list)
        self._statements: list[_Statement] = []
        self._pending: list[PendingEntity] = []
        self._events: list[tuple[EntityId | None, Event[Any]]] = []
        self.entities = MarkedEntityList[Any](claimed or ())

    def set(
        self, entity: EntityRef, component: Component, *, on_behalf_of: EntityId | None = None
    ) -> None:
        """Give the entity this component, in place of the one that it has.

        A marker is set as by `mark`.

        Example: `commands.set(asset, DurationComponent(seconds=2.5))`.
        """
        if isinstance(component, MarkerComponent):
            self.mark(entity, type(component), on_behalf_of=on_behalf_of)
            return
        claimed = self._claimed_for(entity, on_behalf_of)
        self._sets[type(component)].append(_Write(claimed, entity, row_of(component)))

    def set_values(
        self, entity: EntityRef, kind: Callable[P, Component], *_: P.args, **values: P.kwargs
    ) -> None:
        """Give the entity a component, like `set(entity, kind(**values))`, but faster.

        For systems that write for every asset: to make a mapped object takes longer than to write
        its row.

        Raises:
            TypeError: A required value is missing, or the component has no value of that name.

        Example: `commands.set_values(asset, DurationComponent, seconds=2.5)`.
        """
        of_kind = cast("type[Component]", kind)
        row = full_row(of_kind, values)
        self._sets[of_kind].append(_Write(self._claimed_for(entity, None), entity, row))

    def update(
        self,
        entity: EntityRef,
        kind: type[Component],
        *,
        on_behalf_of: EntityId | None = None,
        **some: object,
    ) -> None:
        """Change some values of a component that the entity has; its other values stay.

        So nothing is lost that another process writes into the same row meanwhile. If the entity
        has no such component when the writes are made, the marked entity fails with a
        `NoComponentError`; without marked entities the error is raised.

        Raises:
            TypeError: No value is named, or the component has no value of that name.

        Example: `commands.update(asset, FilePropertiesComponent, media_type="image/png")`.
        """
        claimed = self._claimed_for(entity, on_behalf_of)
        self._updates[kind].append(_Write(claimed, entity, partial_row(kind, some)))

    def add(
        self, entity: EntityRef, component: MultiComponent, *, on_behalf_of: EntityId | None = None
    ) -> None:
        """Give the entity one more component of a kind that it may have many times."""
        claimed = self._claimed_for(entity, on_behalf_of)
        self._adds[type(component)].append(_Write(claimed, entity, row_of(component)))

    def remove(
        self,
        entity: EntityRef,
        kind: type[AnyComponent],
        *,
        on_behalf_of: EntityId | None = None,
    ) -> None:
        """Remove every component of that kind from the entity; done before `set` and `add`."""
        self._removes[kind].append(_On(self._claimed_for(entity, on_behalf_of), entity))

    def tag(
        self,
        entity: EntityRef,
        *tags: str,
        source: SystemSource = "rule",
        on_behalf_of: EntityId | None = None,
    ) -> None:
        """Give the entity these tags, in place of those that this system gave it before.

        That is, those of the same source; what people and other systems say stays. All calls for an
        entity and a source count together; without a tag the old ones are only taken away. If a tag
        takes no such value, it is left out, and the marked entity fails with a `TagValueError`;
        but not for a keyword of a file, which is left out without a word.

        Example: `commands.tag(asset, "artist:moebius", "seen=2024-05-17", source="file")`.

        Args:
            entity: The entity.
            *tags: As `name`, `namespace:name` or `name=value`; new ones are created.
            source: `file` for what a file says, `rule` for what was concluded, `importer` for what
                another catalogue says.
            on_behalf_of: The marked entity for which it is done.

        Raises:
            MalformedTagError: A text is no tag.
            ValueError: There is no such source.
        """
        check_choice("source", source, get_args(SystemSource))
        claimed = self._claimed_for(entity, on_behalf_of)
        self._tags[source].append(_Tagging(claimed, entity, [parse_tag(tag) for tag in tags]))

    def mark(
        self,
        entity: EntityRef,
        marker: type[MarkerComponent],
        *,
        on_behalf_of: EntityId | None = None,
    ) -> None:
        """Mark the entity for the system that works on this marker."""
        self._marks[marker].append(_On(self._claimed_for(entity, on_behalf_of), entity))

    def execute(
        self, statement: Update, values: Row, *, on_behalf_of: EntityId | None = None
    ) -> None:
        """Run an `UPDATE`, for rows that the other calls cannot write; done after all other writes.

        Args:
            statement: The statement, with bound parameters.
            values: The values of its parameters.
            on_behalf_of: The marked entity for which it is run.
        """
        claimed = self._claimed_for(None, on_behalf_of)
        self._statements.append(_Statement(claimed, statement, values))

    def create_entity(self, *, on_behalf_of: EntityId | None = None) -> PendingEntity:
        """Return a new entity for use in the other calls; it gets its id in the commit."""
        pending = PendingEntity(self._claimed_for(None, on_behalf_of))
        self._pending.append(pending)
        return pending

    def entity_for_digest(
        self, identity: IdentityComponent, *, on_behalf_of: EntityId | None = None
    ) -> PendingEntity:
        """Return the entity with this digest; the commit creates it if there is none."""
        pending = PendingEntity(self._claimed_for(None, on_behalf_of), identity)
        self._pending.append(pending)
        return pending

    def emit(self, event: Event[Any], *, on_behalf_of: EntityId | None = None) -> None:
        """Send an event after the commit."""
        self._events.append((self._claimed_for(None, on_behalf_of), event))

    def fail(self, entity_id: EntityId, error: Exception) -> None:
        """Give one marked entity up, like `MarkedEntityList.fail`."""
        self.entities.fail(entity_id, error)

    def _claimed_for(
        self, entity: EntityRef | None, on_behalf_of: EntityId | None
    ) -> EntityId | None:
        """Return the marked entity on whose behalf something is written; None if none are marked.

        Raises:
            ValueError: It is not given, or is not one of the marked entities.
        """
        if self._claimed is None:
            return None
        found = on_behalf_of
        if found is None:
            found = entity.on_behalf_of if isinstance(entity, PendingEntity) else entity
        if found is None:
            msg = "name the marked entity for which this is done with on_behalf_of="
            raise ValueError(msg)
        if found not in self._claimed:
            msg = f"entity {found} is not one of the marked entities: name one with on_behalf_of="
            raise ValueError(msg)
        return found

    def events(self, held: Collection[EntityId]) -> list[Event[Any]]:
        """Return the events that were emitted on behalf of these entities, in order."""
        return [event for claimed, event in self._events if claimed is None or claimed in held]

    async def apply(
        self,
        session: AsyncSession,
        held: Collection[EntityId],
        give_tags: GiveTags,
        *,
        now: datetime,
    ) -> dict[EntityId, Exception]:
        """Make the writes on behalf of these entities, one statement per component.

        The caller commits. The order is: new entities, removals, `set`, `add`, marks, `update`,
        tags, `execute`.

        Returns:
            The marked entities whose `update` found no row, or that cannot have one of their tags,
            each with its error.

        Raises:
            NoComponentError, TagValueError: The same, without marked entities.
        """
        allowed = {None, *held}

        def of(items: Iterable[Any]) -> list[Any]:
            return [each for each in items if each.on_behalf_of in allowed]

        ids = await _resolve(session, of(self._pending), now=now)

        def id_of(entity: EntityRef) -> EntityId:
            return ids[entity] if isinstance(entity, PendingEntity) else entity

        for kind, targets in self._removes.items():
            await _remove(session, kind, {id_of(on.entity) for on in of(targets)})
        for kind, writes in self._sets.items():
            latest = {id_of(write.entity): write.row for write in of(writes)}
            rows = [{"entity_id": key, **latest[key]} for key in sorted(latest)]
            await write_rows(session, kind, rows, replace=True)
        for many, writes in self._adds.items():
            rows = [{"entity_id": id_of(write.entity), **write.row} for write in of(writes)]
            await write_rows(session, many, rows, replace=False)
        for marker, targets in self._marks.items():
            await mark(session, marker, [id_of(on.entity) for on in of(targets)])
        failures: dict[EntityId, Exception] = {}
        for kind, writes in self._updates.items():
            failures = await _update(session, kind, of(writes), id_of) | failures
        for source, taggings in self._tags.items():
            failures = await _tag(session, give_tags, source, of(taggings), id_of) | failures
        for statement in of(self._statements):
            await session.execute(statement.statement, statement.values)
        return failures


async def _remove(
    session: AsyncSession, kind: type[AnyComponent], entity_ids: Collection[EntityId]
) -> None:
    for some in portions(sorted(entity_ids)):
        await session.execute(delete(table_of(kind)).where(kind.entity_id.in_(some)))


async def _update(
    session: AsyncSession,
    kind: type[Component],
    writes: Iterable[_Write],
    id_of: Callable[[EntityRef], EntityId],
) -> dict[EntityId, Exception]:
    """Make the updates of one component; return the marked entities whose update found no row."""
    changes: dict[EntityId, dict[str, Any]] = defaultdict(dict)
    asked_by: dict[EntityId, list[EntityId | None]] = defaultdict(list)
    for write in writes:
        entity_id = id_of(write.entity)
        changes[entity_id].update(write.row)
        asked_by[entity_id].append(write.on_behalf_of)
    absent = await update_rows(session, kind, changes)
    errors = {entity_id: NoComponentError(entity_id, kind.__name__) for entity_id in absent}
    return _charged(errors, asked_by)


async def _tag(
    session: AsyncSession,
    give_tags: GiveTags,
    source: str,
    taggings: Iterable[_Tagging],
    id_of: Callable[[EntityRef], EntityId],
) -> dict[EntityId, Exception]:
    """Give the tags of one source; return the marked entities that cannot have one of theirs."""
    tags: dict[EntityId, list[TagText]] = defaultdict(list)
    asked_by: dict[EntityId, list[EntityId | None]] = defaultdict(list)
    for tagging in taggings:
        entity_id = id_of(tagging.entity)
        tags[entity_id] += tagging.tags
        asked_by[entity_id].append(tagging.on_behalf_of)
    refused = await give_tags(session, tags, source) if tags else {}
    return _charged(refused, asked_by)


def _charged(
    errors: Mapping[EntityId, Exception], asked_by: Mapping[EntityId, Iterable[EntityId | None]]
) -> dict[EntityId, Exception]:
    """Return the errors of the marked entities that asked; raise if there are none."""
    failures: dict[EntityId, Exception] = {}
    for entity_id, error in errors.items():
        for claimed in asked_by[entity_id]:
            if claimed is None:
                raise error
            failures[claimed] = error
    return failures


async def _resolve(
    session: AsyncSession, pending: Iterable[PendingEntity], *, now: datetime
) -> dict[PendingEntity, EntityId]:
    """Return the id of each pending entity; an entity with a digest is found or created."""
    fresh = []
    by_kind: dict[type[IdentityComponent], list[PendingEntity]] = defaultdict(list)
    for entity in pending:
        if entity.identity is None:
            fresh.append(entity)
        else:
            by_kind[type(entity.identity)].append(entity)
    created = await create_entities(session, len(fresh), now=now)
    ids = dict(zip(fresh, created, strict=True))
    for kind, entities in by_kind.items():
        digests = [entity.identity.digest for entity in entities if entity.identity]
        found = await entities_for_digests(session, kind, digests, now=now)
        ids |= {e: found[e.identity.digest][0] for e in entities if e.identity}
    return ids
