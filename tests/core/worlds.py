"""Worlds made of a test's own systems, and entities to work on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.builder import WorldBuilder
from dam.core.config import WorldContext
from dam.core.ecs.components import (
    AnyComponent,
    Entity,
    EntityId,
    MarkerComponent,
    ProcessingErrorComponent,
)
from dam.core.ecs.rows import create_entities, mark
from dam.core.systems.declaration import SystemFacts, facts_of
from dam.core.systems.tag_writer import Refused, TagsByEntity
from dam.core.world import World
from dam.models import ImageDimensionsComponent
from tests.databases import world_config

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
CONTEXT = WorldContext(world_name="test", run_id="run", now=lambda: NOW)

HANG_S = 300
"""A safety net: whatever takes longer hangs, and that is a failure."""

A = TypeVar("A", bound=AnyComponent)


class OpenWorld(Protocol):
    """Opens a world with these systems and listeners, and settings that differ."""

    def __call__(
        self, *functions: Callable[..., Awaitable[Any]], **changes: Any
    ) -> AbstractAsyncContextManager[World]: ...


class WorldOpener:
    """Opens worlds over one database; each closes with its block."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url

    @asynccontextmanager
    async def __call__(
        self, *functions: Callable[..., Awaitable[Any]], **changes: Any
    ) -> AsyncIterator[World]:
        world = await builder_of(self._url, *functions, **changes).build()
        try:
            async with asyncio.timeout(HANG_S):
                yield world
        finally:
            await world.close()


def builder_of(url: str, *functions: Callable[..., Awaitable[Any]], **changes: Any) -> WorldBuilder:
    """Return a builder that has these systems and listeners."""
    builder = WorldBuilder(world_config(url, **changes))
    for function in functions:
        if isinstance(facts_of(function), SystemFacts):
            builder.add_system(function)
        else:
            builder.add_listener(function)
    return builder


async def no_tags(_session: AsyncSession, tags: TagsByEntity, _source: str) -> Refused:
    """Write the tags of systems that give none."""
    assert not any(tags.values())
    return {}


async def new_entities(
    session: AsyncSession, count: int, *markers: type[MarkerComponent]
) -> list[EntityId]:
    """Create entities with these markers on them."""
    ids = list(await create_entities(session, count, now=NOW))
    for marker in markers:
        await mark(session, marker, ids)
    return ids


async def all_entities(session: AsyncSession) -> list[EntityId]:
    """Return every entity, ascending."""
    return list(await session.scalars(select(Entity.id).order_by(Entity.id)))


async def rows_of(session: AsyncSession, kind: type[A]) -> list[A]:
    """Return every row of a component, by entity."""
    return list(await session.scalars(select(kind).order_by(kind.entity_id)))


async def widths(session: AsyncSession) -> dict[EntityId, int]:
    """Return what the tests' systems wrote."""
    return {row.entity_id: row.width for row in await rows_of(session, ImageDimensionsComponent)}


async def failures(session: AsyncSession) -> dict[EntityId, tuple[str, str, str, int]]:
    """Return system, error, message and attempts of the open failures."""
    return {
        row.entity_id: (row.system, row.error, row.message, row.attempts)
        for row in await rows_of(session, ProcessingErrorComponent)
    }


async def marked(session: AsyncSession, marker: type[MarkerComponent]) -> list[EntityId]:
    """Return the entities that carry a marker, leased or not."""
    return [row.entity_id for row in await rows_of(session, marker)]


def size(width: int) -> ImageDimensionsComponent:
    """Return a component to write."""
    return ImageDimensionsComponent(width=width, height=1)
