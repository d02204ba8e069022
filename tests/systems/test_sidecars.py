"""Sidecars: whose they are, what they change, and what happens when they change or go."""

import asyncio
import os
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import build_world
from dam.core.ecs.components import EntityId
from dam.core.ecs.rows import mark
from dam.core.new_entities import NewEntityMarkers
from dam.core.scheduling import leases
from dam.core.world import World
from dam.models import (
    CameraPropertiesComponent,
    FilePropertiesComponent,
    GeoPositionComponent,
    NeedsMetadataExtractionComponent,
    SidecarComponent,
    StatedTextComponent,
    TakenAtComponent,
)
from dam.services.comic_import_service import ComicImportOptions, import_comics
from dam.services.content_service import HashedFile, record_files
from dam.services.ecs_service import get_components_of_kind, undo
from dam.services.file_operations import FileOperationsResource
from dam.services.import_service import FileOutcome, ImportOptions, import_files
from dam.services.process_service import process, retry
from dam.services.removal_service import remove_assets
from dam.services.tag_service import tag_entities, tags_of
from dam.services.trash_service import restore_assets, trash_assets
from dam.storage.content_store import ImportMode, StoredFile
from tests.core.worlds import failures, rows_of
from tests.databases import world_config
from tests.media.camera.blocks import XMP_HEAD, jpeg_with_exif, xmp
from tests.services.conftest import just_before
from tests.systems.test_camera import CANON, picture_with

PHOTO = picture_with(jpeg_with_exif(CANON))


def words(title: str, *keywords: str, more: str = "") -> bytes:
    """Return a sidecar with a title and keywords."""
    listed = "".join(f"<rdf:li>{each}</rdf:li>" for each in keywords)
    subject = f"<dc:subject><rdf:Bag>{listed}</rdf:Bag></dc:subject>" if keywords else ""
    return xmp(f"<dc:title>{title}</dc:title>{subject}{more}")


def other(number: int) -> bytes:
    """Return a photograph with bytes of its own."""
    return PHOTO + bytes([number])


async def imported(
    world: World, *paths: Path, mode: ImportMode = "copy", process_it: bool = True
) -> list[EntityId]:
    """Import files in one command, in this order; return their assets."""
    found: dict[str, EntityId] = {}

    def take(outcome: FileOutcome) -> None:
        assert outcome.entity_id is not None
        found[outcome.path] = outcome.entity_id

    await import_files(world, [str(path) for path in paths], ImportOptions(mode=mode), take)
    if process_it:
        await world.scheduler.run_until_idle()
    return [found[str(path)] for path in paths]


async def title_of(world: World, asset: EntityId) -> str | None:
    rows = await world.read(get_components_of_kind, [asset], StatedTextComponent)
    return rows[asset][0].title if asset in rows else None


async def told(world: World, asset: EntityId) -> list[str]:
    tags = (await world.read(tags_of, [asset])).get(asset, [])
    return [tag.tag if tag.value is None else f"{tag.tag}={tag.value}" for tag in tags]


async def ties(world: World) -> dict[EntityId, EntityId]:
    rows = await world.read(rows_of, SidecarComponent)
    return {row.entity_id: row.sidecar_entity_id for row in rows}


def write(folder: Path, **files: bytes) -> list[Path]:
    """Write files, in whose names `__` is a dot; return their paths."""
    paths = [folder / name.replace("__", ".") for name in files]
    for path, content in zip(paths, files.values(), strict=True):
        path.write_bytes(content)
    return paths


async def test_what_a_sidecar_says_takes_the_place_of_what_the_file_says(
    world: World, tmp_path: Path
) -> None:
    more = (
        "<xmp:Rating>2</xmp:Rating><exif:DateTimeOriginal>2023-01-02T03:04:05</exif:DateTimeOriginal>"
        "<exif:GPSLatitude>10,30N</exif:GPSLatitude><exif:GPSLongitude>20,0E</exif:GPSLongitude>"
    )
    paths = write(tmp_path, a__jpg=PHOTO, a__jpg__xmp=words("Lake", "sea", "boat", more=more))
    picture, sidecar = await imported(world, *paths)
    assert await title_of(world, picture) == "Lake"
    (said,) = await world.read(rows_of, StatedTextComponent)
    assert said.description == "A boat"  # which the sidecar does not say
    assert sorted(await told(world, picture)) == ["boat", "rating=2", "sea"]
    (taken,) = await world.read(rows_of, TakenAtComponent)
    assert (taken.taken_at.year, taken.source) == (2023, "XMP-exif:DateTimeOriginal")
    (place,) = await world.read(rows_of, GeoPositionComponent)
    assert (place.latitude, place.longitude) == (10.5, 20)
    (camera,) = await world.read(rows_of, CameraPropertiesComponent)
    assert (camera.entity_id, camera.model, camera.iso) == (picture, "Canon EOS 5D", 400)
    assert await ties(world) == {picture: sidecar}
    assert await told(world, sidecar) == []
    assert await world.read(failures) == {}


@pytest.mark.parametrize("mode", ["copy", "reference", "hardlink", "move"])
@pytest.mark.parametrize("is_sidecar_first", [False, True])
async def test_the_order_and_the_mode_of_imports_do_not_matter(
    world: World, tmp_path: Path, mode: ImportMode, *, is_sidecar_first: bool
) -> None:
    paths = write(tmp_path, a__jpg=PHOTO, a__xmp=words("Lake", "sea"))
    for path in reversed(paths) if is_sidecar_first else paths:
        await imported(world, path, mode=mode)
    rows = {
        row.name_text: row.entity_id for row in await world.read(rows_of, FilePropertiesComponent)
    }
    assert await ties(world) == {rows["a.jpg"]: rows["a.xmp"]}
    assert await told(world, rows["a.jpg"]) == ["rating=4", "sea"]


NAMES: dict[tuple[str, ...], dict[str, list[str]]] = {
    ("a.jpg", "a.cr2"): {"a.xmp": ["a.jpg", "a.cr2"]},
    ("a.jpg", "a.jpg.tif", "b.jpg", "a"): {"a.jpg.xmp": ["a.jpg"]},
    ("a.jpg", "a.2.jpg", "a.xmp"): {"a.jpg.xmp": ["a.jpg"], "a.2.XMP": ["a.2.jpg"]},
    ("a.jpg", "sub/a.jpg"): {"a_01.jpg.xmp": [], "sub/a.xmp": ["sub/a.jpg"]},
    ("a", "a.jpg"): {"a.xmp": ["a"]},
    (".xmp", ".jpg", "a.b/c.jpg"): {"a.xmp": [], "a.b.xmp": []},
}


@pytest.mark.parametrize("names", NAMES)
async def test_a_sidecar_belongs_to_the_files_of_its_name(
    world: World, tmp_path: Path, names: tuple[str, ...]
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.b").mkdir()
    wanted = NAMES[names]
    for number, name in enumerate((*names, *wanted)):
        is_sidecar = name.lower().endswith(".xmp")
        (tmp_path / name).write_bytes(words(name) if is_sidecar else other(number))
    every = [*names, *wanted]
    for name, asset in zip(
        every, await imported(world, *(tmp_path / n for n in every)), strict=True
    ):
        expected = next((sidecar for sidecar, of in wanted.items() if name in of), None)
        assert await title_of(world, asset) == expected, name


def words_for(extension: str, title: str) -> bytes:
    """Return a sidecar for the files with one extension."""
    namespace = ' xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/">'
    said = f"<photoshop:SidecarForExtension>{extension}</photoshop:SidecarForExtension>"
    head = XMP_HEAD.replace(">", namespace)
    sidecar = words(title, more=said).replace(XMP_HEAD.encode(), head.encode())
    return sidecar.replace(b"<rdf:Description>", f"<rdf:Description{namespace}".encode())


async def test_a_sidecar_for_one_extension_is_not_that_of_the_others(
    world: World, tmp_path: Path
) -> None:
    sidecar = words_for("CR2", "Lake")
    paths = write(tmp_path, a__jpg=other(1), a__CR2=other(2), a__xmp=sidecar)
    jpeg, raw, tied = await imported(world, *paths)
    assert await ties(world) == {raw: tied}
    assert await title_of(world, jpeg) is None


async def test_the_extension_is_that_of_the_path_beside_the_sidecar(
    world: World, tmp_path: Path
) -> None:
    first, second, sidecar = write(
        tmp_path, x__jpg=PHOTO, a__cr2=PHOTO, a__xmp=words_for("CR2", "Lake")
    )
    (picture,) = await imported(world, first)
    assert await imported(world, second) == [picture]
    (tied,) = await imported(world, sidecar)
    assert await ties(world) == {picture: tied}


async def test_a_changed_sidecar_changes_what_its_file_has_and_nothing_of_the_user(
    world: World, tmp_path: Path
) -> None:
    paths = write(tmp_path, a__jpg=PHOTO, a__xmp=words("Lake", "sea", "boat"))
    picture, first = await imported(world, *paths)
    await world.run(tag_entities, [picture], ["sea", "mine"])
    paths[1].write_bytes(words("Pond", "boat", more="<xmp:Rating>0</xmp:Rating>"))
    (second,) = await imported(world, paths[1])
    assert await title_of(world, picture) == "Pond"
    assert sorted(await told(world, picture)) == ["boat", "mine", "sea"]
    assert await ties(world) == {picture: second}
    paths[1].write_bytes(words("Lake", "sea", "boat"))  # the bytes of an asset that is there
    assert await imported(world, paths[1]) == [first]
    assert await title_of(world, picture) == "Lake"
    paths[1].write_bytes(b"no XMP at all")
    await imported(world, paths[1])
    assert await title_of(world, picture) is None
    assert sorted(await told(world, picture)) == ["mine", "rating=4", "sea"]
    assert await ties(world) == {}


async def test_a_sidecar_in_the_trash_says_nothing_until_it_is_restored(
    world: World, tmp_path: Path
) -> None:
    paths = write(tmp_path, a__jpg=PHOTO, a__xmp=words("Lake"), a__jpg__xmp=words("Pond"))
    picture, short, long = await imported(world, *paths)

    async def title() -> str | None:
        await world.scheduler.run_until_idle()
        return await title_of(world, picture)

    assert await ties(world) == {picture: long}
    trashing = await world.run(trash_assets, [long])
    assert await title() == "Lake"
    await world.run(undo, trashing.change)
    assert await title() == "Pond"
    await world.run(trash_assets, [short, long])
    assert await title() is None
    await world.run(restore_assets, [short])
    assert await title() == "Lake"
    await imported(world, paths[2])  # the same bytes again bring it back
    assert await title() == "Pond"
    await remove_assets(world, [long])
    assert await title() == "Lake"
    await remove_assets(world, [short])
    assert await title() is None


@pytest.mark.parametrize("is_removed", [False, True])
async def test_a_sidecar_that_goes_while_its_picture_is_described_takes_the_lease_of_that(
    world: World, tmp_path: Path, *, is_removed: bool
) -> None:
    paths = write(tmp_path, a__jpg=other(1), b__jpg=other(2), a__xmp=words("Lake"))
    picture, unrelated, sidecar = await imported(world, *paths, process_it=False)
    marker = NeedsMetadataExtractionComponent
    await world.run(lease, marker)
    if is_removed:
        await remove_assets(world, [sidecar])
    else:
        await world.run(trash_assets, [sidecar])
    left = {row.entity_id: row.lease_token for row in await world.read(rows_of, marker)}
    assert (left[picture], left[unrelated]) == (None, "t")


async def lease(session: AsyncSession, marker: type[NeedsMetadataExtractionComponent]) -> None:
    """Claim all that is marked, as another process does."""
    claim = "t"
    claimed = await leases.claim(
        session, marker, token=claim, limit=9, lease_s=600, after=0, earlier=()
    )
    assert claimed is not None


async def test_what_a_sidecar_in_the_trash_said_goes_also_from_a_picture_that_fails(
    world: World, tmp_path: Path
) -> None:
    cut = PHOTO[: PHOTO.index(b"\xff\xdb")]
    picture, sidecar = await imported(
        world, *write(tmp_path, a__jpg=cut, a__xmp=words("Lake", "sea"))
    )
    assert list(await world.read(failures)) == [picture]
    assert (await title_of(world, picture), await ties(world)) == ("Lake", {picture: sidecar})
    await world.run(trash_assets, [sidecar])
    await world.scheduler.run_until_idle()
    assert list(await world.read(failures)) == [picture]
    assert (await title_of(world, picture), await ties(world)) == (None, {})
    assert await told(world, picture) == ["rating=4"]


async def test_a_file_at_the_path_of_a_comics_folder_has_a_sidecar(
    world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "a.jpg"
    folder.mkdir()
    write(folder, **{"1__jpg": other(1)})
    await import_comics(world, [str(folder)], ComicImportOptions(), lambda _: None)
    shutil.rmtree(folder)
    picture, _ = await imported(world, *write(tmp_path, a__jpg=other(2), a__xmp=words("Lake")))
    assert await title_of(world, picture) == "Lake"


async def test_a_file_that_was_edited_keeps_its_sidecar(world: World, tmp_path: Path) -> None:
    paths = write(tmp_path, a__jpg=other(1), a__xmp=words("Lake"))
    old, sidecar = await imported(world, *paths)
    paths[0].write_bytes(other(2))
    (new,) = await imported(world, paths[0])
    assert await ties(world) == {old: sidecar, new: sidecar}
    await world.run(mark, NeedsMetadataExtractionComponent, [old])
    await world.scheduler.run_until_idle()
    assert await title_of(world, old) == "Lake"


async def test_a_number_that_a_camera_gives_again_brings_no_old_sidecar(
    world: World, tmp_path: Path
) -> None:
    paths = write(tmp_path, IMG_1__jpg=other(1), IMG_1__xmp=words("Lake"))
    old, sidecar = await imported(world, *paths, mode="move")
    assert not any(path.exists() for path in paths)
    paths[0].write_bytes(other(2))
    (new,) = await imported(world, paths[0], mode="move")
    assert await title_of(world, new) is None
    assert (await ties(world), await title_of(world, old)) == ({old: sidecar}, "Lake")


async def test_an_old_sidecar_that_comes_back_from_the_trash_is_not_that_of_a_new_picture(
    world: World, tmp_path: Path
) -> None:
    paths = write(tmp_path, IMG_1__jpg=other(1), IMG_1__xmp=words("Lake"))
    _, sidecar = await imported(world, *paths, mode="move")
    await world.run(trash_assets, [sidecar])
    paths[0].write_bytes(other(2))
    (new,) = await imported(world, paths[0], mode="move")
    await world.run(restore_assets, [sidecar])
    await world.scheduler.run_until_idle()
    assert await title_of(world, new) is None


async def test_a_file_that_is_moved_beside_a_sidecar_gets_it(world: World, tmp_path: Path) -> None:
    first, sidecar = write(tmp_path, b__jpg=PHOTO, a__xmp=words("Lake"))
    picture, tied = await imported(world, first, sidecar)
    assert await ties(world) == {}
    (asset,) = await imported(world, first.rename(tmp_path / "a.jpg"))
    assert asset == picture
    assert await ties(world) == {picture: tied}
    await imported(world, sidecar.rename(tmp_path / "b.xmp"))
    assert await ties(world) == {picture: tied}


BROKEN = {
    "not well-formed": words("Lake")[:-40],
    "an entity bomb": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]>' + words("&a;"),
    "empty": b"",
    "zeros": bytes(3000),
    "a page": b"<html><body>Not found</body></html>",
    "a text": b"no XMP at all",
    "half of UTF-16": words("Lake").decode().encode("utf-16-le")[:-40],
    "too many keywords": words("Lake", *map(str, range(1001))),
    "too large": words("Lake") + b" " * (50 << 20),
}


@pytest.mark.parametrize("why", BROKEN)
async def test_a_broken_sidecar_fails_and_its_file_keeps_its_own_facts(
    world: World, tmp_path: Path, why: str
) -> None:
    paths = write(tmp_path, a__jpg=PHOTO, a__xmp=BROKEN[why])
    picture, sidecar = await imported(world, *paths)
    assert list(await world.read(failures)) == [sidecar]
    assert await told(world, picture) == ["rating=4"]
    assert await ties(world) == {}


ODD = {
    "UTF-16": words("Lake").decode().encode("utf-16"),
    "UTF-16 without a mark": words("Lake").decode().encode("utf-16-be"),
    "without x:xmpmeta": words("Lake")
    .replace(b'<x:xmpmeta xmlns:x="adobe:ns:meta/">', b"")
    .replace(b"</x:xmpmeta>", b""),
    "deep": words("Lake", more="<dc:a>" * 1000 + "</dc:a>" * 1000),
    "padded": b"\xef\xbb\xbf<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>"
    + words("Lake")
    + b" " * 4000
    + b"<?xpacket end='w'?>\0",
}


@pytest.mark.parametrize("how", ODD)
async def test_an_odd_sidecar_is_read(world: World, tmp_path: Path, how: str) -> None:
    picture, _ = await imported(world, *write(tmp_path, a__jpg=PHOTO, a__xmp=ODD[how]))
    assert await title_of(world, picture) == "Lake"


async def test_files_of_every_kind_have_sidecars(world: World, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    paths = write(tmp_path, t__txt=b"a text", t__xmp=words("Text", "x"), z__xmp=words("Archive"))
    text, _, _, archived = await imported(world, *paths, tmp_path / "z.zip")
    assert (await title_of(world, text), await told(world, text)) == ("Text", ["x"])
    assert await title_of(world, archived) == "Archive"


async def test_two_processes_that_import_one_each_at_a_time_lose_no_tie(
    world: World, database_url: str, tmp_path: Path
) -> None:
    pairs = [
        write(tmp_path, **{f"p{n}__jpg": other(n), f"p{n}__xmp": words(f"Lake {n}")})
        for n in range(6)
    ]
    second = await build_world(world_config(database_url, worker_kind="thread"), plugins=False)

    async def each(where: World, paths: Sequence[Path]) -> list[EntityId]:
        return [(await imported(where, path))[0] for path in paths]

    try:
        pictures, sidecars = await asyncio.gather(
            each(world, [pair[0] for pair in pairs]),
            each(second, [pair[1] for pair in reversed(pairs)]),
        )
        await world.scheduler.run_until_idle()
    finally:
        await second.close()
    assert await ties(world) == dict(zip(pictures, reversed(sidecars), strict=True))


async def test_a_pair_in_one_import_is_described_once(world: World, tmp_path: Path) -> None:
    paths = write(
        tmp_path, a__jpg=other(1), a__xmp=words("Lake"), b__jpg=other(2), b__jpg__xmp=words("Sea")
    )
    await imported(world, *paths, process_it=False)
    report = await world.scheduler.run_until_idle()
    assert report.processed["extract_metadata"] == 4


async def test_a_tie_is_found_though_the_other_import_has_not_committed_yet(
    world: World, tmp_path: Path
) -> None:
    await imported(world, *write(tmp_path, first__txt=b"makes the store"))
    for number, pair in enumerate(
        (
            write(tmp_path, a__jpg=other(1), a__xmp=words("Lake")),
            list(reversed(write(tmp_path, b__jpg=other(2), b__xmp=words("Sea")))),
        )
    ):
        files = world.resources.get(FileOperationsResource)
        (stored,) = await files.put([pair[0]], "copy")
        assert isinstance(stored, StoredFile)
        hashed = HashedFile(pair[0], world.context.now(), stored)

        async def record(session: AsyncSession, hashed: HashedFile = hashed) -> None:
            markers = world.resources.get(NewEntityMarkers)
            await record_files(session, [hashed], markers, now=world.context.now())

        await just_before(world, record, imported(world, pair[1]))
        await world.scheduler.run_until_idle()
        assert len(await ties(world)) == number + 1


async def test_sidecars_of_an_old_world_are_tied(world: World, tmp_path: Path) -> None:
    paths = write(tmp_path, a__jpg=PHOTO, a__xmp=words("Lake", "sea"))
    picture, sidecar = await imported(world, *paths)

    async def as_before(session: AsyncSession) -> None:
        await session.execute(delete(SidecarComponent))
        await session.execute(delete(StatedTextComponent))
        of_sidecar = FilePropertiesComponent.entity_id == sidecar
        unknown = {"described_by": None, "description_recipe": 2}
        await session.execute(update(FilePropertiesComponent).where(of_sidecar).values(unknown))

    await world.run(as_before)
    await process(world, marks_outdated=True)
    assert await ties(world) == {picture: sidecar}
    assert await title_of(world, picture) == "Lake"


async def test_what_is_only_in_an_archive_has_no_sidecar(world: World, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.cbz", "w") as archive:
        archive.writestr("a.jpg", PHOTO)
        archive.writestr("a.xmp", words("Lake"))
    await import_comics(world, [str(tmp_path / "a.cbz")], ComicImportOptions(), lambda _: None)
    await imported(world, *write(tmp_path, a__xmp=words("Comic")))
    rows = await world.read(rows_of, FilePropertiesComponent)
    names = {row.name_text: row.entity_id for row in rows}
    assert await title_of(world, names["a.jpg"]) is None
    assert await title_of(world, names["a.cbz"]) == "Comic"


async def test_a_sidecar_that_cannot_be_read_now_is_a_failure_of_its_file(
    world: World, tmp_path: Path
) -> None:
    paths = write(tmp_path, a__jpg=PHOTO, a__xmp=words("Lake"))
    picture, _ = await imported(world, *paths, mode="reference")
    paths[1].unlink()
    await world.run(mark, NeedsMetadataExtractionComponent, [picture])
    await world.scheduler.run_until_idle()
    assert list(await world.read(failures)) == [picture]
    paths[1].write_bytes(words("Lake"))
    os.utime(paths[1], ns=(1, 1))
    await imported(world, paths[1], mode="reference")
    await retry(world, [picture])
    await world.scheduler.run_until_idle()
    assert await title_of(world, picture) == "Lake"
