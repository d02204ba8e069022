"""Comics are moved: a source goes when its comic is recorded, never before."""

import asyncio
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs import table_of
from dam.core.world import World
from dam.models import ComicBookVariantComponent, PageLink
from dam.services.comic_import_service import ComicImportOptions, ComicOutcome, import_comics
from tests.services.comic_files import damage, import_one, make_cbz, pages


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
    assert outcome.message.startswith("ComicInfo.xml holds a document type declaration")
    assert outcome.message.endswith(f"; cannot remove {odd}: the file system is read-only")
    assert whole.exists()
    assert odd.exists()
