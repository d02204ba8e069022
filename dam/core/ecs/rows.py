"""Writes rows of entities and components, many at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.bulk import Conflict, insert_rows, update_by_key
from dam.core.database.portions import portions
from dam.core.database.values import at_least
from dam.core.ecs.components import (
    AnyComponent,
    Component,
    Entity,
    EntityCounter,
    EntityId,
    MarkerComponent,
    RevisionedComponent,
    entity_ids,
    raise_revision,
    table_of,
)

A = TypeVar("A", bound=AnyComponent)
Row = Mapping[str, Any]
_CREATED = "dam.created"


def row_of(component: AnyComponent) -> dict[str, Any]:
    """Return the values of a component by attribute name, without ids and revision."""
    # `getattr` goes through SQLAlchemy and is slow; only defaults, which `vars` lacks, need it.
    values = vars(component)
    return {
        name: values[name] if name in values else getattr(component, name)
        for name in _set_by_callers(type(component))
    }


def full_row(kind: type[AnyComponent], values: Row) -> Row:
    """Return the same row as `row_of(kind(**values))`, without making the object.

    Raises:
        TypeError: A required value is missing, or the component has no value of that name.
    """
    row = {**_defaults(kind), **values}
    if row.keys() != _set_by_callers(kind).keys():
        wanted = ", ".join(_set_by_callers(kind))
        msg = f"{kind.__name__} takes {wanted}; found {', '.join(values)}"
        raise TypeError(msg)
    return row


def partial_row(kind: type[AnyComponent], values: Row) -> Row:
    """Return some values of a component, as given.

    Raises:
        TypeError: There are none, or the component has no value of that name.
    """
    if not values or not values.keys() <= _set_by_callers(kind).keys():
        known = ", ".join(_set_by_callers(kind))
        msg = f"{kind.__name__} has {known or 'no values'}; found {', '.join(values) or 'none'}"
        raise TypeError(msg)
    return values


@cache
def _defaults(kind: type[AnyComponent]) -> Row:
    """Return the values that a caller may leave out."""
    columns = table_of(kind).c
    return {
        field.name: getattr(columns[field.name].default, "arg", None)
        for field in fields(kind)
        if field.init and field.default is not MISSING
    }


@cache
def _set_by_callers(kind: type[AnyComponent]) -> dict[str, None]:
    return {field.name: None for field in fields(kind) if field.init}


async def allocate_entity_ids(session: AsyncSession, count: int) -> range | list[EntityId]:
    """Return `count` new ids, ascending; on SQLite a rollback makes them free again."""
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
    """Write component rows in one statement. The caller commits.

    Args:
        session: A session that may write.
        kind: The component; the revision of a `RevisionedComponent` is raised.
        rows: Each names `entity_id` and the same columns. Where an entity has the component at most
            once, no two rows are of one entity.
        replace: Whether a row replaces the one that its entity has; if not, that is an error.
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


async def update_rows(
    session: AsyncSession, kind: type[Component], changes: Mapping[EntityId, Row]
) -> list[EntityId]:
    """Change some values of rows that are there already. The caller commits.

    Takes one statement for all rows of which the same values are changed.

    Args:
        session: A session that may write.
        kind: The component; the revision of a `RevisionedComponent` is raised.
        changes: For each entity, the new values by column; the other columns stay.

    Returns:
        The entities that do not have the component, ascending.
    """
    if not changes:
        return []
    stamp: Row = {}
    if issubclass(kind, RevisionedComponent):
        stamp = {"revision": await raise_revision(session, kind)}
    by_columns: dict[frozenset[str], list[Row]] = defaultdict(list)
    for entity_id in sorted(changes):
        values = changes[entity_id]
        by_columns[frozenset(values)].append({"entity_id": entity_id, **values, **stamp})
    found: set[EntityId] = set()
    for rows in by_columns.values():
        found |= await update_by_key(session, table_of(kind), "entity_id", rows)
    return sorted(changes.keys() - found)


async def read_rows(
    session: AsyncSession, kind: type[A], entity_ids: Iterable[EntityId]
) -> dict[EntityId, list[A]]:
    """Return the components of one class by entity, oldest first; entities without are left out."""
    # Bulk writes bypass the session's identity map, so its rows may be out of date.
    ordered = select(kind).order_by(*table_of(kind).primary_key)
    ordered = ordered.execution_options(populate_existing=True)
    found: dict[EntityId, list[A]] = defaultdict(list)
    for ids in portions(sorted(entity_ids)):
        for row in await session.scalars(ordered.where(kind.entity_id.in_(ids))):
            found[row.entity_id].append(row)
    return dict(found)


async def mark(
    session: AsyncSession, marker: type[MarkerComponent], entity_ids: Iterable[EntityId]
) -> int:
    """Mark entities for work and return how many. The caller commits.

    An entity that a process is working on right now is processed again: its lease token is cleared,
    so that process cannot finish it.
    """
    rows = [
        {"entity_id": entity_id, "attempts": 0, "lease_token": None, "lease_until": None}
        for entity_id in sorted(set(entity_ids))
    ]
    await write_rows(session, marker, rows, replace=True)
    return len(rows)
