"""Writes the rows that every new content gets: entity, name, size, digests and markers.

Places (`FileLocationComponent`) are written elsewhere, because they differ by kind of import.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.components import (
    EntityId,
    MarkerComponent,
    ProcessingErrorComponent,
)
from dam.core.ecs.identities import entities_for_digests
from dam.core.ecs.rows import mark, write_rows
from dam.core.new_entities import NewEntity, NewEntityMarkers
from dam.errors import DamError, display_path
from dam.models import (
    CONTENT_HASHES,
    IN_STORE,
    ContentHashSHA256Component,
    FileLocationComponent,
    FilePropertiesComponent,
)
from dam.services.content_service.trashed import bring_back
from dam.services.failure_service import IMPORT_COMIC
from dam.storage.paths import path_bytes

# Errors of systems that could not get an asset's bytes, or got different bytes.
_UNREADABLE_ERRORS = (
    "ContentDamagedError",
    "ContentMissingError",
    "FileAccessError",
    "FileChangedError",
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
    """The facts an import knows about an asset it is creating; `name` is the file's base name."""

    digest: bytes
    size_bytes: int
    name: str


class HashedContent(NamedTuple):
    """Digests and size of bytes that were read, and the base name of the file they came from."""

    sha256: bytes
    size_bytes: int
    name: str
    extra_digests: Mapping[str, bytes]


class ContentEntity(NamedTuple):
    """The entity that has a content.

    `is_new` says that this call created it, `is_restored` that it was in the trash before.
    """

    entity_id: EntityId
    is_new: bool
    is_restored: bool = False


async def record_contents(
    session: AsyncSession,
    contents: Iterable[HashedContent],
    markers: NewEntityMarkers,
    *,
    now: datetime,
) -> dict[bytes, ContentEntity]:
    """Record contents and return the entity of each, by SHA-256.

    New content becomes an entity with its name, its size and all markers that `markers` wants on
    it. If several contents have the same bytes, the name of the first is used. Content in the trash
    comes back from there. The caller writes the places of the bytes, and commits.

    Example: `await record_contents(session, hashed, markers, now=world.context.now())`.

    Args:
        session: An open write transaction.
        contents: The contents that were read.
        markers: The rules that say which markers a new asset gets.
        now: The creation time of new entities.
    """
    firsts: dict[bytes, HashedContent] = {}
    for content in contents:
        firsts.setdefault(content.sha256, content)
    found = await entities_for_digests(session, ContentHashSHA256Component, firsts, now=now)
    entities = {digest: ContentEntity(*found[digest]) for digest in firsts}
    created = {
        entities[digest].entity_id: first
        for digest, first in firsts.items()
        if entities[digest].is_new
    }
    await _describe(session, created, markers)
    await _write_digests(session, {entities[d].entity_id: first for d, first in firsts.items()})
    known = {each.entity_id for each in entities.values() if not each.is_new}
    back = await bring_back(session, known)
    return {d: each._replace(is_restored=each.entity_id in back) for d, each in entities.items()}


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
    """Set every marker on existing assets that an import sets on new ones; the caller commits."""
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
        # So that whatever follows a description is done again, too.
        anew = update(file).where(file.entity_id.in_(ids)).values(picture_version=None)
        await session.execute(anew)
    for marker, ids in marked.items():
        await mark(session, marker, ids)


def is_about_bytes(error: Exception) -> bool:
    """Tell whether an error says what is wrong with an asset's bytes, so that it will come again.

    Else the bytes could not be had, or something that is to be installed is missing.
    """
    is_blocked = isinstance(error, DamError) and error.requirement is not None
    return not is_blocked and type(error).__name__ not in _UNREADABLE_ERRORS


async def unreadable_assets(
    session: AsyncSession, entity_ids: Collection[EntityId]
) -> set[EntityId]:
    """Return the assets, and members of these archives, whose bytes a system failed to read."""
    failure, place = ProcessingErrorComponent, FileLocationComponent
    failed = select(failure.entity_id).where(
        failure.error.in_(_UNREADABLE_ERRORS), failure.system != IMPORT_COMIC
    )
    found: set[EntityId] = set()
    for ids in portions(sorted(entity_ids)):
        inside = select(place.entity_id).where(place.container_entity_id.in_(ids))
        for condition in (failure.entity_id.in_(ids), failure.entity_id.in_(inside)):
            found |= set(await session.scalars(failed.where(condition)))
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
    """Return which of these assets have their bytes in the store already.

    On PostgreSQL the other assets stay locked until the transaction ends, so that no other import
    can record them as stored meanwhile.
    """
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
