"""Keeps the state (size, times, inode) in which a large file was last hashed as a whole."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, Update, bindparam, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId, table_of
from dam.models import IN_STORE, REFERENCED, FileLocationComponent
from dam.storage.sources.file_state import FileState

LARGE_BYTES = 64 << 20
"""The smallest size, in bytes, at which a file's state is kept; smaller files hash quickly."""

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
    """Return the statement and its values that keep the state of an asset's file.

    None if there is no state, the file is smaller than `LARGE_BYTES`, or its times do not fit. A
    state names its file by device and inode, so it does no harm in the row of another place.

    Example: `statement_for(asset, stored.state, is_stored=True)`.

    Args:
        entity_id: The asset.
        state: The state in which the file was hashed.
        is_stored: The file is in the store; else it is a referenced file.
    """
    if state is None or state.size_bytes < LARGE_BYTES:
        return None
    times = state.mtime_ns, state.ctime_ns
    if not all(-_BOUND <= time_ns < _BOUND for time_ns in times):  # a time after the year 2262, say
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
    """Keep the state in which each large file was hashed. The caller commits.

    Each item of `states` is the asset, the state, and whether the file is in the store.
    """
    for entity_id, state, is_stored in states:
        if noted := statement_for(entity_id, state, is_stored=is_stored):
            await session.execute(*noted)


def recorded_state(row: Row[*tuple[Any, ...]]) -> FileState | None:
    """Return the file state in the row of a place, or None if the row has none."""
    if None in (row.ctime_ns, row.device, row.inode, row.size_bytes, row.mtime_ns):
        return None
    return FileState(
        row.device % _SPAN, row.inode % _SPAN, row.size_bytes, row.mtime_ns, row.ctime_ns
    )


def _signed(number: int) -> int:
    """Return an unsigned 64-bit number as a signed one, because databases have no unsigned."""
    return number - _SPAN if number >= _BOUND else number
