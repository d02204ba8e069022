"""Reads and writes the rows of sources that a move has imported and must still remove."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    delete,
    exists,
    func,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.bulk import Conflict, insert_rows
from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId, table_of
from dam.errors import display_path
from dam.models import (
    IN_STORE,
    REFERENCED,
    ContentHashSHA256Component,
    FileLocationComponent,
    PendingSourceRemovalComponent,
)
from dam.storage.paths import path_bytes, path_digest, path_from_bytes
from dam.tasks.sources import SourceRemoval

_ROWS = table_of(PendingSourceRemovalComponent)
_rows = _ROWS.c


async def note_removals(
    session: AsyncSession, removals: Sequence[SourceRemoval], *, now: datetime
) -> None:
    """Write a row for each source that is to be removed.

    The caller commits, together with the last rows that need the source, and durably. If a path has
    a row already, the row is overwritten, since the path has a newer file now.

    Example: `await note_removals(session, [removal], now=world.context.now())`.

    Args:
        session: An open write transaction.
        removals: The sources.
        now: The time of the note.
    """
    rows = {
        digest: {
            "entity_id": one.entity_id,
            "machine_id": one.machine_id,
            "path": raw,
            "path_digest": digest,
            "path_text": display_path(one.path),
            "size_bytes": one.size_bytes,
            "mtime_ns": one.mtime_ns,
            "noted_at": now,
            "aside_name": path_bytes(one.aside),
        }
        for one in removals
        for raw in [path_bytes(one.path)]
        for digest in [path_digest(raw)]
    }
    changing = ("entity_id", "size_bytes", "mtime_ns", "noted_at", "aside_name")
    conflict = Conflict(("machine_id", "path_digest"), changing)
    # Sorted, so that two moves of the same folder cannot deadlock.
    await insert_rows(session, _ROWS, [rows[digest] for digest in sorted(rows)], conflict)


async def drop_removals(session: AsyncSession, removals: Sequence[SourceRemoval]) -> None:
    """Delete the rows of sources that are gone or must stay; the caller commits.

    A row that was noted anew meanwhile has another `aside_name`, and stays.
    """
    for some in portions(removals):
        machines = {one.machine_id for one in some}
        digests = [path_digest(path_bytes(one.path)) for one in some]
        names = [path_bytes(one.aside) for one in some]
        over = delete(_ROWS).where(_rows.machine_id.in_(machines), _rows.path_digest.in_(digests))
        await session.execute(over.where(_rows.aside_name.in_(names)))


async def count_removals(session: AsyncSession, machine_id: str) -> int:
    """Return how many sources are still to be removed on a machine."""
    counted = select(func.count()).select_from(_ROWS).where(_rows.machine_id == machine_id)
    return (await session.execute(counted)).scalar_one()


async def pending_removals(
    session: AsyncSession, machine_id: str, entity_ids: Sequence[EntityId] | None = None
) -> list[SourceRemoval]:
    """Return the sources still to be removed on a machine, oldest first.

    Args:
        session: An open transaction.
        machine_id: The machine.
        entity_ids: Only sources of these assets; None means all.
    """
    if entity_ids is None:
        return await _pending(session, machine_id, true())
    found: list[SourceRemoval] = []
    for ids in portions(entity_ids):
        found += await _pending(session, machine_id, _rows.entity_id.in_(ids))
    return found


async def _pending(
    session: AsyncSession, machine_id: str, condition: ColumnElement[bool]
) -> list[SourceRemoval]:
    digest = ContentHashSHA256Component
    pending = (
        select(
            _rows.entity_id,
            _rows.path,
            digest.digest,
            _rows.size_bytes,
            _rows.mtime_ns,
            _rows.aside_name,
            _rows.noted_at,
        )
        .join(digest, digest.entity_id == _rows.entity_id)
        .where(_rows.machine_id == machine_id, condition)
        .order_by(_rows.id)
    )
    return [
        SourceRemoval(
            machine_id=machine_id,
            entity_id=row.entity_id,
            path=path_from_bytes(row.path),
            sha256=row.digest,
            size_bytes=row.size_bytes,
            mtime_ns=row.mtime_ns,
            aside=path_from_bytes(row.aside_name).name,
            noted_at=row.noted_at,
        )
        for row in await session.execute(pending)
    ]


async def ask_again(
    session: AsyncSession, removals: Sequence[SourceRemoval]
) -> tuple[list[SourceRemoval], list[SourceRemoval]]:
    """Return the sources that are still to be removed, and those that are needed now.

    A source is needed if the world no longer has its bytes in the store, or refers to its path.
    Sources in neither list have no row any more, or were noted anew. `removals` must not be longer
    than one portion.
    """
    noted = {(path_digest(path_bytes(one.path)), path_bytes(one.aside)): one for one in removals}
    values = {
        "machine_ids": list({one.machine_id for one in removals}),
        "path_digests": [digest for digest, _ in noted],
    }
    rows = (await session.execute(_select_noted(), values)).all()
    needed = {(digest, aside): is_needed for digest, aside, is_needed in rows}
    return (
        [one for key, one in noted.items() if not needed.get(key, True)],
        [one for key, one in noted.items() if needed.get(key, False)],
    )


@cache  # because it is executed every few files
def _select_noted() -> Select[Any]:
    place = table_of(FileLocationComponent).c
    is_stored = exists().where(place.entity_id == _rows.entity_id, place.storage == IN_STORE)
    is_referred_to = exists().where(
        place.path_digest == _rows.path_digest, place.storage == REFERENCED
    )
    is_needed = or_(not_(is_stored), is_referred_to)
    return select(_rows.path_digest, _rows.aside_name, is_needed).where(
        _rows.machine_id.in_(bindparam("machine_ids", expanding=True)),
        _rows.path_digest.in_(bindparam("path_digests", expanding=True)),
    )
