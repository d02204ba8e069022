"""What the metadata of pictures becomes: components, and tags of source `file`."""

import io
from asyncio import to_thread
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image

from dam.core.ecs.components import EntityId
from dam.core.ecs.rows import mark
from dam.core.world import World
from dam.models import (
    CameraPropertiesComponent,
    FileMetadataComponent,
    GeoPositionComponent,
    ImageDimensionsComponent,
    NeedsContentAnalysisComponent,
    NeedsMetadataExtractionComponent,
    StatedTextComponent,
    TakenAtComponent,
)
from dam.services.search_service import read_fields, search_ids
from dam.services.tag_service import tag_entities, tags_of
from tests.core.worlds import failures, marked, rows_of
from tests.media.camera.blocks import (
    jpeg_with_exif,
    jpeg_with_xmp,
    rationals,
    short,
    text,
    tiff,
    xmp,
)
from tests.media.drawing import landscape
from tests.services.conftest import Add

CANON = tiff(
    [text(0x10F, "Canon"), text(0x110, "Canon EOS 5D"), text(0x10E, "A boat"), short(0x4746, 4)],
    [
        rationals(0x829A, (1, 250)),
        rationals(0x829D, (28, 10)),
        short(0x8827, 400),
        text(0x9003, "2024:05:17 12:30:05"),
        text(0x9011, "+02:00"),
        text(0x9291, "25"),
    ],
    [
        *(text(1, "N"), rationals(2, (48, 1), (51, 1), (0, 1))),
        *(text(3, "E"), rationals(4, (2, 1), (21, 1), (0, 1))),
    ],
)
KEYWORDS = xmp(
    "<dc:title>Lake</dc:title>"
    "<dc:subject><rdf:Bag><rdf:li>cat</rdf:li><rdf:li>artist:Moebius</rdf:li></rdf:Bag></dc:subject>"
)


def picture_with(head: bytes, *, is_whole: bool = True) -> bytes:
    """Return a JPEG that begins with the segments of another one."""
    segments = head[: -len(b"\xff\xda\0\2")]
    pixels = io.BytesIO()
    landscape().save(pixels, "JPEG")
    return segments + (pixels.getvalue()[2:] if is_whole else b"\xff\xd9")


async def described(world: World, add: Add, path: Path, content: bytes) -> EntityId:
    await to_thread(path.write_bytes, content)
    asset = await add(path)
    await world.scheduler.run_until_idle()
    return asset


async def told(world: World, asset: EntityId) -> list[str]:
    found = await world.read(tags_of, [asset])
    return [f"{tag.tag}={tag.value} {tag.source}" for tag in found.get(asset, [])]


async def test_a_photograph_has_camera_time_and_place(
    world: World, add: Add, tmp_path: Path
) -> None:
    asset = await described(world, add, tmp_path / "a.jpg", picture_with(jpeg_with_exif(CANON)))
    (camera,) = await world.read(rows_of, CameraPropertiesComponent)
    (taken,) = await world.read(rows_of, TakenAtComponent)
    (place,) = await world.read(rows_of, GeoPositionComponent)
    (words,) = await world.read(rows_of, StatedTextComponent)
    (everything,) = await world.read(rows_of, FileMetadataComponent)
    assert (camera.make, camera.model, camera.exposure_time_s) == ("Canon", "Canon EOS 5D", 0.004)
    moment = datetime(2024, 5, 17, 12, 30, 5, 250_000)  # noqa: DTZ001 - of the place
    assert (taken.taken_at, taken.utc_offset_minutes) == (moment, 120)
    assert taken.source == "ExifIFD:DateTimeOriginal"
    assert (place.latitude, place.longitude) == pytest.approx((48.85, 2.35))
    assert words.description == "A boat"
    assert everything.values["ExifIFD"]["SubSecTimeOriginal"] == "25"
    assert await told(world, asset) == ["rating=4 file"]
    names = ["taken_at", "exposure_time_s", "f_number", "iso", "latitude", "rating", "keywords"]
    (row,) = await world.read(read_fields, [asset], names)
    assert str(row["taken_at"]) == "2024-05-17 12:30:05.250000+02:00"
    assert [row[name] for name in names[1:]] == [0.004, 2.8, 400, pytest.approx(48.85), 4, None]


QUERIES = {
    'camera:canon taken:2024-05-17 "a boat"': True,
    "taken:2024-05-16 or camera:=canon lens:x": False,
    'camera:="canon eos 5d" exposure:1/250 iso:>=400 f_number:2.8': True,
    "gps:48.86,2.35,2km": True,
    "gps:48.9,2.35,2km or gps:48.87,2.35": False,
    "has:gps rating:4": True,
    "taken:>2024-05-17": False,
    'taken:>"2024-05-17 12:29" latitude:48..49': True,
    'taken:>"2024-05-17 12:30"': False,
}


async def test_a_photograph_is_found_by_what_its_camera_wrote(
    world: World, add: Add, tmp_path: Path
) -> None:
    await described(world, add, tmp_path / "b.jpg", picture_with(jpeg_with_xmp(KEYWORDS)))
    asset = await described(world, add, tmp_path / "a.jpg", picture_with(jpeg_with_exif(CANON)))
    for query, is_found in QUERIES.items():
        expected = [asset] if is_found else []
        assert list(await world.run(search_ids, query)) == expected, query
    for order in ("sort:taken", "sort:-taken sort:tags"):
        assert next(iter(await world.run(search_ids, f"has:width {order}"))) == asset
    assert len(list(await world.run(search_ids, "keywords:cat title:lake lake moebius"))) == 1


async def test_keywords_are_tags_that_a_new_description_replaces(
    world: World, add: Add, tmp_path: Path
) -> None:
    asset = await described(world, add, tmp_path / "a.jpg", picture_with(jpeg_with_xmp(KEYWORDS)))
    await world.run(tag_entities, [asset], ["mine"])
    said = ["artist:Moebius=None file", "cat=None file", "mine=None user"]
    assert await told(world, asset) == said
    await world.run(mark, NeedsMetadataExtractionComponent, [asset])
    await world.scheduler.run_until_idle()
    assert await told(world, asset) == said


async def test_a_picture_that_cannot_be_opened_keeps_its_facts_and_fails(
    world: World, add: Add, tmp_path: Path
) -> None:
    content = picture_with(jpeg_with_exif(CANON), is_whole=False)
    asset = await described(world, add, tmp_path / "a.jpg", content)
    (camera,) = await world.read(rows_of, CameraPropertiesComponent)
    assert camera.model == "Canon EOS 5D"
    assert await world.read(rows_of, ImageDimensionsComponent) == []
    assert list(await world.read(failures)) == [asset]
    assert await world.read(marked, NeedsContentAnalysisComponent) == []
    assert await told(world, asset) == ["rating=4 file"]


async def test_a_picture_with_unreadable_metadata_is_described_all_the_same(
    world: World, add: Add, tmp_path: Path
) -> None:
    content = picture_with(jpeg_with_exif(CANON[:10] + b"\xff" * 200))
    await described(world, add, tmp_path / "a.jpg", content)
    Image.new("RGB", (3, 2)).save(tmp_path / "b.png")
    await described(world, add, tmp_path / "b.png", (tmp_path / "b.png").read_bytes())
    assert len(await world.read(rows_of, ImageDimensionsComponent)) == 2
    assert await world.read(failures) == {}
    for kind in (CameraPropertiesComponent, TakenAtComponent, GeoPositionComponent):
        assert await world.read(rows_of, kind) == []
