"""Folders of folders: one comic or many, as the user says; what is a comic already stays one."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dam.core.world import World
from dam.errors import OnlySubfoldersError
from dam.models import ComicBookVariantComponent, NeedsMetadataExtractionComponent
from tests.core.worlds import rows_of
from tests.faults.state import names_below
from tests.services.comic_files import import_all, import_one, make_cbz, page_names, pages, picture

CHAPTERS = ("ch 1/1.jpg", "ch 1/2.jpg", "ch 2/1.jpg", "ch 10/1.jpg")


def draw(folder: Path, *names: str, first_seed: int = 0) -> Path:
    """Make a folder of pictures, each another one."""
    for seed, name in enumerate(names, start=first_seed):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(seed))
    return folder


@pytest.fixture
def saga(home: Path) -> Path:
    """A folder with pictures in subfolders only."""
    return draw(home / "Saga 7", *CHAPTERS)


async def statuses(world: World, path: Path, **options: Any) -> dict[str, str]:
    """Import a folder; return the status of each outcome by its path below the folder."""
    outcomes = await import_all(world, path, **options)
    return {str(Path(one.path).relative_to(path)): one.status for one in outcomes}


async def comics(world: World) -> Sequence[Any]:
    return await world.read(rows_of, ComicBookVariantComponent)


@pytest.mark.parametrize("is_dry_run", [True, False])
async def test_a_folder_of_folders_is_refused_before_anything_is_imported(
    world: World, home: Path, saga: Path, *, is_dry_run: bool
) -> None:
    archive = make_cbz(home / "One.cbz", pages(1))
    with pytest.raises(OnlySubfoldersError):
        await import_all(world, archive, saga, is_dry_run=is_dry_run)
    assert await comics(world) == []
    assert await world.read(rows_of, NeedsMetadataExtractionComponent) == []


async def test_as_one_makes_one_comic_of_all_below(world: World, saga: Path) -> None:
    planned = await import_one(world, saga, is_as_one=True, is_dry_run=True)
    made = await import_one(world, saga, is_as_one=True)
    assert (made.status, made.pages, planned.status, planned.pages) == ("added", 4, "added", 4)
    names = ["1.jpg", "2.jpg", "1.jpg", "1.jpg"]
    assert await page_names(world, made.variant_entity_id) == names
    for options in ({"is_as_one": True}, {}, {"is_recursive": True}):
        for is_dry_run in (True, False):
            again = await import_one(world, saga, is_dry_run=is_dry_run, **options)
            assert (again.status, again.pages) == ("unchanged", 4)
            assert again.variant_entity_id == made.variant_entity_id
    (again,) = await import_all(world, saga.parent, is_recursive=True)
    assert (again.path, again.status) == (str(saga), "unchanged")
    assert len(await comics(world)) == 1


async def test_recursive_makes_a_comic_of_each_folder(world: World, saga: Path) -> None:
    draw(saga, "cover.jpg", first_seed=50)
    folders = [".", "ch 1", "ch 10", "ch 2"]
    assert await statuses(world, saga, is_recursive=True) == dict.fromkeys(folders, "added")
    draw(saga, "ch 3/1.jpg", first_seed=60)
    again = await statuses(world, saga, is_recursive=True)
    assert again == {**dict.fromkeys(folders, "unchanged"), "ch 3": "added"}
    # As one comic, what is known stays as it is, and the chapters are no new pages of the cover's.
    for options in ({}, {"is_as_one": True}):
        (one,) = await import_all(world, saga, **options)
        assert (one.status, one.pages, one.message) == ("unchanged", 1, None)
    assert len(await comics(world)) == 5


async def test_chapters_that_are_comics_can_be_one_as_well(world: World, saga: Path) -> None:
    chapters = await statuses(world, saga, is_recursive=True)
    assert set(chapters) == {"ch 1", "ch 2", "ch 10"}
    made = await import_one(world, saga, is_as_one=True)
    assert (made.status, made.pages) == ("added", 4)
    for options in ({"is_as_one": True}, {}):
        again = await import_one(world, saga, **options)
        assert (again.status, again.message) == ("unchanged", None)
        assert again.variant_entity_id == made.variant_entity_id
    again_each = await statuses(world, saga, is_recursive=True)
    assert again_each == dict.fromkeys(chapters, "unchanged")


async def test_a_new_chapter_of_a_known_comic_is_told_or_a_comic_of_its_own(
    world: World, saga: Path
) -> None:
    await import_one(world, saga, is_as_one=True)
    draw(saga, "ch 11/1.jpg", first_seed=60)
    told = await import_one(world, saga)
    assert (told.status, told.pages) == ("unchanged", 4)
    assert told.message == "1 picture is not a page of this comic; the first: ch 11/1.jpg"
    assert await statuses(world, saga, is_recursive=True) == {".": "unchanged", "ch 11": "added"}
    assert (await import_one(world, saga)).message is None


async def test_a_known_folder_stays_a_comic_when_archives_come_to_it(
    world: World, saga: Path
) -> None:
    first = await import_one(world, draw(saga, "cover.jpg", first_seed=50))
    make_cbz(saga / "Saga 8.cbz", pages(1, 90))
    archive, folder = await import_all(world, saga)
    assert (archive.status, folder.status, folder.pages) == ("added", "unchanged", 5)
    assert folder.variant_entity_id == first.variant_entity_id


async def test_moved_folders_of_folders_are_known_when_they_are_empty(
    world: World, saga: Path
) -> None:
    moved = await import_one(world, saga, is_as_one=True, mode="move")
    assert names_below(saga) == ["ch 1", "ch 10", "ch 2"]
    for options in ({"is_as_one": True}, {}, {"is_recursive": True}):
        again = await import_one(world, saga, mode="move", **options)
        assert (again.status, again.error) == ("skipped", None)
    assert moved.status == "added"
    assert len(await comics(world)) == 1


async def test_a_folder_of_folders_that_was_renamed_is_recognised_by_its_pages(
    world: World, saga: Path
) -> None:
    first = await import_one(world, saga, is_as_one=True)
    renamed = await asyncio.to_thread(saga.rename, saga.parent / "Saga seven")
    again = await import_one(world, renamed, is_as_one=True)
    assert (again.status, again.variant_entity_id) == ("known", first.variant_entity_id)
    assert len(await comics(world)) == 1
