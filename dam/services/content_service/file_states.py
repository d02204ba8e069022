"""What the database says of large files: in which state all of one was last hashed."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, Update, bindparam, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId, table_of
from dam.models import IN_STORE, REFERENCED, FileLocationComponent
from dam.storage.sources.file_state import FileState

LARGE_BYTES = 64 << 20
"""From here on a file's state is worth a row; all others are hashed quickly."""

_PLACE = table_of(FileLocationComponent)
_SPAN = 1 << 64
_BOUND = 1 << 63

_OF_STORED = (
    update(_PLACE)
    .where(_PLACE.c.entity_id == bindparam("of_entity"), _PLACE.c.storage == IN_STORE)
    .values({name: bindparam(name) for name in ("size_bytes", "mtime_ns")})
    .values({name: bindparam(name) for name in ("ctime_ns", "device", "inode")})
)
_OF_REFERENCED = (
    update(_PLACE)
    .where(_PLACE.c.entity_id == bindparam("of_entity"), _PLACE.c.storage == REFERENCED)
    .where(
        _PLACE.c.size_bytes == bindparam("of_size_bytes"),
        _PLACE.c.mtime_ns == bindparam("of_mtime_ns"),
    )
    .values({name: bindparam(name) for name in ("ctime_ns", "device", "inode")})
)


def statement_for(
    entity_id: EntityId, state: FileState | None, *, is_stored: bool
) -> tuple[Update, dict[str, Any]] | None:
    """Return how to note the state of an asset's file; None where that is not worth a row.

    A state names its file by device and inode, so it does no harm in the row of another place.
    """
    if state is None or state.size_bytes < LARGE_BYTES:
        return None
    times = state.mtime_ns, state.ctime_ns
    if not all(-_BOUND <= time_ns < _BOUND for time_ns in times):  # of the year 2300, say
        return None
    values = {
        "of_entity": entity_id,
        "ctime_ns": state.ctime_ns,
        "device": _signed(state.device),
        "inode": _signed(state.inode),
    }
    if is_stored:
        return _OF_STORED, values | {"size_bytes": state.size_bytes, "mtime_ns": state.mtime_ns}
    sizes = {"of_size_bytes": state.size_bytes, "of_mtime_ns": state.mtime_ns}
    return _OF_REFERENCED, values | sizes


async def note_states(
    session: AsyncSession, states: Iterable[tuple[EntityId, FileState | None, bool]]
) -> None:
    """Note in which state each asset's file was hashed, and whether it is stored, if it is large.

    The caller commits.
    """
    for entity_id, state, is_stored in states:
        if noted := statement_for(entity_id, state, is_stored=is_stored):
            await session.execute(*noted)


def recorded_state(row: Row[*tuple[Any, ...]]) -> FileState | None:
    """Return the state that the row of a place names, if it does."""
    if None in (row.ctime_ns, row.device, row.inode, row.size_bytes, row.mtime_ns):
        return None
    return FileState(
        row.device % _SPAN, row.inode % _SPAN, row.size_bytes, row.mtime_ns, row.ctime_ns
    )


def _signed(number: int) -> int:
    """Return the signed 64 bits of an unsigned number, which is all that databases keep."""
    return number - _SPAN if number >= _BOUND else number
