"""A world to search in, made once a session for each database."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dam.app import build_world
from dam.core.config import WorldContext
from dam.core.database.database import Database
from dam.core.world import World
from tests.databases import PostgresServer, world_config
from tests.services.search_service.search_world import NOW, MadeUp, made_up, write


@pytest.fixture(scope="session")
def searched() -> MadeUp:
    """What the world to search in holds."""
    return made_up()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def searched_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, searched: MadeUp
) -> Iterator[str]:
    """The database of the world to search in, once for each engine; it is only read."""
    if request.param == "sqlite":
        path: Path = tmp_path_factory.mktemp("searched") / "dam.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        asyncio.run(_fill(f"sqlite:///{path}", searched))
        yield f"sqlite:///{path}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.create_database(with_schema=True)
    asyncio.run(_fill(url, searched))
    yield url
    server.drop_database(url)


async def _fill(url: str, searched: MadeUp) -> None:
    context = WorldContext(world_name="test", run_id="run", now=lambda: NOW)
    database = Database(url, context)
    await database.write(write, searched)
    await database.close()


@pytest.fixture
async def searched_world(searched_url: str) -> AsyncIterator[World]:
    """The world to search in."""
    config = world_config(searched_url, worker_kind="thread")
    world = await build_world(config, plugins=False)
    yield world
    await world.close()
