"""Lists the plugins that have tables in a database, also those that are not installed now."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select, table
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import ProcessingErrorComponent
from dam.core.plugin_schemas import loaded_packages
from dam.services.schema_service import RecordedPlugin, recorded_plugins, table_names


@dataclass(frozen=True, kw_only=True)
class PluginInDatabase:
    """A plugin that has tables in a database.

    Args:
        plugin: Its import package.
        revision: The revision of its tables.
        is_loaded: False if it is not installed, or left out by `--no-plugins`.
        tables: Number of rows by table, without markers.
        pending: Number of entities by table, for the tables of markers.
        failures: Number of open failures of its systems.
    """

    plugin: str
    revision: str
    is_loaded: bool
    tables: Mapping[str, int]
    pending: Mapping[str, int]
    failures: int


async def list_plugins(session: AsyncSession) -> list[PluginInDatabase]:
    """Return the plugins that have tables in the database, by name."""
    recorded = await recorded_plugins(session)
    if not recorded:
        return []
    there, loaded = await table_names(session), loaded_packages()
    return [
        await _counted(session, one, there, is_loaded=one.plugin in loaded)
        for one in recorded.values()
    ]


async def _counted(
    session: AsyncSession, found: RecordedPlugin, there: set[str], *, is_loaded: bool
) -> PluginInDatabase:
    rows = {
        name: await session.scalar(select(func.count()).select_from(table(name))) or 0
        for name in found.systems
        if name in there
    }
    failure = ProcessingErrorComponent
    failed = select(func.count()).where(failure.system.in_(found.system_names()))
    return PluginInDatabase(
        plugin=found.plugin,
        revision=found.revision,
        is_loaded=is_loaded,
        tables={name: count for name, count in rows.items() if not found.systems[name]},
        pending={name: count for name, count in rows.items() if found.systems[name]},
        failures=await session.scalar(failed) or 0,
    )
