"""Look-up of the folders that were imported as comics before, so that each stays one comic."""

import os
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId
from dam.models import (
    ComicBookVariantComponent,
    ContentHashSHA256Component,
    OriginalSourceInfoComponent,
    PageLink,
)
from dam.services.comic_import_service.known import had_archives
from dam.storage.paths import is_at_or_below, path_bytes

_AT_ONCE = 5_000


@dataclass(frozen=True, kw_only=True)
class KnownFolders:
    """What earlier imports made of folders.

    Args:
        comics: The folders that are comics; for each, the folders in which its pages were.
        libraries: The given folders from which archives, now gone, were imported as comics.
    """

    comics: Mapping[str, Collection[str]] = field(default_factory=dict)
    libraries: Collection[str] = ()

    def comic_of(self, folder: str) -> str | None:
        """Return the comic that the pictures directly in a folder belong to, or None.

        Example: if `/Saga` was imported with the pages in `/Saga/1`, it is the comic of both.
        """
        if folder in self.comics:
            return folder
        above = folder
        while (parent := os.path.dirname(above)) != above:  # noqa: PTH120 - the strings of `Walk`
            if folder in self.comics.get(parent, ()):
                return parent
            above = parent
        return None

    def is_of_others(self, folder: str, comic: str) -> bool:
        """Tell whether pictures directly in a folder belong to other comics than a known one."""
        if comic not in self.comics or folder in self.comics[comic]:
            return False
        return self.comic_of(folder) not in {comic, None}

    def is_spread(self, comic: str) -> bool:
        """Tell whether a known comic has pages in subfolders."""
        return any(folder != comic for folder in self.comics[comic])


NONE_KNOWN = KnownFolders()


async def known_folders(
    session: AsyncSession, folders: Collection[str], *, is_move: bool = False
) -> KnownFolders:
    """Return what is known of folders and of all that is below them.

    Example: `await known_folders(session, ["/comics"], is_move=True)`.

    Args:
        session: It is only read.
        folders: Absolute paths.
        is_move: Archives may have been moved into the store, so look up `libraries`, too.
    """
    roots = set(map(path_bytes, folders))
    source, variant, content = (
        OriginalSourceInfoComponent,
        ComicBookVariantComponent,
        ContentHashSHA256Component,
    )
    seen = (
        select(source.entity_id, source.path)
        .join(variant, variant.entity_id == source.entity_id)
        .where(~exists().where(content.entity_id == source.entity_id))
    )
    comics = {
        row.entity_id: row.path
        for row in await session.execute(seen)
        if is_at_or_below(row.path, roots)
    }
    places = await _page_folders(session, comics)
    return KnownFolders(
        comics={os.fsdecode(path): places[entity_id] for entity_id, path in comics.items()},
        libraries={
            folder
            for folder in folders
            if is_move and await had_archives(session, folder, or_below=True)
        },
    )


async def _page_folders(
    session: AsyncSession, comics: Mapping[EntityId, bytes]
) -> dict[EntityId, set[str]]:
    """Return for each comic the folders, at or below its own, in which its pages were seen."""
    source, link = OriginalSourceInfoComponent, PageLink
    found = defaultdict[EntityId, set[str]](set)
    ids: Sequence[EntityId] = list(comics)
    for some in portions(ids):
        seen = (
            select(link.owner_entity_id, source.path)
            .join(source, source.entity_id == link.page_image_entity_id)
            .where(link.owner_entity_id.in_(some))
        )
        stream = await session.stream(seen.execution_options(yield_per=_AT_ONCE))
        async for owner, path in stream:
            if is_at_or_below(path, {comics[owner]}):
                found[owner].add(os.fsdecode(os.path.dirname(path)))  # noqa: PTH120 - bytes
    return found
