"""A store or a database that goes away while files are moved in: no byte is lost.

The moments are told by the sources that are gone already, so that they are the same on any machine.
"""

import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.models import IN_STORE, ContentHashSHA256Component, FileLocationComponent
from tests.conftest import unavailable
from tests.faults.forks import Ended, ForkServer
from tests.faults.kills import Home, fresh_home, let_a_minute_pass
from tests.faults.state import sha256
from tests.services.comic_files import make_cbz, pages

pytestmark = pytest.mark.slow

FILES, COMICS = 60, 12
COMMANDS = {"files": ("add-asset", "-r"), "comics": ("comic", "import", "-r")}
# So many sources are gone; 0 is when the first bytes are in the store.
MOMENTS = {
    "files": (0, 1, 8, 16, 24, 32, 33, 40, 50, 58),
    "comics": (0, 1, 2, 3, 4, 5, 6, 8, 9, 10),
}
SAMPLE = {"files": (33,), "comics": (3,)}
DIGEST = ContentHashSHA256Component


def unmount(home: Home) -> None:
    (home.path / "store").rename(home.path / "aside")
    (home.path / "store").mkdir()


def remove_root(home: Home) -> None:
    (home.path / "store").rename(home.path / "aside")


def put_back_store(home: Home) -> None:
    shutil.rmtree(home.path / "store", ignore_errors=True)
    (home.path / "aside").rename(home.path / "store")


def rename_database(home: Home) -> None:
    (home.path / "dam.db").rename(home.path / "aside.db")


def replace_database(home: Home) -> None:
    rename_database(home)
    (home.path / "empty.db").rename(home.path / "dam.db")


def put_empty_file_there(home: Home) -> None:
    rename_database(home)
    (home.path / "dam.db").touch()


def put_back_database(home: Home) -> None:
    (home.path / "aside.db").replace(home.path / "dam.db")


def cut_database(home: Home) -> None:
    os.truncate(home.path / "dam.db", 0)


def delete_all_rows(home: Home) -> None:
    with closing(sqlite3.connect(home.path / "dam.db", timeout=60, isolation_level=None)) as base:
        base.execute("BEGIN IMMEDIATE")
        tables = base.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in tables:
            if name != "alembic_version":
                base.execute(f'DELETE FROM "{name}"')  # noqa: S608 - our own names
        base.execute("COMMIT")


STORE_FAULTS = [unmount, remove_root]
DATABASE_FAULTS = [rename_database, replace_database, put_empty_file_there]
LOSSES = [cut_database, delete_all_rows]
CASES = [
    *(("sqlite", fault, put_back_store) for fault in STORE_FAULTS),
    *(("postgresql", fault, put_back_store) for fault in STORE_FAULTS),
    *(("sqlite", fault, put_back_database) for fault in DATABASE_FAULTS),
]


@pytest.mark.parametrize(("engine", "fault", "put_back"), CASES)
@pytest.mark.parametrize("kind", COMMANDS)
def test_a_move_whose_store_or_database_goes_away_loses_nothing(
    request: pytest.FixtureRequest,
    server: ForkServer,
    tmp_path: Path,
    kind: str,
    engine: str,
    fault: Callable[[Home], None],
    put_back: Callable[[Home], None],
) -> None:
    for moment in moments(request, kind):
        home = fresh_home(tmp_path / str(moment), engine, request)
        if fault is replace_database:
            shutil.copyfile(home.path / "dam.db", home.path / "empty.db")
        sources = make_sources(home.path / "sources", kind)
        was_struck = strike(server, home, kind, moment, sources, fault)
        if was_struck:
            put_back(home)
        assert_nothing_lost(home, sources, home.path / "store")
        assert_completed(server, home, kind, sources)


@pytest.mark.parametrize("fault", LOSSES)
@pytest.mark.parametrize("kind", COMMANDS)
def test_a_move_whose_database_is_emptied_keeps_all_bytes(
    request: pytest.FixtureRequest,
    server: ForkServer,
    tmp_path: Path,
    kind: str,
    fault: Callable[[Home], None],
) -> None:
    for moment in moments(request, kind):
        home = fresh_home(tmp_path / str(moment), "sqlite", request)
        sources = make_sources(home.path / "sources", kind)
        strike(server, home, kind, moment, sources, fault)
        assert all(path.exists() or stored(home.path / "store", sources[path]) for path in sources)


def test_a_move_into_a_disk_that_is_unmounted_loses_nothing(
    request: pytest.FixtureRequest, server: ForkServer, tmp_path: Path, other_file_system: Path
) -> None:
    home = fresh_home(tmp_path / "home", "sqlite", request)
    root = home.path / "store"
    root.mkdir()
    if subprocess.run(["mount", "--bind", other_file_system, root], check=False).returncode:
        unavailable("nothing can be mounted here: this needs root")
    sources = make_sources(home.path / "sources", "files")
    assert strike(server, home, "files", 1, sources, lambda _: umount(root))
    assert list(root.iterdir()) == []
    again = server.run(*command("files", home), home=home.path, settings=home.settings)
    assert again.code == 5

    subprocess.run(["mount", "--bind", other_file_system, root], check=True)
    try:
        assert_nothing_lost(home, sources, other_file_system)
        assert_completed(server, home, "files", sources)
    finally:
        umount(root)


def umount(root: Path) -> None:
    subprocess.run(["umount", "--lazy", root], check=True)


def moments(request: pytest.FixtureRequest, kind: str) -> Sequence[int]:
    return (MOMENTS if request.getfixturevalue("is_thorough") else SAMPLE)[kind]


def make_sources(folder: Path, kind: str) -> dict[Path, bytes]:
    """Make what is to be moved; return the digest of each."""
    folder.mkdir(parents=True)
    for number in range(FILES if kind == "files" else COMICS):
        if kind == "files":
            (folder / f"{number:03}").write_bytes(b"%d" % number * 99)
        else:
            make_cbz(folder / f"Saga {number + 1} (2012).cbz", pages(1, 10 * number))
    return {path: sha256(path) for path in sorted(folder.iterdir())}


def command(kind: str, home: Home) -> tuple[str | Path, ...]:
    return (*COMMANDS[kind], "--mode", "move", "--no-process", "--jsonl", home.path / "sources")


def strike(
    server: ForkServer,
    home: Home,
    kind: str,
    moment: int,
    sources: dict[Path, bytes],
    fault: Callable[[Home], None],
) -> bool:
    """Run a move and strike at a moment; return whether the move had not yet ended by then.

    A move that is struck ends with 5, unless just its last source had been removed.
    """
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(
            server.run, *command(kind, home), home=home.path, settings=home.settings
        )
        is_reached = wait_for(running, home, moment, len(sources))
        if is_reached:
            fault(home)
        run = running.result()
    if not is_reached or run.code == 0:
        assert run.code == 0
        assert not any(path.exists() for path in sources)
    else:
        assert run.code == 5
    return is_reached


def wait_for(running: Future[Ended], home: Home, moment: int, total: int) -> bool:
    """Return once so many sources are gone, or the first bytes stored; False if the run ended."""
    sources, store = home.path / "sources", home.path / "store"
    while not running.done():
        if moment == 0 and store.is_dir() and any(store.glob("??/*/*")):
            return True
        if 0 < moment <= total - len(os.listdir(sources)):  # noqa: PTH208 - as quick as can be
            return True
        time.sleep(0.0005)
    return False


def assert_nothing_lost(home: Home, sources: dict[Path, bytes], root: Path) -> None:
    """Assert that what is gone is in the store, and that the database knows it."""
    gone = {digest for path, digest in sources.items() if not path.exists()}
    assert all(stored(root, digest) for digest in gone)
    known = home.in_world(lambda world: world.read(known_digests))
    assert gone <= known


async def known_digests(session: AsyncSession) -> set[bytes]:
    place = FileLocationComponent
    known = select(DIGEST.digest).join(place, place.entity_id == DIGEST.entity_id)
    return set(await session.scalars(known.where(place.storage == IN_STORE)))


def stored(root: Path, digest: bytes) -> bool:
    name = digest.hex()
    path = root / name[:2] / name[2:4] / name
    return path.is_file() and sha256(path) == digest


def assert_completed(server: ForkServer, home: Home, kind: str, sources: dict[Path, bytes]) -> None:
    """Assert that the same command again does the rest."""
    home.in_world(lambda world: world.run(let_a_minute_pass))
    again = server.run(*command(kind, home), home=home.path, settings=home.settings)
    assert again.code == 0
    assert not any(path.exists() for path in sources)
    known = home.in_world(lambda world: world.read(known_digests))
    assert set(sources.values()) <= known
    assert all(stored(home.path / "store", digest) for digest in sources.values())
