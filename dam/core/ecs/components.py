"""Entities, the kinds of component, and the statements that write them in bulk."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from sqlalchemy import (
    BigInteger,
    Connection,
    Double,
    ForeignKey,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    case,
    cast,
    event,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, Mapper, mapped_column
from sqlalchemy.schema import Sequence as DatabaseSequence
from sqlalchemy.sql.dml import ReturningInsert

from dam.core.database.bulk import Conflict, insert_rows
from dam.core.database.column_types import Int64, UtcDateTime, unix_now
from dam.core.database.values import at_least, refuse_unequal

EntityId = int
"""A small positive integer that people can type; never used again once its entity is deleted."""

Row = Mapping[str, Any]

_CREATED = "dam.created"

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

Upsert: TypeAlias = "postgresql.Insert | sqlite.Insert"
"""An `INSERT` that knows `ON CONFLICT`."""


class Base(MappedAsDataclass, DeclarativeBase):
    """What every mapped class of the project derives from; its metadata is the whole schema."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {int: Int64, datetime: UtcDateTime()}


RELEASED = "released"
"""A key of the `info` of a column with another entity that a row needs but can do without: what the
row's other columns become, by name, when that entity goes. Without it the row goes, too."""

entity_ids = DatabaseSequence("entity_id_seq", metadata=Base.metadata)
"""Where PostgreSQL takes entity ids from; SQLite has the table `entity_counter` instead."""


class Entity(Base, kw_only=True):
    """An asset, a concept, anything that components describe: a bare id."""

    __tablename__ = "entities"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime]


class EntityCounter(Base, kw_only=True):
    """The one row from which SQLite takes entity ids, inside the transaction that uses them."""

    __tablename__ = "entity_counter"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_id: Mapped[int]


class ComponentRevision(Base, kw_only=True):
    """How often the rows of one revisioned component were written to; see `RevisionedComponent`."""

    __tablename__ = "component_revisions"

    table_name: Mapped[str] = mapped_column(String(63), primary_key=True)
    revision: Mapped[int]


class AnyComponent(Base, kw_only=True):
    """What all components share: they belong to one entity and go with it."""

    __abstract__ = True

    entity_id: Mapped[int]


class Component(AnyComponent, kw_only=True):
    """A component that an entity has at most once: `entity_id` is the primary key."""

    __abstract__ = True

    entity_id: Mapped[int] = mapped_column(
        ForeignKey("entities.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        init=False,
    )


class MultiComponent(AnyComponent, kw_only=True):
    """A component that an entity may have many times; each row has an id of its own."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    entity_id: Mapped[int] = mapped_column(
        ForeignKey("entities.id", ondelete="CASCADE"), index=True, init=False
    )


class IdentityComponent(Component, kw_only=True):
    """A component whose `digest` says which entity it is: one entity a digest in a world."""

    __abstract__ = True

    digest: Mapped[bytes] = mapped_column(unique=True)


class RevisionedComponent(Component, kw_only=True):
    """A component whose readers ask "what came since?".

    Invariant: every transaction that writes such rows first raises the table's counter in
    `component_revisions` and stamps the rows with it. The counter's row lock is held until the
    commit, so revisions become visible in their order and `revision > seen` misses nothing.
    """

    __abstract__ = True

    revision: Mapped[int] = mapped_column(index=True, init=False, default=0)


class MarkerComponent(Component, kw_only=True):
    """Work to be done on an entity; a system claims it with a lease and takes it off when done.

    `lease_until` is Unix time by the database's clock. `attempts` counts the leases that ran out:
    above zero, the entity is worked on alone.
    """

    __abstract__ = True

    attempts: Mapped[int] = mapped_column(default=0, init=False)
    lease_token: Mapped[str | None] = mapped_column(String(64), default=None, init=False)
    lease_until: Mapped[float | None] = mapped_column(Double, default=None, init=False)


class ProcessingErrorComponent(MultiComponent, kw_only=True):
    """An open failure: what one system could not do for an entity, and why."""

    __tablename__ = "component_processing_error"
    __table_args__ = (UniqueConstraint("entity_id", "system"),)

    system: Mapped[str] = mapped_column(String(255), index=True)
    error: Mapped[str] = mapped_column(String(255))
    message: Mapped[str]
    hint: Mapped[str | None] = mapped_column(default=None)
    requirement: Mapped[str | None] = mapped_column(String(255), default=None)
    attempts: Mapped[int] = mapped_column(default=1)
    occurred_at: Mapped[datetime]


def table_of(kind: type[Base]) -> Table:
    """Return the table of a mapped class."""
    table = kind.__table__
    assert isinstance(table, Table)
    return table


def component_classes(kind: type[AnyComponent] = AnyComponent) -> dict[str, type[AnyComponent]]:
    """Return every mapped class below `kind` by its name, sorted."""
    mapped = (mapper.class_ for mapper in Base.registry.mappers)
    found = {cls.__name__: cls for cls in mapped if issubclass(cls, kind)}
    return dict(sorted(found.items()))


def row_of(component: AnyComponent) -> dict[str, Any]:
    """Return what a component says, by attribute name; ids and stamps are left out."""
    # `getattr` is a call of SQLAlchemy's; only defaults, which `vars` has not, are worth it.
    values = vars(component)
    return {
        name: values[name] if name in values else getattr(component, name)
        for name in _set_by_callers(type(component))
    }


def full_row(kind: type[AnyComponent], values: Row) -> Row:
    """Return what `row_of(kind(**values))` does, without making the object.

    Raises:
        TypeError: A value that the component needs is missing, or it has no such value.
    """
    row = {**_defaults(kind), **values}
    if row.keys() != _set_by_callers(kind).keys():
        wanted = ", ".join(_set_by_callers(kind))
        msg = f"{kind.__name__} takes {wanted}; found {', '.join(values)}"
        raise TypeError(msg)
    return row


@cache
def _defaults(kind: type[AnyComponent]) -> Row:
    """Return the values of what a caller may leave out."""
    columns = table_of(kind).c
    return {
        field.name: getattr(columns[field.name].default, "arg", None)
        for field in fields(kind)
        if field.init and field.default is not MISSING
    }


@cache
def _set_by_callers(kind: type[AnyComponent]) -> dict[str, None]:
    return {field.name: None for field in fields(kind) if field.init}


def upsert(session: AsyncSession, kind: type[Base]) -> Upsert:
    """Return the `INSERT` of the session's dialect, which knows `ON CONFLICT`."""
    return _upsert_of(session.get_bind().dialect.name, kind)


def _upsert_of(dialect_name: str, kind: type[Base]) -> Upsert:
    table = table_of(kind)
    if dialect_name == "sqlite":
        return sqlite.insert(table)
    # It imports the dialects of every PostgreSQL driver; on SQLite nobody should wait for that.
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415

    return postgresql.insert(table)


async def allocate_entity_ids(session: AsyncSession, count: int) -> range | list[EntityId]:
    """Return `count` fresh ids, ascending; on SQLite a rollback gives them back, unseen."""
    if count == 0:
        return []
    if session.get_bind().dialect.name == "postgresql":
        numbered = select(entity_ids.next_value()).select_from(func.generate_series(1, count))
        return sorted((await session.scalars(numbered)).all())
    raised = (
        update(EntityCounter)
        .values(last_id=EntityCounter.last_id + count)
        .returning(EntityCounter.last_id)
    )
    last = (await session.execute(raised)).scalar_one()
    return range(last - count + 1, last + 1)


async def create_entities(
    session: AsyncSession, count: int, *, now: datetime
) -> range | list[EntityId]:
    """Insert `count` bare entities; return their ids, ascending. The caller commits.

    Raises:
        ValueError: The count is negative.
    """
    at_least(0, count=count)
    ids = await allocate_entity_ids(session, count)
    if ids:
        rows = [{"id": entity_id, "created_at": now} for entity_id in ids]
        await insert_rows(session, table_of(Entity), rows)
        session.info.setdefault(_CREATED, []).extend(ids)
    return ids


def created_in(session: AsyncSession) -> list[EntityId]:
    """Return the entities that were created in the session so far."""
    return list(session.info.get(_CREATED, ()))


async def write_rows(
    session: AsyncSession, kind: type[AnyComponent], rows: Sequence[Row], *, replace: bool
) -> None:
    """Write component rows in one statement; with `replace`, over those that are there.

    Every row names `entity_id` and the same columns. Rows of one entity must not repeat where an
    entity has the component at most once. The caller commits.
    """
    if not rows:
        return
    if issubclass(kind, RevisionedComponent):
        revision = await raise_revision(session, kind)
        rows = [{**row, "revision": revision} for row in rows]
    conflict = None
    if replace:
        changed = tuple(name for name in rows[0] if name != "entity_id")
        conflict = Conflict(("entity_id",), changed)
    await insert_rows(session, table_of(kind), rows, conflict)


async def mark(
    session: AsyncSession, marker: type[MarkerComponent], entity_ids: Iterable[EntityId]
) -> int:
    """Mark entities for work and return how many; one that is being worked on is done again.

    The older worker's lease token is cleared, so its finish no longer matches. The caller commits.
    """
    rows = [
        {"entity_id": entity_id, "attempts": 0, "lease_token": None, "lease_until": None}
        for entity_id in sorted(set(entity_ids))
    ]
    await write_rows(session, marker, rows, replace=True)
    return len(rows)


@cache
def _raised_revision(dialect_name: str, table_name: str) -> ReturningInsert[int]:
    """Raise a counter to the clock's milliseconds, or by one where it is there already.

    A database that is restored from a backup so never gives a number again that a cache has seen.
    """
    last = table_of(ComponentRevision).c.revision
    now_ms = cast(unix_now() * 1000, BigInteger)
    later = case((last >= now_ms, last + literal(1)), else_=now_ms)
    return (
        _upsert_of(dialect_name, ComponentRevision)
        .values(table_name=table_name, revision=now_ms)
        .on_conflict_do_update(index_elements=["table_name"], set_={"revision": later})
        .returning(last)
    )


async def raise_revision(session: AsyncSession, kind: type[RevisionedComponent]) -> int:
    """Raise and return the revision of a component's table, held until the commit."""
    raised = _raised_revision(session.get_bind().dialect.name, kind.__tablename__)
    result = await session.execute(raised)
    return int(result.scalar_one())


@event.listens_for(RevisionedComponent, "before_insert", propagate=True)
@event.listens_for(RevisionedComponent, "before_update", propagate=True)
def _stamp(mapper: Mapper[Any], connection: Connection, target: RevisionedComponent) -> None:
    """Keep the invariant for rows that the ORM's unit of work writes."""
    statement = _raised_revision(connection.dialect.name, mapper.class_.__tablename__)
    target.revision = connection.execute(statement).scalar_one()


@event.listens_for(AnyComponent, "before_insert", propagate=True)
@event.listens_for(AnyComponent, "before_update", propagate=True)
def _check(mapper: Mapper[Any], _connection: Connection, target: AnyComponent) -> None:
    """Hold the ORM's unit of work to what `insert_rows` is held to."""
    columns = table_of(mapper.class_).c
    values = {name: [value] for name, value in vars(target).items() if name in columns}
    refuse_unequal(table_of(mapper.class_), values)
