"""What every import writes of contents whose bytes it has read, wherever these are kept."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.components import (
    EntityId,
    MarkerComponent,
    ProcessingErrorComponent,
)
from dam.core.ecs.rows import mark, write_rows
from dam.core.new_entities import NewEntity, NewEntityMarkers
from dam.core.systems.commands import entities_for_digests
from dam.errors import display_path
from dam.models import (
    CONTENT_HASHES,
    IN_STORE,
    ContentHashSHA256Component,
    FileLocationComponent,
    FilePropertiesComponent,
)
from dam.services.failure_service import IMPORT_COMIC
from dam.storage.paths import path_bytes

# What systems say of bytes that they could not have, or that were others.
_UNREAD = (
    "ContentDamagedError",
    "ContentMissingError",
    "FileAccessError",
    "FolderGoneError",
    "MemberDamagedError",
    "MemberMissingError",
    "MemberUnreadableError",
    "NotAnArchiveError",
    "ReferenceChangedError",
    "ReferenceDamagedError",
    "UnreadableArchiveError",
)


@dataclass(frozen=True, kw_only=True)
class NewAsset(NewEntity):
    """What an import knows of an asset that it is about to create; `name` is its file's."""

    digest: bytes
    size_bytes: int
    name: str


class HashedContent(NamedTuple):
    """Bytes that were read, and the base name under which they were found."""

    sha256: bytes
    size_bytes: int
    name: str
    extra_digests: Mapping[str, bytes]


class ContentEntity(NamedTuple):
    """The asset that a content is; `is_new` says that it was created here."""

    entity_id: EntityId
    is_new: bool


async def record_contents(
    session: AsyncSession,
    contents: Iterable[HashedContent],
    markers: NewEntityMarkers,
    *,
    now: datetime,
) -> dict[bytes, ContentEntity]:
    """Return the asset of each content, by SHA-256; the first one of the same bytes counts.

    New content becomes an entity with its name and every marker that is wanted on new ones. Where
    the bytes are is for the caller to write, and to commit.
    """
    firsts: dict[bytes, HashedContent] = {}
    for content in contents:
        firsts.setdefault(content.sha256, content)
    found = await entities_for_digests(session, ContentHashSHA256Component, firsts, now=now)
    owners = {digest: ContentEntity(*found[digest]) for digest in firsts}
    created = {
        owners[digest].entity_id: first for digest, first in firsts.items() if owners[digest].is_new
    }
    await _describe(session, created, markers)
    await _write_digests(session, {owners[d].entity_id: first for d, first in firsts.items()})
    return owners


async def _describe(
    session: AsyncSession, new: Mapping[EntityId, HashedContent], markers: NewEntityMarkers
) -> None:
    rows = []
    marked: dict[type, list[EntityId]] = {}
    for entity_id, content in sorted(new.items()):
        size_bytes, text = content.size_bytes, display_path(content.name)
        raw = path_bytes(content.name)
        rows.append(
            {"entity_id": entity_id, "size_bytes": size_bytes, "name": raw, "name_text": text}
        )
        facts = NewAsset(
            entity_id=entity_id, digest=content.sha256, size_bytes=size_bytes, name=text
        )
        for marker in markers.markers_for(facts):
            marked.setdefault(marker, []).append(entity_id)
    await write_rows(session, FilePropertiesComponent, rows, replace=False)
    for marker, entity_ids in marked.items():
        await mark(session, marker, entity_ids)


async def mark_as_new(
    session: AsyncSession, entity_ids: Collection[EntityId], markers: NewEntityMarkers
) -> None:
    """Give assets every marker that an import would give them; the caller commits."""
    digest, file = ContentHashSHA256Component, FilePropertiesComponent
    facts = select(digest.entity_id, digest.digest, file.size_bytes, file.name_text).join(
        file, file.entity_id == digest.entity_id
    )
    marked: dict[type[MarkerComponent], list[EntityId]] = {}
    for ids in portions(sorted(entity_ids)):
        for row in await session.execute(facts.where(digest.entity_id.in_(ids))):
            entity_id, sha256, size_bytes, name = row
            asset = NewAsset(entity_id=entity_id, digest=sha256, size_bytes=size_bytes, name=name)
            for marker in markers.markers_for(asset):
                marked.setdefault(marker, []).append(entity_id)
    for marker, ids in marked.items():
        await mark(session, marker, ids)


async def unread(session: AsyncSession, entity_ids: Collection[EntityId]) -> set[EntityId]:
    """Return those of some assets, and of the members in them, of which systems could not read."""
    failure, place = ProcessingErrorComponent, FileLocationComponent
    failed = select(failure.entity_id).where(
        failure.error.in_(_UNREAD), failure.system != IMPORT_COMIC
    )
    found: set[EntityId] = set()
    for ids in portions(sorted(entity_ids)):
        inside = select(place.entity_id).where(place.container_entity_id.in_(ids))
        for those in (failure.entity_id.in_(ids), failure.entity_id.in_(inside)):
            found |= set(await session.scalars(failed.where(those)))
    return found


async def _write_digests(session: AsyncSession, contents: Mapping[EntityId, HashedContent]) -> None:
    for name, kind in CONTENT_HASHES.items():
        rows = [
            {"entity_id": entity_id, "digest": content.extra_digests[name]}
            for entity_id, content in sorted(contents.items())
            if name in content.extra_digests
        ]
        await write_rows(session, kind, rows, replace=True)


async def stored_before(session: AsyncSession, entity_ids: Collection[EntityId]) -> set[EntityId]:
    """Return the assets that are in the store; nobody else can put the others there meanwhile."""
    place, digest = FileLocationComponent, ContentHashSHA256Component
    there = select(place.entity_id).where(place.storage == IN_STORE)
    known: set[EntityId] = set()
    for ids in portions(sorted(entity_ids)):
        known |= set(await session.scalars(there.where(place.entity_id.in_(ids))))
        if absent := [entity_id for entity_id in ids if entity_id not in known]:
            held = select(digest.entity_id).where(digest.entity_id.in_(absent)).with_for_update()
            await session.execute(held.order_by(digest.entity_id))
            known |= set(await session.scalars(there.where(place.entity_id.in_(absent))))
    return known
