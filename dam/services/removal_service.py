"""Removes assets: their rows and thumbnails at once; the next `gc` removes their bytes."""

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.among import among
from dam.core.database.portions import portions
from dam.core.ecs.changes import Change
from dam.core.ecs.components import Entity, EntityId, HidingComponent, table_of
from dam.core.read_only import ReadOnly
from dam.core.world import World
from dam.errors import NotAnAssetError
from dam.models import ContentHashSHA256Component, FileLocationComponent, TagConceptComponent
from dam.services import ecs_service, sidecar_service
from dam.services.asset_service import IdOrPrefix, resolve_ids
from dam.services.source_removal_service import keep_sources_of
from dam.services.world_service import WorldCache
from dam.storage.caches.thumbnail_cache import ThumbnailCache

log = logging.getLogger(__name__)

_PAGE = 500


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An entity that is not removed because other entities need it."""

    entity_id: EntityId
    used_by: tuple[EntityId, ...]


@dataclass(frozen=True, kw_only=True)
class Removal:
    """Entities that are removed and that stay, in the order given.

    Args:
        entity_ids: Entities that are removed.
        refused: Entities that stay because other entities need them.
        without_content: Other entities that lose their bytes, because these are only in a removed
            archive. Filled only when the removal is forced.
        change: For `undo`, if they only went into the trash.
    """

    entity_ids: tuple[EntityId, ...]
    refused: tuple[Refusal, ...] = ()
    without_content: tuple[EntityId, ...] = ()
    change: Change | None = None


async def plan_removal(
    session: ReadOnly[AsyncSession],
    wanted: Sequence[IdOrPrefix],
    *,
    is_forced: bool = False,
    only: type[HidingComponent] | None = None,
) -> Removal:
    """Return what `remove_assets` would do.

    An entity that other entities need stays, unless all of them are removed with it. An archive
    stays only if it has the only bytes of one of them.

    Example: `await plan_removal(session, [12, "0a1b2c3d"], is_forced=True)`.

    Args:
        session: An open transaction.
        wanted: Ids or hash prefixes.
        is_forced: Remove entities even if other entities need them.
        only: Leave out entities without this component, and those that are gone.

    Raises:
        EntityNotFoundError, AmbiguousIdError: As in `resolve_ids`.
        NotAnAssetError: One of them is a tag; `delete_tag` deletes it.
    """
    ids = await _chosen(session, wanted, only)
    return await _plan(session, ids, is_forced=is_forced)


async def remove_assets(
    world: World,
    wanted: Sequence[IdOrPrefix],
    *,
    is_forced: bool = False,
    only: type[HidingComponent] | None = None,
) -> Removal:
    """Remove assets and all their rows, in one transaction; the user's own files stay.

    A source that a move has imported and not removed yet stays, too. Only these assets are removed:
    to remove a comic as a whole, as `trash_assets` does, pass its `comic_parts`.

    Example: `await remove_assets(world, [12, "0a1b2c3d"], is_forced=True)`.

    Args:
        world: The world of the assets.
        wanted: Ids or hash prefixes.
        is_forced: Remove entities even if other entities need them, with the rows that do.
        only: Leave out entities without this component, and those that are gone.

    Raises:
        EntityNotFoundError, AmbiguousIdError: As in `resolve_ids`; nothing was removed.
        NotAnAssetError: One of them is a tag; `delete_tag` deletes it. Nothing was removed.
    """
    planned = await world.read(plan_removal, wanted, is_forced=is_forced, only=only)
    await keep_sources_of(world, planned.entity_ids)
    removal, digests = await world.run(_remove, wanted, is_forced=is_forced, only=only)
    thumbnails = await world.resources.get(WorldCache).thumbnails()
    await asyncio.to_thread(_forget, thumbnails, digests)
    return removal


async def _chosen(
    session: AsyncSession, wanted: Sequence[IdOrPrefix], only: type[HidingComponent] | None
) -> list[EntityId]:
    if only is None:
        ids = await resolve_ids(session, wanted)
        tags = select(TagConceptComponent.entity_id)
        tag = await session.scalar(tags.where(among(TagConceptComponent.entity_id, ids)).limit(1))
        if tag is not None:
            raise NotAnAssetError(tag)
        return ids
    ids = [item for item in wanted if isinstance(item, int)]
    having = await ecs_service.get_components_of_kind(session, ids, only)
    return [entity_id for entity_id in ids if entity_id in having]


async def _held(
    session: AsyncSession, ids: Sequence[EntityId], only: type[HidingComponent]
) -> list[EntityId]:
    """Return the entities that still have a component; they have it until the transaction ends."""
    held: set[EntityId] = set()
    for page in portions(sorted(ids), _PAGE):
        rows = select(only.entity_id).where(only.entity_id.in_(page)).order_by(only.entity_id)
        held |= set(await session.scalars(rows.with_for_update()))
    return [entity_id for entity_id in ids if entity_id in held]


async def _plan(session: AsyncSession, ids: Sequence[EntityId], *, is_forced: bool) -> Removal:
    if is_forced:
        return Removal(entity_ids=tuple(ids), without_content=await _held_alone(session, set(ids)))
    users = await _needing(session, ids)
    removed, is_settled = set(ids), False
    while not is_settled:  # an entity that stays keeps those that it needs
        kept = {key for key in removed & users.keys() if not removed.issuperset(users[key])}
        removed -= kept
        is_settled = not kept
    return Removal(
        entity_ids=tuple(key for key in ids if key in removed),
        refused=tuple(
            Refusal(entity_id=key, used_by=tuple(users[key])) for key in ids if key not in removed
        ),
    )


async def _needing(
    session: AsyncSession, ids: Sequence[EntityId]
) -> dict[EntityId, list[EntityId]]:
    """Return the entities that need each of these; one that has its bytes elsewhere needs none."""
    place = FileLocationComponent
    users = await ecs_service.users_of(session, ids)
    alone = await _only_inside(session, set(ids))
    inside = select(place.container_entity_id, place.entity_id)
    found = (await session.execute(inside.where(among(place.container_entity_id, users)))).all()
    needless = {(archive, page) for archive, page in found if page not in alone}
    return {
        key: left
        for key, using in users.items()
        if (left := [user for user in using if (key, user) not in needless])
    }


async def _held_alone(
    session: AsyncSession, containers: Collection[EntityId]
) -> tuple[EntityId, ...]:
    """Return the other entities whose bytes are only in these archives."""
    return tuple(sorted(await _only_inside(session, containers) - set(containers)))


async def _only_inside(session: AsyncSession, containers: Collection[EntityId]) -> set[EntityId]:
    """Return all entities whose bytes are only in these archives."""
    place = FileLocationComponent
    inside: set[EntityId] = set()
    for page in portions(sorted(containers), _PAGE):
        held = select(place.entity_id).where(place.container_entity_id.in_(page))
        inside |= set(await session.scalars(held))
    elsewhere: set[EntityId] = set()
    for page in portions(sorted(inside), _PAGE):
        places = select(place.entity_id, place.container_entity_id)
        rows = await session.execute(places.where(place.entity_id.in_(page)))
        elsewhere |= {key for key, container in rows if container not in containers}
    return inside - elsewhere


async def _remove(
    session: AsyncSession,
    wanted: Sequence[IdOrPrefix],
    *,
    is_forced: bool,
    only: type[HidingComponent] | None,
) -> tuple[Removal, list[bytes]]:
    ids = await _chosen(session, wanted, only)
    # The locks keep other transactions from referring to them; SQLite has one writer anyway.
    for page in portions(sorted(ids), _PAGE):
        locked = select(Entity.id).where(Entity.id.in_(page)).order_by(Entity.id)
        await session.execute(locked.with_for_update())
    if only is not None:
        ids = await _held(session, ids, only)
    removal = await _plan(session, ids, is_forced=is_forced)
    digests: list[bytes] = []
    known = ContentHashSHA256Component
    await sidecar_service.mark_readers(session, removal.entity_ids)
    await ecs_service.release_entities(session, removal.entity_ids)
    for page in portions(removal.entity_ids, _PAGE):
        digests += await session.scalars(select(known.digest).where(known.entity_id.in_(page)))
        await session.execute(delete(table_of(Entity)).where(Entity.id.in_(page)))
    return removal, digests


def _forget(thumbnails: ThumbnailCache, digests: Collection[bytes]) -> None:
    try:
        for digest in digests:
            thumbnails.remove(digest)
    except OSError:
        log.warning(
            "thumbnails of removed assets are left in the cache",
            extra={"folder": str(thumbnails.root)},
            exc_info=True,
        )
