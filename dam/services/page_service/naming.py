"""Names of pages: the paths that their pictures have in the archive or folder of the owner."""

import os
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.media.archive.names import true_name
from dam.models import FileLocationComponent, OriginalSourceInfoComponent, PageLink

_Place = tuple[EntityId, str]


async def archive_names(
    session: AsyncSession, owner_entity_id: EntityId, images: Sequence[EntityId]
) -> list[str | None]:
    """Return the name of each page in the archive that is the owner; None for other pictures.

    If an archive holds a picture several times, each of these pages gets the next of the picture's
    names behind that of the page before it, or the first free one if there is no such name.

    Args:
        session: It is only read.
        owner_entity_id: The owner of the pages.
        images: The pictures of its pages, in order.
    """
    place = FileLocationComponent
    inside = (
        select(place.entity_id, place.path, place.path_text)
        .where(place.container_entity_id == owner_entity_id)
        .order_by(place.id)  # the import wrote them in reading order
    )
    rows = (await session.execute(inside)).all()
    return _given(
        images, [(image, true_name(raw or b"", shown or "")) for image, raw, shown in rows]
    )


async def folder_names(
    session: AsyncSession, owner_entity_id: EntityId, images: Sequence[EntityId]
) -> list[str | None]:
    """Return the path of each page below the folder that is the owner; None for other pictures.

    Args:
        session: It is only read.
        owner_entity_id: The owner of the pages.
        images: The pictures of its pages, in order; a repeated one is treated as in an archive.
    """
    source, link = OriginalSourceInfoComponent, PageLink
    own = select(source.path).where(source.entity_id == owner_entity_id)
    folders = tuple(os.path.join(path, b"") for path in await session.scalars(own))  # noqa: PTH118 - bytes
    pictures = select(link.page_image_entity_id).where(link.owner_entity_id == owner_entity_id)
    seen = select(source.entity_id, source.path).where(source.entity_id.in_(pictures))
    places = [
        (image, os.fsdecode(path.removeprefix(folder)))
        for image, path in await session.execute(seen.order_by(source.id))
        for folder in folders
        if path.startswith(folder)
    ]
    return _given(images, places)


def _given(images: Sequence[EntityId], places: Sequence[_Place]) -> list[str | None]:
    """Return the name of each picture among places, which are in reading order."""
    free_places: dict[EntityId, list[int]] = defaultdict(list)
    for at, (image, _) in enumerate(places):
        free_places[image].append(at)
    names: list[str | None] = []
    before = -1
    for image in images:
        if free := free_places[image]:
            before = free.pop(bisect_right(free, before) % len(free))
            names.append(places[before][1])
        else:
            names.append(None)
    return names
