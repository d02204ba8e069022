"""`add-asset` is killed at any moment: the same command again completes, and repeats nothing."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import build_world
from dam.core.ecs import table_of
from dam.core.world import World
from dam.models import (
    NeedsContentAnalysisComponent,
    NeedsMetadataExtractionComponent,
    OriginalSourceInfoComponent,
)
from tests.core.executor_watch import wait_until_gone
from tests.databases import PostgresServer, world_config
from tests.faults.forks import ForkServer, workers_of
from tests.faults.state import assert_complete, make_folder

pytestmark = pytest.mark.slow

KILLS = {"sqlite": 14, "postgresql": 6}


@asynccontextmanager
async def opened(home: Path, url: str) -> AsyncIterator[World]:
    config = world_config(url, storage_url=str(home / "store"), cache_path=home / ".cache" / "dam")
    world = await build_world(config, plugins=False)
    try:
        yield world
    finally:
        await world.close()


async def let_a_minute_pass(session: AsyncSession) -> list[str]:
    """Have the leases run out that a killed process left; return the paths it had recorded."""
    for marker in (NeedsMetadataExtractionComponent, NeedsContentAnalysisComponent):
        table = table_of(marker)
        held = update(table).where(table.c.lease_token.is_not(None))
        await session.execute(held.values(lease_until=0.0))
    recorded = await session.scalars(select(OriginalSourceInfoComponent.path))
    return list(map(os.fsdecode, recorded))


def fresh_url(engine: str, home: Path, request: pytest.FixtureRequest) -> str:
    home.mkdir()
    if engine == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), home / "dam.db")
        return f"sqlite:///{home / 'dam.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.create_database(with_schema=True)


@pytest.mark.parametrize("engine", KILLS)
def test_killed_at_any_moment_the_next_run_completes_it_and_reads_nothing_twice(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str
) -> None:
    files = make_folder(tmp_path / "folder")
    command = ("add-asset", "-r", tmp_path / "folder", "--jsonl")
    killed = 0
    with ForkServer(tmp_path) as server:
        whole_s = 0.0
        for number in range(KILLS[engine] + 1):
            home = tmp_path / str(number)
            url = fresh_url(engine, home, request)
            settings = {"DAM_DATABASE_URL": url, "DAM_ASSET_STORAGE_PATH": str(home / "store")}
            # The first runs undisturbed: it tells how long that takes.
            moment_s = whole_s * (number - 0.5) / KILLS[engine] if number else 0.0
            run = server.run(*command, home=home, settings=settings, killed_after_s=moment_s)
            if run.code == 0:
                whole_s = min(whole_s or run.elapsed_s, run.elapsed_s)
            else:
                assert run.code == -signal.SIGALRM
                killed += 1
            for worker in workers_of(run.process_id):
                wait_until_gone(worker)

            async def look(home: Path = home, url: str = url) -> list[str]:
                async with opened(home, url) as world:
                    return await world.run(let_a_minute_pass)

            recorded = asyncio.run(look())
            again = server.run(*command, home=home, settings=settings)
            assert again.code == 0
            told = {line["path"]: line["status"] for line in again.jsonl}
            assert {path: told[path] for path in recorded} == dict.fromkeys(recorded, "unchanged")
            assert told.keys() == set(map(str, files))

            async def check(home: Path = home, url: str = url) -> None:
                async with opened(home, url) as world:
                    await assert_complete(world, files)

            asyncio.run(check())
    assert killed > KILLS[engine] / 2  # the others ended sooner than the first


def test_killed_while_the_world_is_made_the_next_run_makes_it(tmp_path: Path) -> None:
    files = make_folder(tmp_path / "folder")[:3]
    # Nothing is claimed, so that no lease is left to wait for.
    command = ("add-asset", *map(str, files), "--no-process", "--jsonl")
    with ForkServer(tmp_path) as server:
        for number in range(6):
            home = tmp_path / str(number)
            home.mkdir()
            moment_s = 0.02 + 0.07 * number
            server.run(*command, home=home, settings={}, killed_after_s=moment_s)
            again = server.run(*command, home=home, settings={})
            assert again.code == 0
            assert [Path(line["path"]) for line in again.jsonl] == files
