"""Bytes that rot are nowhere taken for what they were, and once mended all is as before."""

import asyncio
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.errors import PageExportError, UnreadableQueryError
from dam.services.asset_service import describe_entities
from dam.services.comic_export_service import export_comic
from dam.services.export_service import export_assets
from dam.services.failure_service import list_failures
from dam.services.likeness_service import LikenessOptions, find_similar_to_entity
from dam.services.process_service import process
from dam.services.thumbnail_service import find_thumbnails
from dam.services.world_service import WorldCache
from tests.faults.rots import COMIC, ROTS, STORED, Scene, make_scene, mend

pytestmark = pytest.mark.slow

_MARKERS = ("NeedsMetadataExtractionComponent", "NeedsContentAnalysisComponent")
_MOST_DIFFERENT = LikenessOptions(threshold=64, has_transforms=True)

Seen = dict[tuple[str, EntityId], Any]


@pytest.fixture
async def scene(world: World, tmp_path: Path) -> Scene:
    return await make_scene(world, tmp_path)


async def look(world: World, scene: Scene, output: Path) -> Seen:
    """Return what there is to see of everything; where it is refused, nothing."""
    ids = list(scene.right)
    thumbnails = await world.resources.get(WorldCache).thumbnails()
    shutil.rmtree(thumbnails.root, ignore_errors=True)
    seen: Seen = {}
    for thumbnail in await find_thumbnails(world, ids):
        if thumbnail.path is not None:
            seen["thumbnail", thumbnail.entity_id] = thumbnail.path.read_bytes()
    for exported in await export_assets(world, ids, output):
        if exported.path is not None:
            seen["export", exported.entity_id] = exported.path.read_bytes()
    for comic in (scene.loose, scene.packed):
        for target in (output / f"{comic}.cbz", output / f"{comic}"):
            if pages := await pages_of(world, comic, target):
                seen[f"comic {target.suffix}", comic] = pages
    for entity_id in ids:
        try:
            found = await find_similar_to_entity(world, entity_id, _MOST_DIFFERENT)
            # Mending adds a good copy, and so another path.
            seen["similar", entity_id] = [replace(one, path=None, archive=None) for one in found]
        except UnreadableQueryError:
            continue
    return seen


async def pages_of(world: World, comic: EntityId, target: Path) -> list[bytes] | None:
    """Return the pages of an exported comic, in order."""
    try:
        await export_comic(world, comic, target)
    except PageExportError:
        return None
    return await asyncio.to_thread(read_pages, target)


def read_pages(target: Path) -> list[bytes]:
    """Return the pages in an archive or folder, and its document."""
    if target.suffix:
        with zipfile.ZipFile(target) as archive:
            return [archive.read(name) for name in sorted(archive.namelist())]
    return [path.read_bytes() for path in sorted(target.iterdir())]


async def computed(world: World, scene: Scene) -> Any:
    """Return what is shown of every asset."""
    return await world.read(describe_entities, sorted(scene.ids.values()))


@pytest.mark.parametrize("name", ROTS)
async def test_rot_is_refused_and_mended(
    world: World, scene: Scene, tmp_path: Path, name: str
) -> None:
    shown, seen = await computed(world, scene), await look(world, scene, tmp_path / "1")
    assert {key[1]: value for key, value in seen.items() if key[0] == "export"} == scene.right
    assert {key[0] for key in seen} == {"thumbnail", "export", "comic .cbz", "comic ", "similar"}

    with ROTS[name](scene):
        rotten = await look(world, scene, tmp_path / "2")
        failed = 0
        for marker in _MARKERS:
            failed += (await process(world, marker_name=marker)).failed
        assert {key: seen[key] for key in rotten} == rotten
        assert rotten != seen
        assert failed
        assert await values(world, scene) == values_in(shown)

    await mend(world, scene)
    assert await world.read(list_failures) == []
    assert await values(world, scene) == values_in(shown)
    assert await look(world, scene, tmp_path / "3") == seen


async def values(world: World, scene: Scene) -> Any:
    """Return what was computed of every asset."""
    return values_in(await computed(world, scene))


def values_in(shown: Any) -> Any:
    """Leave out what says where and when bytes were seen, and when something was computed."""
    places = {"FileLocationComponent", "OriginalSourceInfoComponent", "ProcessingErrorComponent"}
    return [
        (
            facts.entity_id,
            {
                kind: {name: value for name, value in component.items() if name != "revision"}
                for kind, component in facts.components.items()
                if kind not in places
            },
        )
        for facts in shown
    ]


@pytest.mark.parametrize("garbage", [b"", b"garbage", b"\xff\xd8\xff\xe0 no picture \xff\xd9"])
async def test_a_thumbnail_that_is_none_is_made_again(
    world: World, scene: Scene, garbage: bytes
) -> None:
    picture = scene.ids[STORED]
    (made,) = await find_thumbnails(world, [picture])
    assert made.path is not None
    right = made.path.read_bytes()
    made.path.write_bytes(garbage)
    assert await find_thumbnails(world, [picture]) == [made]
    assert made.path.read_bytes() == right


async def test_an_archive_with_other_bytes_is_not_read_as_the_comic_that_it_was(
    world: World, scene: Scene
) -> None:
    with ROTS["another archive"](scene):
        done = await process(world, marker_name=_MARKERS[0])
    failures = await world.read(list_failures)
    assert done.failed == len(failures) == 3
    assert scene.ids[COMIC] in {failure.entity_id for failure in failures}
