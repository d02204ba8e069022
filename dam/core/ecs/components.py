"""Entities, the base classes of components, and the revisions of their tables."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache, lru_cache
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
    literal,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, Mapper, mapped_column
from sqlalchemy.schema import Sequence as DatabaseSequence
from sqlalchemy.sql.dml import ReturningInsert

from dam.core.database.column_types import Int64, UtcDateTime, unix_now
from dam.core.database.values import refuse_unequal
from dam.core.ecs.search_fields import SearchField

EntityId = int
"""A positive integer, small enough to type; not used again after its entity is deleted."""


if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

Upsert: TypeAlias = "postgresql.Insert | sqlite.Insert"
"""An `INSERT` that knows `ON CONFLICT`."""


class Base(MappedAsDataclass, DeclarativeBase):
    """The base of every mapped class of the project; its metadata is the whole schema."""

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


ON_RELEASE = "released"
"""`Column.info` key for an optional reference to another entity: the new values of the row's other
columns when that entity is deleted. Without this key, the whole row is deleted with that entity.

Example: `{ON_RELEASE: {"is_primary_variant": False}}`."""

entity_ids = DatabaseSequence("entity_id_seq", metadata=Base.metadata)
"""The sequence of entity ids on PostgreSQL; SQLite has the table `entity_counter` instead."""


class Entity(Base, kw_only=True):
    """A bare id that components describe: an asset, a concept, anything."""

    __tablename__ = "entities"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime]


class EntityCounter(Base, kw_only=True):
    """The one row from which SQLite takes entity ids, inside the transaction that uses them."""

    __tablename__ = "entity_counter"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_id: Mapped[int]


class ComponentRevision(Base, kw_only=True):
    """The revision of one component's table, raised by each write; see `RevisionedComponent`."""

    __tablename__ = "component_revisions"

    table_name: Mapped[str] = mapped_column(String(63), primary_key=True)
    revision: Mapped[int]


class AnyComponent(Base, kw_only=True):
    """The base of all components: a row belongs to one entity and is deleted with it."""

    __abstract__ = True

    entity_id: Mapped[int]

    @classmethod
    def search_fields(cls) -> Sequence[SearchField]:
        """Return the values by which people search, sort and list entities with this component.

        A class that has some overrides this; they need no other registration. Every column can be
        searched as `Component.column` in any case.
        """
        return ()


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
    """A component whose `digest` identifies the entity: one entity per digest in a world."""

    __abstract__ = True

    digest: Mapped[bytes] = mapped_column(unique=True)


class RevisionedComponent(Component, kw_only=True):
    """A component whose readers can ask which rows were written since they last looked.

    Invariant: every transaction that writes such rows first raises the table's counter in
    `component_revisions` and stores it in the rows. It holds the lock on the counter's row until
    the commit, so revisions become visible in their order and `revision > seen` misses no row.
    """

    __abstract__ = True

    revision: Mapped[int] = mapped_column(index=True, init=False, default=0)


class HidingComponent(Component, kw_only=True):
    """A component that hides its entity: searches and listings leave it out unless asked.

    Nothing else looks at it: a hidden asset keeps its bytes, its places in comics and all that is
    known of it. A plugin hides entities by a subclass of its own.
    """

    __abstract__ = True


class MarkerComponent(Component, kw_only=True):
    """Work to do on an entity; a system claims it with a lease and removes the marker when done.

    `lease_until` is Unix time by the database's clock. `attempts` counts the leases that ran out:
    above zero, the entity is claimed alone, not in a batch.
    """

    __abstract__ = True

    attempts: Mapped[int] = mapped_column(default=0, init=False)
    lease_token: Mapped[str | None] = mapped_column(String(64), default=None, init=False)
    lease_until: Mapped[float | None] = mapped_column(Double, default=None, init=False)


class ProcessingErrorComponent(MultiComponent, kw_only=True):
    """A failure: one system could not process an entity; the row says why.

    `dismissed_at` is when a user said that it needs no attention. It is None again when the system
    fails in another way, or when a new version of it tries again.
    """

    __tablename__ = "component_processing_error"
    __table_args__ = (UniqueConstraint("entity_id", "system"),)

    system: Mapped[str] = mapped_column(String(255), index=True)
    error: Mapped[str] = mapped_column(String(255))
    message: Mapped[str]
    hint: Mapped[str | None] = mapped_column(default=None)
    requirement: Mapped[str | None] = mapped_column(String(255), default=None)
    attempts: Mapped[int] = mapped_column(default=1)
    occurred_at: Mapped[datetime]
    dismissed_at: Mapped[datetime | None] = mapped_column(default=None)


def table_of(kind: type[Base]) -> Table:
    """Return the table of a mapped class."""
    table = kind.__table__
    assert isinstance(table, Table)
    return table


def component_classes(kind: type[AnyComponent] = AnyComponent) -> dict[str, type[AnyComponent]]:
    """Return every mapped subclass of `kind` by its name, sorted."""
    return dict(_classes_of(Base.registry.mappers, kind))


# Plugins may map more classes at any time.
@lru_cache(maxsize=64)
def _classes_of(
    mappers: frozenset[Mapper[Any]], kind: type[AnyComponent]
) -> dict[str, type[AnyComponent]]:
    found = {each.class_.__name__: each.class_ for each in mappers if issubclass(each.class_, kind)}
    return dict(sorted(found.items()))


def upsert(session: AsyncSession, kind: type[Base]) -> Upsert:
    """Return an `INSERT` of the session's dialect, for use with `ON CONFLICT`."""
    return _upsert_of(session.get_bind().dialect.name, kind)


def _upsert_of(dialect_name: str, kind: type[Base]) -> Upsert:
    table = table_of(kind)
    if dialect_name == "sqlite":
        return sqlite.insert(table)
    # Not at the top: it imports the dialects of all PostgreSQL drivers, which SQLite never needs.
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415

    return postgresql.insert(table)


@cache
def _raised_revision(dialect_name: str, table_name: str) -> ReturningInsert[int]:
    """Return a statement that raises a counter to Unix time in ms, or by one if it is that high.

    So a database that was restored from a backup does not reuse a number that a cache has seen.
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
    """Raise and return the revision of a component's table; it stays locked until the commit."""
    raised = _raised_revision(session.get_bind().dialect.name, kind.__tablename__)
    result = await session.execute(raised)
    return int(result.scalar_one())


@event.listens_for(RevisionedComponent, "before_insert", propagate=True)
@event.listens_for(RevisionedComponent, "before_update", propagate=True)
def _stamp(mapper: Mapper[Any], connection: Connection, target: RevisionedComponent) -> None:
    """Keep the invariant of `RevisionedComponent` for rows that the ORM's unit of work writes."""
    statement = _raised_revision(connection.dialect.name, mapper.class_.__tablename__)
    target.revision = connection.execute(statement).scalar_one()


@event.listens_for(AnyComponent, "before_insert", propagate=True)
@event.listens_for(AnyComponent, "before_update", propagate=True)
def _check(mapper: Mapper[Any], _connection: Connection, target: AnyComponent) -> None:
    """Check rows that the ORM's unit of work writes, as `insert_rows` checks its own."""
    columns = table_of(mapper.class_).c
    values = {name: [value] for name, value in vars(target).items() if name in columns}
    refuse_unequal(table_of(mapper.class_), values)
