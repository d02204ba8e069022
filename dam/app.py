"""Opens worlds: takes the settings, puts a world together and checks its database."""

import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

from dam.core.builder import WorldBuilder
from dam.core.config import WorldConfig
from dam.core.database.url import is_absent, parse_database_url
from dam.core.plugin_schemas import PluginSchema
from dam.core.world import World
from dam.errors import PluginLoadError, place_without_password, url_without_password
from dam.media.kind import MediaKind
from dam.plugins import builtin
from dam.services import schema_service
from dam.settings import Settings, load_settings
from dam.settings.locations import quoted_path

__all__ = [
    "PluginSchema",
    "Settings",
    "World",
    "WorldConfig",
    "build_world",
    "list_systems",
    "load_parts",
    "load_settings",
    "open_world",
    "world_config",
]

log = logging.getLogger(__name__)


def world_config(name: str | None = None, settings: Settings | None = None) -> WorldConfig:
    """Return the configuration of a world, taken from the settings.

    Args:
        name: A world's name; the default world without.
        settings: Loaded with `load_settings` if left out.

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
        worker_environment=settings.worker_environment,
        extra_digests=frozenset(settings.extra_digests),
        max_pixels=settings.max_pixels,
    )


def load_parts(
    config: WorldConfig, *, plugins: bool
) -> tuple[Sequence[PluginSchema], Sequence[MediaKind[Any]], list[PluginLoadError]]:
    """Return what can be known of a world without opening it.

    These are the schemas of the installed plugins, the media kinds, and an error for each plugin
    that cannot be loaded. Without `plugins`, only the built-in kinds are returned.

    Raises:
        WorldBuildError: The tables of a plugin have faults.
    """
    builder, skipped = WorldBuilder(config), list[PluginLoadError]()
    builtin.install(builder)
    if plugins:
        builder.load_plugins(skipped.append)
    return builder.plugin_schemas(), builder.media_kinds(), skipped


def list_systems(config: WorldConfig, *, plugins: bool) -> dict[str, str]:
    """Return the marker that each system processes, both by name, without opening the world.

    Plugins that cannot be loaded, and systems without marked entities, are left out.
    """
    builder = WorldBuilder(config)
    builtin.install(builder)
    if plugins:
        builder.load_plugins(lambda _: None)
    return {plan.name: plan.marker.__name__ for plan in builder.systems() if plan.marker}


async def build_world(config: WorldConfig, *, plugins: bool = True) -> World:
    """Return a world of the built-in parts and the installed plugins; its schema is not checked.

    Raises:
        WorldBuildError: Systems, listeners or resources do not fit together.
        PluginLoadError: A plugin cannot be loaded.
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
    """Open a world, and close it at the end of the block.

    A world whose database is not configured is created on first use.

    Args:
        name: A world's name; the default world without.
        settings: Loaded with `load_settings` if left out.
        plugins: Whether to load installed plugins.
        is_dry_run: If the world would have to be created, create its database in a temporary
            folder.

    Raises:
        SettingError: The name is not that of a world that exists, but other worlds exist: it may be
            misspelt.
        NotSetUpError: A configured database has no schema; `setup-db` creates it.
        DatabaseOutdatedError, DatabaseTooNewError: The schema is older or newer than this program.
        PluginTablesMissingError: A plugin has no tables, or not all; `setup-db` creates them.
        PluginOutdatedError, PluginTooNewError: Its tables are older or newer than the plugin.

    Example: `async with open_world("photos") as world: …`.
    """
    settings = settings or load_settings()
    config = world_config(name, settings)
    is_configured = settings.world(name).is_configured
    facts = {
        "world": config.name,
        "database": url_without_password(config.database_url),
        "store": place_without_password(config.storage_url),
    }
    log.debug("opening a world", extra=facts)
    refuse_misspelt = partial(settings.refuse_misspelt_world, name)
    with ExitStack() as opened:
        if is_dry_run and not is_configured:
            config = opened.enter_context(_passing_if_absent(config))
        world = await build_world(config, plugins=plugins)
        try:
            await schema_service.make_ready(
                world, before_creation=None if is_configured else refuse_misspelt
            )
            log.debug("the world is open", extra={"world": config.name})
            yield world
        finally:
            await world.close()
            log.debug("the world is closed", extra={"world": config.name})


@contextmanager
def _passing_if_absent(config: WorldConfig) -> Iterator[WorldConfig]:
    """Yield the config, with a temporary database if the world does not exist yet."""
    if not is_absent(parse_database_url(config.database_url)):
        yield config
        return
    with TemporaryDirectory(prefix="dam-") as folder:
        yield replace(config, database_url=f"sqlite:///{quoted_path(folder)}/{config.name}.db")
