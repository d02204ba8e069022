"""An archive that could not be read as a comic is a failure of it, and can be tried again."""

import os
import shutil
from pathlib import Path

import pytest

from dam.core.world import World
from dam.models import (
    ComicBookVariantComponent,
    NeedsComicImportComponent,
    PendingSourceRemovalComponent,
)
from dam.services.failure_service import IMPORT_COMIC, list_failures
from dam.services.process_service import Retried, process, retry
from dam.systems.comics import import_comic
from tests.core.worlds import rows_of
from tests.faults.state import names_below
from tests.services.comic_files import damage, import_one, make_cbz, pages
from tests.services.conftest import Add
from tests.systems.conftest import ASSETS

PACKED = "comics/comicbox/Captain Science #001-cix-cbi.cbr"


async def open_failures(world: World) -> list[tuple[str, str, int]]:
    found = await world.read(list_failures)
    return [(one.system, one.error, one.attempts) for one in found]


def test_the_system_has_the_name_of_its_failures() -> None:
    assert import_comic.__name__ == IMPORT_COMIC


@pytest.mark.corpus
async def test_what_waits_for_a_program_becomes_a_comic_once_that_is_there(
    world: World, corpus: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home / "a.cbr"
    shutil.copyfile(corpus / PACKED, path)
    programs = os.environ["PATH"]
    monkeypatch.setenv("PATH", str(home))
    outcome = await import_one(world, path, mode="move")
    assert (outcome.status, outcome.error) == ("failed", "MissingUnpackerError")
    assert await open_failures(world) == [("import_comic", "MissingUnpackerError", 1)]
    assert path.name in names_below(home)
    assert await world.read(rows_of, PendingSourceRemovalComponent) == []
    assert (await process(world)).processed["import_comic"] == 0

    monkeypatch.setenv("PATH", programs)
    assert (await process(world)).processed["import_comic"] == 1

    (variant,) = await world.read(rows_of, ComicBookVariantComponent)
    assert variant.format == "cbr"
    assert await open_failures(world) == []
    assert path.name in names_below(home)
    again = await import_one(world, path, mode="move")
    assert (again.status, again.variant_entity_id) == ("unchanged", variant.entity_id)
    assert again.pages == 5
    assert path.name not in names_below(home)


async def test_what_is_damaged_fails_again(world: World, home: Path) -> None:
    members = pages(2)
    path = make_cbz(home / "a.cbz", members)
    for content in members.values():
        damage(path, content)
    await import_one(world, path)
    assert await open_failures(world) == [("import_comic", "PagesUnreadableError", 1)]
    assert await retry(world, system="import_comic") == Retried(marked=1)
    done = await process(world)
    assert (done.processed["import_comic"], done.failed) == (1, 1)
    assert await open_failures(world) == [("import_comic", "PagesUnreadableError", 2)]
    assert await world.read(rows_of, ComicBookVariantComponent) == []


async def test_what_nobody_imported_as_a_comic_becomes_none(
    world: World, home: Path, add: Add
) -> None:
    await add(make_cbz(home / "a.cbz", pages(1)))
    await add(ASSETS / "broken" / "truncated.jpg")
    await process(world)
    before = await open_failures(world)
    assert [system for system, _, _ in before] == ["analyse_images"]
    done = await process(world, marker_name=NeedsComicImportComponent.__name__)
    assert done.processed["import_comic"] == 1
    assert await open_failures(world) == before
    assert await world.read(rows_of, ComicBookVariantComponent) == []


async def test_an_archive_without_pages_is_no_failure_for_long(world: World, home: Path) -> None:
    outcome = await import_one(world, make_cbz(home / "a.cbz", {"a.txt": b"text"}))
    assert outcome.error == "NoPagesError"
    assert await open_failures(world) == []
