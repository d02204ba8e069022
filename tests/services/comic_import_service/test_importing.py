"""Comics in: archives and folders become variants with pages, once and for all."""

import asyncio
import os
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import build_world
from dam.core.ecs.components import table_of
from dam.core.world import World
from dam.errors import EntityNotFoundError
from dam.models import (
    ComicBookConceptComponent,
    ComicBookVariantComponent,
    FileLocationComponent,
    NeedsMetadataExtractionComponent,
    PageLink,
)
from dam.services import content_service, page_service, process_service
from dam.services.comic_book_service import get_primary_variant_for_comic_concept
from dam.services.comic_edit_service import edit_comic_concept
from dam.services.comic_import_service import (
    ComicImportOptions,
    ComicOutcome,
    add_comics,
)
from dam.services.failure_service import list_failures
from dam.services.file_operations import FileOperationsResource
from dam.services.page_service import list_pages
from dam.services.process_service import Retried, retry
from dam.storage.contents.located import local_file
from tests.databases import world_config
from tests.faults.state import dump
from tests.services.comic_files import (
    damage,
    document,
    import_all,
    import_one,
    make_cbz,
    page_names,
    pages,
    picture,
    rows_of,
)
from tests.services.conftest import Add

PAGES = pages(12)
NAMES = [f"page {n}.jpg" for n in range(1, 13)]


async def count(session: AsyncSession, kind: type) -> int:
    return (await session.execute(select(func.count()).select_from(table_of(kind)))).scalar_one()


async def test_an_archive_becomes_a_variant_with_its_pages_in_natural_order(
    world: World, home: Path
) -> None:
    path = make_cbz(home / "Saga 003 (2012) (Zone-Empire).cbz", PAGES)
    outcome = await import_one(world, path)
    assert outcome == ComicOutcome(
        path=str(path),
        status="added",
        variant_entity_id=outcome.variant_entity_id,
        concept_entity_id=outcome.concept_entity_id,
        concept_created=True,
        pages=12,
    )
    assert await page_names(world, outcome.variant_entity_id) == NAMES
    assert outcome.variant_entity_id is not None
    rows = await world.read(rows_of, outcome.variant_entity_id)
    assert rows["concept"] == ["Saga #003 (2012)", "Saga", "003", None]
    assert rows["variant"] == [None, "cbz", "Zone-Empire", None]
    assert outcome.concept_entity_id is not None
    primary = await world.read(get_primary_variant_for_comic_concept, outcome.concept_entity_id)
    assert primary == outcome.variant_entity_id


async def test_nothing_is_stored_twice_and_every_page_can_be_read(world: World, home: Path) -> None:
    outcome = await import_one(world, make_cbz(home / "a.cbz", PAGES))
    store = world.resources.get(FileOperationsResource).store
    assert len(list(store.entries())) == 1
    assert outcome.variant_entity_id is not None
    images = await world.read(page_service.get_ordered_pages, outcome.variant_entity_id)
    places = await world.read(content_service.locate, images)
    for name, image in zip(NAMES, images, strict=True):
        with local_file(store, places[image]) as path:
            assert path.read_bytes() == PAGES[name]


async def test_pages_are_described_and_hashed_like_any_picture(world: World, home: Path) -> None:
    outcomes: list[ComicOutcome] = []
    path = str(make_cbz(home / "a.cbz", PAGES))
    await add_comics(world, [path], ComicImportOptions(), outcomes.append)
    (outcome,) = outcomes
    assert outcome.variant_entity_id is not None
    described = await world.read(list_pages, outcome.variant_entity_id)
    assert {(page.width, page.height) for page in described} == {(40, 60)}
    assert await world.read(count, NeedsMetadataExtractionComponent) == 0


async def test_the_same_archive_again_stays_as_it_is(world: World, home: Path) -> None:
    path = make_cbz(home / "a.cbz", PAGES)
    os.utime(path, (1_500_000_000, 1_500_000_000))
    first = await import_one(world, path)
    before = await world.read(dump)
    again = await import_one(world, path)
    copy = home / "copy.cbz"
    copy.write_bytes(path.read_bytes())
    known = await import_one(world, copy)
    assert (again.status, known.status) == ("unchanged", "known")
    for later in (again, known):
        assert later.variant_entity_id == first.variant_entity_id
        assert later.concept_entity_id == first.concept_entity_id
        assert (later.pages, later.concept_created) == (12, False)
    after = await world.read(dump)
    # The copy is a further place, and its name one more by which the comic is found.
    for table in ("component_original_source_info", "component_search_entry"):
        assert after.pop(table) != before.pop(table)
    assert after == before


async def test_what_the_user_changed_since_is_kept(world: World, home: Path) -> None:
    path = make_cbz(home / "Saga 1.cbz", PAGES)
    first = await import_one(world, path)
    variant, concept = first.variant_entity_id, first.concept_entity_id
    assert variant is not None
    assert concept is not None
    await world.run(page_service.move_page, variant, 12, 1)
    await world.run(page_service.remove_page_at_number, variant, 5)
    await world.run(edit_comic_concept, concept, series_title="Another", issue_number="7")
    before = await world.read(rows_of, variant)
    again = await import_one(world, path)
    assert (again.pages, again.concept_entity_id) == (11, concept)
    assert await world.read(rows_of, variant) == before


@pytest.mark.parametrize(
    ("second", "is_same"),
    [
        ("Saga 001 (2012) (digital)", True),
        ("saga #1 (2012)", True),
        ("Saga 1 (2013)", False),
        ("Saga 2 (2012)", False),
        ("Saga 1.5 (2012)", False),
        ("Sage 1 (2012)", False),
        ("Saga 1", False),
    ],
)
async def test_a_comic_that_is_there_gets_another_variant(
    world: World,
    home: Path,
    second: str,
    is_same: bool,  # noqa: FBT001 - a case's
) -> None:
    one = await import_one(world, make_cbz(home / "Saga 1 (2012).cbz", pages(2)))
    other = await import_one(world, make_cbz(home / f"{second}.cbz", pages(3)))
    assert (other.concept_entity_id == one.concept_entity_id) == is_same
    assert other.concept_created != is_same
    assert one.concept_entity_id is not None
    primary = await world.read(get_primary_variant_for_comic_concept, one.concept_entity_id)
    assert primary == one.variant_entity_id


async def test_a_volume_that_both_name_tells_two_series_apart(world: World, home: Path) -> None:
    said = "<Series>Hulk</Series><Number>{}</Number><Volume>{}</Volume>"
    one = await import_one(world, make_cbz(home / "a.cbz", pages(1), said.format("½", 1999)))
    two = await import_one(world, make_cbz(home / "b.cbz", pages(1), said.format("0.5", 2008)))
    three = await import_one(world, make_cbz(home / "c.cbz", pages(2), said.format("½", 2008)))
    assert one.concept_entity_id != two.concept_entity_id
    assert three.concept_entity_id == two.concept_entity_id


async def test_comic_info_says_what_it_is_and_in_which_order_its_pages_are(
    world: World, home: Path
) -> None:
    info = """
      <Title>Chapter One</Title><Series>Saga</Series><Number>1</Number><Publisher>Image</Publisher>
      <Writer>Brian K. Vaughan, Fiona Staples</Writer><LanguageISO>en-us</LanguageISO>
      <Manga>YesAndRightToLeft</Manga><Mine a="b">kept</Mine>
      <Pages>
        <Page Image="2" Type="FrontCover" Bookmark="start"/><Page Image="0" DoublePage="true"/>
        <Page Image="1"/>
      </Pages>"""
    path = make_cbz(home / "Something else 9.cbz", pages(3), info)
    outcome = await import_one(world, path)
    variant = outcome.variant_entity_id
    assert variant is not None
    assert await page_names(world, variant) == ["page 3.jpg", "page 1.jpg", "page 2.jpg"]
    rows = await world.read(rows_of, variant)
    assert [row[2:] for row in rows["pages"]] == [
        ("FrontCover", False, '{"Bookmark": "start"}'),
        (None, True, None),
        (None, False, None),
    ]
    assert rows["concept"] == ["Saga #1", "Saga", "1", "Image"]
    assert rows["terms"] == [("Writer", "Brian K. Vaughan", 0), ("Writer", "Fiona Staples", 1)]
    assert rows["variant"] == ["en-US", "cbz", None, "rtl"]
    assert ("Mine", '<Mine a="b">kept</Mine>', True) in rows["elements"]


async def test_a_document_that_counts_the_pages_wins_over_the_outermost(
    world: World, home: Path
) -> None:
    inner = {f"in/{name}": content for name, content in pages(2).items()}
    right = document("<Series>Right</Series><PageCount>2</PageCount>").encode()
    wrong = "<Series>Wrong</Series><PageCount>0</PageCount>"
    members = {**inner, "in/comicinfo.xml": right}
    outcome = await import_one(world, make_cbz(home / "a.cbz", members, wrong))
    assert outcome.variant_entity_id is not None
    rows = await world.read(rows_of, outcome.variant_entity_id)
    assert rows["concept"][1] == "Right"


async def test_of_a_damaged_page_the_others_arrive(world: World, home: Path) -> None:
    path = make_cbz(home / "a.cbz", PAGES)
    damage(path, PAGES["page 2.jpg"])
    os.utime(path, (1_500_000_000, 1_500_000_000))
    outcome = await import_one(world, path)
    assert [page.name for page in outcome.failed_pages] == ["page 2.jpg"]
    assert outcome.failed_pages[0].error == "unreadable member 'page 2.jpg': its checksum is wrong"
    assert outcome.is_failure
    assert await page_names(world, outcome.variant_entity_id) == [
        n for n in NAMES if n != "page 2.jpg"
    ]
    again = await import_one(world, path)
    assert (again.status, again.pages) == ("unchanged", 11)
    assert again.failed_pages == outcome.failed_pages
    (failure,) = await world.read(list_failures)
    assert (failure.entity_id, failure.system) == (outcome.variant_entity_id, "import_comic")
    assert (failure.error, failure.attempts) == ("LostPagesError", 2)
    assert await retry(world) == Retried(marked=1)
    assert (await process_service.process(world)).failed == 1
    (failure,) = await world.read(list_failures)
    assert (failure.error, failure.attempts) == ("LostPagesError", 3)
    assert failure.message == (
        "page page 2.jpg could not be read: unreadable member 'page 2.jpg': its checksum is wrong"
    )


async def test_of_an_unreadable_document_the_comic_arrives(world: World, home: Path) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><ComicInfo><Series>&a;</Series></ComicInfo>'
    path = make_cbz(home / "Saga 1.cbz", {**pages(2), "ComicInfo.xml": bomb})
    outcome = await import_one(world, path)
    assert (outcome.status, outcome.pages) == ("added", 2)
    assert outcome.error == "ForbiddenXmlError"
    assert outcome.message is not None
    assert outcome.message.startswith("ComicInfo.xml has a document type declaration")


async def test_a_malformed_document_is_used_and_that_is_told(world: World, home: Path) -> None:
    malformed = b"<comicinfo><series>Stars & Stripes</series><number>3</number></comicinfo>\0"
    path = make_cbz(home / "Saga 1.cbz", {**pages(2), "ComicInfo.xml": malformed + b"junk"})
    outcome = await import_one(world, path)
    assert (outcome.status, outcome.pages, outcome.is_failure) == ("added", 2, False)
    assert outcome.message is not None
    assert outcome.message.startswith("its ComicInfo.xml was mended: ")
    assert "\n" not in outcome.message
    assert outcome.variant_entity_id is not None
    rows = await world.read(rows_of, outcome.variant_entity_id)
    assert rows["concept"][1:3] == ["Stars & Stripes", "3"]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"no archive", "NotAnArchiveError"),
        (b"", "NotAnArchiveError"),
        (b"PK\x05\x06" + bytes(18), "NoPagesError"),
    ],
)
async def test_what_is_no_comic_is_a_named_failure_and_the_next_one_arrives(
    world: World, home: Path, content: bytes, error: str
) -> None:
    bad = home / "bad.cbz"
    bad.write_bytes(content)
    good = make_cbz(home / "good.cbz", pages(1))
    first, second = await import_all(world, bad, good, mode="move")
    assert (first.status, first.error, first.variant_entity_id) == ("failed", error, None)
    assert second.status == "added"
    assert await world.read(count, ComicBookVariantComponent) == 1
    assert (bad.exists(), good.exists()) == (True, False)
    assert len(list(world.resources.get(FileOperationsResource).store.entries())) == 1


async def test_pages_that_are_no_pictures_are_told_and_stay_pages(world: World, home: Path) -> None:
    members = {**pages(2), "page 3.jpg": b"words", "page 4.jpg": b"text"}
    outcome = await import_one(world, make_cbz(home / "a.cbz", members))
    assert (outcome.status, outcome.pages, outcome.failed_pages) == ("added", 4, ())
    assert outcome.message == "2 pages are not pictures, judging by content; the first: page 3.jpg"


async def test_pages_that_are_all_damaged_leave_no_comic(world: World, home: Path) -> None:
    members = pages(2)
    path = make_cbz(home / "a.cbz", members)
    for content in members.values():
        damage(path, content)
    outcome = await import_one(world, path)
    assert (outcome.status, outcome.error) == ("failed", "PagesUnreadableError")
    assert outcome.message == (
        "cannot read any of its 2 pages: unreadable member 'page 1.jpg': its checksum is wrong"
    )
    assert [page.name for page in outcome.failed_pages] == ["page 1.jpg", "page 2.jpg"]
    assert await world.read(count, PageLink) == 0


async def test_extracted_pages_are_stored_on_their_own(world: World, home: Path) -> None:
    outcome = await import_one(world, make_cbz(home / "a.cbz", pages(20)), is_extracted=True)
    store = world.resources.get(FileOperationsResource).store
    assert len(list(store.entries())) == 21
    places = await world.read(storages)
    assert places == ["store"] * 21
    assert outcome.pages == 20


async def test_pages_of_a_comic_that_is_there_are_extracted(world: World, home: Path) -> None:
    path = make_cbz(home / "a.cbz", {**PAGES, "again.jpg": PAGES["page 2.jpg"]})
    first = await import_one(world, path)
    assert await world.read(storages) == ["archive"] * 13 + ["store"]
    again = await import_one(world, path, is_extracted=True)
    assert (again.variant_entity_id, again.failed_pages) == (first.variant_entity_id, ())
    assert await world.read(storages) == ["store"] * 13
    assert again.variant_entity_id is not None
    pages = await world.read(page_service.get_ordered_pages, again.variant_entity_id)
    places = await world.read(content_service.locate, pages)
    store = world.resources.get(FileOperationsResource).store
    assert all(store.contains(place.digest) for place in places.values())


async def test_a_page_leaves_its_archive_only_for_stored_bytes_that_are_right(
    world: World, home: Path, add: Add
) -> None:
    loose = home / "loose.jpg"
    loose.write_bytes(PAGES["page 2.jpg"])
    asset = await add(loose)
    store = world.resources.get(FileOperationsResource).store
    content = (await world.read(content_service.locate, [asset]))[asset]
    rotten = store.local_path(content.digest)
    rotten.chmod(0o600)
    rotten.write_bytes(bytes(len(PAGES["page 2.jpg"])))
    rotten.chmod(0o400)
    outcome = await import_one(world, make_cbz(home / "a.cbz", PAGES), is_extracted=True)
    assert (outcome.error, outcome.failed_pages) == (None, ())
    content = (await world.read(content_service.locate, [asset]))[asset]
    assert (content.is_stored, content.members) == (True, ())
    with local_file(store, content) as path:
        assert path.read_bytes() == PAGES["page 2.jpg"]


async def storages(session: AsyncSession) -> list[str]:
    return sorted(await session.scalars(select(FileLocationComponent.storage)))


async def test_a_picture_that_is_there_becomes_the_page(world: World, home: Path, add: Add) -> None:
    loose = home / "loose.jpg"
    loose.write_bytes(PAGES["page 2.jpg"])
    asset = await add(loose)
    outcome = await import_one(world, make_cbz(home / "a.cbz", PAGES))
    assert outcome.variant_entity_id is not None
    images = await world.read(page_service.get_ordered_pages, outcome.variant_entity_id)
    assert images[1] == asset
    assert await world.read(storages) == ["archive"] * 12 + ["store"] * 2


async def test_a_repeated_page_is_one_asset_that_stands_twice(world: World, home: Path) -> None:
    blank = picture(99)
    members = {"1.jpg": blank, "2.jpg": picture(1), "3.jpg": blank}
    outcome = await import_one(world, make_cbz(home / "a.cbz", members))
    assert outcome.variant_entity_id is not None
    first, second, third = await world.read(
        page_service.get_ordered_pages, outcome.variant_entity_id
    )
    assert first == third != second
    assert await page_names(world, outcome.variant_entity_id) == ["1.jpg", "2.jpg", "3.jpg"]


async def test_a_concept_that_was_named_takes_them_all(world: World, home: Path) -> None:
    first = await import_one(world, make_cbz(home / "Saga 1.cbz", pages(1)))
    concept = first.concept_entity_id
    paths = [make_cbz(home / f"x{n}.cbz", pages(n)) for n in (2, 3)]
    outcomes = await import_all(world, *paths, concept_entity_id=concept)
    assert [outcome.concept_entity_id for outcome in outcomes] == [concept, concept]
    with pytest.raises(EntityNotFoundError):
        await import_all(world, *paths, concept_entity_id=999)


async def test_a_plan_says_what_would_be_and_writes_nothing(world: World, home: Path) -> None:
    first = await import_one(world, make_cbz(home / "Saga 1 (2012).cbz", pages(1)))
    paths = [make_cbz(home / f"Saga {n} (2012) (x).cbz", pages(4)) for n in (1, 2)]
    folder = home / "folder"
    folder.mkdir()
    (folder / "1.jpg").write_bytes(picture(1))
    before = await world.read(dump)
    one, two, three = await import_all(world, *paths, folder, is_dry_run=True)
    assert (one.concept_entity_id, one.concept_created) == (first.concept_entity_id, False)
    assert (two.concept_entity_id, two.concept_created, two.pages) == (None, True, 4)
    assert (three.status, three.variant_entity_id, three.pages) == ("added", None, 1)
    assert await world.read(dump) == before


async def test_a_referenced_archive_serves_its_pages_in_place(world: World, home: Path) -> None:
    path = make_cbz(home / "a.cbz", PAGES)
    outcome = await import_one(world, path, mode="reference")
    await process_service.process(world)
    described = await world.read(list_pages, outcome.variant_entity_id or 0)
    assert [page.name for page in described if page.width] == NAMES
    assert list(world.resources.get(FileOperationsResource).store.entries()) == []


async def test_two_who_import_one_work_at_once_find_one_concept(
    world: World, home: Path, database_url: str
) -> None:
    paths = [make_cbz(home / f"Saga 1 (2012) ({n}).cbz", pages(n)) for n in range(1, 9)]
    other = await build_world(world_config(database_url, worker_kind="thread"), plugins=False)
    try:
        both = await asyncio.gather(import_all(world, *paths), import_all(other, *paths))
    finally:
        await other.close()
    outcomes = [outcome for outcomes in both for outcome in outcomes]
    assert {outcome.status for outcome in outcomes} <= {"added", "known", "unchanged"}
    assert len({outcome.concept_entity_id for outcome in outcomes}) == 1
    assert sum(outcome.concept_created for outcome in outcomes) == 1
    assert await world.read(count, ComicBookConceptComponent) == 1
    assert await world.read(count, ComicBookVariantComponent) == 8
    assert await world.read(count, PageLink) == sum(range(1, 9))
