"""Finds the places of assets: the store, referenced files, members of archives."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Row, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId, MarkerComponent, table_of
from dam.core.read_only import ReadOnly
from dam.core.systems.params import MarkedEntityList, WorldReader
from dam.errors import ItemError, NoContentError
from dam.models import (
    IN_ARCHIVE,
    IN_STORE,
    REFERENCED,
    ContentHashSHA256Component,
    FileLocationComponent,
)
from dam.services.content_service.file_states import recorded_state
from dam.storage.content_store import ContentStore
from dam.storage.contents.located import ArchiveMember, LocatedContent, member_path
from dam.storage.paths import path_from_bytes
from dam.storage.sources.file_state import FileState
from dam.storage.sources.reference import Reference

M = TypeVar("M", bound=MarkerComponent)

# Plain columns, and one statement for all calls: mapped classes would cost more than the database.
_DIGEST, _PLACE = table_of(ContentHashSHA256Component), table_of(FileLocationComponent)
_PLACES = (
    select(
        _DIGEST.c.entity_id,
        _DIGEST.c.digest,
        _PLACE.c.storage,
        _PLACE.c.path,
        _PLACE.c.size_bytes,
        _PLACE.c.mtime_ns,
        _PLACE.c.ctime_ns,
        _PLACE.c.device,
        _PLACE.c.inode,
        _PLACE.c.container_entity_id,
    )
    .outerjoin_from(
        _DIGEST,
        _PLACE,
        and_(
            _PLACE.c.entity_id == _DIGEST.c.entity_id,
            # Redundant, but a planner without statistics needs it: a batch has consecutive ids, so
            # the planner sees that it need not read the whole table.
            _PLACE.c.entity_id.between(bindparam("first_id"), bindparam("last_id")),
        ),
    )
    .where(_DIGEST.c.entity_id.in_(bindparam("entity_ids", expanding=True)))
    .order_by(_PLACE.c.id)
)


@dataclass(frozen=True, slots=True)
class ShownLocation:
    """A place for people to read: the store, a user's file, or a member of an archive.

    `path` is None if the store has lost the bytes or has no local path for them.
    """

    storage: str
    path: Path | None


def location_of(
    store: ContentStore, digest: bytes, place: Reference | ArchiveMember | None
) -> ShownLocation:
    """Return a place for people to read; `place` is None for the store.

    Example: `location_of(store, content.digest, None)`.

    Args:
        store: The world's store.
        digest: The SHA-256 of the bytes.
        place: A referenced file, a member of an archive, or None.
    """
    if isinstance(place, Reference):
        return ShownLocation(REFERENCED, place.path)
    if isinstance(place, ArchiveMember):
        return ShownLocation(IN_ARCHIVE, member_path(store, place))
    try:
        return ShownLocation(IN_STORE, store.local_path(digest))
    except ItemError:
        return ShownLocation(IN_STORE, None)


async def locate(
    session: ReadOnly[AsyncSession], entity_ids: Collection[EntityId]
) -> dict[EntityId, LocatedContent]:
    """Return the places of each asset's bytes; entities without content are left out.

    Takes one statement, and a second one for the places of archives if some assets are in archives.
    """
    rows = await _rows(session, entity_ids)
    wanted = {row.container_entity_id for row in rows if row.storage == IN_ARCHIVE}
    if not wanted:
        return _contents(rows, {})
    containers = await _rows(session, wanted)
    # An archive inside an archive is not opened, so that place is not counted.
    return _contents(rows, _contents(containers, {}))


async def locate_marked(
    reader: WorldReader, assets: MarkedEntityList[M]
) -> dict[EntityId, LocatedContent]:
    """Return the places of the bytes of a system's assets; those without content fail.

    Example: `contents = await content_service.locate_marked(reader, pictures)`.
    """
    contents = await reader.run(locate, assets)
    for asset in assets:
        if asset not in contents:
            assets.fail(asset, NoContentError(asset))
    return contents


async def _rows(
    session: AsyncSession, entity_ids: Collection[EntityId]
) -> list[Row[*tuple[Any, ...]]]:
    rows: list[Row[*tuple[Any, ...]]] = []
    for ids in portions(sorted(entity_ids)):
        rows += (
            await session.execute(
                _PLACES, {"entity_ids": ids, "first_id": ids[0], "last_id": ids[-1]}
            )
        ).all()
    return rows


def _contents(
    rows: Collection[Row[*tuple[Any, ...]]], containers: Mapping[EntityId, LocatedContent]
) -> dict[EntityId, LocatedContent]:
    digests: dict[EntityId, bytes] = {}
    stored: set[EntityId] = set()
    references: dict[EntityId, list[Reference]] = defaultdict(list)
    members: dict[EntityId, list[ArchiveMember]] = defaultdict(list)
    recorded: dict[EntityId, list[FileState]] = defaultdict(list)
    for row in rows:
        digests[row.entity_id] = row.digest
        if row.ctime_ns is not None and (state := recorded_state(row)):
            recorded[row.entity_id].append(state)
        if row.storage == IN_STORE:
            stored.add(row.entity_id)
        elif row.storage == IN_ARCHIVE:
            if row.container_entity_id in containers:
                container = containers[row.container_entity_id]
                members[row.entity_id].append(
                    ArchiveMember(container=container, raw_name=row.path, size_bytes=row.size_bytes)
                )
        elif row.path is not None:
            references[row.entity_id].append(
                Reference(
                    path=path_from_bytes(row.path),
                    size_bytes=row.size_bytes,
                    mtime_ns=row.mtime_ns,
                )
            )
    return {
        entity_id: LocatedContent(
            digest=sha256,
            is_stored=entity_id in stored,
            references=tuple(references[entity_id]),
            members=tuple(members[entity_id]),
            recorded=tuple(recorded[entity_id]),
        )
        for entity_id, sha256 in digests.items()
    }
