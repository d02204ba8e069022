"""The trash: assets that were removed, and can be restored with all that is known of them."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.config import context_of
from dam.core.database.among import among
from dam.core.database.bulk import insert_rows
from dam.core.database.portions import portions
from dam.core.ecs.changes import Change, Recording, Watched, lock_in_order, recorded
from dam.core.ecs.components import Entity, EntityId, table_of
from dam.core.read_only import ReadOnly
from dam.core.world import World
from dam.errors import NotAnAssetError
from dam.models import (
    ComicBookConceptComponent,
    ComicBookVariantComponent,
    ContentHashSHA256Component,
    FilePropertiesComponent,
    TrashedComponent,
)
from dam.services import ecs_service, sidecar_service
from dam.services.asset_service import IdOrPrefix, resolve_ids
from dam.services.comic_book_service import check_links, comic_parts
from dam.services.content_service import trashed_among, with_companions
from dam.services.removal_service import Removal, plan_removal, remove_assets

_Plan = Callable[[AsyncSession, Sequence[IdOrPrefix]], Awaitable[list[EntityId]]]


@dataclass(frozen=True, kw_only=True)
class Trashing:
    """Assets that were put into the trash or taken out of it.

    Args:
        entity_ids: These assets, in ascending order; those that were there before are left out.
        change: What was changed, for `undo`.
    """

    entity_ids: tuple[EntityId, ...]
    change: Change


@dataclass(frozen=True, kw_only=True)
class TrashedAsset:
    """An asset or a comic in the trash."""

    entity_id: EntityId
    name: str | None
    size_bytes: int | None
    trashed_at: datetime


async def trash_assets(session: AsyncSession, wanted: Sequence[IdOrPrefix]) -> Trashing:
    """Put assets and comics into the trash; listings and likeness leave them out.

    A concept goes with its variants, and a variant with the pages that no comic outside the trash
    has. Nothing is forgotten: their bytes stay, and a page of a comic stays one. What is in the
    trash already keeps its time. The caller commits.

    Example: `await trash_assets(session, [12, "0a1b2c3d"])`.

    Args:
        session: A session that may write.
        wanted: Ids or hash prefixes.

    Raises:
        EntityNotFoundError, AmbiguousIdError: As in `resolve_ids`.
        NotAnAssetError: One of them is neither an asset nor a comic.
    """
    ids, locked = await _lock(session, wanted, plan_trashing)
    now = context_of(session).now()
    async with _noted(session, ids, locked, f"trashing {len(ids)} assets") as recording:
        rows = [{"entity_id": entity_id, "trashed_at": now} for entity_id in ids]
        await insert_rows(session, table_of(TrashedComponent), rows)
    await sidecar_service.mark_readers(session, ids)
    return Trashing(entity_ids=tuple(ids), change=recording.change)


async def plan_trashing(
    session: ReadOnly[AsyncSession], wanted: Sequence[IdOrPrefix]
) -> list[EntityId]:
    """Return the entities that `trash_assets` would put into the trash, ascending.

    Of a comic, these are all its parts.

    Raises:
        EntityNotFoundError, AmbiguousIdError, NotAnAssetError: As for `trash_assets`.
    """
    ids = await resolve_ids(session, wanted)
    kinds = ContentHashSHA256Component, ComicBookVariantComponent, ComicBookConceptComponent
    is_asset = [exists().where(kind.entity_id == Entity.id) for kind in kinds]
    for page in portions(sorted(ids)):
        others = select(Entity.id).where(Entity.id.in_(page), *(~each for each in is_asset))
        if (other := await session.scalar(others.limit(1))) is not None:
            raise NotAnAssetError(other)
    ids = await comic_parts(session, ids, hidden="leave_out")
    return sorted(set(ids) - (await trashed_among(session, ids)).keys())


async def restore_assets(session: AsyncSession, wanted: Sequence[IdOrPrefix]) -> Trashing:
    """Take assets out of the trash, with all that was known of them.

    A comic comes with those of its variants and pages that were put into the trash with it or
    later, and a variant with its comic. What is not in the trash is left out. The caller commits.

    Example: `await restore_assets(session, [12, "0a1b2c3d"])`.

    Args:
        session: A session that may write.
        wanted: Ids or hash prefixes.

    Raises:
        EntityNotFoundError, AmbiguousIdError: As in `resolve_ids`.
    """
    ids, locked = await _lock(session, wanted, plan_restoring)
    async with _noted(session, ids, locked, f"restoring {len(ids)} assets") as recording:
        await ecs_service.remove_components(session, ids, TrashedComponent)
    await sidecar_service.mark_beside(session, ids)
    return Trashing(entity_ids=tuple(ids), change=recording.change)


async def plan_restoring(
    session: ReadOnly[AsyncSession], wanted: Sequence[IdOrPrefix]
) -> list[EntityId]:
    """Return the entities that `restore_assets` would restore, ascending.

    Raises:
        EntityNotFoundError, AmbiguousIdError: As in `resolve_ids`.
    """
    return sorted(await with_companions(session, await resolve_ids(session, wanted)))


async def list_trash(
    session: ReadOnly[AsyncSession], *, older_than: timedelta | None = None
) -> list[TrashedAsset]:
    """Return what is in the trash, latest first.

    Example: `await list_trash(session, older_than=timedelta(days=30))`.

    Args:
        session: Only read.
        older_than: Only what is there for at least so long.
    """
    trashed, file, work = TrashedComponent, FilePropertiesComponent, ComicBookConceptComponent
    name = func.coalesce(file.name_text, work.name)
    statement = (
        select(trashed.entity_id, name, file.size_bytes, trashed.trashed_at)
        .outerjoin(file, file.entity_id == trashed.entity_id)
        .outerjoin(work, work.entity_id == trashed.entity_id)
        .order_by(trashed.trashed_at.desc(), trashed.entity_id.desc())
    )
    if older_than is not None:
        until = _before(context_of(session).now(), older_than)
        statement = statement.where(trashed.trashed_at <= until)
    return [
        TrashedAsset(entity_id=key, name=name, size_bytes=size_bytes, trashed_at=time)
        for key, name, size_bytes, time in await session.execute(statement)
    ]


async def empty_trash(
    world: World, *, older_than: timedelta | None = None, is_dry_run: bool = False
) -> Removal:
    """Remove what is in the trash for good; a later `gc` removes the bytes.

    What something outside the trash still needs, such as a page of a comic, stays in the trash.

    Example: `await empty_trash(world, older_than=timedelta(days=30))`.

    Args:
        world: The world of the trash.
        older_than: Only what is there for at least so long.
        is_dry_run: Only return what would be removed.
    """
    listed = await world.read(list_trash, older_than=older_than)
    ids = sorted(asset.entity_id for asset in listed)
    if is_dry_run:
        return await world.read(plan_removal, ids, only=TrashedComponent)
    return await remove_assets(world, ids, only=TrashedComponent)


def _before(now: datetime, age: timedelta) -> datetime:
    try:
        return now - age
    except OverflowError:  # before the first year that there is
        return datetime.min.replace(tzinfo=now.tzinfo)


async def _lock(
    session: AsyncSession, wanted: Sequence[IdOrPrefix], plan: _Plan
) -> tuple[list[EntityId], list[EntityId]]:
    """Lock what a plan names; return it, and all that is locked, in order.

    While this waits for a lock another process may change what there is; so it is planned again.
    """
    held: set[EntityId] = set()
    while True:
        ids = await plan(session, wanted)
        order = await _in_order(session, ids)
        if held.issuperset(order):
            return ids, order
        await lock_in_order(session, [entity_id for entity_id in order if entity_id not in held])
        held.update(order)


async def _in_order(session: AsyncSession, ids: Sequence[EntityId]) -> list[EntityId]:
    """Return entities as all code locks them: their concepts first, each by ascending id."""
    concept, link = ComicBookConceptComponent.entity_id, ComicBookVariantComponent
    of_variants = select(link.conceptual_entity_id).where(among(link.entity_id, ids))
    works = set(await session.scalars(select(concept).where(among(concept, ids))))
    works |= {work for work in await session.scalars(of_variants) if work is not None}
    return [*sorted(works), *sorted(set(ids) - works)]


def _noted(
    session: AsyncSession, ids: Sequence[EntityId], locked: Sequence[EntityId], what: str
) -> AbstractAsyncContextManager[Recording]:
    watched = [Watched(column=TrashedComponent.entity_id, ids=ids)]
    return recorded(session, watched, what=what, check=_settle, locked=locked)


async def _settle(session: AsyncSession, change: Change) -> None:
    """Do what follows when trashing or restoring was undone."""
    await check_links(session, change)
    await sidecar_service.mark_readers(session, change.entity_ids)
    await sidecar_service.mark_beside(session, change.entity_ids)
