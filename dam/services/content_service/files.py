"""Records a batch of files in one transaction, after their bytes are safe on disk."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import Select, bindparam, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId, table_of
from dam.core.ecs.identities import known_identities
from dam.core.ecs.rows import Row, write_rows
from dam.core.new_entities import NewEntityMarkers
from dam.core.read_only import ReadOnly
from dam.errors import display_path
from dam.models import (
    IN_STORE,
    REFERENCED,
    ContentHashSHA256Component,
    FileLocationComponent,
    OriginalSourceInfoComponent,
    TrashedComponent,
)
from dam.services import sidecar_service
from dam.services.content_service.contents import (
    HashedContent,
    mark_as_new,
    record_contents,
    stored_before,
    unreadable_assets,
)
from dam.services.content_service.file_states import note_states
from dam.services.content_service.sources import (
    HashedFile,
    Source,
    upsert_by_path,
    write_sources,
)
from dam.services.content_service.successors import Replaced, foresee_successors, note_successors
from dam.services.content_service.trashed import trashed_among
from dam.storage.content_store import StoredFile

ByteStatus = Literal["added", "restored", "known", "unchanged"]


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """The asset that has a file's bytes, and the file's status.

    `entity_id` is None in a dry run that would create the asset. `is_mended` says that the store
    had lost or damaged these bytes and has them again. `inherited_from` is the asset that had the
    path before, if this one took over its tags or its places in comics.
    """

    entity_id: EntityId | None
    status: ByteStatus
    is_mended: bool = False
    inherited_from: EntityId | None = None


async def record_files(
    session: AsyncSession, files: Sequence[HashedFile], markers: NewEntityMarkers, *, now: datetime
) -> list[RecordedFile]:
    """Write the rows of files whose bytes were read; return one answer for each, in order.

    New content becomes an entity with all markers that `markers` wants on it. Two kinds of known
    assets get these markers again: mended ones, since earlier results may come from wrong bytes,
    and those (or members of those archives) that a system failed to read. The caller commits.

    Example: `await record_files(session, hashed, markers, now=world.context.now())`.

    Args:
        session: An open write transaction.
        files: Files whose bytes are in the store, or that are to be referenced.
        markers: The rules that say which markers a new asset gets.
        now: The time of this import.
    """
    firsts: dict[bytes, HashedFile] = {}
    for file in files:
        firsts.setdefault(file.stored.sha256, file)
    contents = [_content(file) for file in firsts.values()]
    entities = await record_contents(session, contents, markers, now=now)
    created = {digest: first for digest, first in firsts.items() if entities[digest].is_new}
    new = {entities[digest].entity_id for digest in created}
    assets = [(entities[file.stored.sha256].entity_id, file) for file in files]
    restored = {digest: first for digest, first in firsts.items() if entities[digest].is_restored}
    known = await _write_locations(session, assets, new)
    mended = {entity_id for entity_id, file in assets if _is_mended(file.stored, entity_id, known)}
    was_there = {entity_id for entity_id, _ in assets} - new
    await mark_as_new(session, mended | await unreadable_assets(session, was_there), markers)
    before = await write_sources(session, assets, now)
    replaced = _replaced(assets, before)
    heirs = await note_successors(session, replaced, new)
    await sidecar_service.forget_gone(
        session, {old.successor_entity_id for old in replaced.values()}
    )
    elsewhere = {
        entity_id for entity_id, file in assets if _is_at_new_path(entity_id, file, before)
    }
    await sidecar_service.mark_beside(session, elsewhere - new)
    before_ids = {path: source.entity_id for path, source in before.items()}
    return [
        replace(
            _judge(file, entity_id, created, restored, before_ids),
            is_mended=entity_id in mended,
            inherited_from=heirs.get(file.path_digest),
        )
        for entity_id, file in assets
    ]


def _replaced(
    assets: Sequence[tuple[EntityId, HashedFile]], before: Mapping[bytes, Source]
) -> dict[bytes, Replaced]:
    """Return the files that have other bytes than before, by path digest."""
    return {
        file.path_digest: Replaced(file.path, held.entity_id, held.mtime_ns, entity_id)
        for entity_id, file in assets
        if (held := before.get(file.path_digest)) is not None and held.entity_id != entity_id
    }


def _is_at_new_path(entity_id: EntityId, file: HashedFile, before: Mapping[bytes, Source]) -> bool:
    held = before.get(file.path_digest)
    return held is None or held.entity_id != entity_id


async def foresee_files(
    session: ReadOnly[AsyncSession], files: Sequence[HashedFile], foreseen: set[bytes]
) -> list[RecordedFile]:
    """Return what `record_files` would answer, for a dry run; write nothing.

    Example: `await foresee_files(session, hashed, foreseen=set())`.

    Args:
        session: An open transaction.
        files: Files that were read and hashed.
        foreseen: The digests of assets that this dry run would have created or restored. New ones
            are added, so that the next file with the same bytes is "known".
    """
    digests = {file.stored.sha256 for file in files}
    known = await known_identities(session, ContentHashSHA256Component, digests)
    trashed = await trashed_among(session, known.values())
    source = OriginalSourceInfoComponent
    paths = [file.path_digest for file in files]
    held = select(source.path_digest, source.entity_id).where(source.path_digest.in_(paths))
    before = dict((await session.execute(held)).all())
    new = {digest: -at for at, digest in enumerate(digests - known.keys() - foreseen, start=1)}
    replaced = {
        file.path_digest: Replaced(file.path, before[file.path_digest], 0, new[file.stored.sha256])
        for file in files
        if file.path_digest in before and file.stored.sha256 in new
    }
    heirs = await foresee_successors(session, replaced)
    answers = []
    for file, path in zip(files, paths, strict=True):
        digest = file.stored.sha256
        entity_id = known.get(digest)
        if entity_id is None and digest not in foreseen:
            foreseen.add(digest)
            answers.append(RecordedFile(None, "added", inherited_from=heirs.get(path)))
        elif entity_id in trashed and digest not in foreseen:
            foreseen.add(digest)
            answers.append(RecordedFile(entity_id, "restored"))
        else:
            is_same = entity_id is not None and before.get(path) == entity_id
            status: ByteStatus = "unchanged" if is_same else "known"
            answers.append(RecordedFile(entity_id, status, inherited_from=heirs.get(path)))
    return answers


def _content(file: HashedFile) -> HashedContent:
    stored = file.stored
    return HashedContent(stored.sha256, stored.size_bytes, file.path.name, stored.extra_digests)


def _is_mended(stored: StoredFile, entity_id: EntityId, known: Collection[EntityId]) -> bool:
    """Tell whether a file replaced wrong bytes, or bytes that the store should have had."""
    return stored.is_mended or (stored.is_new and entity_id in known)


def _judge(
    file: HashedFile,
    entity_id: EntityId,
    created: Mapping[bytes, HashedFile],
    restored: Mapping[bytes, HashedFile],
    before: Mapping[bytes, EntityId],
) -> RecordedFile:
    if created.get(file.stored.sha256) is file:
        return RecordedFile(entity_id, "added")
    if restored.get(file.stored.sha256) is file:
        return RecordedFile(entity_id, "restored")
    was_there = before.get(file.path_digest) == entity_id
    return RecordedFile(entity_id, "unchanged" if was_there else "known")


async def _write_locations(
    session: AsyncSession, files: Sequence[tuple[EntityId, HashedFile]], new: Collection[EntityId]
) -> set[EntityId]:
    """Add the new places; return the assets that the store should have held before.

    A referenced path that has different bytes now moves to the asset with these bytes. Content that
    the store had lost gets a new row with a higher id, because `judge_store` compares ids: it
    expects a store that was begun anew to have only what was recorded since.
    """
    stored: dict[EntityId, Row] = {}
    referenced: dict[bytes, Row] = {}
    for entity_id, file in files:
        if file.stored.import_mode != "reference":
            stored[entity_id] = {"entity_id": entity_id, "storage": IN_STORE}
            continue
        referenced[file.path_digest] = {
            "entity_id": entity_id,
            "storage": REFERENCED,
            "path": file.raw_path,
            "path_digest": file.path_digest,
            "path_text": display_path(file.path),
            "size_bytes": file.stored.reading.size_bytes,
            "mtime_ns": file.stored.reading.mtime_ns,
        }
    await _forget_references(session, [(e, f) for e, f in files if e in stored])
    known = await stored_before(session, stored.keys() - new)
    lost = {entity_id for entity_id, file in files if file.stored.is_new and entity_id in known}
    former = await _stored_places(session, lost) if lost else []
    rows = [row for entity_id, row in sorted(stored.items()) if entity_id not in known - lost]
    await write_rows(session, FileLocationComponent, rows, replace=False)
    await _forget_places(session, former)
    changing = ("entity_id", "size_bytes", "mtime_ns")
    await upsert_by_path(session, FileLocationComponent, referenced, changing)
    await note_states(session, ((e, f.stored.state, e in stored) for e, f in files))
    return known


async def _forget_references(
    session: AsyncSession, files: Iterable[tuple[EntityId, HashedFile]]
) -> None:
    """Delete references to paths that now have different bytes, or whose file a move removes."""
    assets = {
        file.path_digest: None if file.stored.import_mode == "move" else entity_id
        for entity_id, file in files
    }
    place = FileLocationComponent
    referring = select(place.id, place.entity_id, place.path_digest)
    rows = await session.execute(referring.where(place.path_digest.in_(assets)))
    stale = [row.id for row in rows.all() if assets[row.path_digest] != row.entity_id]
    await _forget_places(session, stale)


async def _stored_places(session: AsyncSession, entity_ids: Collection[EntityId]) -> list[int]:
    place = FileLocationComponent
    stored = select(place.id).where(place.storage == IN_STORE)
    return list(await session.scalars(stored.where(place.entity_id.in_(entity_ids))))


async def _forget_places(session: AsyncSession, ids: Collection[int]) -> None:
    if ids:
        place = FileLocationComponent
        await session.execute(delete(table_of(place)).where(place.id.in_(ids)))


class KnownFile(NamedTuple):
    """A source that was imported before: its asset, and its size and time when it was read."""

    source_id: int
    entity_id: EntityId
    sha256: bytes
    size_bytes: int
    mtime_ns: int
    read_at: datetime


async def known_files(
    session: ReadOnly[AsyncSession], path_digests: Collection[bytes], *, is_reference: bool
) -> dict[bytes, KnownFile]:
    """Return the known sources among these paths, by path digest.

    A path counts only if its bytes are kept as this import would keep them, and its asset is not in
    the trash.

    Example: `await known_files(session, [path_digest(b"/a/cat.jpg")], is_reference=False)`.

    Args:
        session: An open transaction.
        path_digests: Digests of absolute paths, from `path_digest`.
        is_reference: The import refers to files; otherwise it puts their bytes into the store.
    """
    values = {"path_digests": list(path_digests)}
    rows = (await session.execute(_select_known(is_reference=is_reference), values)).all()
    return {row[0]: KnownFile._make(row[1:]) for row in rows}


# Built once: building a statement with thousands of values takes long.
@cache
def _select_known(*, is_reference: bool) -> Select[Any]:
    # Plain columns: with mapped classes the ORM would look at every row once more.
    source, digest, place = (
        table_of(OriginalSourceInfoComponent).c,
        table_of(ContentHashSHA256Component).c,
        table_of(FileLocationComponent).c,
    )
    trashed = table_of(TrashedComponent).c
    kept = (
        (place.path_digest == source.path_digest) & (place.entity_id == source.entity_id)
        if is_reference
        else (place.entity_id == source.entity_id) & (place.storage == IN_STORE)
    )
    columns = source.id, source.entity_id, digest.digest
    state = source.size_bytes, source.mtime_ns, source.read_at
    return (
        select(source.path_digest, *columns, *state)
        .where(source.path_digest.in_(bindparam("path_digests", expanding=True)))
        .where(digest.entity_id == source.entity_id, select(place.id).where(kept).exists())
        .where(~exists().where(trashed.entity_id == source.entity_id))
    )


async def touch_sources(
    session: AsyncSession, source_ids: Collection[int], *, now: datetime
) -> None:
    """Record that unchanged files were seen again. The caller commits.

    Example: `await touch_sources(session, [4, 5, 6], now=world.context.now())`.

    Args:
        session: An open write transaction.
        source_ids: The `source_id` of each file, from `known_files`.
        now: When they were seen.
    """
    source = OriginalSourceInfoComponent
    seen = (
        update(table_of(source))
        .where(source.id.between(bindparam("first"), bindparam("last")))
        .values(last_seen_at=now)
    )
    await session.execute(seen, [{"first": a, "last": b} for a, b in _runs(sorted(source_ids))])


def _runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Return the first and last number of each run: `[1, 2, 3, 7]` gives `[(1, 3), (7, 7)]`.

    Files imported together mostly have consecutive ids.
    """
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    return runs
