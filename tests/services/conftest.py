"""An open world on each database, and files in it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from dam.app import build_world
from dam.core.ecs import EntityId
from dam.core.world import World
from dam.services.import_service import FileOutcome, ImportOptions, import_files
from dam.storage.content_store import ImportMode
from tests.databases import world_config

Add = Callable[..., Awaitable[EntityId]]


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """A world with the built-in parts and without plugins; its store is `store`."""
    world = await build_world(world_config(database_url, worker_kind="thread"), plugins=False)
    yield world
    await world.close()


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
