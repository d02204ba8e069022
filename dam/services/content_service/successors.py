"""What an asset takes over from the one that had its path before: a file that has changed."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.among import among
from dam.core.database.bulk import Conflict, insert_rows, update_by_key
from dam.core.ecs.components import EntityId, table_of
from dam.core.read_only import ReadOnly
from dam.models import (
    ContentHashSHA256Component,
    ContentSuccessorComponent,
    OriginalSourceInfoComponent,
    PageLink,
)
from dam.services import tag_service
from dam.storage.paths import path_bytes, path_digest

_OF_PEOPLE = b""


class Replaced(NamedTuple):
    """A file that has other bytes than before: the assets of both, and the time it had before."""

    path: Path
    entity_id: EntityId
    mtime_ns: int
    successor_entity_id: EntityId


async def note_successors(
    session: AsyncSession, files: Mapping[bytes, Replaced], new: Collection[EntityId]
) -> dict[bytes, EntityId]:
    """Note which asset follows on which; a new one takes over the tags and pages of the old one.

    An asset that was known before takes nothing over: its file was only renamed. Tags are those
    that people gave. The caller commits.

    Args:
        session: A session that may write.
        files: By path digest.
        new: The assets that this import has made.

    Returns:
        By path digest the old asset, where anything was taken over.
    """
    if not files:
        return {}
    pairs = {(file.entity_id, file.successor_entity_id): file.mtime_ns for file in files.values()}
    rows = [
        {"entity_id": old, "successor_entity_id": successor, "mtime_ns": mtime_ns}
        for (old, successor), mtime_ns in sorted(pairs.items())
    ]
    once = Conflict(("entity_id", "successor_entity_id"), ("mtime_ns",))
    await insert_rows(session, table_of(ContentSuccessorComponent), rows, once)
    heirs = {path: file for path, file in files.items() if file.successor_entity_id in new}
    if not heirs:
        return {}
    inheriting = {(file.entity_id, file.successor_entity_id) for file in heirs.values()}
    tagged = await tag_service.inherit_tags(session, sorted(inheriting))
    placed = await _take_pages(session, list(heirs.values()))
    return {
        path: file.entity_id
        for path, file in heirs.items()
        if file.entity_id in placed or (file.entity_id, file.successor_entity_id) in tagged
    }


async def foresee_successors(
    session: ReadOnly[AsyncSession], files: Mapping[bytes, Replaced]
) -> dict[bytes, EntityId]:
    """Return what `note_successors` would return for new assets, for a dry run; write nothing.

    Example: `await foresee_successors(session, {file.path_digest: Replaced(path, 12, 0, -1)})`.

    Args:
        session: An open transaction.
        files: By path digest; each new asset has a number of its own, which no asset has.
    """
    old = {file.entity_id for file in files.values()}
    said = await tag_service.tags_of(session, old)
    tagged = {key for key, tags in said.items() if any(tag.source == "user" for tag in tags)}
    rows = await _plan_pages(session, list(files.values()), set(files))
    taken = tagged | {row["old"] for row in rows}
    return {path: file.entity_id for path, file in files.items() if file.entity_id in taken}


async def _take_pages(session: AsyncSession, files: Sequence[Replaced]) -> set[EntityId]:
    """Put new pictures in place of the old ones in comics; return the old ones."""
    rows = await _plan_pages(session, files)
    placed = {row.pop("old") for row in rows}
    await update_by_key(session, table_of(PageLink), "id", rows)
    return placed


async def _plan_pages(
    session: AsyncSession, files: Sequence[Replaced], not_yet: Collection[bytes] = ()
) -> list[dict[str, int]]:
    """Return the pages of comics that get a new picture, each with the old one.

    That is in the comic that was imported from a folder with the file, and in those that people put
    together. An archive has the old bytes still. It must be clear which page is the file's. The
    paths `not_yet`, by digest, are those that the old pictures still have in a dry run.
    """
    successors: dict[EntityId, set[EntityId]] = defaultdict(set)
    folders: dict[EntityId, set[bytes]] = defaultdict(set)
    for file in files:
        successors[file.entity_id].add(file.successor_entity_id)
        above = (path_digest(path_bytes(folder)) for folder in file.path.parents)
        folders[file.entity_id].update(above)
    link = PageLink
    pages = select(link.id, link.owner_entity_id, link.page_image_entity_id)
    found = (await session.execute(pages.where(among(link.page_image_entity_id, folders)))).all()
    owners = await _owners(session, {owner for _, owner, _ in found})
    elsewhere = await _with_source(session, folders, not_yet)
    times = Counter((owner, old) for _, owner, old in found)
    rows: list[dict[str, int]] = []
    for page, owner, old in found:
        is_folder = owners[owner] in folders[old]
        is_of_people = owners[owner] == _OF_PEOPLE
        is_clear = old not in elsewhere or (is_folder and times[owner, old] == 1)
        if (is_folder or is_of_people) and is_clear and len(successors[old]) == 1:
            (successor,) = successors[old]
            rows.append({"id": page, "page_image_entity_id": successor, "old": old})
    return rows


async def _owners(
    session: AsyncSession, entity_ids: Collection[EntityId]
) -> Mapping[EntityId, bytes | None]:
    """Return the digest of each owner's folder; None of archives, `_OF_PEOPLE` of all others."""
    source, content = OriginalSourceInfoComponent, ContentHashSHA256Component
    paths = select(source.entity_id, source.path_digest)
    folders = (await session.execute(paths.where(among(source.entity_id, entity_ids)))).all()
    held = select(content.entity_id).where(among(content.entity_id, entity_ids))
    archives = dict.fromkeys(await session.scalars(held))
    return {**dict.fromkeys(entity_ids, _OF_PEOPLE), **dict(folders), **archives}


async def _with_source(
    session: AsyncSession, entity_ids: Collection[EntityId], left_out: Collection[bytes]
) -> set[EntityId]:
    """Return the entities that have a path other than those with the digests `left_out`."""
    source = OriginalSourceInfoComponent
    paths = select(source.entity_id, source.path_digest)
    rows = await session.execute(paths.where(among(source.entity_id, entity_ids)))
    return {entity_id for entity_id, digest in rows if digest not in left_out}
