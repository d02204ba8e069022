"""Records the new times of user's files that were touched: other times, and the same bytes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Table, Update, bindparam, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId, table_of
from dam.models import REFERENCED, FileLocationComponent, OriginalSourceInfoComponent
from dam.storage.paths import path_bytes, path_digest
from dam.storage.sources.reference import Reference

_PLACE = table_of(FileLocationComponent)
_SOURCE = table_of(OriginalSourceInfoComponent)


class TouchedFile(NamedTuple):
    """A referenced file of an asset, as it is recorded and as it was found intact."""

    entity_id: EntityId
    recorded: Reference
    found: Reference


async def note_touched(
    session: AsyncSession, files: Sequence[TouchedFile], *, read_at: datetime
) -> None:
    """Record the times that touched files have now. The caller commits.

    Rows that were changed meanwhile stay as they are.

    Example: `await note_touched(session, touched, read_at=begun_at)`.

    Args:
        session: An open write transaction.
        files: The files; their bytes were read and are the recorded ones.
        read_at: A time before they were read.
    """
    rows = [
        {
            "of_path": path_digest(path_bytes(one.recorded.path)),
            "of_entity": one.entity_id,
            "of_size_bytes": one.recorded.size_bytes,
            "of_mtime_ns": one.recorded.mtime_ns,
            "new_mtime_ns": one.found.mtime_ns,
        }
        for one in files
    ]
    # The state of a large file no longer holds; `process` finds the new one.
    anew: dict[str, Any] = {
        "mtime_ns": bindparam("new_mtime_ns"),
        "ctime_ns": None,
        "device": None,
        "inode": None,
    }
    await session.execute(
        _of_recorded(_PLACE).where(_PLACE.c.storage == REFERENCED).values(anew), rows
    )
    seen = {"mtime_ns": bindparam("new_mtime_ns"), "read_at": read_at, "last_seen_at": read_at}
    await session.execute(_of_recorded(_SOURCE).values(seen), rows)


def _of_recorded(table: Table) -> Update:
    return update(table).where(
        table.c.path_digest == bindparam("of_path"),
        table.c.entity_id == bindparam("of_entity"),
        table.c.size_bytes == bindparam("of_size_bytes"),
        table.c.mtime_ns == bindparam("of_mtime_ns"),
    )
