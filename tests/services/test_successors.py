"""A file that changed is a new asset, which takes over what people said of the one before."""

import os
from pathlib import Path

import pytest

from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.services import content_service, tag_service
from dam.services.comic_import_service import ComicImportOptions, ComicOutcome, import_comics
from dam.services.import_service import FileOutcome, ImportOptions, import_files
from dam.storage.content_store import ImportMode
from tests.media.drawing import landscape, save
from tests.services.comics import numbered
from tests.services.test_tag_service import tags


async def add(world: World, *paths: Path, mode: ImportMode = "copy") -> list[FileOutcome]:
    outcomes: list[FileOutcome] = []
    options = ImportOptions(mode=mode, is_recursive=True, is_rehash=True)
    await import_files(world, [str(path) for path in paths], options, outcomes.append)
    return outcomes


async def id_of(world: World, path: Path, mode: ImportMode = "copy") -> EntityId:
    (outcome,) = await add(world, path, mode=mode)
    assert outcome.entity_id is not None
    return outcome.entity_id


@pytest.mark.parametrize("mode", ["copy", "reference"])
async def test_what_people_said_goes_over(world: World, tmp_path: Path, mode: ImportMode) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")
    old = await id_of(world, path, mode)
    await world.run(tag_service.tag_entities, [old], ["cat", "rating=4"])
    await world.run(tag_service.tag_entities, [old], ["sea"], source="file")
    path.write_text("after")
    (outcome,) = await add(world, path, mode=mode)
    assert (outcome.status, outcome.inherited_from) == ("added", old)
    assert outcome.entity_id is not None
    assert await tags(world, outcome.entity_id) == ["cat", "rating=4"]
    assert await tags(world, old) == ["cat", "rating=4", "sea"]


async def test_a_value_of_its_own_stays(world: World, tmp_path: Path) -> None:
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_text("1")
    two.write_text("2")
    first, second = await id_of(world, one), await id_of(world, two)
    await world.run(tag_service.tag_entities, [first], ["rating=1", "cat"])
    await world.run(tag_service.tag_entities, [second], ["rating=5"])
    one.write_text("2")
    (outcome,) = await add(world, one)
    assert (outcome.entity_id, outcome.status, outcome.inherited_from) == (second, "known", first)
    assert await tags(world, second) == ["cat", "rating=5"]


async def test_without_tags_nothing_is_taken_over(world: World, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")
    await add(world, path)
    path.write_text("after")
    (outcome,) = await add(world, path)
    assert outcome.inherited_from is None


async def test_a_page_of_a_folder_that_was_edited_keeps_its_place(
    world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "Lake"
    folder.mkdir()
    for number in (1, 2, 3):
        save(landscape(seed=number), folder / f"{number}.png")
    copy = tmp_path / "elsewhere.png"
    copy.write_bytes((folder / "1.png").read_bytes())
    imported: list[ComicOutcome] = []
    await import_comics(world, [str(folder)], ComicImportOptions(), imported.append)
    comic = imported[0].variant_entity_id
    assert comic is not None
    before = await numbered(world, comic)
    save(landscape(seed=4), copy)
    save(landscape(seed=5), folder / "2.png")
    outcomes = await add(world, folder, copy)
    after = await numbered(world, comic)
    changed = [outcome for outcome in outcomes if outcome.inherited_from is not None]
    assert [(each.path, each.inherited_from) for each in changed] == [
        (str(folder / "2.png"), before[2])
    ]
    assert after == {**before, 2: changed[0].entity_id}


async def test_a_picture_with_several_pages_in_a_folder_keeps_them(
    world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "Lake"
    folder.mkdir()
    for number in (1, 2, 3):
        save(landscape(seed=min(number, 2)), folder / f"{number}.png")
    imported: list[ComicOutcome] = []
    await import_comics(world, [str(folder)], ComicImportOptions(), imported.append)
    comic = imported[0].variant_entity_id
    assert comic is not None
    before = await numbered(world, comic)
    save(landscape(seed=5), folder / "2.png")
    await add(world, folder)
    assert await numbered(world, comic) == before


async def test_an_asset_whose_file_was_replaced_is_exported_with_its_time(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")
    os.utime(path, ns=(0, 1_500_000_000_123_456_789))
    old = await id_of(world, path)
    path.write_text("after")
    await add(world, path)
    assert await world.read(content_service.times_of, [old]) == {old: 1_500_000_000_123_456_789}
