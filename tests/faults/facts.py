"""What a world says of contents, told by their digests, so that worlds can be compared."""

from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import Base, Component, MarkerComponent, component_classes, table_of
from dam.core.world import World
from dam.models import (
    IN_ARCHIVE,
    IN_STORE,
    ContentHashSHA256Component,
    FileLocationComponent,
    FilePropertiesComponent,
    ImageDimensionsComponent,
    ImagePerceptualDHashComponent,
    ImagePerceptualPHashComponent,
    OriginalSourceInfoComponent,
    PageLink,
)
from dam.services.file_operations import FileOperationsResource

Facts = set[tuple[Any, ...]]

_VALUES = {
    FilePropertiesComponent: ("size_bytes",),
    ImageDimensionsComponent: ("width", "height"),
    ImagePerceptualPHashComponent: ("recipe", "value"),
    ImagePerceptualDHashComponent: ("recipe", "value"),
}


async def facts_of(session: AsyncSession) -> Facts:
    """Return which components each content has, what they say, and where its pages and members are.

    A world in which less was done has fewer; one that says something else has others.
    """
    hashes = table_of(ContentHashSHA256Component).c
    digests = dict((await session.execute(select(hashes.entity_id, hashes.digest))).all())
    assert len(set(digests.values())) == len(digests)
    found: Facts = set()
    for kind in component_classes(Component).values():
        if issubclass(kind, MarkerComponent):
            continue
        table = table_of(kind)
        columns = [table.c[name] for name in ("entity_id", *_VALUES.get(kind, ()))]
        for entity_id, *values in (await session.execute(select(*columns))).all():
            if entity_id in digests:
                found.add((table.name, digests[entity_id], *values))
    source = table_of(OriginalSourceInfoComponent).c
    for path, entity_id in (await session.execute(select(source.path, source.entity_id))).all():
        found.add(("source", path, digests[entity_id]))
    place = table_of(FileLocationComponent).c
    members = select(place.path, place.entity_id, place.container_entity_id)
    for path, entity_id, container in await session.execute(
        members.where(place.storage == IN_ARCHIVE)
    ):
        found.add(("member", digests[container], path, digests[entity_id]))
    link = table_of(PageLink).c
    pages = select(link.owner_entity_id, link.page_image_entity_id).order_by(link.page_number)
    owned: dict[int, list[bytes]] = {}
    for owner, picture in (await session.execute(pages)).all():
        owned.setdefault(owner, []).append(digests[picture])
    return found | {("pages", digests.get(owner), *mine) for owner, mine in owned.items()}


async def assert_nothing_dangles(world: World) -> None:
    """Assert that no row refers to one that is not there, and that the store has what is in it."""
    await world.read(_assert_parents)
    store = world.resources.get(FileOperationsResource).store
    for digest, size_bytes in await world.read(_stored):
        assert store.check(digest, size_bytes) == "ok"


async def _assert_parents(session: AsyncSession) -> None:
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            parent: Table = key.column.table
            known = select(key.column).select_from(parent)
            lost = select(func.count()).where(key.parent.is_not(None), key.parent.not_in(known))
            assert await session.scalar(lost) == 0, (table.name, key.parent.name)


async def _stored(session: AsyncSession) -> list[tuple[bytes, int]]:
    digest, place, properties = (
        table_of(kind).c
        for kind in (ContentHashSHA256Component, FileLocationComponent, FilePropertiesComponent)
    )
    stored = (
        select(digest.digest, properties.size_bytes)
        .join_from(digest.digest.table, place.entity_id.table, place.entity_id == digest.entity_id)
        .join(properties.entity_id.table, properties.entity_id == digest.entity_id)
        .where(place.storage == IN_STORE)
    )
    return [(found, size_bytes) for found, size_bytes in await session.execute(stored)]
