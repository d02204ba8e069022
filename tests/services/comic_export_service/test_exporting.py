"""Comics out: the same bytes for the same rows, and in again as they were."""

import errno
import io
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.errors import (
    ComicTargetFormatError,
    ComicTargetTakenError,
    DamError,
    NothingToExportError,
    OutputFolderError,
    PageExportError,
)
from dam.media.comic.info import ComicInfo, ComicInfoElement, ComicInfoPage
from dam.media.comic.info_xml import parse_comic_info
from dam.services import page_service, process_service
from dam.services.comic_book_service import (
    create_comic_book_concept,
    get_comic_concept_for_variant,
    link_comic_variant_to_concept,
    remove_page_at_number_from_comic_variant,
)
from dam.services.comic_edit_service import VariantView, edit_comic, view_comic
from dam.services.comic_export_service import ConvertedPage, export_comic
from dam.services.ecs_service import create_entity
from tests.faults.state import names_below
from tests.services.comic_files import (
    damage,
    document,
    import_one,
    make_cbz,
    pages,
    picture,
    picture_like,
    rows_of,
)
from tests.services.conftest import Add

INFO = """
  <Title>Chapter &lt;One&gt;</Title><Series>Saga</Series><Number>1</Number><Count>54</Count>
  <Volume>2012</Volume><Summary>War &amp; peace</Summary><Notes>ours</Notes>
  <Year>2012</Year><Month>3</Month><Day>14</Day>
  <Writer>Brian K. Vaughan, Fiona Staples</Writer><Genre>Space opera, Fantasy</Genre>
  <Publisher>Image</Publisher><Imprint>Vertigo</Imprint><PageCount>3</PageCount>
  <LanguageISO>en</LanguageISO><Format>Ongoing</Format><Manga>YesAndRightToLeft</Manga>
  <StoryArc>One</StoryArc><AgeRating>Mature 17+</AgeRating>
  <ScanInformation>Zone</ScanInformation>
  <Mine a="b">kept <b>whole</b></Mine>
  <Pages>
    <Page Image="2" Type="FrontCover" Bookmark="start"/><Page Image="0" DoublePage="true"/>
    <Page Image="1" ImageSize="12"/>
  </Pages>"""

FACTS = {
    "name": "Saga #1 (2012)",
    "series_title": "Saga",
    "comic_title": "Chapter <One>",
    "issue_number": "1",
    "issue_count": 54,
    "volume": 2012,
    "description": "War & peace",
    "publication_year": 2012,
    "publication_month": 3,
    "publication_day": 14,
    "publisher": "Image",
    "imprint": "Vertigo",
    "age_rating": "Mature 17+",
    "language": "en",
    "format": "cbz",
    "scan_group": "Zone",
    "scan_quality": None,
    "reading_direction": "rtl",
    "variant_description": None,
}


async def imported(world: World, path: Path) -> EntityId:
    outcome = await import_one(world, path)
    await process_service.process(world)
    assert outcome.variant_entity_id is not None, outcome
    return outcome.variant_entity_id


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


async def test_two_exports_are_the_same_bytes_and_the_pages_too(world: World, home: Path) -> None:
    mine = pages(11)
    variant = await imported(world, make_cbz(home / "a.cbz", mine))
    done = await export_comic(world, variant, home / "one.cbz")
    assert (done.format, done.pages, done.path) == ("cbz", 11, home / "one.cbz")
    os.utime(home / "a.cbz")
    await export_comic(world, variant, home / "two.cbz")
    assert (home / "one.cbz").read_bytes() == (home / "two.cbz").read_bytes()
    found = members(home / "one.cbz")
    assert list(found) == [f"{n:03}.jpg" for n in range(1, 12)] + ["ComicInfo.xml"]
    assert list(found.values())[:-1] == list(mine.values())
    assert (home / "one.cbz").stat().st_mode & 0o777 == 0o644 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


async def test_in_out_and_in_again_gives_the_same_rows_and_the_same_document(
    world: World, home: Path
) -> None:
    first = await imported(world, make_cbz(home / "a.cbz", pages(3), INFO))
    await export_comic(world, first, home / "b.cbz")
    rows = await world.read(rows_of, first)
    assert {name: value for name, value in rows["facts"] if name in FACTS} == FACTS
    concept = await world.read(get_comic_concept_for_variant, first)
    assert concept is not None
    await world.run(edit_comic, concept, {"series_title": "Another", "comic_title": "Another"})
    second = await imported(world, home / "b.cbz")
    assert second != first
    assert await world.read(get_comic_concept_for_variant, second) != concept
    assert await world.read(rows_of, second) == rows
    await export_comic(world, second, home / "c.cbz")
    assert (home / "b.cbz").read_bytes() == (home / "c.cbz").read_bytes()
    original = parse_comic_info(document(INFO).encode())
    again = parse_comic_info(members(home / "b.cbz")["ComicInfo.xml"])
    assert again.elements == original.elements
    assert [(page.page_type, page.is_double_page, page.attributes) for page in again.pages] == [
        (page.page_type, page.is_double_page, page.attributes) for page in original.pages
    ]
    assert [page.image_index for page in again.pages] == [0, 1, 2]


WRONG = [
    "<Title>T</Title><PageCount>30</PageCount>",
    "<Title>T</Title><PageCount>-1</PageCount><Mine />",
    """<Title>T</Title><Pages><Page Image="0" Type="Other" Bookmark="x" /><Page /></Pages>""",
    """<Title>T</Title><Pages kind="x"><Page Image="1" /></Pages><PageCount>3</PageCount>""",
]


async def test_a_document_that_names_no_comic_goes_out_with_the_name(
    world: World, home: Path
) -> None:
    path = home / "Saga 007 (2001).cbz"
    variant = await imported(world, make_cbz(path, pages(2), "<Writer>Ann</Writer>"))
    await export_comic(world, variant, home / "out.cbz")
    again = await imported(world, home / "out.cbz")
    concepts = [await world.read(get_comic_concept_for_variant, one) for one in (variant, again)]
    assert concepts[0] == concepts[1]
    info = parse_comic_info(members(home / "out.cbz")["ComicInfo.xml"])
    assert [(element.name, element.value) for element in info.elements] == [
        ("Title", "Saga #007"),
        ("Series", "Saga"),
        ("Number", "007"),
        ("Year", "2001"),
        ("Writer", "Ann"),
    ]


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_a_document_said_wrongly_of_its_pages_stays_until_they_change(
    world: World, home: Path, wrong: str
) -> None:
    first = await imported(world, make_cbz(home / "a.cbz", pages(3), wrong))
    await world.run(edit_comic, first, {"Notes": "edited"})
    (home / "out").mkdir()
    exported = home / "out/a.cbz"  # the name, too, says what a document does not
    await export_comic(world, first, exported)
    info = parse_comic_info(members(exported)["ComicInfo.xml"])
    original = parse_comic_info(document(wrong).encode())
    kept = tuple(element for element in info.elements if element.name != "Notes")
    assert (kept, info.pages) == (original.elements, original.pages)
    second = await imported(world, exported)
    assert await world.read(rows_of, second) == await world.read(rows_of, first)
    view = await world.read(view_comic, first)
    assert isinstance(view, VariantView)
    assert "#pages" not in view.comic_info

    await world.run(remove_page_at_number_from_comic_variant, first, 2)
    await export_comic(world, first, home / "c.cbz")
    changed = parse_comic_info(members(home / "c.cbz")["ComicInfo.xml"])
    said = {element.name: element.value for element in changed.elements}
    assert "Pages" not in said
    assert said.get("PageCount") == ("2" if "PageCount" in wrong else None)
    assert changed.pages == ()


@pytest.mark.parametrize(
    "own",
    [
        """<Pages><Page Image="2" Type="BackCover" /></Pages>""",
        """<Pages><Page Image="2" /><Page Image="0" Type="FrontCover" /></Pages>""",
        "<Pages />",
    ],
)
async def test_a_page_list_with_gaps_stays_until_something_changes_of_the_pages(
    world: World, home: Path, own: str
) -> None:
    first = await imported(world, make_cbz(home / "a.cbz", pages(3), f"<Title>T</Title>{own}"))
    (home / "out").mkdir()
    await export_comic(world, first, home / "out/a.cbz")
    exported = parse_comic_info(members(home / "out/a.cbz")["ComicInfo.xml"])
    assert exported == parse_comic_info(document(f"<Title>T</Title>{own}").encode())
    second = await imported(world, home / "out/a.cbz")
    assert await world.read(rows_of, second) == await world.read(rows_of, first)

    said = await world.read(page_service.get_pages, first)
    await world.run(page_service.set_pages, first, [*said[:2], replace(said[2], page_type="Other")])
    await export_comic(world, first, home / "b.cbz")
    changed = parse_comic_info(members(home / "b.cbz")["ComicInfo.xml"])
    assert [page.image_index for page in changed.pages] == [0, 1, 2]
    assert changed.pages[2].page_type == "Other"


async def test_a_page_that_could_not_be_read_is_not_counted(world: World, home: Path) -> None:
    mine = pages(2)
    said = """<PageCount>2</PageCount><Pages><Page Image="1" Type="Story" /></Pages>"""
    path = make_cbz(home / "a.cbz", mine, said)
    damage(path, mine["page 2.jpg"])
    variant = await imported(world, path)
    await export_comic(world, variant, home / "b.cbz")
    found = members(home / "b.cbz")
    assert list(found) == ["001.jpg", "ComicInfo.xml"]
    info = parse_comic_info(found["ComicInfo.xml"])
    assert info.text("PageCount") == "1"
    assert info.pages == (ComicInfoPage(0),)


async def test_a_page_of_which_something_is_said_makes_a_list_of_its_own(
    world: World, home: Path
) -> None:
    variant = await imported(world, make_cbz(home / "a.cbz", pages(2), WRONG[2]))
    await world.run(
        page_service.change_page, variant, 2, page_type="BackCover", is_double_page=False
    )
    await export_comic(world, variant, home / "b.cbz")
    info = parse_comic_info(members(home / "b.cbz")["ComicInfo.xml"])
    assert info == ComicInfo(
        (ComicInfoElement("Title", "T"), ComicInfoElement("Pages", "")),
        (ComicInfoPage(0), ComicInfoPage(1, "BackCover")),
    )


async def test_names_say_what_the_content_is(world: World, home: Path) -> None:
    mine = {
        "1.jpg": picture(1, "PNG"),
        "2.png": picture(2, "WEBP"),
        "3.webp": picture(3),
    }
    variant = await imported(world, make_cbz(home / "a.cbz", mine))
    await export_comic(world, variant, home / "b.cbz")
    assert list(members(home / "b.cbz")) == ["001.png", "002.webp", "003.jpg", "ComicInfo.xml"]


async def test_pages_go_out_in_the_order_of_now(world: World, home: Path) -> None:
    mine = pages(4)
    variant = await imported(world, make_cbz(home / "a.cbz", mine, "<PageCount>4</PageCount>"))
    await world.run(page_service.move_page, variant, 4, 1)
    await world.run(remove_page_at_number_from_comic_variant, variant, 2)
    await export_comic(world, variant, home / "b.cbz")
    found = members(home / "b.cbz")
    wanted = [mine[f"page {n}.jpg"] for n in (4, 2, 3)]
    assert list(found.values())[:3] == wanted
    assert b"<PageCount>3</PageCount>" in found["ComicInfo.xml"]


async def test_a_folder_takes_the_same_files(world: World, home: Path) -> None:
    variant = await imported(world, make_cbz(home / "a.cbz", pages(3), INFO))
    await export_comic(world, variant, home / "b.cbz")
    done = await export_comic(world, variant, home / "folder")
    assert done.format == "folder"
    written = {path.name: path.read_bytes() for path in (home / "folder").iterdir()}
    assert written == members(home / "b.cbz")


async def test_pages_that_were_files_keep_their_times(world: World, home: Path) -> None:
    (home / "comic").mkdir()
    for number in (1, 2):
        page = home / "comic" / f"{number}.jpg"
        page.write_bytes(picture(number))
        os.utime(page, (number * 100_000_000,) * 2)
    variant = await imported(world, home / "comic")
    await export_comic(world, variant, home / "out")
    times = {path.name: path.stat().st_mtime for path in (home / "out").glob("*.jpg")}
    assert times == {"001.jpg": 100_000_000, "002.jpg": 200_000_000}


async def test_a_pdf_holds_the_pictures_as_they_are(world: World, home: Path) -> None:
    pikepdf = pytest.importorskip("pikepdf")
    mine = pages(3) | {"page 4.png": picture_like(picture(9, "PNG"), "PNG")}
    variant = await imported(world, make_cbz(home / "a.cbz", mine, INFO))
    for name in ("one.pdf", "two.pdf"):
        await export_comic(world, variant, home / name)
    written = (home / "one.pdf").read_bytes()
    assert written == (home / "two.pdf").read_bytes()
    assert all(mine[f"page {n}.jpg"] in written for n in (1, 2, 3))
    with pikepdf.open(home / "one.pdf") as pdf:
        assert len(pdf.pages) == 4
        assert b"<Series>Saga</Series>" in pdf.attachments["ComicInfo.xml"].get_file().read_bytes()


async def test_one_page_that_a_pdf_cannot_hold_is_converted_and_told(
    world: World, home: Path
) -> None:
    pikepdf = pytest.importorskip("pikepdf")
    content = io.BytesIO()
    Image.new("RGBA", (60, 90), (200, 10, 10, 100)).save(content, "WEBP")
    mine = pages(2) | {"page 3.webp": content.getvalue()}
    variant = await imported(world, make_cbz(home / "a.cbz", mine))
    done = await export_comic(world, variant, home / "a.pdf")
    assert done.converted == (ConvertedPage(3, "WEBP"),)
    with pikepdf.open(home / "a.pdf") as pdf:
        assert len(pdf.pages) == 3
    assert (await export_comic(world, variant, home / "b.cbz")).converted == ()


NO_PICTURE = b"RIFF\x20\0\0\0WEBPVP8 " + bytes(20)


async def test_a_picture_that_cannot_be_decoded_keeps_its_place_in_a_pdf(
    world: World, home: Path
) -> None:
    pikepdf = pytest.importorskip("pikepdf")
    mine = {"a.jpg": picture(1), "b é.webp": NO_PICTURE, "c.jpg": picture(2)}
    variant = await imported(world, make_cbz(home / "a.cbz", mine))

    done = await export_comic(world, variant, home / "a.pdf")

    (failed,) = done.failed_pages
    assert (failed.page_number, failed.name) == (2, "b é.webp")
    assert failed.error == "UnreadablePictureError"
    assert failed.message.startswith("unreadable WEBP picture: ")
    with pikepdf.open(home / "a.pdf") as pdf:
        pictures = [len(page.get_images()) for page in pdf.pages]
        text = pdf.pages[1].Contents.read_bytes()
    assert pictures == [1, 0, 1]
    for shown in ("002.webp", "b é.webp", "unreadable WEBP picture"):
        assert shown.encode("cp1252").hex().encode() in text
    await export_comic(world, variant, home / "b.pdf")
    assert (home / "a.pdf").read_bytes() == (home / "b.pdf").read_bytes()
    done = await export_comic(world, variant, home / "b.cbz")
    assert done.failed_pages == ()
    assert members(home / "b.cbz")["002.webp"] == NO_PICTURE


async def test_a_torn_picture_is_in_a_pdf_as_far_as_it_goes(world: World, home: Path) -> None:
    pikepdf = pytest.importorskip("pikepdf")
    whole = picture(1, "PNG")
    variant = await imported(
        world, make_cbz(home / "a.cbz", {"a.png": whole[: len(whole) // 2], "b.jpg": picture(2)})
    )

    done = await export_comic(world, variant, home / "a.pdf")

    (failed,) = done.failed_pages
    assert (failed.page_number, failed.error) == (1, "TornPictureError")
    assert failed.message.endswith("% of it is missing")
    with pikepdf.open(home / "a.pdf") as pdf:
        assert [len(page.get_images()) for page in pdf.pages] == [1, 1]


async def test_a_pdf_that_would_show_no_picture_is_not_written(world: World, home: Path) -> None:
    pytest.importorskip("pikepdf")
    mine = {"a.webp": NO_PICTURE, "b.webp": NO_PICTURE + b"\0"}
    variant = await imported(world, make_cbz(home / "a.cbz", mine))
    before = names_below(home)

    with pytest.raises(PageExportError) as caught:
        await export_comic(world, variant, home / "a.pdf")

    assert caught.value.message.startswith("page 1: unreadable WEBP picture: ")
    assert names_below(home) == before


def test_exports_to_archives_and_folders_need_no_extra() -> None:
    script = (
        "import sys\n"
        "for name in ('PIL', 'numpy', 'img2pdf', 'pikepdf'): sys.modules[name] = None\n"
        "import dam.services.comic_export_service\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


async def test_a_comic_made_by_hand_says_what_is_known_of_it(
    world: World, home: Path, add: Add
) -> None:
    loose = home / "loose.jpg"
    loose.write_bytes(picture(1))
    image = await add(loose)

    async def make(session: AsyncSession) -> EntityId:
        concept = await create_comic_book_concept(
            session, "One", "Saga", "1", 2012, publisher="Image"
        )
        variant = await create_entity(session)
        await link_comic_variant_to_concept(session, variant, concept, language="fr")
        await page_service.assign_page(session, variant, image, 7, page_type="FrontCover")
        return variant

    await export_comic(world, await world.run(make), home / "b.cbz")
    found = members(home / "b.cbz")
    assert found["001.jpg"] == picture(1)
    info = parse_comic_info(found["ComicInfo.xml"])
    assert {item.name: item.value for item in info.elements if item.value} == {
        "Title": "One",
        "Series": "Saga",
        "Number": "1",
        "Year": "2012",
        "Publisher": "Image",
        "LanguageISO": "fr",
    }
    assert [(page.image_index, page.page_type) for page in info.pages] == [(0, "FrontCover")]


async def test_progress_is_told_page_by_page(world: World, home: Path) -> None:
    variant = await imported(world, make_cbz(home / "a.cbz", pages(3)))
    told: list[tuple[int, int]] = []
    await export_comic(
        world, variant, home / "b.cbz", lambda done, total: told.append((done, total))
    )
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("name", ["b.cbz", "b.pdf", "b"])
async def test_nothing_is_ever_overwritten(world: World, home: Path, name: str) -> None:
    variant = await imported(world, make_cbz(home / "a.cbz", pages(1)))
    (home / name).write_text("mine")
    with pytest.raises(ComicTargetTakenError) as caught:
        await export_comic(world, variant, home / name)
    assert str(caught.value) == f"{home}/{name} already exists"
    assert (home / name).read_text() == "mine"


@pytest.mark.parametrize("name", ["b.cbz", "b.pdf", "b"])
async def test_what_cannot_be_read_ends_the_export_and_leaves_nothing(
    world: World, home: Path, name: str
) -> None:
    path = make_cbz(home / "a.cbz", pages(3))
    outcome = await import_one(world, path, mode="reference")
    path.write_bytes(path.read_bytes() + b"changed")
    before = names_below(home)
    with pytest.raises(PageExportError) as caught:
        await export_comic(world, outcome.variant_entity_id or 0, home / name)
    assert str(caught.value).startswith(f"page 1: {path} changed after it was added")
    assert names_below(home) == before


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("b.cbr", ComicTargetFormatError, "cannot write a comic as .cbr; expected"),
        ("absent/b.cbz", OutputFolderError, "cannot write to {home}/absent: no such file"),
    ],
)
async def test_a_target_that_cannot_be_is_said_so(
    world: World, home: Path, name: str, kind: type[DamError], message: str
) -> None:
    variant = await imported(world, make_cbz(home / "a.cbz", pages(1)))
    for is_dry_run in (True, False):
        with pytest.raises(kind) as caught:
            await export_comic(world, variant, home / name, is_dry_run=is_dry_run)
    assert str(caught.value).startswith(message.format(home=home))


@pytest.mark.parametrize("free_bytes", [0, 8192])
@pytest.mark.parametrize("name", ["b.cbz", "b.pdf", "b"])
async def test_a_full_disk_is_the_fault_of_the_folder_and_leaves_nothing(
    world: World, home: Path, other_file_system: Path, name: str, free_bytes: int
) -> None:
    variant = await imported(world, make_cbz(home / "a.cbz", pages(12)))
    room = os.statvfs(other_file_system)
    filler = other_file_system / "filler"
    filler.write_bytes(bytes(room.f_bavail * room.f_frsize - free_bytes))
    with pytest.raises(OutputFolderError) as caught:
        await export_comic(world, variant, other_file_system / name)
    assert caught.value.errno == errno.ENOSPC
    assert names_below(other_file_system) == ["filler"]


async def test_a_variant_without_pages_is_not_written(world: World, home: Path) -> None:
    variant = await imported(world, make_cbz(home / "a.cbz", {}, "<Series>Saga</Series>"))
    with pytest.raises(NothingToExportError) as caught:
        await export_comic(world, variant, home / "b.cbz")
    assert caught.value.message == f"variant {variant} has no pages"


async def test_a_plan_writes_nothing(world: World, home: Path) -> None:
    variant = await imported(world, make_cbz(home / "a.cbz", pages(2)))
    before = names_below(home)
    planned = await export_comic(world, variant, home / "b.cbz", is_dry_run=True)
    assert (planned.pages, planned.format) == (2, "cbz")
    assert names_below(home) == before


@pytest.mark.parametrize("name", ["out.cbz", "out.pdf", "out"])
async def test_a_folder_that_is_swapped_meanwhile_gets_all_and_the_other_one_nothing(
    world: World, home: Path, name: str
) -> None:
    comic = await import_one(world, make_cbz(home / "a.cbz", pages(2)))
    assert comic.variant_entity_id is not None
    shelf, other, away = home / "shelf", home / "other", home / "away"
    shelf.mkdir()
    other.mkdir()

    def swap(done: int, _: int) -> None:
        if done == 1:
            shelf.rename(away)
            shelf.symlink_to(other)

    await export_comic(world, comic.variant_entity_id, shelf / name, swap)

    assert list(other.iterdir()) == []
    assert [path.name for path in away.iterdir()] == [name]
