"""What people want to know of an entity, in about ten facts."""

import os
from pathlib import Path

import pytest

from dam.core.world import World
from dam.errors import EntityNotFoundError
from dam.services import ecs_service
from dam.services.page_service import get_ordered_pages
from dam.services.process_service import process
from dam.services.summary_service import ComicPlace, summarise_entities
from dam.services.tag_service import require_tag, tag_entities
from dam.services.trash_service import trash_assets
from tests.services.comic_files import import_one, make_cbz, pages
from tests.services.conftest import Add

ASSETS = Path(__file__).parents[1] / "assets"
LAKE = ASSETS / "pictures" / "lake.jpg"


@pytest.mark.slow
async def test_a_picture_has_a_type_a_size_tags_and_paths(
    world: World, add: Add, home: Path
) -> None:
    name = os.fsdecode(b"caf\xe9\n.jpg")
    (home / name).write_bytes(LAKE.read_bytes())
    entity_id = await add(LAKE)
    await add(home / name, mode="reference")
    await process(world)
    await world.run(tag_entities, [entity_id], ["rating=4", "Lake"])
    (one,) = await world.read(summarise_entities, [entity_id, entity_id])
    assert (one.entity_id, one.name, one.media_type) == (entity_id, "lake.jpg", "image/jpeg")
    assert (one.width, one.height, one.frame_count) == (480, 360, None)
    assert one.size_bytes == LAKE.stat().st_size
    assert one.tags == ("Lake", "rating=4")
    assert one.kept == ("store", "reference")
    assert one.paths == (str(home / name), str(LAKE))
    assert (one.members, one.comics, one.failures, one.trashed_at) == ((), (), (), None)


@pytest.mark.slow
async def test_a_page_names_its_comics_and_its_archive(world: World, tmp_path: Path) -> None:
    info = "<Series>Land</Series><Number>1</Number>"
    archive = make_cbz(tmp_path / "Land 1.cbz", pages(2), info)
    imported = await import_one(world, archive)
    variant, concept = imported.variant_entity_id, imported.concept_entity_id
    assert variant is not None
    assert concept is not None
    page, _ = await world.read(get_ordered_pages, variant)
    of_page, of_variant, of_concept = await world.read(summarise_entities, [page, variant, concept])
    assert of_page.comics == (ComicPlace(name="Land #1", variant_entity_id=variant, page_number=1),)
    assert of_page.kept == ("archive",)
    assert of_page.members == ((str(archive), of_page.name),)
    assert (of_variant.name, of_variant.kinds) == ("Land 1.cbz", ("variant",))
    assert of_variant.comics == (ComicPlace(name="Land #1", variant_entity_id=variant),)
    assert (of_concept.name, of_concept.kinds, of_concept.comics) == ("Land #1", ("comic",), ())


@pytest.mark.slow
async def test_failures_the_trash_and_tags_are_named(world: World, add: Add) -> None:
    torn = await add(ASSETS / "broken" / "truncated.jpg")
    await process(world)
    await world.run(tag_entities, [torn], ["artist:Moebius"])
    await world.run(trash_assets, [torn])
    tag = await world.run(require_tag, "artist:moebius")
    one, of_tag = await world.read(summarise_entities, [torn, tag.entity_id])
    ((system, message),) = one.failures
    assert system == "analyse_images"
    assert message.startswith("torn JPEG picture")
    assert one.trashed_at is not None
    assert (of_tag.name, of_tag.kinds) == ("artist:Moebius", ("tag",))


async def test_an_entity_without_anything_has_a_time_and_one_that_is_unknown_is_told(
    world: World,
) -> None:
    bare = await world.run(ecs_service.create_entity)
    (one,) = await world.read(summarise_entities, [bare])
    assert (one.name, one.kinds, one.tags, one.paths) == (None, (), (), ())
    assert one.added_at.tzinfo is not None
    with pytest.raises(EntityNotFoundError):
        await world.read(summarise_entities, [bare, 99])
