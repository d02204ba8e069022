"""Folders in: as one comic, or as a library of comics."""

import os
from pathlib import Path

import pytest

from dam.core.world import World
from dam.services.comic_import_service import ComicImportOptions, count_comics
from tests.faults.state import dump
from tests.services.comic_files import (
    document,
    import_all,
    import_one,
    make_cbz,
    page_names,
    pages,
    picture,
    rows_of,
)

PAGES = pages(12)


async def test_a_folder_of_pictures_is_a_comic_too(world: World, home: Path) -> None:
    folder = home / "Saga 7 (2013)"
    for name, content in PAGES.items():
        path = folder / "part" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (1_500_000_000, 1_500_000_000))
    (folder / "notes.txt").write_text("not a page")
    (folder / "ComicInfo.xml").write_text(document("<Series>Saga</Series><Number>7</Number>"))
    outcome = await import_one(world, folder, is_as_one=True)
    assert (outcome.status, outcome.pages, outcome.concept_created) == ("added", 12, True)
    assert await page_names(world, outcome.variant_entity_id) == list(PAGES)
    assert outcome.variant_entity_id is not None
    rows = await world.read(rows_of, outcome.variant_entity_id)
    assert rows["variant"][1] == "folder"
    assert rows["concept"][:3] == ["Saga #7 (2013)", "Saga", "7"]

    before = await world.read(dump)
    again = await import_one(world, folder)
    assert (again.status, again.variant_entity_id) == ("unchanged", outcome.variant_entity_id)
    assert again.message is None
    after = await world.read(dump)
    seen = "component_original_source_info"  # its files were seen again
    assert len(after.pop(seen)) == len(before.pop(seen))
    assert after == before


async def test_what_comes_to_a_folder_later_is_told_and_no_page(world: World, home: Path) -> None:
    folder = home / "Saga 7"
    folder.mkdir()
    (folder / "1.jpg").write_bytes(picture(1))
    first = await import_one(world, folder)
    (folder / "2.jpg").write_bytes(picture(2))
    again = await import_one(world, folder)
    assert (again.status, again.pages) == ("unchanged", 1)
    assert again.variant_entity_id == first.variant_entity_id
    assert again.message == "1 picture is not a page of this comic; the first: 2.jpg"


async def test_what_is_passed_by_in_a_folder_is_told(world: World, home: Path) -> None:
    folder = home / "Saga 7"
    folder.mkdir()
    (folder / "1.jpg").write_bytes(picture(1))
    (folder / "notes").symlink_to(home / "nowhere")
    assert (await import_one(world, folder)).message is None
    (folder / "2.jpg").symlink_to(folder / "1.jpg")
    os.mkfifo(folder / "3.jpg")
    again = await import_one(world, folder)
    assert (again.status, again.pages) == ("unchanged", 1)
    assert again.message == "2.jpg and 1 more skipped: not a regular file but a symbolic link"


async def test_archives_below_a_folder_are_comics_each(world: World, home: Path) -> None:
    make_cbz(home / "lib" / "a" / "One 1.cbz", pages(1))
    make_cbz(home / "lib" / "b" / "Two 1.CBZ", pages(2))
    (home / "lib" / "b" / "cover.jpg").write_bytes(picture(5))
    outcomes = await import_all(world, home / "lib", is_recursive=True)
    assert [(outcome.status, outcome.pages) for outcome in outcomes] == [
        ("added", 1),
        ("added", 2),
        ("skipped", 0),
    ]
    for options in (ComicImportOptions(is_recursive=True), ComicImportOptions()):
        assert count_comics(world, [str(home / "lib")], options, lambda: False) == 3
    again = await import_all(world, home / "lib")  # archives are a library without -r, too
    assert [one.status for one in again] == ["unchanged", "unchanged", "skipped"]
    (refused,) = await import_all(world, home / "lib", is_as_one=True)
    assert refused.status == "failed"
    assert refused.message == "the folder holds archives; expected pictures (leave out --as-one)"


@pytest.mark.parametrize("is_recursive", [True, False])
@pytest.mark.parametrize("folder", ["lib", "lib/deep"])
async def test_covers_stay_covers_when_their_archives_were_moved_away(
    world: World, home: Path, folder: str, *, is_recursive: bool
) -> None:
    make_cbz(home / folder / "One 1.cbz", pages(1))
    cover = home / folder / "cover.jpg"
    cover.write_bytes(picture(5))
    for statuses in (["added", "skipped"], ["skipped"]):
        outcomes = await import_all(world, home / "lib", is_recursive=is_recursive, mode="move")
        assert [outcome.status for outcome in outcomes] == statuses
        assert cover.exists()


async def test_in_a_library_folders_of_pictures_are_comics_each(world: World, home: Path) -> None:
    make_cbz(home / "lib" / "x.cbz", pages(1))
    for number in (1, 2):
        for name, content in pages(number, first_seed=10 * number).items():
            path = home / "lib" / f"Series {number}" / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
    for status in ("added", "unchanged"):
        outcomes = await import_all(world, home / "lib", is_recursive=True)
        found = {Path(outcome.path).name: outcome for outcome in outcomes}
        assert {name: outcome.pages for name, outcome in found.items()} == {
            "x.cbz": 1,
            "Series 1": 1,
            "Series 2": 2,
        }
        assert {found[f"Series {number}"].status for number in (1, 2)} == {status}
