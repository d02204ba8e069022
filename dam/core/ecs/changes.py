"""`Change`: the rows that a call changed, before and after, so that `undo` can put them back."""

import gc
from collections import defaultdict
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from dam.core.database.among import among
from dam.core.database.bulk import insert_rows
from dam.core.ecs.components import Base, Entity, EntityId, table_of
from dam.errors import ChangedSinceError

Row = Mapping[str, Any]
_Rows = Mapping[Table, dict[int, tuple[Any, ...]]]
"""Rows by table and key, each with its values in the order of the columns."""


@dataclass(frozen=True)
class RowChange:
    """One row of a table before and after; None: there was no such row."""

    table: Table
    before: Row | None
    after: Row | None


@dataclass(frozen=True, kw_only=True)
class Watched:
    """Rows that a call may change: those in which a column has one of these entity ids.

    Example: `Watched(column=TrashedComponent.entity_id, ids=[3, 4])`.

    Args:
        column: A column of a mapped class that holds entity ids.
        ids: The entities.
        where: Conditions that further narrow down the rows.
    """

    column: InstrumentedAttribute[Any]
    ids: Collection[EntityId]
    where: Sequence[ColumnElement[bool]] = ()


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a call changed.

    Args:
        what: What was done, in a few words: "trashing 3 assets".
        rows: The rows that are not as before.
        watched: The rows that were looked at.
        check: What `undo` calls when it has put the rows back; it raises if they cannot stay.
        locked: The entities that `undo` locks first, in this order, as the call did.
    """

    what: str
    rows: tuple[RowChange, ...] = ()
    watched: tuple[Watched, ...] = ()
    check: "Check | None" = None
    locked: tuple[EntityId, ...] = ()

    @property
    def entity_ids(self) -> tuple[EntityId, ...]:
        """The entities whose rows were changed, ascending."""
        found: set[EntityId] = set()
        for table, changes in _by_table(self.rows):
            owner = _owner_of(table).key
            found |= {row[owner] for each in changes if (row := each.before) is not None}
            found |= {row[owner] for each in changes if (row := each.after) is not None}
        return tuple(sorted(found))


Check = Callable[[AsyncSession, Change], Awaitable[None]]
"""Looks at the rows that an undone change has put back; raises a `ChangedSinceError`."""


@dataclass
class Recording:
    """Gets its `change` when the block of `recorded` has ended."""

    what: str
    change: Change = field(default_factory=lambda: Change(what=""))


@asynccontextmanager
async def recorded(
    session: AsyncSession,
    watched: Sequence[Watched],
    *,
    what: str,
    check: Check | None = None,
    locked: Iterable[EntityId] = (),
) -> AsyncIterator[Recording]:
    """Note what a block changes in the rows that are watched. The caller commits.

    Example:
        trash = Watched(column=TrashedComponent.entity_id, ids=[3, 4])
        async with recorded(session, [trash], what="trashing 2 assets") as recording:
            ...
        return recording.change

    Args:
        session: A session that may write.
        watched: The rows that the block may change. All others are not noted.
        what: What the block does, in a few words.
        check: Called by `undo` at its end, for rules that no constraint of the database holds.
        locked: The entities that the caller has locked, in their order; `undo` locks them, too.
    """
    before = await _read(session, watched)
    recording = Recording(what)
    yield recording
    await session.flush()
    after = await _read(session, watched)
    with _without_collector():
        differences = tuple(_differences(before, after))
    recording.change = Change(
        what=what,
        rows=differences,
        watched=tuple(watched),
        check=check,
        locked=tuple(locked),
    )


async def undo(session: AsyncSession, change: Change) -> Change:
    """Put back the rows of a change as they were before it; return the change that undoes this.

    Rows that the change did not touch stay. The caller commits.

    Raises:
        ChangedSinceError: One of the rows was changed again, or something that it needs is gone;
            the caller must roll back.
    """
    written = [row for row in change.rows if row.after is not None]
    await lock_in_order(session, change.locked)
    await _refuse_changed(session, change.what, written)
    what, check = f"undoing: {change.what}", change.check
    async with recorded(
        session, change.watched, what=what, check=check, locked=change.locked
    ) as recording:
        for table, rows in _by_table(reversed(written)):
            keys = [row.after[_key_of(table).key] for row in rows if row.after is not None]
            await session.execute(delete(table).where(among(_key_of(table), keys)))
        try:
            removed = [row for row in change.rows if row.before is not None]
            for table, rows in _by_table(removed):
                await _insert(session, table, rows)
        except IntegrityError as error:
            raise ChangedSinceError(change.what, change.entity_ids) from error
        if check is not None:
            await check(session, change)
    return recording.change


async def lock_in_order(session: AsyncSession, entity_ids: Iterable[EntityId]) -> None:
    """Lock entities in this order until the transaction ends; those that are gone are left out.

    Locks as `ecs_service.lock_entity` does; takes a statement for each ascending run of ids.
    """
    runs: list[list[EntityId]] = []
    for entity_id in entity_ids:
        if runs and runs[-1][-1] < entity_id:
            runs[-1].append(entity_id)
        else:
            runs.append([entity_id])
    for run in runs:
        entities = select(Entity.id).where(among(Entity.id, run)).order_by(Entity.id)
        await session.execute(entities.with_for_update(key_share=True))


async def _insert(session: AsyncSession, table: Table, rows: Sequence[RowChange]) -> None:
    """Insert rows as they were; one whose surrogate key is used by another gets a new one."""
    key = _key_of(table)
    before = [row.before for row in rows if row.before is not None]
    taken: set[int] = set()
    if key.key == "id" and table is not table_of(Entity):
        gone = [row.before[key.key] for row in rows if row.before and row.after is None]
        taken = set(await session.scalars(select(key).where(among(key, gone))))
    await insert_rows(session, table, [row for row in before if row[key.key] not in taken])
    again = [row for row in before if row[key.key] in taken]
    await insert_rows(session, table, [_without(row, key.key) for row in again])


def _without(row: Row, name: str) -> Row:
    return {column: value for column, value in row.items() if column != name}


async def _refuse_changed(session: AsyncSession, what: str, written: Iterable[RowChange]) -> None:
    for table, rows in _by_table(written):
        key = _key_of(table)
        wanted = {row.after[key.key]: row.after for row in rows if row.after is not None}
        held = select(table).where(among(key, wanted)).with_for_update()
        found = {row[key.key]: dict(row) for row in (await session.execute(held)).mappings()}
        changed = [row for number, row in wanted.items() if found.get(number) != row]
        if changed:
            owner = _owner_of(table).key
            raise ChangedSinceError(what, sorted({row[owner] for row in changed}))


async def _read(session: AsyncSession, watched: Iterable[Watched]) -> _Rows:
    await session.flush()
    found: _Rows = defaultdict(dict)
    for each in watched:
        table = each.column.property.columns[0].table
        at = list(table.c).index(_key_of(table))
        chosen = select(table).where(among(table.c[each.column.key], each.ids), *each.where)
        rows = await session.execute(chosen)
        with _without_collector():
            found[table].update((row[at], tuple(row)) for row in rows.all())
    return found


def _differences(before: _Rows, after: _Rows) -> Iterator[RowChange]:
    """Yield what differs, ordered by table so that a parent comes before its children."""
    for table in Base.metadata.sorted_tables:
        was, now = before.get(table, {}), after.get(table, {})
        names = table.c.keys()
        for key in sorted(key for key in was.keys() | now.keys() if was.get(key) != now.get(key)):
            yield RowChange(table, _named(names, was.get(key)), _named(names, now.get(key)))


@contextmanager
def _without_collector() -> Iterator[None]:
    """Let Python's collector of cycles rest while very many objects are made without any cycle.

    It would look at all objects of the program again and again, which takes as long as the block.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _named(names: Sequence[str], values: Sequence[Any] | None) -> Row | None:
    return None if values is None else dict(zip(names, values, strict=True))


def _by_table(rows: Iterable[RowChange]) -> Iterator[tuple[Table, list[RowChange]]]:
    found: dict[Table, list[RowChange]] = {}
    for row in rows:
        found.setdefault(row.table, []).append(row)
    yield from found.items()


def _owner_of(table: Table) -> Column[Any]:
    """Return the column of the entity that a row belongs to."""
    if "entity_id" in table.c:
        return table.c.entity_id
    references = [column for column in table.c if column.foreign_keys]
    return references[0] if references else next(iter(table.primary_key))


def _key_of(table: Table) -> Column[Any]:
    (column,) = table.primary_key  # all tables of entities have a key of one column, a number
    return column
