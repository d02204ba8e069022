"""`drop_plugin`: removes the tables of a plugin, whether or not it is still installed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, delete, func, inspect, select, table, update

from dam.core.config import WorldConfig, utc_now
from dam.core.database.database import Database
from dam.core.database.url import is_absent
from dam.core.ecs.components import ProcessingErrorComponent, table_of
from dam.errors import NotSetUpError, UnknownNameError
from dam.models import FilePropertiesComponent, PluginTable, mark_for_search, watched_tables
from dam.services.schema_service.checks import refuse_old_server, refuse_revision
from dam.services.schema_service.connection import connected, locked
from dam.services.schema_service.plugin_tables import RecordedPlugin, read_recorded
from dam.services.schema_service.reset import drop_tables
from dam.services.schema_service.saved_copy import prepare_file
from dam.services.schema_service.setting_up import (
    opened_database,
    refuse_malformed,
    stored_revision,
)


@dataclass(frozen=True, kw_only=True)
class DroppedPlugin:
    """What `drop_plugin` removed, or would.

    Args:
        world: Name of the world.
        database: Its URL without password.
        plugin: The import package of the plugin.
        tables: The tables, each with its number of rows.
        failures: The number of failures of the plugin's systems.
        saved_copy: The copy of the former database.
    """

    world: str
    database: str
    plugin: str
    tables: Mapping[str, int]
    failures: int
    saved_copy: Path | None = None


def drop_plugin(
    config: WorldConfig,
    plugin: str,
    *,
    built_in_kinds: Collection[str] = (),
    dry_run: bool = False,
    now: datetime | None = None,
) -> DroppedPlugin:
    """Drop the tables of a plugin and the failures of its systems. It blocks.

    The plugin need not be installed: the database knows its tables, and which of them are markers
    of which systems. A copy of a SQLite file is saved first, as `set_up` does. If the plugin is
    installed again, `process --outdated` describes its files again.

    Args:
        config: The configuration of the world.
        plugin: The import package of the plugin.
        built_in_kinds: The names of the media kinds of dam itself, whose descriptions stay. The
            database does not know which other kinds were the plugin's.
        dry_run: Only return what would be removed.
        now: The time in the name of the copy; None means the current time.

    Raises:
        UnknownNameError: The database has no tables of such a plugin.
        NotSetUpError: The database has no schema.
        DatabaseOutdatedError, DatabaseTooNewError: Its schema is not that of this program.
        DatabaseCorruptError: The SQLite file is malformed; it was not changed.
        DatabaseError: The database cannot be reached or written.

    Example: `drop_plugin(world_config(), "dam_stl", dry_run=True).tables`.
    """
    database = opened_database(config)
    if is_absent(database.url):
        raise NotSetUpError(database.safe_url)
    copy = None
    with database.translated_errors(), connected(database) as connection:
        refuse_old_server(connection, database)
        tables, failures = _count(connection, _find(connection, database, plugin))
        if not dry_run:
            refuse_malformed(connection, database)
            if database.opened_file is not None:
                database.opened_file.require_writable()
                copy = prepare_file(connection, database.opened_file.path, now or utc_now())
            with locked(connection, database):
                # Another process may have changed it while this one waited for the lock.
                found = _find(connection, database, plugin)
                tables, failures = _count(connection, found)
                _drop(connection, found, tables)
                _forget_descriptions(connection, built_in_kinds)
    return DroppedPlugin(
        world=config.name,
        database=database.safe_url,
        plugin=plugin,
        tables=tables,
        failures=failures,
        saved_copy=copy,
    )


def _find(connection: Connection, database: Database, plugin: str) -> RecordedPlugin:
    refuse_revision(stored_revision(connection), database)
    recorded = read_recorded(connection)
    if plugin not in recorded:
        raise UnknownNameError("plugin with tables", plugin, list(recorded))
    return recorded[plugin]


def _count(connection: Connection, found: RecordedPlugin) -> tuple[dict[str, int], int]:
    """Return the rows of each table of a plugin, and the number of failures of its systems."""
    there = sorted(set(found.systems).intersection(inspect(connection).get_table_names()))
    rows = {
        name: connection.scalar(select(func.count()).select_from(table(name))) for name in there
    }
    failure = ProcessingErrorComponent
    failed = select(func.count()).where(failure.system.in_(found.system_names()))
    return {name: count or 0 for name, count in rows.items()}, connection.scalar(failed) or 0


def _forget_descriptions(connection: Connection, built_in_kinds: Collection[str]) -> None:
    """Let the files that other kinds have described be outdated."""
    file = table_of(FilePropertiesComponent)
    others = [~file.c.described_by.startswith(f"{name} ") for name in built_in_kinds]
    statement = update(file).where(file.c.described_by.is_not(None), *others)
    connection.execute(statement.values(described_by=None, picture_version=None))


def _drop(connection: Connection, found: RecordedPlugin, tables: Mapping[str, int]) -> None:
    for name in watched_tables(connection) & tables.keys():
        mark_for_search(connection, name)
    drop_tables(connection, tables)
    of = table_of(PluginTable)
    connection.execute(delete(of).where(of.c.plugin == found.plugin))
    failure = table_of(ProcessingErrorComponent)
    connection.execute(delete(failure).where(failure.c.system.in_(found.system_names())))
