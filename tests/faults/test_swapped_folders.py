"""A folder is swapped for a link to another one, back and forth, while a move takes its files.

The other folder is never named: nothing of it is taken or removed, whatever has its name just then.
"""

import ctypes
import hashlib
import os
import random
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.world import World
from dam.models import ContentHashSHA256Component, OriginalSourceInfoComponent
from dam.services.file_operations import FileOperationsResource
from dam.storage.sources.removal import is_aside_name
from tests.faults.forks import ForkServer
from tests.faults.kills import Home, run_again
from tests.services.comic_files import make_cbz, pages

pytestmark = pytest.mark.slow

_EXCHANGE = 2
_LONGEST_S = 0.02
ROUNDS, MANY_ROUNDS = {"add-asset": 2, "comic import": 1}, 30


def make_files(folder: Path) -> None:
    for number in range(60):
        (folder / f"{number:02}").write_bytes(f"{folder} {number}".encode() * 99)


def make_comics(folder: Path) -> None:
    first = sum(map(ord, str(folder))) * 100
    for number in range(4):
        make_cbz(folder / f"Saga {number}.cbz", pages(2, first + 2 * number))
    (folder / "Saga 9").mkdir()
    for name, content in pages(6, first + 50).items():
        (folder / "Saga 9" / name).write_bytes(content)


COMMANDS = {
    "add-asset": (("add-asset", "-r", "--mode", "move"), make_files),
    "comic import": (("comic", "import", "-r", "--mode", "move"), make_comics),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("are_hard_links", [False, True])
def test_nothing_of_a_folder_that_was_never_named_is_taken_or_removed(
    server: ForkServer,
    tmp_path: Path,
    sqlite_template: Path,
    command: str,
    *,
    are_hard_links: bool,
    is_thorough: bool,
) -> None:
    words, make = COMMANDS[command]
    for number in range(MANY_ROUNDS if is_thorough else ROUNDS[command]):
        home = fresh(tmp_path / str(number), sqlite_template)
        library, other = home.path / "library", home.path / "other"
        for folder in (library / "1", library / "2", other):
            folder.mkdir(parents=True)
            if folder != other or not are_hard_links:
                make(folder)
        if are_hard_links:  # as a backup may have them
            shutil.copytree(library / "1", other, copy_function=os.link, dirs_exist_ok=True)
        named, never_named = contents(library), contents(other)

        with swapping(library / "1", other, number):
            run = server.run(*words, library, home=home.path, settings=home.settings)

        assert run.code in (0, 3), run.said  # what changed meanwhile is told
        assert contents(other) == never_named
        home.in_world(partial(assert_right, named))
        run_again(server, (*words, library), home)
        assert contents(library) == {}
        assert contents(other) == never_named
        home.in_world(partial(assert_right, named))


@contextmanager
def swapping(folder: Path, other: Path, seed: int) -> Iterator[None]:
    """Have a folder and a link to another one change places again and again."""
    link = folder.parent.parent / "link"
    link.symlink_to(other)
    chance = random.Random(seed)  # noqa: S311 - of moments
    libc = ctypes.CDLL(None, use_errno=True)
    names = (-100, os.fsencode(folder), -100, os.fsencode(link), _EXCHANGE)
    is_over = threading.Event()
    swaps = 0

    def swap() -> None:
        nonlocal swaps
        while not is_over.is_set() or swaps % 2:
            assert libc.renameat2(*names) == 0
            swaps += 1
            time.sleep(chance.random() ** 3 * _LONGEST_S)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
    assert swaps > 10
    assert link.is_symlink()


async def assert_right(named: dict[Path, bytes], world: World) -> None:
    """Assert that what is recorded of each file is right, and that its bytes are somewhere."""
    recorded = await world.read(_recorded)
    for path, digest in recorded.items():
        if path in named:
            assert digest == named[path]
        else:
            assert path.is_dir()
    store = world.resources.get(FileOperationsResource).store
    for path, digest in named.items():
        is_there = path.exists() and hashlib.sha256(path.read_bytes()).digest() == digest
        assert is_there or store.contains(digest), path


async def _recorded(session: AsyncSession) -> dict[Path, bytes]:
    source, digest = OriginalSourceInfoComponent, ContentHashSHA256Component
    rows = select(source.path, digest.digest).join(digest, digest.entity_id == source.entity_id)
    return {Path(os.fsdecode(path)): found for path, found in await session.execute(rows)}


def contents(folder: Path) -> dict[Path, bytes]:
    """Return the digests of what is below a folder, whose names are all of the user's choice."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert not any(is_aside_name(path.name) for path in files)
    return {path: hashlib.sha256(path.read_bytes()).digest() for path in files}


def fresh(path: Path, template: Path) -> Home:
    path.mkdir()
    shutil.copyfile(template, path / "dam.db")
    return Home(path, f"sqlite:///{path / 'dam.db'}")
