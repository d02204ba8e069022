"""Assets that lie in archives alone: what is done with any other is done with them."""

import hashlib
import io
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.models import ImageDimensionsComponent, ImagePerceptualPHashComponent
from dam.services import content_service, ecs_service
from dam.services.asset_service import describe_entities
from dam.services.comic_book_service import get_ordered_pages_for_comic_variant
from dam.services.comic_import_service import ComicImportOptions, ComicOutcome, import_comics
from dam.services.content_service import ShownLocation
from dam.services.digest_service import find_by_digest, parse_digest
from dam.services.export_service import export_assets
from dam.services.file_operations import FileOperationsResource
from dam.services.integrity_service import verify
from dam.services.process_service import process
from dam.services.removal_service import Refusal, remove_assets
from dam.services.thumbnail_service import find_thumbnails
from dam.storage.content_store import ImportMode, StoredFile
from dam.storage.contents.located import LocatedContent
from dam.storage.paths import path_digest
from dam.tasks.archives import ArchiveContents, ArchivePage, MemberFailure
from tests.media.archive_files import flipped, stop_program, write_7z_asking_for, write_zip
from tests.media.drawing import landscape
from tests.services.comic_files import import_one


def _picture(seed: int) -> bytes:
    file = io.BytesIO()
    landscape((320, 240), seed).save(file, "JPEG")
    return file.getvalue()


NAMES = ["1.jpg", "2.jpg", "10.jpg"]
PICTURES = {name: _picture(number) for number, name in enumerate(NAMES)}
DIGESTS = [hashlib.sha256(PICTURES[name]).digest() for name in NAMES]


@dataclass(frozen=True)
class Comic:
    path: Path
    variant: EntityId
    pages: list[EntityId]


async def add_comic(world: World, path: Path, mode: ImportMode = "reference") -> Comic:
    """Import a comic; what is to be done for its pages stays to be done."""
    outcomes: list[ComicOutcome] = []
    await import_comics(world, [str(path)], ComicImportOptions(mode=mode), outcomes.append)
    (outcome,) = outcomes
    assert outcome.variant_entity_id is not None
    pages = await world.read(get_ordered_pages_for_comic_variant, outcome.variant_entity_id)
    return Comic(path, outcome.variant_entity_id, pages)


@pytest.fixture
def archive(home: Path) -> Path:
    return write_zip(home / "comic.cbz", PICTURES | {"ComicInfo.xml": b"<ComicInfo/>"})


@pytest.fixture
async def comic(world: World, archive: Path) -> Comic:
    return await add_comic(world, archive)


async def located(world: World, entity_id: EntityId) -> LocatedContent:
    return (await world.read(content_service.locate, [entity_id]))[entity_id]


async def test_an_archive_is_read_and_each_page_hashed(world: World, comic: Comic) -> None:
    files = world.resources.get(FileOperationsResource)
    reading = await files.read_archive(await located(world, comic.variant))
    assert reading == ArchiveContents(
        format="cbz",
        pages=tuple(
            ArchivePage(
                name=name,
                raw_name=name.encode(),
                size_bytes=len(PICTURES[name]),
                sha256=digest,
                extra_digests={},
                is_picture=True,
            )
            for name, digest in zip(NAMES, DIGESTS, strict=True)
        ),
        comic_infos=(b"<ComicInfo/>",),
    )


async def test_a_page_that_cannot_be_read_is_named_in_its_place(world: World, home: Path) -> None:
    path = write_zip(home / "comic.cbz", PICTURES, method=0)
    path.write_bytes(flipped(path.read_bytes(), PICTURES["2.jpg"]))
    comic = await add_comic(world, path)
    files = world.resources.get(FileOperationsResource)
    reading = await files.read_archive(await located(world, comic.variant))
    assert isinstance(reading, ArchiveContents)
    assert [page.name for page in reading.pages] == NAMES
    failed = [page for page in reading.pages if isinstance(page, MemberFailure)]
    assert [page.error.message for page in failed] == [
        "unreadable member '2.jpg': its checksum is wrong"
    ]
    assert len(comic.pages) == 2


async def test_what_is_no_archive_is_an_answer_not_a_crash(world: World, home: Path) -> None:
    (home / "a").write_bytes(b"words")
    store = world.resources.get(FileOperationsResource)
    store.store.make()
    content = LocatedContent(digest=store.store.put(home / "a", "copy").sha256, is_stored=True)
    answer = await store.read_archive(content)
    assert isinstance(answer, Exception)
    assert str(answer) == (
        "a file of type text/plain is not an archive; expected zip, rar, 7z or tar"
    )


async def test_a_worker_has_the_memory_for_the_largest_dictionary(world: World, home: Path) -> None:
    files = world.resources.get(FileOperationsResource)
    files.store.make()
    path = write_7z_asking_for(home / "a", 34)
    content = LocatedContent(digest=files.store.put(path, "copy").sha256, is_stored=True)
    reading = await files.read_archive(content)
    assert isinstance(reading, ArchiveContents)
    assert [type(page) for page in reading.pages] == [ArchivePage]


@pytest.mark.corpus
async def test_an_archive_whose_program_was_killed_is_read_by_the_next_import(
    world: World, corpus: Path, home: Path
) -> None:
    path = corpus / "comics/comicbox/Captain Science #001-cix-cbi.cbr"
    with pytest.MonkeyPatch.context() as patch:
        stop_program(home, patch, "kill -KILL $$")
        killed = await import_one(world, path)
    assert (killed.status, killed.error) == ("failed", "UnpackerStoppedError")
    again = await import_one(world, path)
    assert (again.status, again.pages, again.error) == ("added", 5, None)


async def test_members_are_stored_on_their_own(world: World, comic: Comic) -> None:
    files = world.resources.get(FileOperationsResource)
    files.store.make()
    raw_names = [name.encode() for name in [*NAMES, "none.jpg"]]
    *stored, missing = await files.store_members(await located(world, comic.variant), raw_names)
    assert [item.sha256 for item in stored if isinstance(item, StoredFile)] == DIGESTS
    assert str(missing) == "the archive has no member 'none.jpg'"
    assert all(files.store.contains(digest) for digest in DIGESTS)


async def test_what_members_were_unpacked_to_is_removed(world: World, comic: Comic) -> None:
    files = world.resources.get(FileOperationsResource)
    files.store.make()
    raw_names = [name.encode() for name in ["none.jpg", *NAMES, "none.jpg", NAMES[0]]]
    content = await located(world, comic.variant)

    done = await files.store_members(content, raw_names)

    assert [item.sha256 if isinstance(item, StoredFile) else str(item) for item in done] == [
        "the archive has no member 'none.jpg'",
        *DIGESTS,
        "the archive has no member 'none.jpg'",
        DIGESTS[0],
    ]
    left = files._copies.new_path().parent
    assert [path.name for path in left.iterdir()] == ["lock"]


@pytest.mark.parametrize("mode", ["copy", "reference"])
async def test_pages_are_described_and_analysed_from_the_archive(
    world: World, archive: Path, mode: ImportMode
) -> None:
    comic = await add_comic(world, archive, mode)
    await process(world)
    for page in comic.pages:
        size = await world.read(ecs_service.get_component, page, ImageDimensionsComponent)
        assert size is not None
        assert (size.width, size.height) == (320, 240)
        phash = await world.read(ecs_service.get_component, page, ImagePerceptualPHashComponent)
        assert phash is not None
        assert phash.value is not None
    thumbnails = [found.path for found in await find_thumbnails(world, comic.pages)]
    assert all(path is not None and path.is_file() for path in thumbnails)
    files = world.resources.get(FileOperationsResource)
    assert not any(files.store.contains(digest) for digest in DIGESTS)


async def test_locating_pages_takes_two_statements(world: World, comic: Comic) -> None:
    async def counted(session: AsyncSession) -> tuple[dict[EntityId, LocatedContent], int]:
        count = 0

        def note(*_: object) -> None:
            nonlocal count
            count += 1

        connection = (await session.connection()).sync_connection
        event.listen(connection, "before_cursor_execute", note)
        return await content_service.locate(session, comic.pages), count

    contents, statements = await world.read(counted)
    assert statements == 2
    container = contents[comic.pages[0]].members[0].container
    assert [reference.path for reference in container.references] == [comic.path]
    assert all(content.members[0].container is container for content in contents.values())


async def test_a_page_is_exported_under_its_base_name(
    world: World, comic: Comic, home: Path
) -> None:
    paths = [each.path for each in await export_assets(world, comic.pages, home / "out")]
    assert [path.name for path in paths if path is not None] == NAMES
    assert {path.name: path.read_bytes() for path in (home / "out").iterdir()} == PICTURES


async def test_a_page_is_found_by_its_digest_where_it_lies(world: World, comic: Comic) -> None:
    (found,) = await find_by_digest(world, parse_digest(DIGESTS[0].hex()))
    assert found.entity_id == comic.pages[0]
    assert found.locations == [ShownLocation("archive", comic.path / "1.jpg")]


async def test_a_page_shows_the_archive_and_its_name_in_it(world: World, comic: Comic) -> None:
    (facts,) = await world.read(describe_entities, [comic.pages[0]])
    locations = facts.components["FileLocationComponent"]
    assert isinstance(locations, list)
    (location,) = locations
    digest = hashlib.sha256(comic.path.read_bytes()).digest()
    expected = {
        "storage": "archive",
        "path": "1.jpg",
        "path_text": "1.jpg",
        "size_bytes": len(PICTURES["1.jpg"]),
        "container_entity_id": comic.variant,
        "path_digest": path_digest(digest + b"\0" + b"1.jpg"),
    }
    assert {name: location[name] for name in expected} == expected


@pytest.mark.usefixtures("comic")
async def test_whole_archives_are_no_finding(world: World) -> None:
    found = await verify(world)
    assert (found.checked, found.damaged, found.missing, found.failed) == (4, [], [], [])


async def test_pages_of_a_lost_archive_are_missing_with_it(world: World, comic: Comic) -> None:
    comic.path.with_name("another").write_bytes(b"")
    comic.path.unlink()
    found = await verify(world)
    assert [one.entity_id for one in found.missing] == sorted([comic.variant, *comic.pages])
    assert [one.locations for one in found.missing if one.entity_id == comic.pages[2]] == [
        [ShownLocation("archive", Path("10.jpg"))]
    ]


async def test_a_damaged_page_is_found_in_a_stored_archive(world: World, home: Path) -> None:
    path = write_zip(home / "comic.cbz", PICTURES, method=0)
    comic = await add_comic(world, path, "copy")
    files = world.resources.get(FileOperationsResource)
    stored = files.store.local_path((await located(world, comic.variant)).digest)
    stored.chmod(0o600)
    stored.write_bytes(flipped(stored.read_bytes(), PICTURES["2.jpg"]))
    found = await verify(world)
    assert [one.entity_id for one in found.damaged] == sorted([comic.variant, comic.pages[1]])
    assert found.missing == []


async def test_an_archive_stays_while_its_pages_are_there(world: World, comic: Comic) -> None:
    removal = await remove_assets(world, [comic.variant])
    assert removal.entity_ids == ()
    (refusal,) = removal.refused
    assert refusal == Refusal(entity_id=comic.variant, used_by=tuple(sorted(comic.pages)))


async def test_a_forced_removal_leaves_pages_without_bytes_and_no_broken_row(
    world: World, comic: Comic
) -> None:
    await remove_assets(world, [comic.variant], is_forced=True)
    contents = await world.read(content_service.locate, comic.pages)
    assert [content.members for content in contents.values()] == [(), (), ()]
    found = await verify(world)
    assert [one.entity_id for one in found.missing] == sorted(comic.pages)


async def test_an_archive_that_comes_back_has_its_pages_again(
    world: World, comic: Comic, home: Path
) -> None:
    shutil.move(comic.path, home / "elsewhere.cbz")
    again = await add_comic(world, home / "elsewhere.cbz")
    assert again.pages == comic.pages
    paths = [each.path for each in await export_assets(world, comic.pages, home / "out")]
    assert [path.name for path in paths if path is not None] == NAMES
