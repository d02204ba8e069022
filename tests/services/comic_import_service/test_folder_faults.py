"""A folder is a comic of all its pictures or none yet, and keeps those that are no pages of it."""

import asyncio
from pathlib import Path

import pytest

from dam.core.world import World
from dam.models import ComicBookVariantComponent, PendingSourceRemovalComponent
from dam.services.comic_import_service import ComicImportOptions, ComicOutcome
from dam.services.comic_import_service.importer import ComicImporter
from dam.services.comic_import_service.sources import FolderSource, find_comics
from dam.services.page_service import list_pages, remove_page
from dam.storage.content_store import ImportMode
from tests.core.worlds import rows_of
from tests.faults.state import names_below
from tests.services.comic_files import document, import_one, page_names, pages, picture
from tests.unreadable_disk import unreadable_disk

NAMES = [f"page {number}.jpg" for number in range(1, 6)]


@pytest.fixture
def folder(home: Path) -> Path:
    """A folder of five pages."""
    path = home / "library" / "Saga 7"
    path.mkdir(parents=True)
    for name, content in pages(5).items():
        (path / name).write_bytes(content)
    return path


@pytest.mark.parametrize("mode", ["copy", "move"])
@pytest.mark.parametrize("is_recursive", [True, False])
async def test_a_page_that_cannot_be_read_now_joins_its_comic_later(
    world: World, folder: Path, mode: ImportMode, *, is_recursive: bool
) -> None:
    path = folder.parent if is_recursive else folder
    with unreadable_disk(folder / "page 3.jpg"):
        for _ in range(2):
            failed = await import_one(world, path, mode=mode, is_recursive=is_recursive)
            assert (failed.path, failed.status) == (str(folder), "failed")
            assert failed.error == "PagesUnreadableError"
            why = f"cannot read {folder}/page 3.jpg: input/output error of the disk"
            assert failed.message == f"cannot read 1 of its 5 pages: {why}"
            assert failed.hint == (
                "repair those pages or move them out of the folder, "
                "then run the same command again; until then no comic is made and the files stay"
            )
            assert [(page.name, page.error) for page in failed.failed_pages] == [
                ("page 3.jpg", why)
            ]
            assert names_below(folder) == NAMES
    assert await world.read(rows_of, ComicBookVariantComponent) == []
    assert await world.read(rows_of, PendingSourceRemovalComponent) == []

    done = await import_one(world, path, mode=mode, is_recursive=is_recursive)

    assert (done.status, done.pages, done.failed_pages) == ("added", 5, ())
    assert await page_names(world, done.variant_entity_id) == NAMES
    assert names_below(folder) == ([] if mode == "move" else NAMES)


async def test_a_plan_says_of_a_page_that_cannot_be_read_what_the_import_would(
    world: World, folder: Path
) -> None:
    with unreadable_disk(folder / "page 3.jpg"):
        planned = await import_one(world, folder, is_dry_run=True)
        assert planned == await import_one(world, folder)


async def test_a_document_that_cannot_be_read_now_still_counts_later(
    world: World, folder: Path
) -> None:
    said = '<Series>Land</Series><Pages><Page Image="0" Type="FrontCover"/></Pages>'
    (folder / "ComicInfo.xml").write_text(document(said))
    with unreadable_disk(folder / "ComicInfo.xml"):
        failed = await import_one(world, folder, mode="move")
    assert (failed.status, failed.error) == ("failed", "FileAccessError")
    assert names_below(folder) == ["ComicInfo.xml", *NAMES]

    done = await import_one(world, folder, mode="move")

    assert (done.status, done.pages, done.error) == ("added", 5, None)
    assert done.variant_entity_id is not None
    first, *_ = await world.read(list_pages, done.variant_entity_id)
    assert first.page_type == "FrontCover"


@pytest.mark.parametrize("is_moved_before", [True, False])
async def test_what_comes_to_a_folder_later_and_is_no_page_is_not_moved_away(
    world: World, folder: Path, *, is_moved_before: bool
) -> None:
    await import_one(world, folder, mode="move" if is_moved_before else "copy")
    (folder / "page 6.jpg").write_bytes(picture(60))
    for _ in range(2):
        again = await import_one(world, folder, mode="move")
        assert (again.status, again.pages) == ("unchanged", 5)
        assert again.message == (
            "1 picture is not a page of this comic, and stays; the first: page 6.jpg"
        )
        assert names_below(folder) == ["page 6.jpg"]  # the pages themselves go
    assert await world.read(rows_of, PendingSourceRemovalComponent) == []


async def test_a_page_that_was_taken_from_a_comic_is_not_moved_away(
    world: World, folder: Path
) -> None:
    first = await import_one(world, folder)
    assert first.variant_entity_id is not None
    page, *_ = await world.read(list_pages, first.variant_entity_id)
    await world.run(remove_page, first.variant_entity_id, page.entity_id)
    again = await import_one(world, folder, mode="move")
    assert (again.status, again.pages) == ("unchanged", 4)
    assert names_below(folder) == ["page 1.jpg"]


async def test_a_folder_that_another_import_records_first_keeps_what_is_no_page_of_it(
    world: World, folder: Path
) -> None:
    late, away = folder / "page 6.jpg", folder.parent / "away"
    late.write_bytes(picture(60))
    (source,) = find_comics([str(folder)])
    assert isinstance(source, FolderSource)
    others: list[ComicOutcome] = []

    async def be_overtaken() -> None:
        await asyncio.to_thread(late.rename, away)
        others.append(await import_one(world, folder))
        await asyncio.to_thread(away.rename, late)

    importer = ComicImporter(world, ComicImportOptions(mode="move"), None)
    outcome = await importer.import_folder(source, be_overtaken)

    (other,) = others
    assert (outcome.status, outcome.pages) == ("known", 5)
    assert outcome.variant_entity_id == other.variant_entity_id
    assert names_below(folder) == ["page 6.jpg"]
    assert await world.read(rows_of, PendingSourceRemovalComponent) == []
