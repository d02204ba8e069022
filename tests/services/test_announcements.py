"""Whoever writes, listeners hear what was emitted in the transaction once it has committed."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from dam.core.builder import WorldBuilder
from dam.core.events import Event, emit
from dam.core.systems.declaration import listens_for
from dam.core.systems.params import WorldReader
from dam.core.world import World
from dam.errors import EntityNotFoundError
from dam.models import NeedsMetadataExtractionComponent
from dam.plugins import builtin
from dam.services.import_service import ImportOptions, import_files
from dam.services.process_service import process, retry
from dam.services.removal_service import remove_assets
from dam.services.status_service import status
from dam.storage.content_store import ImportMode
from tests.databases import world_config


@dataclass(frozen=True)
class Written(Event[None]):
    """A transaction has begun to write."""


@pytest.fixture
def assets_seen() -> list[int]:
    """How many assets there were, each time that the event was heard."""
    return []


@pytest.fixture
async def world(database_url: str, assets_seen: list[int]) -> AsyncIterator[World]:
    @listens_for(Written)
    async def look(_event: Written, reader: WorldReader) -> None:
        assets_seen.append((await reader.run(status)).assets)

    builder = WorldBuilder(world_config(database_url, worker_kind="thread"))
    builtin.install(builder)
    builder.add_listener(look)
    world = await builder.build()
    yield world
    await world.close()


@pytest.fixture(autouse=True)
def emitting() -> Iterator[None]:
    """Have every transaction emit, whoever began it."""

    def begun(session: Session, *_: object) -> None:
        emit(cast("AsyncSession", session), Written())

    event.listen(Session, "after_begin", begun)
    yield
    event.remove(Session, "after_begin", begun)


@pytest.mark.parametrize("mode", ["copy", "move", "reference"])
async def test_an_import_announces_what_it_emits(
    world: World, home: Path, assets_seen: list[int], mode: ImportMode
) -> None:
    (home / "a.txt").write_text("a")
    await import_files(world, [str(home / "a.txt")], ImportOptions(mode=mode))
    assert assets_seen[-1] == 1


async def test_removals_retries_and_marks_announce_what_they_emit(
    world: World, home: Path, assets_seen: list[int]
) -> None:
    (home / "a.txt").write_text("a")
    await import_files(world, [str(home / "a.txt")], ImportOptions())
    assets_seen.clear()
    await retry(world)  # a transaction for each system
    assert assets_seen == [1, 1, 1, 1]
    assets_seen.clear()
    await process(
        world,
        stages=["post-processing"],
        marker_name=NeedsMetadataExtractionComponent.__name__,
        retries_unblocked=False,
    )
    assert set(assets_seen) == {1}
    assets_seen.clear()
    await remove_assets(world, [1])
    assert assets_seen[-1] == 0


async def test_what_is_rolled_back_announces_nothing(world: World, assets_seen: list[int]) -> None:
    with pytest.raises(EntityNotFoundError):
        await remove_assets(world, [99])
    assert assets_seen == []
