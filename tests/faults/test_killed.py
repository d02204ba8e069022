"""`add-asset` is killed at any moment: the same command again completes, and repeats nothing."""

import os
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.models import OriginalSourceInfoComponent
from tests.faults.forks import ForkServer
from tests.faults.kills import killed_homes, run_again
from tests.faults.state import assert_complete, make_folder

pytestmark = pytest.mark.slow

KILLS = {"sqlite": 14, "postgresql": 6}


async def recorded_paths(session: AsyncSession) -> list[str]:
    return list(map(os.fsdecode, await session.scalars(select(OriginalSourceInfoComponent.path))))


@pytest.mark.parametrize("engine", KILLS)
def test_killed_at_any_moment_the_next_run_completes_it_and_reads_nothing_twice(
    request: pytest.FixtureRequest, server: ForkServer, tmp_path: Path, engine: str
) -> None:
    files = make_folder(tmp_path / "folder")
    command = ("add-asset", "-r", tmp_path / "folder", "--jsonl")
    for home in killed_homes(server, command, tmp_path, request, engine, KILLS[engine]):
        recorded = home.in_world(lambda world: world.read(recorded_paths))
        told = {line["path"]: line["status"] for line in run_again(server, command, home).jsonl}
        assert {path: told[path] for path in recorded} == dict.fromkeys(recorded, "unchanged")
        assert told.keys() == set(map(str, files))
        home.in_world(lambda world: assert_complete(world, files))


def test_killed_while_the_world_is_made_the_next_run_makes_it(
    server: ForkServer, tmp_path: Path
) -> None:
    files = make_folder(tmp_path / "folder")[:3]
    # Nothing is claimed, so that no lease is left to wait for.
    command = ("add-asset", *map(str, files), "--no-process", "--jsonl")
    for number in range(6):
        home = tmp_path / str(number)
        home.mkdir()
        moment_s = 0.02 + 0.07 * number
        server.run(*command, home=home, settings={}, killed_after_s=moment_s)
        again = server.run(*command, home=home, settings={})
        assert again.code == 0
        assert [Path(line["path"]) for line in again.jsonl] == files
