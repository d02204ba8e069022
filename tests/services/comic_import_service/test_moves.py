"""Comics are moved: a source goes when its comic is recorded, never before."""

import asyncio
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import table_of
from dam.core.world import World
from dam.models import ComicBookVariantComponent, PageLink, PendingSourceRemovalComponent
from dam.services.comic_import_service import ComicImportOptions, ComicOutcome, import_comics
from dam.storage.content_store import ImportMode
from tests.faults.state import names_below, sha256
from tests.services.comic_files import damage, import_all, import_one, make_cbz, pages, picture
from tests.services.conftest import counts_at_commits, leave, rot

VARIANTS, REMOVALS = "component_comic_book_variant", "component_pending_source_removal"


async def left_comic(world: World, home: Path, count: int) -> tuple[Path, ComicOutcome]:
    """Return an archive that a move has made a comic and not removed yet, and what that said."""
    path = make_cbz(home / "left.cbz", pages(count))
    outcome = await import_one(world, path)
    assert outcome.variant_entity_id is not None
    await leave(world, outcome.variant_entity_id, path)
    return path, outcome


async def count(session: AsyncSession, kind: type) -> int:
    return (await session.execute(select(func.count()).select_from(table_of(kind)))).scalar_one()


async def test_a_move_that_is_cut_short_loses_no_comic(world: World, home: Path) -> None:
    library = home / "library"
    library.mkdir()
    archives = [make_cbz(library / f"Saga {n}.cbz", pages(1, 10 * n)) for n in range(6)]
    folder = library / "Folder 9"
    folder.mkdir()
    for name, content in pages(8, 100).items():
        (folder / name).write_bytes(content)
    options = ComicImportOptions(mode="move", is_recursive=True)
    told: list[ComicOutcome] = []

    def stop_after_two(outcome: ComicOutcome) -> None:
        told.append(outcome)
        if len(told) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await import_comics(world, [str(library)], options, stop_after_two)
    variants = await world.read(count, ComicBookVariantComponent)
    sources = sum(path.exists() for path in archives) + folder.joinpath("page 1.jpg").exists()
    assert variants + sources >= 7
    assert sources >= 3  # what is in flight at most is done

    await import_comics(world, [str(library)], options, told.append)
    assert await world.read(count, ComicBookVariantComponent) == 7
    assert await world.read(count, PageLink) == 6 + 8
    assert [path for path in library.rglob("*") if path.is_file()] == []


async def test_a_move_leaves_an_archive_that_could_not_be_read(world: World, home: Path) -> None:
    members = pages(2)
    path = make_cbz(home / "a.cbz", members)
    for content in members.values():
        damage(path, content)
    outcome = await import_one(world, path, mode="move")
    assert (outcome.status, outcome.error) == ("failed", "PagesUnreadableError")
    assert path.exists()


async def test_a_source_that_cannot_be_removed_is_told_beside_what_else_is_wrong(
    world: World, other_file_system: Path
) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><ComicInfo><Series>&a;</Series></ComicInfo>'
    whole = make_cbz(other_file_system / "whole.cbz", pages(2))
    odd = make_cbz(other_file_system / "odd.cbz", {**pages(2, 10), "ComicInfo.xml": bomb})
    await asyncio.to_thread(
        subprocess.run, ["mount", "-o", "remount,ro", str(other_file_system)], check=True
    )

    outcome = await import_one(world, whole, mode="move")
    assert (outcome.status, outcome.pages, outcome.error) == ("added", 2, "FileAccessError")
    assert outcome.message == f"cannot remove {whole}: the file system is read-only"

    outcome = await import_one(world, odd, mode="move")
    assert (outcome.status, outcome.pages, outcome.error) == ("added", 2, "ForbiddenXmlError")
    assert outcome.message is not None
    assert outcome.message.startswith("ComicInfo.xml has a document type declaration")
    assert outcome.message.endswith(f"; cannot remove {odd}: the file system is read-only")
    assert whole.exists()
    assert odd.exists()


@pytest.mark.parametrize("is_extracted", [True, False])
async def test_an_archive_is_noted_with_the_last_commit_that_needs_it(
    world: World, home: Path, *, is_extracted: bool
) -> None:
    path = make_cbz(home / "a.cbz", pages(2))
    found = counts_at_commits(world, path, VARIANTS, REMOVALS)
    extracted = counts_at_commits(world, path, "component_file_location", REMOVALS)
    await import_one(world, path, mode="move", is_extracted=is_extracted)
    assert found[-1] == (1, 1)
    assert (0, 1) not in found
    assert ((1, 0) in found) is is_extracted  # then the pages' commits are the last
    assert extracted[-1] == (3, 1)
    assert not path.exists()


async def test_the_pictures_of_a_folder_are_noted_with_its_comic(world: World, home: Path) -> None:
    folder = home / "Folder 9"
    folder.mkdir()
    for name, content in pages(4).items():
        (folder / name).write_bytes(content)
    found = counts_at_commits(world, folder / "page 4.jpg", VARIANTS, REMOVALS)
    await import_one(world, folder, mode="move")
    assert set(found) == {(0, 0), (1, 4)}
    assert names_below(folder) == []


@pytest.mark.parametrize("mode", ["move", "copy"])
async def test_an_import_of_comics_removes_what_is_left_of_others(
    world: World, home: Path, mode: ImportMode
) -> None:
    left, _ = await left_comic(world, home, 1)
    await import_one(world, make_cbz(home / "other.cbz", pages(1, 9)), mode=mode)
    assert not left.exists()


async def test_an_archive_stays_when_its_stored_copy_has_rotted_since(
    world: World, home: Path
) -> None:
    left, _ = await left_comic(world, home, 1)
    rot(world, sha256(left))
    await import_all(world, make_cbz(home / "other.cbz", pages(1, 9)), mode="move")
    assert left.exists()


@pytest.mark.parametrize("is_extracted", [True, False])
async def test_an_archive_that_the_import_has_just_removed_is_a_comic_already(
    world: World, home: Path, *, is_extracted: bool
) -> None:
    left, before = await left_comic(world, home, 2)
    options = {"mode": "move", "is_extracted": is_extracted}
    assert await import_one(world, left, **options) == replace(
        before, status="known", concept_created=False, removed_sources=1
    )
    assert not left.exists()


async def test_what_was_moved_before_and_stays_is_told_by_an_import_of_others(
    world: World, home: Path
) -> None:
    left, _ = await left_comic(world, home, 1)
    left.write_bytes(b"another one")
    other, told = await import_all(world, make_cbz(home / "other.cbz", pages(1, 9)))
    assert other.error is None
    assert (told.path, told.status, told.error) == (str(left), "skipped", "SourceReplacedError")


async def test_a_comic_that_is_imported_in_another_mode_keeps_its_file(
    world: World, home: Path
) -> None:
    left, _ = await left_comic(world, home, 1)
    assert (await import_one(world, left)).status == "unchanged"
    assert await world.read(count, PendingSourceRemovalComponent) == 0
    assert left.exists()


async def test_a_library_that_was_moved_in_before_is_no_failure(world: World, home: Path) -> None:
    make_cbz(home / "library" / "deep" / "a.cbz", pages(1))
    folder = home / "library" / "Folder 9"
    folder.mkdir()
    (folder / "1.jpg").write_bytes(picture(50))
    move = {"mode": "move", "is_recursive": True}
    assert [one.error for one in await import_all(world, home / "library", **move)] == [None, None]
    for path in (home / "library", folder):
        (again,) = await import_all(world, path, **move)
        message = "an earlier import moved its comics into the store"
        assert (again.status, again.message) == ("skipped", message)
    (copied,) = await import_all(world, home / "library", is_recursive=True)
    assert copied.error == "NoPagesError"
