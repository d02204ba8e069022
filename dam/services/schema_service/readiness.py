"""`make_ready`: checks the database of a world that is being opened, or creates it."""

import asyncio
from collections.abc import Callable

from dam.core.new_entities import NewEntityMarkers
from dam.core.plugin_schemas import PluginSchemas
from dam.core.world import World
from dam.errors import NotSetUpError
from dam.services.schema_service.checks import check_schema
from dam.services.schema_service.plugin_tables import check_plugins
from dam.services.schema_service.setting_up import set_up
from dam.services.world_service import hold_to_identity


async def make_ready(world: World, *, before_creation: Callable[[], None] | None) -> None:
    """Check that the database of a world fits this program and its plugins; hold the world to it.

    Example: `await make_ready(world, before_creation=None)`.

    Args:
        world: The world, just built.
        before_creation: Called before a missing schema is created; it may raise. None: a missing
            schema is an error.

    Raises:
        NotSetUpError: The database has no schema, and none may be created.
        ServerTooOldError: The PostgreSQL server is older than supported.
        DatabaseOutdatedError, DatabaseTooNewError: The schema is older or newer than this program.
        TablesMissingError: Tables of the schema were dropped.
        PluginTablesMissingError: A plugin has no tables, or not all.
        PluginOutdatedError, PluginTooNewError: Its tables are older or newer than the plugin.
    """
    schemas = world.resources.get(PluginSchemas)
    try:
        await check_schema(world.database)
    except NotSetUpError:
        if before_creation is None:
            raise
        before_creation()
        await asyncio.to_thread(set_up, world.config, plugins=schemas)
    await hold_to_identity(world)
    of_systems = world.scheduler.markers().values()
    of_rules = world.resources.get(NewEntityMarkers).markers()
    await check_plugins(world.database, schemas, {*of_systems, *of_rules})
