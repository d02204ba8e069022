"""The composition root: settings in, an open world out."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from tempfile import TemporaryDirectory

from dam.core.builder import WorldBuilder
from dam.core.config import WorldConfig
from dam.core.database.url import parse_database_url
from dam.core.ecs.components import MarkerComponent
from dam.core.new_entities import NewEntityMarkers
from dam.core.world import World
from dam.errors import NotSetUpError
from dam.plugins import builtin
from dam.services import schema_service
from dam.services.world_service import hold_to_identity
from dam.settings import Settings, load_settings
from dam.settings.locations import quoted_path

__all__ = [
    "Settings",
    "World",
    "WorldConfig",
    "build_world",
    "load_settings",
    "open_world",
    "world_config",
]


def world_config(name: str | None = None, settings: Settings | None = None) -> WorldConfig:
    """Return what a world of the settings is told when it opens.

    Raises:
        UnknownNameError: No world has that name.
    """
    settings = settings or load_settings()
    world = settings.world(name)
    return WorldConfig(
        name=world.name,
        database_url=world.database_url,
        storage_url=world.storage_url,
        cache_path=world.cache_path,
        workers=settings.workers,
        worker_kind=settings.worker_kind,
        worker_environment=settings.worker_environment,
        extra_digests=frozenset(settings.extra_digests),
    )


async def build_world(config: WorldConfig, *, plugins: bool = True) -> World:
    """Return a world of the built-in parts and the installed plugins; its schema is not looked at.

    Raises:
        WorldBuildError, PluginLoadError: The parts do not fit, or do not load.
    """
    builder = WorldBuilder(config)
    builtin.install(builder)
    if plugins:
        builder.load_plugins()
    return await builder.build()


@asynccontextmanager
async def open_world(
    name: str | None = None,
    *,
    settings: Settings | None = None,
    plugins: bool = True,
    is_dry_run: bool = False,
) -> AsyncIterator[World]:
    """Open a world by name, the default one without; close it at the end.

    A world that nobody configured is made on first use; for a dry run, only as long as it lasts.

    Raises:
        SettingError: There are worlds, and another one is named that was never made.
        NotSetUpError: A configured database has no schema; `setup-db` makes it.
        DatabaseOutdatedError, DatabaseTooNewError: The schema is not this program's.
        PluginTablesMissingError: A plugin's markers have no tables.
    """
    settings = settings or load_settings()
    config = world_config(name, settings)
    is_configured = settings.world(name).is_configured
    with ExitStack() as opened:
        if is_dry_run and not is_configured:
            config = opened.enter_context(_passing_if_absent(config))
        world = await build_world(config, plugins=plugins)
        try:
            try:
                await schema_service.check_schema(world.database)
            except NotSetUpError:
                if is_configured:
                    raise
                settings.refuse_misspelt_world(name)
                await asyncio.to_thread(schema_service.set_up, config)
            await hold_to_identity(world)
            if plugins:
                await schema_service.check_tables(world.database, _markers(world))
            yield world
        finally:
            await world.close()


@contextmanager
def _passing_if_absent(config: WorldConfig) -> Iterator[WorldConfig]:
    """Return the config with a database that passes away, where the world was never made."""
    if not schema_service.is_absent(parse_database_url(config.database_url)):
        yield config
        return
    with TemporaryDirectory(prefix="dam-") as folder:
        yield replace(config, database_url=f"sqlite:///{quoted_path(folder)}/{config.name}.db")


def _markers(world: World) -> set[type[MarkerComponent]]:
    """Return the markers that the world's systems work off, and those that its imports set."""
    worked_off = {plan.marker for plan in world.scheduler.systems() if plan.marker is not None}
    return worked_off | world.resources.get(NewEntityMarkers).markers()
