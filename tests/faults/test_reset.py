"""`setup-db --reset` at any moment of two imports: no row points at what it does not hold.

One of them moves: whatever it was refused, each source is there, or its bytes are in the store.
"""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import Entity
from dam.core.world import World
from dam.errors import ExitCode
from dam.services.file_operations import FileOperationsResource
from tests.command_line import DamCli, kill_all
from tests.faults.facts import Facts, assert_nothing_dangles, facts_of
from tests.faults.kills import Home, fresh_home
from tests.faults.state import make_folder, sha256
from tests.services.comic_files import make_cbz, pages, picture

pytestmark = pytest.mark.slow

_LIMIT_S = 120.0
_RESETS = {"sqlite": 2, "postgresql": 1}
_RESETS_WHEN_SLOW = 20
_WAITING = re.compile(r"waiting for (the database|\d+ assets?)\b")
_LAST_ID = {
    "sqlite": "SELECT last_id FROM entity_counter",
    "postgresql": "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM entity_id_seq",
}


class Imports:
    """Two commands that import at the same time, again and again, into one world."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._sources: dict[Path, bytes] = {}
        self._command = DamCli(home.path).with_settings(**home.settings, DAM_WORKERS="1")

    def start(self) -> list["subprocess.Popen[bytes]"]:
        """Start both, on a folder that is as it was before the first time."""
        folder = self._home.path / "folder"
        shutil.rmtree(folder, ignore_errors=True)
        self._sources = {path: sha256(path) for path in make_folder(folder)}
        return [
            self._command.start("add-asset", "-r", "folder", "--mode", "move", "--jsonl"),
            self._command.start("comic", "import", "-r", "comics", "--jsonl"),
        ]

    def wait(self, running: list["subprocess.Popen[bytes]"]) -> list[int]:
        """Return the exit codes; who was refused said so and no more."""
        codes = []
        try:
            for process in running:  # a busy machine may make them wait for each other
                errors = process.communicate(timeout=_LIMIT_S)[1].decode().splitlines()
                codes.append(process.returncode)
                if process.returncode:
                    assert process.returncode == ExitCode.ENVIRONMENT, errors
                    *waits, error = errors
                    assert all(map(_WAITING.search, waits)), errors
                    assert json.loads(error)["error"] == "WorldResetError", errors
        except BaseException:
            for process in running:
                if process.poll() is None:
                    kill_all(process)
            raise
        return codes

    def assert_no_source_lost(self, world: World) -> None:
        store = world.resources.get(FileOperationsResource).store
        gone = [digest for path, digest in self._sources.items() if not path.exists()]
        assert all(map(store.contains, gone))

    def reset(self) -> None:
        assert self._command("setup-db", "--reset", "--yes").returncode == 0


@pytest.fixture(params=_RESETS)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def home_of_imports(tmp_path: Path, engine: str, request: pytest.FixtureRequest) -> Home:
    home = fresh_home(tmp_path / "home", engine, request)
    advert = picture(1000)
    for number in range(6):
        members = {**pages(6, 100 * number), "zz.jpg": advert}
        make_cbz(home.path / "comics" / f"Saga (2012) ({number}).cbz", members)
    return home


def test_nothing_of_the_world_that_was_gets_into_the_one_that_is(
    home_of_imports: Home, engine: str, *, is_thorough: bool
) -> None:
    home, resets = home_of_imports, _RESETS_WHEN_SLOW if is_thorough else _RESETS[engine]
    imports = Imports(home)
    started_s = time.monotonic()
    assert imports.wait(imports.start()) == [0, 0]
    whole_s = time.monotonic() - started_s
    wanted, last_id = look(home, engine, imports, after=0)
    refused = 0
    for number in range(resets):
        imports.reset()
        running = imports.start()
        time.sleep(whole_s * (number + 0.5) / resets)  # the moment that this is about
        imports.reset()
        refused += sum(code != 0 for code in imports.wait(running))
        found, last_id = look(home, engine, imports, after=last_id)
        assert found <= wanted
    assert refused or not is_thorough  # a few may miss the moments when both are at work
    assert imports.wait(imports.start()) == [0, 0]
    assert look(home, engine, imports, after=last_id)[0] == wanted


def look(home: Home, engine: str, imports: Imports, *, after: int) -> tuple[Facts, int]:
    """Return what the world says, and its last id; every id comes after the one that is given."""

    async def work(world: World) -> tuple[Facts, int]:
        await assert_nothing_dangles(world)
        imports.assert_no_source_lost(world)
        last_id = int(await world.read(AsyncSession.scalar, text(_LAST_ID[engine])))
        first_id = await world.read(AsyncSession.scalar, select(Entity.id).order_by(Entity.id))
        assert last_id >= after
        assert first_id is None or first_id > after
        return await world.read(facts_of), last_id

    return home.in_world(work)
