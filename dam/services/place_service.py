"""Drops places of assets that are gone: those of moved files, and those that the user forgets."""

import asyncio
import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sqlalchemy import ColumnElement, LargeBinary, and_, delete, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from dam.core.database.portions import portions
from dam.core.database.values import refuse_text
from dam.core.ecs.components import Entity, EntityId, table_of
from dam.core.world import World
from dam.models import REFERENCED, FileLocationComponent, OriginalSourceInfoComponent
from dam.services.source_removal_service import keep_sources
from dam.storage.paths import path_bytes, path_digest, path_from_bytes
from dam.storage.sources.reference import is_there
from dam.storage.sources.walk import absolute_path

_PAGE = 100
_MOST_LOOKED_AT = 4000
_LOOKED_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class LastPlace:
    """A path that is not forgotten, because it is the last place of an asset."""

    entity_id: EntityId
    path: Path


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """The result of `forget_paths`.

    Args:
        forgotten: The number of paths that the world does not know any more.
        refused: The paths that it still knows, since an asset has no other place.
        without_content: Assets that have no place any more. Only if forced.
    """

    forgotten: int
    refused: tuple[LastPlace, ...] = ()
    without_content: tuple[EntityId, ...] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    place_id: int
    entity_id: EntityId
    path: bytes


async def forget_paths(
    world: World, paths: Iterable[str], *, is_forced: bool = False, is_dry_run: bool = False
) -> Forgotten:
    """Forget the places and the seen paths at and below these paths; no file is touched.

    The last place of an asset stays, unless forced. Sources at and below the paths that a move has
    not removed yet stay where they are.

    Example: `await forget_paths(world, ["/mnt/old disk"], is_forced=True)`.

    Args:
        world: The world.
        paths: Files and folders; nothing need be there.
        is_forced: Also forget the last place of an asset.
        is_dry_run: Count, and change nothing.
    """
    refuse_text(paths=paths)
    given = [absolute_path(path) for path in paths]
    if is_dry_run:
        return await world.rehearse(_forget, given, is_forced=is_forced)
    await keep_sources(world, given)
    return await world.run(_forget, given, is_forced=is_forced)


async def drop_moved_places(world: World, entity_ids: Collection[EntityId]) -> None:
    """Drop the places of files that were moved; an import calls it for assets it has just seen.

    A place is dropped if its file is gone, the asset has another place, and below the folder of the
    file another known file is still there. Otherwise its disk may only be absent: it stays.
    """
    if not entity_ids:
        return
    gone = await asyncio.to_thread(_gone, await world.read(_references_beside_others, entity_ids))
    moved: list[_Place] = []
    for folder, places in gone.items():
        if await _is_known_folder(world, folder):
            moved += places
    if moved:
        await world.run(_drop_all_but_last, moved)


async def _references_beside_others(
    session: AsyncSession, entity_ids: Collection[EntityId]
) -> list[_Place]:
    """Return the referenced files of those assets that have another place, too."""
    place, others = FileLocationComponent, table_of(FileLocationComponent).alias()
    other = select(others.c.id).where(
        others.c.entity_id == place.entity_id, others.c.id != place.id
    )
    referring = select(place.id, place.entity_id, place.path).where(
        place.storage == REFERENCED, other.exists()
    )
    found: list[_Place] = []
    for ids in portions(sorted(entity_ids)):
        rows = await session.execute(referring.where(place.entity_id.in_(ids)))
        found += [_Place(row[0], row[1], row[2]) for row in rows.all() if row[2] is not None]
    return found


def _gone(places: Sequence[_Place]) -> dict[Path, list[_Place]]:
    """Return, by folder, the places without a file whose folder has something in it."""
    gone: dict[Path, list[_Place]] = defaultdict(list)
    for place in places:
        path = path_from_bytes(place.path)
        try:
            path.lstat()
        except FileNotFoundError:
            gone[path.parent].append(place)
        except OSError:  # it cannot be told
            continue
    return {folder: found for folder, found in gone.items() if is_there(folder)}


async def _is_known_folder(world: World, folder: Path) -> bool:
    """Return whether the folder has a file that an import has seen at its path."""
    files = islice(_files_below(folder), _MOST_LOOKED_AT)
    while some := await asyncio.to_thread(lambda: list(islice(files, _LOOKED_AT_ONCE))):
        if await world.read(_knows_any, some):
            return True
    return False


def _files_below(folder: Path) -> Iterator[bytes]:
    """Yield the digests of the paths of files, nearest first."""
    pending = [os.fsencode(folder)]
    while pending:
        below: list[bytes] = []
        for top in pending:
            for path, folders, names in os.walk(top):
                yield from (path_digest(os.path.join(path, name)) for name in names)  # noqa: PTH118 - bytes
                below += [os.path.join(path, name) for name in folders]  # noqa: PTH118 - as above
                break
        pending = below


async def _knows_any(session: AsyncSession, path_digests: Sequence[bytes]) -> bool:
    source = OriginalSourceInfoComponent
    known = select(source.id).where(source.path_digest.in_(path_digests)).limit(1)
    return (await session.scalar(known)) is not None


async def _drop_all_but_last(session: AsyncSession, places: Sequence[_Place]) -> None:
    bare = await _left_bare(session, places)
    await _delete(session, [one.place_id for one in places if one.entity_id not in bare])


async def _forget(session: AsyncSession, paths: Sequence[str], *, is_forced: bool) -> Forgotten:
    roots = sorted({path_bytes(path) for path in paths})
    place, source = FileLocationComponent, OriginalSourceInfoComponent
    places: dict[int, _Place] = {}
    seen: dict[int, bytes] = {}
    for some in portions(roots, _PAGE):
        referring = select(place.id, place.entity_id, place.path).where(
            place.storage == REFERENCED, _is_at_or_below(place.path, some)
        )
        for place_id, entity_id, path in await session.execute(referring):
            if path is not None:
                places[place_id] = _Place(place_id, entity_id, path)
        sources = select(source.id, source.path).where(_is_at_or_below(source.path, some))
        seen |= {row[0]: row[1] for row in (await session.execute(sources)).all()}
    bare = await _left_bare(session, list(places.values()))
    kept = [one for one in places.values() if one.entity_id in bare and not is_forced]
    refused = {one.path for one in kept}
    forgotten = {number: path for number, path in seen.items() if path not in refused}
    paths_gone = {one.path for one in places.values()} - refused | set(forgotten.values())
    await _delete(session, sorted(places.keys() - {one.place_id for one in kept}))
    for ids in portions(sorted(forgotten)):
        await session.execute(delete(table_of(source)).where(source.id.in_(ids)))
    return Forgotten(
        forgotten=len(paths_gone),
        refused=tuple(
            LastPlace(entity_id=one.entity_id, path=path_from_bytes(one.path))
            for one in sorted(kept, key=lambda one: (one.entity_id, one.path))
        ),
        without_content=tuple(sorted(bare)) if is_forced else (),
    )


async def _left_bare(session: AsyncSession, places: Sequence[_Place]) -> set[EntityId]:
    """Return the assets that would have no place without these; they stay locked on PostgreSQL."""
    place = FileLocationComponent
    dropped = {one.place_id for one in places}
    bare = {one.entity_id for one in places}
    for ids in portions(sorted(bare)):
        locked = select(Entity.id).where(Entity.id.in_(ids)).order_by(Entity.id)
        await session.execute(locked.with_for_update())
        rows = await session.execute(
            select(place.id, place.entity_id).where(place.entity_id.in_(ids))
        )
        bare -= {entity_id for place_id, entity_id in rows if place_id not in dropped}
    return bare


async def _delete(session: AsyncSession, place_ids: Sequence[int]) -> None:
    place = FileLocationComponent
    for ids in portions(place_ids):
        await session.execute(delete(table_of(place)).where(place.id.in_(ids)))


def _is_at_or_below(
    path: InstrumentedAttribute[bytes] | InstrumentedAttribute[bytes | None], roots: Sequence[bytes]
) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [path.in_(roots)]
    for root in roots:
        top = root.rstrip(b"/")
        first, last = (literal(top + end, LargeBinary) for end in (b"/", b"0"))  # 0 comes after /
        conditions.append(and_(path >= first, path < last))
    return or_(*conditions)
