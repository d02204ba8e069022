"""What an asset takes over from the one that had its path before: a file that has changed."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.bulk import Conflict, insert_rows
from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId, table_of
from dam.models import ContentSuccessorComponent, OriginalSourceInfoComponent, PageLink
from dam.services import tag_service
from dam.storage.paths import path_bytes, path_digest


class Replaced(NamedTuple):
    """A file that has other bytes than before: the assets of both, and the time it had before."""

    path: Path
    entity_id: EntityId
    mtime_ns: int
    successor_entity_id: EntityId


async def note_successors(
    session: AsyncSession, files: Mapping[bytes, Replaced]
) -> dict[bytes, EntityId]:
    """Note which asset follows on which, and give it the tags and places in comics of that.

    Tags are those that people gave; where the successor has one already, its own value stays. The
    place in a comic that was imported from the file's folder goes over to the successor, unless the
    old picture has several pages there. The caller commits.

    Args:
        session: A session that may write.
        files: By path digest.

    Returns:
        By path digest the old asset, where anything was taken over.
    """
    if not files:
        return {}
    pairs = {(file.entity_id, file.successor_entity_id): file.mtime_ns for file in files.values()}
    rows = [
        {"entity_id": old, "successor_entity_id": new, "mtime_ns": mtime_ns}
        for (old, new), mtime_ns in sorted(pairs.items())
    ]
    once = Conflict(("entity_id", "successor_entity_id"), ("mtime_ns",))
    await insert_rows(session, table_of(ContentSuccessorComponent), rows, once)
    tagged = await tag_service.inherit_tags(session, sorted(pairs))
    placed = await _take_pages(session, files)
    return {
        path: file.entity_id
        for path, file in files.items()
        if path in placed or (file.entity_id, file.successor_entity_id) in tagged
    }


async def _take_pages(session: AsyncSession, files: Mapping[bytes, Replaced]) -> set[bytes]:
    """Put successors in place of the old pictures in comics that are folders; return the paths."""
    folders: dict[bytes, list[tuple[bytes, Replaced]]] = defaultdict(list)
    for path, file in files.items():
        folders[path_digest(path_bytes(file.path.parent))].append((path, file))
    source = OriginalSourceInfoComponent
    moved: set[bytes] = set()
    for some in portions(sorted(folders)):
        known = select(source.path_digest, source.entity_id).where(source.path_digest.in_(some))
        for folder, variant in (await session.execute(known)).all():
            moved |= await _take_pages_of(session, variant, dict(folders[folder]))
    return moved


async def _take_pages_of(
    session: AsyncSession, variant: EntityId, files: Mapping[bytes, Replaced]
) -> set[bytes]:
    link = PageLink
    mine = link.owner_entity_id == variant
    single = await _with_one_page(session, variant, {file.entity_id for file in files.values()})
    moved = {path: file for path, file in files.items() if file.entity_id in single}
    for file in moved.values():
        page = update(table_of(link)).where(mine, link.page_image_entity_id == file.entity_id)
        await session.execute(page.values(page_image_entity_id=file.successor_entity_id))
    return set(moved)


async def _with_one_page(
    session: AsyncSession, variant: EntityId, pictures: Collection[EntityId]
) -> set[EntityId]:
    link, found = PageLink, set[EntityId]()
    for some in portions(sorted(pictures)):
        counted = (
            select(link.page_image_entity_id)
            .where(link.owner_entity_id == variant, link.page_image_entity_id.in_(some))
            .group_by(link.page_image_entity_id)
            .having(func.count() == 1)
        )
        found |= set(await session.scalars(counted))
    return found
