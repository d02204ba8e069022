"""What an older version has computed is computed again when somebody asks for it."""

from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.world import World
from dam.media.file_type.recognition import RECOGNITION_VERSION
from dam.media.image.kind import IMAGE
from dam.media.image.values import BITMAP_RECIPE
from dam.models import (
    FilePropertiesComponent,
    ImageDimensionsComponent,
    ImagePerceptualPHashComponent,
)
from dam.services.ecs_service import marking
from dam.services.process_service import process
from tests.core.worlds import rows_of
from tests.media.drawing import landscape, save
from tests.services.conftest import Add

PICTURES = Path(__file__).parents[2] / "assets" / "pictures"
NOTHING = {"import_comic": 0, "extract_metadata": 0, "analyse_images": 0, "index_words": 0}


async def describe_with(session: AsyncSession, recipe: int | None) -> None:
    await session.execute(update(FilePropertiesComponent).values(description_recipe=recipe))


async def write(session: AsyncSession, /, **values: object) -> None:
    await session.execute(update(FilePropertiesComponent).values(**values))


async def write_of(session: AsyncSession, media_type: str, /, **values: object) -> None:
    of_type = FilePropertiesComponent.media_type == media_type
    await session.execute(update(FilePropertiesComponent).where(of_type).values(**values))


async def hash_with(session: AsyncSession, recipe: int) -> None:
    await session.execute(update(ImagePerceptualPHashComponent).values(recipe=recipe))


@pytest.fixture(autouse=True)
async def settled(world: World, add: Add, tmp_path: Path) -> None:
    """Two pictures and a text, for which nothing is left to be done."""
    (tmp_path / "a.txt").write_text("words")
    for path in (PICTURES / "lake.jpg", PICTURES / "sea.jpg", tmp_path / "a.txt"):
        await add(path)
    await process(world)


async def test_what_is_of_today_is_left_alone(world: World) -> None:
    assert (await process(world, marks_outdated=True)).processed == NOTHING


@pytest.mark.parametrize("recipe", [None, RECOGNITION_VERSION - 1])
async def test_older_descriptions_are_made_anew(world: World, recipe: int | None) -> None:
    await world.run(describe_with, recipe)
    assert (await process(world)).processed == NOTHING
    planned = await process(world, marks_outdated=True, is_dry_run=True)
    assert planned.processed == {**NOTHING, "extract_metadata": 3, "analyse_images": 0}
    done = await process(world, marks_outdated=True)
    assert done.processed == {**NOTHING, "extract_metadata": 3, "analyse_images": 0}
    files = await world.read(rows_of, FilePropertiesComponent)
    assert {file.description_recipe for file in files} == {RECOGNITION_VERSION}
    assert (await process(world, marks_outdated=True)).processed == NOTHING


async def test_a_newer_kind_describes_its_files_anew_and_keeps_their_pictures(
    world: World,
) -> None:
    await world.run(write, described_by="image 0")
    done = await process(world, marks_outdated=True)
    # The text: no kind is asked about it now.
    assert done.processed == {**NOTHING, "extract_metadata": 3, "analyse_images": 0}
    files = await world.read(rows_of, FilePropertiesComponent)
    current = f"image {IMAGE.description_version}"
    assert [file.described_by for file in files] == [current, current, None]
    assert (await process(world, marks_outdated=True)).processed == NOTHING


async def test_a_newer_picture_is_analysed_anew(world: World) -> None:
    await world.run(write, picture_version=0)
    done = await process(world, marks_outdated=True)
    assert done.processed == {**NOTHING, "extract_metadata": 2, "analyse_images": 2}
    files = await world.read(rows_of, FilePropertiesComponent)
    current = IMAGE.picture_version
    assert [file.picture_version for file in files] == [current, current, 0]
    assert (await process(world, marks_outdated=True)).processed == NOTHING


async def test_only_media_types_whose_pictures_are_newer_are_analysed_anew(
    world: World, add: Add, tmp_path: Path
) -> None:
    await add(save(landscape((64, 48)), tmp_path / "a.tga"))
    await process(world)
    # Every picture has the version of before, which is that of all but TGA today.
    await world.run(write, picture_version=IMAGE.picture_version)
    await world.run(write_of, "text/plain", picture_version=0)
    done = await process(world, marks_outdated=True)
    assert done.processed == {**NOTHING, "extract_metadata": 1, "analyse_images": 1}


async def test_a_file_that_no_kind_knew_gets_its_picture(
    world: World, add: Add, tmp_path: Path
) -> None:
    path = tmp_path / "a.svg"
    drawing = "<svg xmlns='http://www.w3.org/2000/svg' width='90' height='60'/>"
    path.write_text(drawing)
    await add(path)
    await world.run(write_of, "image/svg+xml", described_by=None, picture_version=0)
    done = await process(world, marks_outdated=True)
    assert done.processed == {**NOTHING, "extract_metadata": 1, "analyse_images": 1}
    sizes = await world.read(rows_of, ImageDimensionsComponent)
    assert (90, 60) in {(row.width, row.height) for row in sizes}


async def test_a_kind_that_is_not_installed_keeps_its_files(world: World) -> None:
    await world.run(write, media_type="model/of-a-plugin", described_by="plugin 7")
    assert (await process(world, marks_outdated=True)).processed == NOTHING


async def test_older_hashes_are_made_anew_page_by_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marking, "_PAGE", 1)
    await world.run(hash_with, BITMAP_RECIPE - 1)
    done = await process(world, marks_outdated=True)
    assert done.processed == {**NOTHING, "analyse_images": 2}
    hashes = await world.read(rows_of, ImagePerceptualPHashComponent)
    assert [row.recipe for row in hashes] == [BITMAP_RECIPE] * 2


async def test_what_a_newer_version_has_computed_stays(world: World) -> None:
    await world.run(describe_with, RECOGNITION_VERSION + 1)
    await world.run(hash_with, BITMAP_RECIPE + 1)
    assert (await process(world, marks_outdated=True)).processed == NOTHING


async def test_only_systems_of_the_stages_that_run_are_looked_at(world: World) -> None:
    await world.run(describe_with, None)
    done = await process(world, stages=["content-analysis"], marks_outdated=True)
    assert done.processed == {"analyse_images": 0}
