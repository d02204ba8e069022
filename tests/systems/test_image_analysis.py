"""`analyse_images`: called as the plain function that it is, and by the scheduler."""

import struct
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import build_world
from dam.core.ecs.components import EntityId
from dam.core.ecs.rows import mark
from dam.core.media_kinds import MediaKinds
from dam.core.systems.commands import Commands
from dam.core.systems.params import WorldReader, read_components
from dam.core.world import World
from dam.errors import WorkerAnswerError
from dam.media.image.entry import analyse_image
from dam.media.image.jpeg_seal import sealed
from dam.media.image.values import BITMAP_RECIPE
from dam.models import (
    FilePropertiesComponent,
    ImageDimensionsComponent,
    ImagePerceptualAHashComponent,
    ImagePerceptualDHashComponent,
    ImagePerceptualPHashComponent,
    NeedsContentAnalysisComponent,
)
from dam.services.ecs_service import set_component
from dam.services.file_operations import FileOperationsResource
from dam.services.import_service import ImportOptions, import_files
from dam.services.process_service import process
from dam.services.search_service import search_ids
from dam.services.thumbnail_service import find_thumbnails
from dam.services.world_service import WorldCache
from dam.storage.caches.thumbnail_cache import ThumbnailCache
from dam.storage.contents.located import LocatedContent
from dam.systems.image_analysis import analyse_images
from dam.tasks.files import AnalysedPicture, keep_thumbnail
from tests.core.worlds import failures, marked, new_entities, no_tags, rows_of
from tests.databases import world_config
from tests.faults.state import sha256
from tests.media.drawing import landscape, save
from tests.media.streams.files import attached, mp3
from tests.services.conftest import Add
from tests.systems.conftest import ASSETS

LAKE = ASSETS / "pictures" / "lake.jpg"
TRUNCATED = ASSETS / "broken" / "truncated.jpg"
JPEG = b"\xff\xd8\xff"
WHY = "torn JPEG picture: 56% of it is missing"


@pytest.mark.parametrize(
    ("recipe", "thumbnail"),
    [
        (BITMAP_RECIPE, None),
        (BITMAP_RECIPE, b"<script>"),
        (BITMAP_RECIPE, sealed(JPEG + bytes(1 << 20), bytes(32))),
        (BITMAP_RECIPE, sealed(JPEG, b"another picture")),
        (BITMAP_RECIPE + 1, sealed(JPEG, bytes(32))),
    ],
)
def test_a_worker_gives_no_file_but_a_small_jpeg(
    tmp_path: Path, recipe: int, thumbnail: bytes | None
) -> None:
    picture = (LocatedContent(digest=bytes(32), is_stored=True), None)
    answer = AnalysedPicture(
        recipe_version=recipe, hashes=None, has_structure=False, thumbnail=thumbnail
    )
    with pytest.raises(WorkerAnswerError):
        keep_thumbnail(ThumbnailCache(tmp_path), picture, answer)
    assert not any(tmp_path.iterdir())


async def call(world: World, *pictures: EntityId) -> Commands:
    """Call the system, write what it wants written, and return it."""
    commands = Commands(pictures)
    await analyse_images(
        commands.entities,
        await world.read(read_components, FilePropertiesComponent, pictures),
        await world.read(read_components, ImageDimensionsComponent, pictures),
        WorldReader(world.database),
        world.resources.get(FileOperationsResource),
        world.resources.get(MediaKinds),
        world.resources.get(WorldCache),
        commands,
    )
    await world.run(commands.apply, pictures, no_tags, now=world.context.now())
    return commands


async def test_a_picture_gets_its_hashes_and_its_thumbnail(world: World, add: Add) -> None:
    picture = await add(LAKE)
    await call(world, picture)
    expected = analyse_image(LAKE)
    for kind, value in (
        (ImagePerceptualPHashComponent, expected.hashes.phash),
        (ImagePerceptualAHashComponent, expected.hashes.ahash),
        (ImagePerceptualDHashComponent, expected.hashes.dhash),
    ):
        (row,) = await world.read(rows_of, kind)
        assert (row.recipe, row.value) == (BITMAP_RECIPE, value.to_bytes(8, "big"))
    thumbnails = await world.resources.get(WorldCache).thumbnails()
    small = thumbnails.find(sha256(LAKE), BITMAP_RECIPE)
    assert small is not None
    assert small.read_bytes() == sealed(expected.thumbnail.content, sha256(LAKE))


@pytest.mark.parametrize("name", ["black.jpg", "white.png", "red.gif"])
async def test_one_colour_has_no_hash_and_that_is_kept(world: World, add: Add, name: str) -> None:
    picture = await add(ASSETS / "pictures" / name)
    await call(world, picture)
    (row,) = await world.read(rows_of, ImagePerceptualPHashComponent)
    assert (row.recipe, row.value) == (BITMAP_RECIPE, None)


async def test_who_is_torn_fails_alone_and_keeps_what_is_there(world: World, add: Add) -> None:
    broken, whole = await add(TRUNCATED), await add(LAKE)
    (bare,) = await world.run(new_entities, 1)
    commands = await call(world, broken, whole, bare)
    assert {key: str(error) for key, error in commands.entities.failures.items()} == {
        broken: WHY,
        bare: f"entity {bare} has no content",
    }
    rows = await world.read(rows_of, ImagePerceptualPHashComponent)
    assert [row.entity_id for row in rows] == [broken, whole]
    thumbnails = await world.resources.get(WorldCache).thumbnails()
    assert thumbnails.find(sha256(TRUNCATED), BITMAP_RECIPE) is not None


async def test_the_scheduler_takes_the_marker_off_and_keeps_the_failure(
    world: World, add: Add
) -> None:
    broken, whole = await add(TRUNCATED), await add(LAKE)
    await world.run(mark, NeedsContentAnalysisComponent, [broken, whole])
    for attempts in (1, 2):
        await world.run(mark, NeedsContentAnalysisComponent, [broken])
        await world.scheduler.run_until_idle()
        assert await world.read(failures) == {
            broken: ("analyse_images", "TornPictureError", WHY, attempts)
        }
    assert await world.read(marked, NeedsContentAnalysisComponent) == []
    rows = await world.read(rows_of, ImagePerceptualPHashComponent)
    assert [row.entity_id for row in rows] == [broken, whole]


async def test_a_sound_picture_without_a_decoder_is_told_once_and_is_no_failure(
    world: World, add: Add, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    header = b"8BPS" + struct.pack(">H6xHLLHH", 1, 3, 40, 60, 16, 6) + bytes(14)
    for number in range(2):
        path = tmp_path / f"{number}.psd"
        path.write_bytes(header + bytes((number,)) * (40 * 60 * 3 * 2))
        await add(path)

    done = await process(world)

    assert (done.failed, await world.read(failures)) == (0, {})
    told = [record for record in caplog.records if "no decoder for PSD" in record.getMessage()]
    assert [(record.levelname, record.name) for record in told] == [("WARNING", "dam")]
    line = told[0].getMessage()
    assert line.startswith("2 pictures cannot be shown: no decoder for PSD pictures of")
    query = line.partition("dam-cli search '")[2].partition("'")[0]
    assert sorted(await world.read(search_ids, query)) == [1, 2]
    caplog.clear()
    await process(world, marks_outdated=True)
    assert caplog.records == []
    (found, _) = await find_thumbnails(world, [1, 2])
    assert found.error == "NoDecoderError"


LOST: dict[str, tuple[bytes, str | None]] = {
    "none.mp3": (mp3(), None),
    "unknown.mp3": (mp3(attached(b"\xd7\xcd\xc6\x9a" + bytes(60))), None),
    "broken.mp3": (mp3(attached(b"a text")), "UnreadablePictureError"),
    "broken.png": (LAKE.with_name("alpha.png").read_bytes()[:40], "UnreadablePictureError"),
    "layers.xcf": (b"gimp xcf file\0" + struct.pack(">LLL", 9, 9, 0), None),
}


@pytest.mark.parametrize("name", LOST)
async def test_a_picture_that_cannot_be_had_any_more_loses_its_hashes(
    world: World, add: Add, tmp_path: Path, name: str
) -> None:
    content, failure = LOST[name]
    (tmp_path / name).write_bytes(content)
    asset = await add(tmp_path / name)
    await process(world, stages=["metadata-extraction"])

    async def of_before(session: AsyncSession) -> None:
        for kind in (ImagePerceptualPHashComponent, ImagePerceptualAHashComponent):
            await set_component(session, asset, kind(recipe=BITMAP_RECIPE - 1, value=bytes(8)))

    await world.run(of_before)
    await process(world, marks_outdated=True)
    assert await world.read(rows_of, ImagePerceptualPHashComponent) == []
    assert await world.read(rows_of, ImagePerceptualAHashComponent) == []
    found = await world.read(failures)
    assert {row[1] for row in found.values()} == ({failure} if failure else set())
    # No picture is tried for ever.
    assert (await process(world, marks_outdated=True)).processed["analyse_images"] == 0


async def test_hashes_stay_while_the_bytes_cannot_be_had(
    world: World, add: Add, tmp_path: Path
) -> None:
    path = tmp_path / "lake.jpg"
    path.write_bytes(LAKE.read_bytes())
    picture = await add(path, mode="reference")
    await process(world)
    path.rename(path.with_name("renamed.jpg"))
    await world.run(mark, NeedsContentAnalysisComponent, [picture])
    assert (await process(world)).failed == 1
    assert len(await world.read(rows_of, ImagePerceptualPHashComponent)) == 1


async def test_a_world_may_accept_larger_and_smaller_pictures(
    database_url: str, tmp_path: Path
) -> None:
    path = save(landscape((64, 48)), tmp_path / "a.png")
    for most, failed in ((64 * 48 - 1, True), (64 * 48, False)):
        config = world_config(database_url, worker_kind="thread", max_pixels=most)
        world = await build_world(config, plugins=False)
        await import_files(world, [str(path)], ImportOptions())
        done = await process(world, marker_name="NeedsMetadataExtractionComponent")
        found = [row[1:3] for row in (await world.read(failures)).values()]
        await world.close()
        message = "3,072 pixels; at most 3,071 are accepted"
        assert found == ([("MediaLimitError", message)] if failed else [])
        assert done.failed == failed
