"""A file that changed is a new asset, which takes over what people said of the one before."""

import os
import zipfile
from pathlib import Path

import pytest

from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.services import content_service, tag_service
from dam.services.comic_book_service import (
    describe_comic_variants,
    link_comic_variant_to_concept,
    unlink_comic_variant,
)
from dam.services.comic_import_service import ComicImportOptions, ComicOutcome, import_comics
from dam.services.import_service import FileOutcome, ImportOptions, import_files
from dam.storage.content_store import ImportMode
from tests.media.drawing import landscape, save
from tests.services.comic_files import import_one, make_cbz, pages
from tests.services.comics import concept, numbered, variant
from tests.services.test_tag_service import tags


async def add(
    world: World, *paths: Path, mode: ImportMode = "copy", is_dry_run: bool = False
) -> list[FileOutcome]:
    outcomes: list[FileOutcome] = []
    options = ImportOptions(mode=mode, is_recursive=True, is_rehash=True, is_dry_run=is_dry_run)
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
    (plan,) = await add(world, path, mode=mode, is_dry_run=True)
    (outcome,) = await add(world, path, mode=mode)
    assert (plan.status, plan.inherited_from) == ("added", old)
    assert (outcome.status, outcome.inherited_from) == ("added", old)
    assert outcome.entity_id is not None
    assert await tags(world, outcome.entity_id) == ["cat", "rating=4"]
    assert await tags(world, old) == ["cat", "rating=4", "sea"]


async def test_files_that_swap_their_names_keep_their_own_tags(
    world: World, tmp_path: Path
) -> None:
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_text("1")
    two.write_text("2")
    first, second = await id_of(world, one), await id_of(world, two)
    await world.run(tag_service.tag_entities, [first], ["rating=1", "cat"])
    await world.run(tag_service.tag_entities, [second], ["rating=5"])
    one.write_text("2")
    two.write_text("1")
    outcomes = await add(world, one, two)
    assert [(each.entity_id, each.inherited_from) for each in outcomes] == [
        (second, None),
        (first, None),
    ]
    assert await tags(world, first) == ["cat", "rating=1"]
    assert await tags(world, second) == ["rating=5"]


async def test_without_tags_nothing_is_taken_over(world: World, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")
    await add(world, path)
    path.write_text("after")
    (plan,) = await add(world, path, is_dry_run=True)
    (outcome,) = await add(world, path)
    assert (plan.inherited_from, outcome.inherited_from) == (None, None)


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
    plans = await add(world, folder, copy, is_dry_run=True)
    outcomes = await add(world, folder, copy)
    assert [(each.path, each.inherited_from) for each in plans] == [
        (each.path, each.inherited_from) for each in outcomes
    ]
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


async def test_pages_whose_files_are_renamed_in_a_circle_stay(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "Lake"
    folder.mkdir()
    for number in (1, 2, 3):
        save(landscape(seed=number), folder / f"{number}.png")
    imported: list[ComicOutcome] = []
    await import_comics(world, [str(folder)], ComicImportOptions(), imported.append)
    comic = imported[0].variant_entity_id
    assert comic is not None
    before = await numbered(world, comic)
    for old, new in (("1", "t"), ("2", "1"), ("3", "2"), ("t", "3")):
        (folder / f"{old}.png").rename(folder / f"{new}.png")
    await add(world, folder)
    assert await numbered(world, comic) == before


async def test_a_picture_in_a_comic_of_ones_own_keeps_its_place(
    world: World, tmp_path: Path
) -> None:
    path, other = tmp_path / "a.png", tmp_path / "b.png"
    save(landscape(seed=1), path)
    save(landscape(seed=2), other)
    pictures = [await id_of(world, path), await id_of(world, other)]
    comic = await variant(world, await concept(world), [pictures[0], pictures[1], pictures[0]])
    save(landscape(seed=3), path)
    (plan,) = await add(world, path, is_dry_run=True)
    (outcome,) = await add(world, path)
    assert (plan.inherited_from, outcome.inherited_from) == (pictures[0], pictures[0])
    new = outcome.entity_id
    assert await numbered(world, comic) == {1: new, 2: pictures[1], 3: new}


async def test_a_page_of_an_archive_stays_what_is_in_it(world: World, tmp_path: Path) -> None:
    page = save(landscape(seed=1), tmp_path / "1.png")
    with zipfile.ZipFile(tmp_path / "Lake 1.cbz", "w") as archive:
        archive.write(page, "1.png")
    old = await id_of(world, page)
    imported: list[ComicOutcome] = []
    await import_comics(
        world, [str(tmp_path / "Lake 1.cbz")], ComicImportOptions(), imported.append
    )
    comic = imported[0].variant_entity_id
    assert comic is not None
    save(landscape(seed=2), page)
    await add(world, page)
    assert await numbered(world, comic) == {1: old}


async def test_an_archive_that_was_edited_keeps_its_place_among_the_comics(
    world: World, tmp_path: Path
) -> None:
    path = make_cbz(tmp_path / "Hill 3.cbz", pages(2))
    old = (await import_one(world, path)).variant_entity_id
    assert old is not None
    mine = await concept(world, "My own work")
    await variant(world, mine)
    await world.run(unlink_comic_variant, old)
    link = link_comic_variant_to_concept
    await world.run(link, old, mine, is_primary_variant=True, language="fr")
    for seed in (4, 5):
        make_cbz(
            path, pages(2, seed), "<LanguageISO>en</LanguageISO><Manga>YesAndRightToLeft</Manga>"
        )
        plan = await import_one(world, path, is_dry_run=True)
        assert (plan.concept_entity_id, plan.concept_created) == (mine, False)
        if seed == 4:
            await add(world, path)
    new = await import_one(world, path)
    assert (new.concept_entity_id, new.concept_created) == (mine, False)
    assert new.variant_entity_id is not None
    (facts,) = await world.read(describe_comic_variants, [new.variant_entity_id])
    assert facts.is_primary_variant
    assert (facts.facts["language"], facts.facts["reading_direction"]) == ("fr", "rtl")


async def test_an_archive_takes_no_place_of_one_that_has_another_path(
    world: World, tmp_path: Path
) -> None:
    path = make_cbz(tmp_path / "Hill 3.cbz", pages(2))
    old = await import_one(world, path)
    path.rename(tmp_path / "Lake 1.cbz")
    await import_one(world, tmp_path / "Lake 1.cbz")
    make_cbz(path, pages(2, 4), "<Series>Sea</Series><Number>7</Number>")
    new = await import_one(world, path)
    assert new.concept_created
    assert new.concept_entity_id != old.concept_entity_id
