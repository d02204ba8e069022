"""An open world on each database, and files in it."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import build_world
from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.services.file_operations import FileOperationsResource
from dam.services.import_service import FileOutcome, ImportOptions, import_files
from dam.services.source_removal_service import note_removals, this_machine
from dam.storage.content_store import ImportMode
from dam.storage.sources.removal import new_aside_name
from dam.tasks.sources import SourceRemoval
from tests.databases import world_config
from tests.faults.state import sha256

Add = Callable[..., Awaitable[EntityId]]
T = TypeVar("T")


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """A world with the built-in parts and without plugins; its store is `store`."""
    world = await build_world(world_config(database_url, worker_kind="thread"), plugins=False)
    yield world
    await world.close()


def counts_at_commits(world: World, path: Path, *tables: str) -> list[tuple[int, ...]]:
    """Return a list that grows: how many rows tables have at each commit while a file is there."""
    found: list[tuple[int, ...]] = []

    @event.listens_for(world.database._writers.sync_engine, "commit")
    def look(connection: Connection) -> None:
        if path.exists():
            texts = [f"SELECT count(*) FROM {table}" for table in tables]  # noqa: S608 - names
            counts = [connection.exec_driver_sql(text).scalar_one() for text in texts]
            found.append(tuple(counts))

    return found


async def just_before(
    world: World,
    first: Callable[[AsyncSession], Awaitable[None]],
    second: Coroutine[Any, Any, T],
) -> T:
    """Begin a call while another transaction is open; that ends once the call waits or is done."""
    is_called, ending = asyncio.Event(), asyncio.Event()

    async def call(session: AsyncSession) -> None:
        await first(session)
        is_called.set()
        await ending.wait()

    calling = asyncio.create_task(world.run(call))
    await is_called.wait()
    later = asyncio.create_task(second)
    if not world.database.is_sqlite:  # there the second writer waits for its turn
        while not (later.done() or await world.read(_somebody_waits)):
            pass
    ending.set()
    await calling
    return await later


async def _somebody_waits(session: AsyncSession) -> bool:
    waiting = """
        SELECT count(*) > 0 FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND datname = current_database()
    """
    return bool(await session.scalar(text(waiting)))


async def leave(
    world: World, entity_id: EntityId, path: Path, machine_id: str | None = None
) -> None:
    """Leave what a move leaves that was killed after its commit, before the file was gone."""
    status = os.stat(path)  # noqa: PTH116 - not as a method, in what is async
    removal = SourceRemoval(
        machine_id=machine_id or await this_machine(),
        entity_id=entity_id,
        path=path,
        sha256=sha256(path),
        size_bytes=status.st_size,
        mtime_ns=status.st_mtime_ns,
        aside=new_aside_name(),
    )
    await world.run(note_removals, [removal], now=world.context.now())


def rot(world: World, digest: bytes) -> None:
    """Flip a bit of what the store holds, as a disk does: the size is the same."""
    stored = world.resources.get(FileOperationsResource).store.local_path(digest)
    content = stored.read_bytes()
    stored.chmod(0o644)
    stored.write_bytes(bytes([content[0] ^ 1]) + content[1:])


@pytest.fixture
def add(world: World) -> Add:
    """Import one file and return its entity's id; what is to be done for it stays to be done."""

    async def call(path: Path, mode: ImportMode = "copy") -> EntityId:
        outcomes: list[FileOutcome] = []
        await import_files(world, [str(path)], ImportOptions(mode=mode), outcomes.append)
        (outcome,) = outcomes
        assert outcome.entity_id is not None
        return outcome.entity_id

    return call


@pytest.fixture
async def left(world: World, add: Add, tmp_path: Path) -> Path:
    """A file that a move has taken in and not removed yet."""
    path = tmp_path / "folder" / "a"
    path.parent.mkdir()
    path.write_bytes(b"content")
    await leave(world, await add(path), path)
    return path
