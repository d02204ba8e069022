"""Records at which paths of users' files contents were seen."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.bulk import Conflict, insert_rows
from dam.core.ecs.components import AnyComponent, EntityId, table_of
from dam.core.ecs.rows import Row
from dam.errors import display_path
from dam.models import OriginalSourceInfoComponent
from dam.storage.content_store import StoredFile
from dam.storage.paths import path_bytes, path_digest, stem_digest


@dataclass(frozen=True)
class HashedFile:
    """A user's file that was read, hashed and, unless only referenced, stored."""

    path: Path
    read_at: datetime
    stored: StoredFile

    @cached_property
    def raw_path(self) -> bytes:
        """The path as bytes."""
        return path_bytes(self.path)

    @cached_property
    def path_digest(self) -> bytes:
        """The digest under which the path is indexed."""
        return path_digest(self.raw_path)


class Source(NamedTuple):
    """The asset that a path had, and the time of the file."""

    entity_id: EntityId
    mtime_ns: int


async def write_sources(
    session: AsyncSession, files: Iterable[tuple[EntityId, HashedFile]], now: datetime
) -> dict[bytes, Source]:
    """Record the sources; return what each path had before, by path digest."""
    rows: dict[bytes, Row] = {}
    for entity_id, file in files:
        rows[file.path_digest] = {
            "entity_id": entity_id,
            "path": file.raw_path,
            "path_digest": file.path_digest,
            "path_text": display_path(file.path),
            "size_bytes": file.stored.reading.size_bytes,
            "mtime_ns": file.stored.reading.mtime_ns,
            "mode": file.stored.reading.mode,
            "first_seen_at": now,
            "last_seen_at": now,
            "read_at": file.read_at,
            "stem_digest": stem_digest(file.raw_path),
        }
    source = OriginalSourceInfoComponent
    held = select(source.path_digest, source.entity_id, source.mtime_ns)
    found = await session.execute(held.where(source.path_digest.in_(rows)))
    before = {digest: Source(entity_id, mtime_ns) for digest, entity_id, mtime_ns in found}
    # A folder may have been imported as a comic from this path before; those have no stem.
    changing = (
        "entity_id",
        "size_bytes",
        "mtime_ns",
        "mode",
        "last_seen_at",
        "read_at",
        "stem_digest",
    )
    await upsert_by_path(session, source, rows, changing)
    return before


async def upsert_by_path(
    session: AsyncSession,
    kind: type[AnyComponent],
    rows: Mapping[bytes, Row],
    changing: Collection[str],
) -> None:
    """Write rows by path digest; a row that is there takes the new values of some columns.

    Example: `await upsert_by_path(session, FileLocationComponent, rows, ("entity_id",))`.

    Args:
        session: An open write transaction.
        kind: A component with a unique `path_digest`.
        rows: By path digest; all name the same columns.
        changing: The columns that a row which is there takes over.
    """
    # Sorted, so that two imports of the same folder cannot deadlock.
    ordered = [rows[digest] for digest in sorted(rows)]
    await insert_rows(session, table_of(kind), ordered, Conflict(("path_digest",), tuple(changing)))
