"""Pages of archives that are empty, cannot be decoded, or have names in an old encoding."""

from pathlib import Path

from dam.core.world import World
from dam.services import content_service
from dam.services.comic_export_service import export_comic
from dam.services.file_operations import FileOperationsResource
from dam.services.page_service import list_pages
from dam.storage.contents.located import local_file
from tests.media.archive_files import raw_zip
from tests.services.comic_files import import_one, make_cbz, page_names, picture


async def test_an_empty_page_is_a_failed_page_and_no_page_of_the_variant(
    world: World, home: Path
) -> None:
    path = make_cbz(home / "a.cbz", {"1.jpg": picture(1), "2.jpg": b"", "3.jpg": picture(3)})
    outcome = await import_one(world, path)
    assert (outcome.status, outcome.pages) == ("added", 2)
    assert [(page.name, page.error) for page in outcome.failed_pages] == [
        ("2.jpg", "unreadable member '2.jpg': it is empty")
    ]
    assert await page_names(world, outcome.variant_entity_id) == ["1.jpg", "3.jpg"]
    assert (await import_one(world, path)).failed_pages == outcome.failed_pages


async def test_a_page_that_cannot_be_decoded_keeps_its_place_and_is_exported(
    world: World, home: Path
) -> None:
    pages = [picture(1), picture(2)[:300], b"words", picture(4)]
    members = {f"{number}.jpg": page for number, page in enumerate(pages, start=1)}
    outcome = await import_one(world, make_cbz(home / "a.cbz", members))
    assert outcome.variant_entity_id is not None
    assert (outcome.pages, outcome.failed_pages) == (4, ())
    assert outcome.message == "1 page is not a picture, judging by content; the first: 3.jpg"
    assert await page_names(world, outcome.variant_entity_id) == list(members)
    await export_comic(world, outcome.variant_entity_id, home / "b")
    exported = [path for path in sorted((home / "b").iterdir()) if path.suffix != ".xml"]
    assert [path.read_bytes() for path in exported] == pages


async def test_pages_are_found_by_the_bytes_of_their_names_in_an_old_encoding(
    world: World, home: Path
) -> None:
    pages = {"\u8868\u7d19 1.jpg": picture(1), "\u30bd\u30e9 2.jpg": picture(2)}  # with a 0x5C
    path = home / "a.cbz"
    path.write_bytes(raw_zip((name.encode("cp932"), page) for name, page in pages.items()))
    variant = (await import_one(world, path)).variant_entity_id
    assert variant is not None
    listed = await world.read(list_pages, variant)
    assert {page.name for page in listed} == set(pages)
    places = await world.read(content_service.locate, [page.entity_id for page in listed])
    store = world.resources.get(FileOperationsResource).store
    for page in listed:
        with local_file(store, places[page.entity_id]) as file:
            assert file.read_bytes() == pages[page.name or ""]
