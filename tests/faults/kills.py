"""A command that is killed at moments all over its course, and run again each time."""

import asyncio
import shutil
import signal
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import build_world
from dam.core.ecs.components import table_of
from dam.core.world import World
from dam.models import NeedsContentAnalysisComponent, NeedsMetadataExtractionComponent
from tests.databases import PostgresServer, world_config
from tests.faults.forks import Ended, ForkServer, workers_of
from tests.workers.watch import wait_until_gone

T = TypeVar("T")


@dataclass(frozen=True)
class Home:
    """Where one run keeps everything."""

    path: Path
    url: str

    @property
    def settings(self) -> dict[str, str]:
        return {"DAM_DATABASE_URL": self.url, "DAM_ASSET_STORAGE_PATH": str(self.path / "store")}

    def in_world(self, job: Callable[[World], Awaitable[T]]) -> T:
        """Return the answer of a job that is given the world."""
        config = world_config(
            self.url,
            storage_url=str(self.path / "store"),
            cache_path=self.path / ".cache" / "dam",
        )

        async def work() -> T:
            world = await build_world(config, plugins=False)
            try:
                return await job(world)
            finally:
                await world.close()

        return asyncio.run(work())


async def let_a_minute_pass(session: AsyncSession) -> None:
    """Have the leases run out that a killed process left."""
    for marker in (NeedsMetadataExtractionComponent, NeedsContentAnalysisComponent):
        table = table_of(marker)
        held = update(table).where(table.c.lease_token.is_not(None))
        await session.execute(held.values(lease_until=0.0))


def killed_homes(
    server: ForkServer,
    command: tuple[str | Path, ...],
    folder: Path,
    request: pytest.FixtureRequest,
    engine: str,
    kills: int,
) -> Iterator[Home]:
    """Yield the homes that runs left behind, each killed a little later; no lease holds any more.

    The first one ran undisturbed: it tells how long that takes.
    """
    whole_s, killed = 0.0, 0
    for number in range(kills + 1):
        home = fresh_home(folder / str(number), engine, request)
        moment_s = whole_s * (number - 0.5) / kills if number else 0.0
        run = server.run(*command, home=home.path, settings=home.settings, killed_after_s=moment_s)
        if run.code == 0:
            whole_s = min(whole_s or run.elapsed_s, run.elapsed_s)
        else:
            assert run.code == -signal.SIGALRM
            killed += 1
        for worker in workers_of(run.process_id):
            wait_until_gone(worker)
        home.in_world(lambda world: world.run(let_a_minute_pass))
        yield home
    assert killed > kills / 2  # the others ended sooner than the first


def run_again(server: ForkServer, command: tuple[str | Path, ...], home: Home) -> Ended:
    """Return the same command's next run, which nothing disturbs."""
    again = server.run(*command, home=home.path, settings=home.settings)
    assert again.code == 0
    return again


def fresh_home(path: Path, engine: str, request: pytest.FixtureRequest) -> Home:
    """Make a home with a world in which nothing is yet."""
    path.mkdir()
    if engine == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path / "dam.db")
        return Home(path, f"sqlite:///{path / 'dam.db'}")
    server: PostgresServer = request.getfixturevalue("postgres")
    return Home(path, server.create_database(with_schema=True))
