"""A move is interrupted at moments all over its course: the same command again loses nothing."""

import shutil
import signal
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import Base, table_of
from dam.core.world import World
from dam.models import (
    ComicBookVariantComponent,
    ContentHashSHA256Component,
    PageLink,
    PendingSourceRemovalComponent,
)
from dam.services.file_operations import FileOperationsResource
from tests.faults.forks import Ended, ForkServer, workers_of
from tests.faults.kills import Home, fresh_home
from tests.services.comic_files import make_cbz, pages
from tests.workers.watch import wait_until_gone

pytestmark = pytest.mark.slow

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGKILL: -9}
ONE_WORKER = {"DAM_WORKERS": "1"}
OPTIONS = ("-r", "--mode", "move", "--no-process", "--jsonl")
COMICS, FILES = ("comic", "import", *OPTIONS), ("add-asset", *OPTIONS)


@dataclass(frozen=True)
class Move:
    """What is moved in by a command, and how often: `moments` of each signal, or `many` of them."""

    command: tuple[str, ...]
    make: Callable[[Path, int], None]
    count: int
    many_count: int
    moments: int
    many_moments: int


def make_archives(library: Path, count: int) -> None:
    for number in range(count):
        path = library / f"Shelf {number % 3}" / f"Saga {number}.cbz"
        make_cbz(path, pages(2, 2 * number))


def make_pictures(library: Path, count: int) -> None:
    (library / "Folder 9").mkdir(parents=True)
    (picture,) = pages(1).values()
    for number in range(count):  # what comes after a picture's end makes it another file
        (library / "Folder 9" / f"{number:04}.jpg").write_bytes(picture + b"%d" % number)


def make_files(library: Path, count: int) -> None:
    for number in range(count):
        path = library / f"{number % 3}" / f"{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d" % number * 500)


MOVES = {
    "archives": Move(COMICS, make_archives, 8, 40, 1, 20),
    "pages": Move(COMICS, make_pictures, 100, 1500, 1, 3),
    "files": Move(FILES, make_files, 100, 1000, 1, 3),
}


def contents_of(library: Path) -> dict[bytes, Path]:
    """Return the files of a library, what is set aside as well, by their digests."""
    files = (path for path in library.rglob("*") if path.is_file())
    return {sha256(path.read_bytes()).digest(): path for path in files}


def members_of(library: Path) -> set[bytes]:
    """Return the digests of what is in the archives of a library."""
    digests = set()
    for path in library.rglob("*.cbz"):
        with zipfile.ZipFile(path) as archive:
            digests |= {sha256(archive.read(name)).digest() for name in archive.namelist()}
    return digests


async def count(session: AsyncSession, kind: type[Base]) -> int:
    return (await session.execute(select(func.count()).select_from(table_of(kind)))).scalar_one()


async def comics_of(session: AsyncSession) -> dict[int, list[int]]:
    """Return the numbers of each variant's pages, in their order."""
    found: dict[int, list[int]] = {}
    links = select(PageLink.owner_entity_id, PageLink.page_number)
    for owner, number in await session.execute(links.order_by(*links.selected_columns)):
        found.setdefault(owner, []).append(number)
    return found


async def recorded_contents(session: AsyncSession, *, are_comics: bool) -> set[bytes]:
    """Return the digests of all assets; of the pages and archives of comics, where asked."""
    digest, variant, link = ContentHashSHA256Component, ComicBookVariantComponent, PageLink
    found = select(digest.digest)
    if are_comics:
        comics = select(variant.entity_id).union(select(link.page_image_entity_id))
        found = found.where(digest.entity_id.in_(comics))
    return set(await session.scalars(found))


async def stored_contents(world: World) -> set[bytes]:
    """Return the digests of what the store has, each of them read."""
    store = world.resources.get(FileOperationsResource).store
    entries = list(store.entries())
    assert {store.check(entry.sha256, entry.size_bytes) for entry in entries} <= {"ok"}
    return {entry.sha256 for entry in entries}


async def assert_none_is_lost(world: World, move: Move, library: Path, files: set[bytes]) -> None:
    """Assert that each file is there still, or is recorded as what it is and in the store."""
    gone = files - contents_of(library).keys()
    are_comics = move.command is COMICS
    assert gone <= await world.read(recorded_contents, are_comics=are_comics)
    assert gone <= await stored_contents(world)


def strikes(
    server: ForkServer,
    move: Move,
    whole: Path,
    request: pytest.FixtureRequest,
    engine: str,
    moments: int,
) -> Iterator[tuple[Home, Path, Ended]]:
    """Yield homes in which the move of a copy of a library was struck, each a little later.

    The first one is undisturbed: it tells how long the move takes.
    """
    whole_s = 0.0
    numbers = [number for _ in range(moments) for number in CODES]
    for index, number in enumerate([signal.SIGKILL, *numbers]):
        home = fresh_home(whole.with_name(f"home {index}"), engine, request)
        library = home.path / "library"
        shutil.copytree(whole, library)
        moment_s = whole_s * (index - 0.5) / len(numbers) if index else 0.0
        run = server.run(
            *move.command,
            library,
            home=home.path,
            settings={**home.settings, **ONE_WORKER},
            killed_after_s=moment_s,
            number=number,
        )
        if run.code == 0:
            whole_s = min(whole_s or run.elapsed_s, run.elapsed_s)
        assert run.code in ((0, CODES[number]) if index else (0,))
        for worker in workers_of(run.process_id):
            wait_until_gone(worker)
        yield home, library, run
        shutil.rmtree(home.path)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
@pytest.mark.parametrize("name", MOVES)
def test_whenever_a_move_is_stopped_the_same_command_again_moves_all(
    request: pytest.FixtureRequest,
    server: ForkServer,
    tmp_path: Path,
    engine: str,
    name: str,
    *,
    is_thorough: bool,
) -> None:
    move, whole = MOVES[name], tmp_path / "library"
    move.make(whole, move.many_count if is_thorough else move.count)
    files, members = set(contents_of(whole)), members_of(whole)
    comics = [[1, 2]] * len(files) if members else [list(range(1, len(files) + 1))]
    comics = comics if move.command is COMICS else []
    moments = move.many_moments if is_thorough else move.moments
    stopped = 0
    for home, library, run in strikes(server, move, whole, request, engine, moments):

        async def look(world: World, library: Path = library) -> None:
            await assert_none_is_lost(world, move, library, files)

        home.in_world(look)
        again = server.run(
            *move.command, library, home=home.path, settings={**home.settings, **ONE_WORKER}
        )
        assert again.code == 0
        stopped += run.code != 0

        async def check(world: World, library: Path = library) -> None:
            assert contents_of(library) == {}
            assert await world.read(recorded_contents, are_comics=False) == files | members
            assert await stored_contents(world) == files
            assert list((await world.read(comics_of)).values()) == comics
            assert await world.read(count, ComicBookVariantComponent) == len(comics)
            assert await world.read(count, PendingSourceRemovalComponent) == 0

        home.in_world(check)
    assert stopped  # others were over sooner than the first
