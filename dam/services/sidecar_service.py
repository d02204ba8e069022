"""Sidecars: `.xmp` files that say something about the files beside them.

A file is a sidecar by its name. `photo.jpg.xmp` belongs to `photo.jpg` in the same folder. If there
is no file `photo`, `photo.xmp` belongs to every file `photo.…` in its folder, such as a RAW and its
JPEG; one that says `photoshop:SidecarForExtension` only to the file with that extension. Of several
the one with the longer name counts alone. So `photo_01.jpg.xmp`, by which darktable keeps a second
edit of `photo.jpg`, belongs to no file. What is only in archives has no sidecar.

Whichever of the two is described later sees the other one, because each is described after the
transaction that imported it: a file reads its sidecar, and a sidecar marks the files that do not
have what it says. So also two imports at the same time lose no sidecar.
"""

import asyncio
import os
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    LargeBinary,
    Select,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.among import among
from dam.core.ecs.components import EntityId, table_of
from dam.core.ecs.rows import mark
from dam.core.read_only import ReadOnly
from dam.models import (
    NeedsMetadataExtractionComponent,
    OriginalSourceInfoComponent,
    SidecarComponent,
    TrashedComponent,
)

_SOURCE, _TIE = table_of(OriginalSourceInfoComponent), table_of(SidecarComponent)
_TRASHED = table_of(TrashedComponent)
_KEPT, _OF_STEM, _OF_NAME = range(3)


@dataclass(frozen=True, kw_only=True)
class NearSidecars:
    """The sidecars among some assets, and beside them.

    Args:
        of_assets: By asset, its sidecar; assets without one are left out.
        extensions: By asset, those of its paths beside its sidecar, such as `cr2`; in lower case.
            Empty if the sidecar is not beside it any more.
        among_them: Those of the assets that are sidecars themselves.
    """

    of_assets: dict[EntityId, EntityId]
    extensions: dict[EntityId, frozenset[str]]
    among_them: tuple[EntityId, ...]


async def find_sidecars(
    session: ReadOnly[AsyncSession], entity_ids: Collection[EntityId]
) -> NearSidecars:
    """Return the sidecars of assets, in one statement; those in the trash are left out.

    A sidecar that an asset has stays its sidecar while one of the two has no path any more, since
    the file at it has other bytes now, or the path was forgotten.

    Example: `await find_sidecars(session, [3, 4])`.

    Args:
        session: Only read.
        entity_ids: The assets.
    """
    if not entity_ids:
        return NearSidecars(of_assets={}, extensions={}, among_them=())
    best: dict[EntityId, tuple[int, int, EntityId]] = {}
    sidecars: set[EntityId] = set()
    rows = (await session.execute(_near(entity_ids))).all()
    for row in rows:
        if row.is_sidecar:
            sidecars.add(row.asset)
        else:
            found = row.rank, row.source, row.sidecar
            best[row.asset] = max(found, best.get(row.asset, found))
    of_assets = {asset: sidecar for asset, (_, _, sidecar) in best.items()}
    extensions: dict[EntityId, set[str]] = {asset: set() for asset in of_assets}
    for row in rows:
        if row.rank != _KEPT and of_assets.get(row.asset) == row.sidecar:
            extensions[row.asset].add(_extension(row.asset_path))
    return NearSidecars(
        of_assets=of_assets,
        extensions={asset: frozenset(found) for asset, found in extensions.items()},
        among_them=tuple(sorted(sidecars)),
    )


def _extension(path: bytes) -> str:
    return os.fsdecode(os.path.splitext(path)[1]).removeprefix(".").lower()  # noqa: PTH122 - bytes


async def find_unread(
    session: ReadOnly[AsyncSession], sidecars: Collection[EntityId]
) -> list[tuple[EntityId, EntityId]]:
    """Return pairs of a sidecar and an asset beside it that does not have what it says.

    Example: `await find_unread(session, [5])`.

    Args:
        session: Only read.
        sidecars: Assets that are sidecars by their names.
    """
    rows = await session.execute(_beside(sidecars, is_unread=True))
    return sorted((row[0], row[1]) for row in rows.all())


def _beside(sidecars: Collection[EntityId], *, is_unread: bool = False) -> CompoundSelect[Any]:
    """Select sidecars with the assets beside them, by index."""
    sidecar, asset = _SOURCE.alias("sidecar"), _SOURCE.alias("asset")
    pairs = select(sidecar.c.entity_id, asset.c.entity_id).where(
        among(sidecar.c.entity_id, sidecars),
        _is_named_so(sidecar),
        ~_is_named_so(asset),
        asset.c.stem_digest.is_not(None),
    )
    if is_unread:
        is_read = exists().where(
            _TIE.c.entity_id == asset.c.entity_id, _TIE.c.sidecar_entity_id == sidecar.c.entity_id
        )
        pairs = pairs.where(~is_read)
    of_name = pairs.where(asset.c.path_digest == sidecar.c.stem_digest)
    of_stem = pairs.where(asset.c.stem_digest == sidecar.c.stem_digest, ~_is_whole_name(sidecar))
    return of_name.union(of_stem)


async def mark_beside(session: AsyncSession, entity_ids: Collection[EntityId]) -> None:
    """Mark, of these assets, those that are or have sidecars, so that they are described anew.

    For assets that have a new path, or come back from the trash. The caller commits.
    """
    if entity_ids:
        near = await find_sidecars(session, entity_ids)
        await mark(session, NeedsMetadataExtractionComponent, {*near.of_assets, *near.among_them})


async def mark_readers(session: AsyncSession, sidecars: Collection[EntityId]) -> None:
    """Mark the assets that have what these sidecars say, so that they are described anew.

    For sidecars that go, now or in the same transaction. An asset beside one may be described at
    this time, and have its tie only later; it loses its lease by the mark. The caller commits.
    """
    if not sidecars:
        return
    tied = select(_TIE.c.entity_id).where(among(_TIE.c.sidecar_entity_id, sidecars))
    readers = set(await session.scalars(tied))
    readers.update(row[1] for row in (await session.execute(_beside(sidecars))).all())
    await mark(session, NeedsMetadataExtractionComponent, readers - set(sidecars))


async def forget_gone(session: AsyncSession, entity_ids: Collection[EntityId]) -> None:
    """Forget the paths of sidecars beside these assets whose files are gone. The caller commits.

    For assets that have come to a path where another one was: what was beside that need not belong
    to these. A camera numbers its pictures anew, and the sidecar of the first `IMG_0001` was moved
    away with it.
    """
    if not entity_ids:
        return
    rows = (await session.execute(_near(entity_ids, with_trashed=True))).all()
    paths = {row.source: row.path for row in rows if row.rank != _KEPT and not row.is_sidecar}
    if gone := await asyncio.to_thread(_gone, paths):
        await session.execute(delete(_SOURCE).where(among(_SOURCE.c.id, gone)))


def _gone(paths: dict[int, bytes]) -> list[int]:
    return [source for source, path in paths.items() if not os.path.lexists(path)]


def _near(entity_ids: Collection[EntityId], *, with_trashed: bool = False) -> CompoundSelect[Any]:
    """Select assets with the sidecars beside them, by index; a sidecar is beside itself."""
    asset, sidecar = _SOURCE.alias("asset"), _SOURCE.alias("sidecar")

    def pairs(rank: int, *conditions: ColumnElement[bool]) -> Select[Any]:
        return select(
            asset.c.entity_id.label("asset"),
            sidecar.c.entity_id.label("sidecar"),
            _is_named_so(asset).label("is_sidecar"),
            literal(rank).label("rank"),
            sidecar.c.id.label("source"),
            sidecar.c.path,
            asset.c.path.label("asset_path"),
        ).where(
            among(asset.c.entity_id, entity_ids),
            _is_named_so(sidecar),
            true() if with_trashed else ~_is_trashed(sidecar.c.entity_id),
            *conditions,
        )

    kept = select(
        _TIE.c.entity_id,
        _TIE.c.sidecar_entity_id,
        literal(value=False),
        literal(_KEPT),
        literal(0),
        literal(b"", LargeBinary),
        literal(b"", LargeBinary),
    ).where(
        among(_TIE.c.entity_id, entity_ids),
        ~_is_trashed(_TIE.c.sidecar_entity_id),
        or_(~_has_path(_TIE.c.sidecar_entity_id), ~_has_path(_TIE.c.entity_id)),
    )
    of_name = pairs(_OF_NAME, sidecar.c.stem_digest == asset.c.path_digest)
    is_of_stem = sidecar.c.stem_digest == asset.c.stem_digest
    of_stem = pairs(_OF_STEM, is_of_stem, ~_is_whole_name(sidecar))
    itself = pairs(_OF_STEM, sidecar.c.id == asset.c.id)
    return union_all(of_name, of_stem, itself, kept)


def _is_named_so(source: FromClause) -> ColumnElement[bool]:
    is_named: ColumnElement[bool] = func.lower(source.c.path_text).like("%.xmp")
    return is_named


def _is_whole_name(sidecar: FromClause) -> ColumnElement[bool]:
    """Tell whether there is a file whose whole name the sidecar's has."""
    other = _SOURCE.alias()
    return exists().where(
        other.c.path_digest == sidecar.c.stem_digest, other.c.stem_digest.is_not(None)
    )


def _is_trashed(entity_id: ColumnElement[Any]) -> ColumnElement[bool]:
    return exists().where(_TRASHED.c.entity_id == entity_id)


def _has_path(entity_id: ColumnElement[Any]) -> ColumnElement[bool]:
    return exists().where(_SOURCE.c.entity_id == entity_id)
