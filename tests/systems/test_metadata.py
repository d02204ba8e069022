"""`extract_metadata`: called as the plain function that it is, and by the scheduler."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import Component, EntityId, component_classes
from dam.core.ecs.rows import mark
from dam.core.media_kinds import MediaKinds
from dam.core.systems.commands import Commands
from dam.core.systems.params import WorldReader, read_components
from dam.core.world import World
from dam.media.file_type.recognition import RECOGNITION_VERSION
from dam.models import (
    DurationComponent,
    FilePropertiesComponent,
    FramePropertiesComponent,
    ImageDimensionsComponent,
    ImageFormatComponent,
    ImagePerceptualAHashComponent,
    ImagePerceptualDHashComponent,
    ImagePerceptualPHashComponent,
    NeedsContentAnalysisComponent,
    NeedsMetadataExtractionComponent,
)
from dam.services import ecs_service
from dam.services.file_operations import FileOperationsResource
from dam.systems.metadata import extract_metadata
from tests.core.worlds import failures, marked, new_entities, no_tags, rows_of
from tests.services.conftest import Add
from tests.systems.conftest import ASSETS


async def call(world: World, *assets: EntityId) -> Commands:
    """Call the system and return what it wants written."""
    commands = Commands(assets)
    await extract_metadata(
        commands.entities,
        await world.read(read_components, FilePropertiesComponent, assets),
        WorldReader(world.database),
        world.resources.get(FileOperationsResource),
        world.resources.get(MediaKinds),
        commands,
    )
    return commands


async def write(world: World, commands: Commands, owners: Sequence[EntityId]) -> None:
    await world.run(commands.apply, owners, no_tags, now=world.context.now())


async def test_a_picture_is_described_upright_and_goes_on_to_the_analysis(
    world: World, add: Add
) -> None:
    picture = await add(ASSETS / "pictures" / "hills-exif-oriented.jpg")
    await write(world, await call(world, picture), [picture])
    (file,) = await world.read(rows_of, FilePropertiesComponent)
    (size,) = await world.read(rows_of, ImageDimensionsComponent)
    (form,) = await world.read(rows_of, ImageFormatComponent)
    assert (file.media_type, file.name, file.name_text, file.description_recipe) == (
        "image/jpeg",
        b"hills-exif-oriented.jpg",
        "hills-exif-oriented.jpg",
        RECOGNITION_VERSION,
    )
    assert (size.width, size.height) == (480, 360)
    assert form.orientation != 1
    assert await world.read(rows_of, FramePropertiesComponent) == []
    assert await world.read(marked, NeedsContentAnalysisComponent) == [picture]


async def test_an_animation_has_frames_and_a_duration(world: World, add: Add) -> None:
    picture = await add(ASSETS / "pictures" / "animated.gif")
    await write(world, await call(world, picture), [picture])
    (frames,) = await world.read(rows_of, FramePropertiesComponent)
    assert frames.is_animated
    assert frames.frame_count > 1
    (duration,) = await world.read(rows_of, DurationComponent)
    assert duration.duration_s >= 0.02 * frames.frame_count


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("broken/not-a-picture.png", "text/plain"),
        ("pictures/lying-webp.jpg", "image/webp"),
    ],
)
async def test_the_type_is_what_the_bytes_say(
    world: World, add: Add, name: str, media_type: str
) -> None:
    asset = await add(ASSETS / name)
    commands = await call(world, asset)
    await write(world, commands, [asset])
    (file,) = await world.read(rows_of, FilePropertiesComponent)
    assert file.media_type == media_type
    assert commands.entities.failures == {}


async def test_an_empty_file_has_a_type_of_its_own(world: World, add: Add, tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    asset = await add(tmp_path / "empty.jpg")
    await write(world, await call(world, asset), [asset])
    (file,) = await world.read(rows_of, FilePropertiesComponent)
    assert (file.media_type, file.size_bytes) == ("inode/x-empty", 0)


async def pretend(session: AsyncSession, asset: EntityId, media_type: str = "image/gif") -> None:
    """Have an earlier version take an asset for an animated picture."""
    frames = FramePropertiesComponent(frame_count=9, is_animated=True)
    form = ImageFormatComponent(format="GIF", mode="P", bit_depth=8, has_alpha=False, orientation=1)
    components: list[Component] = [frames, form, ImageDimensionsComponent(width=1, height=1)]
    hashes = (
        ImagePerceptualPHashComponent,
        ImagePerceptualAHashComponent,
        ImagePerceptualDHashComponent,
    )
    components += [kind(recipe=0, value=bytes(8)) for kind in hashes]
    for component in components:
        await ecs_service.set_component(session, asset, component)
    await mark(session, NeedsContentAnalysisComponent, [asset])
    await session.execute(update(FilePropertiesComponent).values(media_type=media_type))


async def kinds_of(session: AsyncSession, asset: EntityId) -> set[str]:
    return {
        name
        for name, kind in component_classes().items()
        if await session.scalar(select(exists().where(kind.entity_id == asset)))
    }


async def test_what_is_described_anew_as_no_picture_loses_what_pictures_have(
    world: World, add: Add, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("words")
    asset = await add(tmp_path / "a.txt")
    await world.scheduler.run_until_idle()
    before = await world.read(kinds_of, asset)
    await world.run(pretend, asset)
    await write(world, await call(world, asset), [asset])
    assert await world.read(kinds_of, asset) == before


async def test_what_is_described_anew_as_one_frame_loses_the_frames(world: World, add: Add) -> None:
    picture = await add(ASSETS / "pictures" / "lake.jpg")
    await world.run(pretend, picture)
    await write(world, await call(world, picture), [picture])
    assert await world.read(rows_of, FramePropertiesComponent) == []
    (size,) = await world.read(rows_of, ImageDimensionsComponent)
    assert size.width > 1


@pytest.mark.parametrize(("former", "kept"), [("image/png", 1), ("image/gif", 0)])
async def test_a_failure_keeps_what_was_known_of_a_file_of_this_type(
    world: World, add: Add, tmp_path: Path, former: str, kept: int
) -> None:
    (tmp_path / "a.png").write_bytes((ASSETS / "pictures" / "alpha.png").read_bytes()[:20])
    broken = await add(tmp_path / "a.png")
    await world.run(pretend, broken, former)
    commands = await call(world, broken)
    await write(world, commands, [broken])
    assert list(commands.entities.failures) == [broken]
    assert len(await world.read(rows_of, ImageDimensionsComponent)) == kept


async def test_who_cannot_be_read_fails_alone(world: World, add: Add, tmp_path: Path) -> None:
    path = tmp_path / "lake.jpg"
    shutil.copy(ASSETS / "pictures" / "lake.jpg", path)
    gone = await add(path, mode="reference")
    path.rename(path.with_name("renamed.jpg"))  # an empty folder would be a disk that was pulled
    whole = await add(ASSETS / "pictures" / "sea.jpg")
    (bare,) = await world.run(new_entities, 1)
    commands = await call(world, gone, whole, bare)
    assert {key: str(error) for key, error in commands.entities.failures.items()} == {
        gone: f"cannot read {path}: no such file",
        bare: f"entity {bare} has no content",
    }


async def test_the_scheduler_takes_the_marker_off_and_keeps_the_failure(
    world: World, add: Add, tmp_path: Path
) -> None:
    path = tmp_path / "lake.jpg"
    shutil.copy(ASSETS / "pictures" / "lake.jpg", path)
    gone = await add(path, mode="reference")
    path.rename(path.with_name("renamed.jpg"))  # an empty folder would be a disk that was pulled
    whole = await add(ASSETS / "pictures" / "sea.jpg")
    report = await world.scheduler.run_until_idle()
    assert (report.processed["extract_metadata"], report.failed) == (2, 1)
    assert await world.read(marked, NeedsMetadataExtractionComponent) == []
    assert await world.read(failures) == {
        gone: ("extract_metadata", "FileAccessError", f"cannot read {path}: no such file", 1)
    }
    sizes = await world.read(rows_of, ImageDimensionsComponent)
    assert [row.entity_id for row in sizes] == [whole]
