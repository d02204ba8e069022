"""Videos and songs in a world: described, pictured, found, and described anew in old worlds."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import Component, EntityId
from dam.core.world import World
from dam.models import (
    AudioPropertiesComponent,
    AudioTagsComponent,
    ContainerPropertiesComponent,
    DurationComponent,
    FileMetadataComponent,
    FilePropertiesComponent,
    GeoPositionComponent,
    ImageDimensionsComponent,
    ImagePerceptualPHashComponent,
    StatedTextComponent,
    TakenAtComponent,
    VideoPropertiesComponent,
)
from dam.services.process_service import process, retry
from dam.services.search_service import read_fields, search_ids
from dam.services.thumbnail_service import find_thumbnails
from tests.core.worlds import failures, rows_of
from tests.media.streams.files import attached, clip, mp3, png, text
from tests.services.conftest import Add

SPECIFIC: tuple[type[Component], ...] = (
    AudioPropertiesComponent,
    AudioTagsComponent,
    ContainerPropertiesComponent,
    DurationComponent,
    ImageDimensionsComponent,
    StatedTextComponent,
    TakenAtComponent,
    VideoPropertiesComponent,
    FileMetadataComponent,
    GeoPositionComponent,
)
PHONE = {
    "title": "Holidays",
    "creation_time": "2023-09-22T16:34:05Z",
    "location": "+48.1234-011.5000/",
}


@pytest.fixture
async def assets(add: Add, tmp_path: Path) -> dict[str, EntityId]:
    """A turned video, a song with a cover, one without, and a video that is cut off."""
    clip(tmp_path / "clip.mp4", "mp4", rotation=-90, sound="aac", tags=PHONE)
    words = (text(b"TIT2", b"Sunrise"), text(b"TPE1", b"The Larks"), text(b"TALB", b"Dawn"))
    more = (text(b"TRCK", b"3/9"), text(b"TYER", b"1999"), text(b"TCON", b"Folk"))
    (tmp_path / "song.mp3").write_bytes(mp3(*words, *more, attached(png())))
    (tmp_path / "bare.mp3").write_bytes(mp3())
    (tmp_path / "torn.mp4").write_bytes((tmp_path / "clip.mp4").read_bytes()[:3000])
    names = ("clip.mp4", "song.mp3", "bare.mp3", "torn.mp4")
    return {name: await add(tmp_path / name) for name in names}


async def found(world: World, query: str) -> list[EntityId]:
    return list(await world.read(search_ids, query))


async def values(world: World, entity_id: EntityId, *names: str) -> Sequence[Any]:
    (row,) = await world.read(read_fields, [entity_id], names)
    return [row[name] for name in names]


async def test_a_world_knows_what_is_in_videos_and_songs(
    world: World, assets: dict[str, EntityId]
) -> None:
    await process(world)
    video, song, bare = assets["clip.mp4"], assets["song.mp3"], assets["bare.mp3"]
    assert await values(
        world, video, "width", "height", "container", "video_codec", "audio_codec", "title"
    ) == [64, 96, "mp4", "mpeg4", "aac", "Holidays"]
    assert await values(world, video, "frame_rate", "channels", "sample_rate_hz", "codec") == [
        10.0,
        2,
        48_000,
        ("mpeg4", "aac"),
    ]
    assert await values(world, song, "title", "artist", "album", "track", "year", "genre") == [
        "Sunrise",
        "The Larks",
        "Dawn",
        3,
        1999,
        "Folk",
    ]
    (taken,) = await world.read(rows_of, TakenAtComponent)
    (place,) = await world.read(rows_of, GeoPositionComponent)
    assert (taken.taken_at, taken.utc_offset_minutes) == (datetime(2023, 9, 22, 16, 34, 5), 0)  # noqa: DTZ001 - as the file says
    assert (taken.entity_id, place.latitude, place.longitude) == (video, 48.1234, -11.5)
    (said,) = [
        row for row in await world.read(rows_of, FileMetadataComponent) if row.entity_id == song
    ]
    assert said.values["Tags"]["album"] == "Dawn"
    assert said.values["Streams"] == {"0": "audio mp3", "1": "video png"}
    assert await values(world, bare, "artist", "width", "codec") == [None, None, ("mp3",)]
    kept = {
        key: (system, error) for key, (system, error, *_) in (await world.read(failures)).items()
    }
    assert kept == {assets["torn.mp4"]: ("extract_metadata", "UnreadableStreamsError")}
    hashed = await world.read(rows_of, ImagePerceptualPHashComponent)
    assert [row.entity_id for row in hashed] == [video]
    drawn = await find_thumbnails(world, [video, song, bare])
    assert [(one.width, one.height, one.error) for one in drawn] == [
        (64, 96, None),
        (40, 30, None),
        (None, None, "NoPictureError"),
    ]
    await retry(world)
    done = await process(world)
    assert (done.processed["analyse_images"], done.failed) == (0, 1)


FOUND = {
    "sunrise": ["song.mp3"],
    "larks dawn": ["song.mp3"],
    "holidays": ["clip.mp4"],
    "duration:>1.5": ["clip.mp4"],
    "duration:<90s type:audio": ["bare.mp3", "song.mp3"],
    "codec:mp3 artist:*": ["song.mp3"],
    "codec:mpeg4 codec:aac": ["clip.mp4"],
    "year:1999 track:3 genre:folk": ["song.mp3"],
    "fps:10 container:mp4 orientation:portrait": ["clip.mp4"],
    "sample_rate:48k channels:2 bitrate:>1k -has:title": ["bare.mp3"],
}


async def _as_before(session: AsyncSession) -> None:
    """Make the files what they were in a world that did not know their kinds."""
    components: tuple[type[Component], ...] = (*SPECIFIC, ImagePerceptualPHashComponent)
    for component in components:
        await session.execute(delete(component))
    values: dict[str, object] = {"described_by": None, "picture_version": 0}
    await session.execute(update(FilePropertiesComponent).values(**values))


async def test_a_world_of_before_gets_it_by_process_outdated(
    world: World, assets: dict[str, EntityId]
) -> None:
    await process(world)
    before = {kind: len(await world.read(rows_of, kind)) for kind in SPECIFIC}
    assert all(before.values())
    await world.run(_as_before)
    assert await found(world, "sunrise") == []
    assert (await process(world)).processed["extract_metadata"] == 0
    done = await process(world, marks_outdated=True)
    assert (done.processed["extract_metadata"], done.processed["analyse_images"]) == (4, 3)
    assert {kind: len(await world.read(rows_of, kind)) for kind in SPECIFIC} == before
    names = {key: name for name, key in assets.items()}
    for query, wanted in FOUND.items():
        assert sorted(names[key] for key in await found(world, query)) == wanted, query
    again = await process(world, marks_outdated=True)
    assert again.processed["analyse_images"] == 0
