"""What a world holds after whatever befell it: all that was finished, and nothing by halves."""

import hashlib
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import Base, Entity, ProcessingErrorComponent, table_of
from dam.core.world import World
from dam.models import (
    IN_STORE,
    ContentHashSHA256Component,
    FileLocationComponent,
    FilePropertiesComponent,
    ImagePerceptualPHashComponent,
    NeedsContentAnalysisComponent,
    NeedsMetadataExtractionComponent,
    OriginalSourceInfoComponent,
    WorldIdentity,
)
from dam.services.file_operations import FileOperationsResource

_ASSETS = Path(__file__).parents[1] / "assets" / "pictures"
_LONG_AGO_NS = 1_500_000_000 * 10**9
_STORED_NAME = re.compile(r"[0-9a-f]{64}")
_PICTURES = {".jpg", ".png", ".gif", ".webp", ".bmp", ".tiff"}


def make_folder(folder: Path) -> list[Path]:
    """Make a folder of pictures and other files that nobody has touched for long."""
    folder.mkdir(parents=True)
    for picture in sorted(_ASSETS.iterdir())[::2]:
        shutil.copyfile(picture, folder / picture.name)
    for number in range(120):  # with the pictures, more than one batch; every second is a twin
        (folder / f"{number:03}").write_bytes(b"%d" % (number // 2) * 999)
    files = sorted(folder.iterdir())
    for path in files:
        os.utime(path, ns=(_LONG_AGO_NS, _LONG_AGO_NS))
    return files


def sha256(path: Path) -> bytes:
    """Return the digest of a file."""
    return hashlib.sha256(path.read_bytes()).digest()


async def dump(session: AsyncSession) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, but for the names that each import gives to the store."""
    found = {}
    for table in Base.metadata.sorted_tables:
        if table is table_of(WorldIdentity):
            continue
        rows = (await session.execute(select(table))).all()
        found[table.name] = sorted((tuple(row) for row in rows), key=repr)
    return found


async def assert_complete(world: World, files: Iterable[Path]) -> None:
    """Assert that each file is an asset, described and hashed, once, and nothing else is there."""
    digests = {path: sha256(path) for path in files}
    await world.read(_assert_rows, digests)
    store = world.resources.get(FileOperationsResource).store
    entries = list(store.entries())
    assert {entry.sha256 for entry in entries} == set(digests.values())
    assert {store.check(entry.sha256, entry.size_bytes) for entry in entries} == {"ok"}
    assert left_over(world) == []


def left_over(world: World) -> list[str]:
    """Return the files in the store and the cache that should not have outlived their writer."""
    (root,) = world.resources.get(FileOperationsResource).store.local_roots()
    in_store = [path for path in root.rglob("*") if path.is_file()]
    expected = {root / ".lock", *(root / ".worlds").glob("*")}
    odd = [path for path in in_store if not _STORED_NAME.fullmatch(path.name)]
    odd = [path for path in odd if path not in expected]
    odd += [path for path in world.config.cache_path.rglob(".*") if path.is_file()]
    return sorted(map(os.fspath, odd))


async def _assert_rows(session: AsyncSession, digests: dict[Path, bytes]) -> None:
    digest, source, place = (
        ContentHashSHA256Component,
        OriginalSourceInfoComponent,
        FileLocationComponent,
    )
    owners = dict((await session.execute(select(digest.digest, digest.entity_id))).all())
    assert set(owners) == set(digests.values())
    entities = set(await session.scalars(select(Entity.id)))
    assert entities == set(owners.values())
    seen = (await session.execute(select(source.path, source.entity_id))).all()
    assert sorted(seen) == sorted(
        (os.fsencode(path), owners[found]) for path, found in digests.items()
    )
    places = (await session.execute(select(place.storage, place.entity_id))).all()
    assert sorted(places) == sorted((IN_STORE, entity_id) for entity_id in entities)
    described = select(FilePropertiesComponent.entity_id).where(
        FilePropertiesComponent.media_type.is_not(None)
    )
    assert set(await session.scalars(described)) == entities
    failed = set(await session.scalars(select(ProcessingErrorComponent.entity_id)))
    hashed = set(await session.scalars(select(ImagePerceptualPHashComponent.entity_id)))
    pictures = {owners[found] for path, found in digests.items() if path.suffix in _PICTURES}
    assert pictures <= hashed | failed
    for marker in (NeedsMetadataExtractionComponent, NeedsContentAnalysisComponent):
        assert await session.scalar(select(func.count()).select_from(table_of(marker))) == 0


def names_below(folder: Path) -> list[str]:
    """Return what is in a folder and in those below, as relative paths."""
    return sorted(os.fspath(path.relative_to(folder)) for path in folder.rglob("*"))
