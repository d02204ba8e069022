"""Stored bytes that were wrong or lost and are right again: nothing computed of others stays."""

import os
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId, ProcessingErrorComponent, table_of
from dam.core.world import World
from dam.media.image.values import BITMAP_RECIPE
from dam.models import (
    ContentHashSHA256Component,
    ImageDimensionsComponent,
    ImagePerceptualPHashComponent,
    NeedsContentAnalysisComponent,
    NeedsMetadataExtractionComponent,
)
from dam.services.file_operations import FileOperationsResource
from dam.services.process_service import process
from dam.services.world_service import WorldCache
from dam.storage.caches.thumbnail_cache import ThumbnailCache
from dam.storage.content_store import ImportMode
from tests.core.worlds import marked, rows_of
from tests.faults import rots
from tests.services.conftest import Add

PICTURES = Path(__file__).parents[1] / "assets" / "pictures"
HILLS, LAKE = PICTURES / "hills.jpg", PICTURES / "lake-half.jpg"


again = partial(rots.add, is_rehash=True)


async def digest_of(world: World, picture: EntityId) -> bytes:
    (digest,) = [
        row.digest
        for row in await world.read(rows_of, ContentHashSHA256Component)
        if row.entity_id == picture
    ]
    return digest


async def stored_file(world: World, picture: EntityId) -> Path:
    store = world.resources.get(FileOperationsResource).store
    return store.local_path(await digest_of(world, picture))


async def thumbnails(world: World) -> ThumbnailCache:
    return await world.resources.get(WorldCache).thumbnails()


async def compute_wrongly(world: World, picture: EntityId) -> None:
    """Leave behind what an older version computed of the bytes of another picture."""

    async def write(session: AsyncSession) -> None:
        for kind, values in (
            (ImageDimensionsComponent, {"width": 1, "height": 1}),
            (ImagePerceptualPHashComponent, {"value": bytes(8)}),
        ):
            table = table_of(kind)
            await session.execute(update(table).where(table.c.entity_id == picture).values(values))

    await world.run(write)
    digest = await digest_of(world, picture)
    (await thumbnails(world)).save(digest, BITMAP_RECIPE, b"another picture")


async def computed(world: World) -> Sequence[object]:
    sizes = await world.read(rows_of, ImageDimensionsComponent)
    hashes = await world.read(rows_of, ImagePerceptualPHashComponent)
    return [(row.width, row.height) for row in sizes], [row.value for row in hashes]


def swap(path: Path) -> None:
    path.unlink()
    shutil.copyfile(LAKE, path)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.chmod(0o644)
    os.truncate(path, 100)


@pytest.mark.parametrize("mode", ["copy", "hardlink", "move"])
@pytest.mark.parametrize("rot", [swap, flip, cut, Path.unlink])
async def test_what_was_computed_of_wrong_bytes_is_computed_again(
    world: World, add: Add, tmp_path: Path, rot: Callable[[Path], None], mode: ImportMode
) -> None:
    picture = await add(HILLS)
    await process(world)
    right = await computed(world)
    await compute_wrongly(world, picture)
    rot(await stored_file(world, picture))

    outcome = await again(world, Path(shutil.copy(HILLS, tmp_path / "again.jpg")), mode)

    assert (outcome.entity_id, outcome.error) == (picture, None)
    assert await world.read(marked, NeedsMetadataExtractionComponent) == [picture]
    assert (await thumbnails(world)).find(outcome.sha256 or b"", BITMAP_RECIPE) is None
    await process(world)
    assert await computed(world) == right
    found = (await thumbnails(world)).find(outcome.sha256 or b"", BITMAP_RECIPE)
    assert found is not None
    assert found.read_bytes() != b"another picture"


@pytest.mark.parametrize("is_rehash", [False, True])
async def test_adding_again_what_is_right_has_nothing_computed_again(
    world: World, add: Add, tmp_path: Path, *, is_rehash: bool
) -> None:
    picture = await add(HILLS)
    await process(world)
    for path in (HILLS, Path(shutil.copy(HILLS, tmp_path / "again.jpg"))):
        await again(world, path, is_rehash=is_rehash)
    assert await world.read(marked, NeedsMetadataExtractionComponent) == []
    assert await world.read(marked, NeedsContentAnalysisComponent) == []
    digest = await digest_of(world, picture)
    assert (await thumbnails(world)).find(digest, BITMAP_RECIPE) is not None


async def test_damage_is_the_failure_of_one_asset_and_goes_with_the_mending(
    world: World, add: Add
) -> None:
    picture, other = await add(HILLS), await add(LAKE)
    await process(world)
    right = await computed(world)
    flip(await stored_file(world, picture))
    for marker in ("NeedsMetadataExtractionComponent", "NeedsContentAnalysisComponent"):
        done = await process(world, marker_name=marker)
        assert done.failed == 1
    found = await world.read(rows_of, ProcessingErrorComponent)
    assert {(row.entity_id, row.system, row.error) for row in found} == {
        (picture, "extract_metadata", "ContentDamagedError"),
        (picture, "analyse_images", "ContentDamagedError"),
    }
    assert {row.hint for row in found} == {
        "add a good copy of the file with `add-asset --rehash`; check the disk of the store"
    }
    assert await computed(world) == right
    await again(world, HILLS)
    await process(world)
    assert await world.read(rows_of, ProcessingErrorComponent) == []
    assert await computed(world) == right
    assert other != picture
