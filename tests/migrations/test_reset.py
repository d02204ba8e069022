"""A world that is emptied while others work in it: they stop, and no id comes again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import build_world
from dam.core.database.database import Database
from dam.core.world import World
from dam.errors import ExitCode, NotSetUpError, WorldResetError
from dam.services.schema_service import set_up
from dam.services.world_service import hold_to_identity, world_uuid
from tests.core.worlds import CONTEXT, HANG_S, all_entities, new_entities
from tests.databases import PostgresServer, world_config
from tests.migrations.schemas import execute

_WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """A PostgreSQL database of one's own with the newest schema."""
    url = postgres.create_database(with_schema=True)
    yield url
    postgres.drop_database(url)


@asynccontextmanager
async def held_world(url: str) -> AsyncIterator[World]:
    """Yield a world as the commands open it."""
    world = await build_world(world_config(url, worker_kind="thread"), plugins=False)
    try:
        await hold_to_identity(world)
        async with asyncio.timeout(HANG_S):
            yield world
    finally:
        await world.close()


async def reset(url: str) -> None:
    await asyncio.to_thread(set_up, world_config(url), reset=True)


async def test_whoever_works_in_a_world_that_was_emptied_is_refused(database_url: str) -> None:
    async with held_world(database_url) as world:
        await world.run(new_entities, 1)
        opened = await world.read(world_uuid)
        await reset(database_url)
        for use in (world.run(new_entities, 1), world.read(all_entities)):
            with pytest.raises(WorldResetError) as caught:
                await use
            async with held_world(database_url) as now:
                found = await now.read(world_uuid)
                assert await now.read(all_entities) == []
            assert str(caught.value) == (
                "the world was emptied while this command worked: the database "
                f"{world.database.safe_url} now has world {found}; expected {opened}"
            )
        assert caught.value.hint == "run the command again; it will use the world that is there now"
        assert caught.value.exit_code is ExitCode.ENVIRONMENT


async def test_a_database_that_nobody_holds_to_a_world_goes_on(database_url: str) -> None:
    database = Database(database_url, CONTEXT)
    await database.write(new_entities, 1)
    await reset(database_url)
    assert await database.write(new_entities, 1) == [2]
    await database.close()


async def test_a_world_whose_tables_are_gone_is_told(database_url: str) -> None:
    async with held_world(database_url) as world:
        execute(database_url, "DROP TABLE world_identity")
        for use in (world.run(new_entities, 1), world.read(all_entities)):
            with pytest.raises(WorldResetError, match="now has no world; expected"):
                await use


async def test_a_database_without_an_identity_is_not_set_up(database_url: str) -> None:
    execute(database_url, "DELETE FROM world_identity")
    with pytest.raises(NotSetUpError):
        async with held_world(database_url):
            pass


async def test_ids_count_on_after_a_reset(database_url: str) -> None:
    async with held_world(database_url) as world:
        assert await world.run(new_entities, 3) == [1, 2, 3]
        await world.run(_delete_entities)
    for expected in (4, 5):
        await reset(database_url)
        async with held_world(database_url) as world:
            assert await world.run(new_entities, 1) == [expected]
    await reset(database_url)
    await reset(database_url)
    async with held_world(database_url) as world:
        assert await world.run(new_entities, 1) == [6]


async def _delete_entities(session: AsyncSession) -> None:
    await session.execute(text("DELETE FROM entities"))


async def test_a_reset_waits_for_whoever_writes(database_url: str) -> None:
    async with held_world(database_url) as world:
        async with world.database.writer() as session:
            emptied = asyncio.create_task(reset(database_url))
            if world.database.is_sqlite:  # nothing tells that it has got so far
                await asyncio.wait([emptied], timeout=0.3)
            else:
                await waiting(database_url, 1)
            assert await new_entities(session, 2) == [1, 2]
        await emptied
        with pytest.raises(WorldResetError):
            await world.run(new_entities, 1)
    async with held_world(database_url) as world:
        assert await world.run(new_entities, 1) == [3]


async def test_whoever_waited_for_a_reset_is_refused(postgres_url: str) -> None:
    """As a writer, as a reader that has a snapshot of before, and as one that opens the world."""
    async with held_world(postgres_url) as world, held_world(postgres_url) as other:
        async with other.database.reader():
            emptied = asyncio.create_task(reset(postgres_url))
            await waiting(postgres_url, 1)
            uses = [
                asyncio.create_task(use)
                for use in (
                    world.run(new_entities, 1),
                    world.read(all_entities),
                    read_once_opened(postgres_url),
                )
            ]
            await waiting(postgres_url, 4)
        await emptied
        *refused, found = await asyncio.gather(*uses, return_exceptions=True)
        assert [type(outcome) for outcome in refused] == [WorldResetError, WorldResetError]
        assert found == []


async def waiting(url: str, count: int) -> None:
    """Return once so many transactions wait for another one."""
    database = Database(url, CONTEXT)
    while await database.read(AsyncSession.scalar, text(_WAITING)) < count:
        pass
    await database.close()


async def read_once_opened(url: str) -> list[int]:
    async with held_world(url) as world:
        return await world.read(all_entities)
