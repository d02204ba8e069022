"""Creates, upgrades and checks the tables of plugins, and records which tables these are."""

import contextlib
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, event, insert, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.database import Database
from dam.core.ecs.components import MarkerComponent, table_of
from dam.core.plugin_schemas import PluginSchema, package_of
from dam.errors import (
    EnvironmentFaultError,
    PluginMigrationError,
    PluginOutdatedError,
    PluginTablesMissingError,
    PluginTooNewError,
    described,
)
from dam.models import PluginTable
from dam.services.schema_service.checks import table_names
from dam.services.schema_service.migrations import alembic_config, migrations_folder

_FOLDER = "migrations"
_ENDING = {"BEGIN", "COMMIT", "END", "ROLLBACK", "ABORT", "VACUUM"}


@dataclass(frozen=True, kw_only=True)
class RecordedPlugin:
    """The tables that a plugin has in a database.

    Args:
        plugin: The import package of the plugin.
        revision: The revision of its migrations.
        systems: The tables, each with its system if it is the table of a marker.
    """

    plugin: str
    revision: str
    systems: Mapping[str, str | None]

    def system_names(self) -> list[str]:
        """Return the names of the plugin's systems, sorted."""
        return sorted(system for system in self.systems.values() if system is not None)


async def recorded_plugins(session: AsyncSession) -> dict[str, RecordedPlugin]:
    """Return the plugins that have tables in the database, by name."""
    connection = await session.connection()
    return await connection.run_sync(read_recorded)


def read_recorded(connection: Connection) -> dict[str, RecordedPlugin]:
    """Return the plugins that have tables, by name; none where the schema is older than 0007."""
    if not inspect(connection).has_table(PluginTable.__tablename__):
        return {}
    of = table_of(PluginTable).c
    systems: dict[tuple[str, str], dict[str, str | None]] = {}
    columns = (of.plugin, of.revision, of.table_name, of.system)
    for plugin, revision, name, system in connection.execute(select(*columns).order_by(*columns)):
        systems.setdefault((plugin, revision), {})[name] = system
    return {
        plugin: RecordedPlugin(plugin=plugin, revision=revision, systems=tables)
        for (plugin, revision), tables in systems.items()
    }


async def check_plugins(
    database: Database,
    schemas: Sequence[PluginSchema],
    markers: Iterable[type[MarkerComponent]] = (),
) -> None:
    """Raise unless each plugin has its tables, in the revision that it needs.

    Without plugins, the database is not asked.

    Args:
        database: The database of the world.
        schemas: The installed plugins.
        markers: All markers; those of packages that are no plugin must have tables, too.

    Raises:
        PluginTablesMissingError: A plugin has no tables, or not all.
        PluginOutdatedError, PluginTooNewError: Its tables are older or newer than the plugin.

    Example: `await check_plugins(database, schemas)`.
    """
    plugins = {schema.plugin for schema in schemas}
    others = [kind for kind in markers if package_of(kind) not in {"dam", *plugins}]
    if not schemas and not others:
        return
    there = await database.read(table_names)
    recorded = await database.read(recorded_plugins)
    for schema in schemas:
        if schema.has_migrations:
            refuse_unfit(schema, recorded.get(schema.plugin), there, database)
        elif missing := sorted(schema.table_names().difference(there)):
            raise PluginTablesMissingError(
                database.safe_url, schema.plugin, missing, is_set_up=None
            )
    for kind in sorted(others, key=lambda kind: kind.__tablename__):
        if (name := kind.__tablename__) not in there:
            raise PluginTablesMissingError(
                database.safe_url, package_of(kind), [name], is_set_up=None
            )


def refuse_unfit(
    schema: PluginSchema,
    recorded: RecordedPlugin | None,
    there: Collection[str],
    database: Database,
) -> None:
    """Raise unless a plugin with migrations has its tables, as `check_plugins` does.

    Args:
        schema: The schema that the plugin needs.
        recorded: The tables that it has; None if `setup-db` has not made any.
        there: The names of all tables in the database.
        database: The database, which is not asked.
    """
    url, plugin = database.safe_url, schema.plugin
    if recorded is None:
        raise PluginTablesMissingError(url, plugin, sorted(schema.table_names()), is_set_up=False)
    if recorded.revision != schema.revision:
        with _migrations(schema) as config:
            is_older = recorded.revision in _revisions(config, schema, None)
        kind = PluginOutdatedError if is_older else PluginTooNewError
        raise kind(url, plugin, recorded.revision, schema.revision)
    if missing := sorted({*recorded.systems, *schema.table_names()}.difference(there)):
        raise PluginTablesMissingError(url, plugin, missing, is_set_up=True)


def pending_plugins(
    connection: Connection, database: Database, schemas: Iterable[PluginSchema]
) -> list[PluginSchema]:
    """Return the plugins whose tables are missing or older; raise if an upgrade would not help.

    Raises:
        PluginTablesMissingError: Tables that a plugin had were dropped.
        PluginTooNewError: Its tables are newer than the plugin.
    """
    recorded, pending = read_recorded(connection), []
    there = inspect(connection).get_table_names()
    for schema in schemas:
        found = recorded.get(schema.plugin)
        try:
            if found is not None:
                refuse_unfit(schema, found, there, database)
        except PluginOutdatedError:
            found = None
        if found is None or not schema.systems.items() <= found.systems.items():
            pending.append(schema)
    return pending


def upgrade_plugin(connection: Connection, database: Database, schema: PluginSchema) -> None:
    """Run the migrations of a plugin that have not run yet, and record its tables.

    The caller commits, or rolls back on an error.

    Raises:
        PluginMigrationError: A migration failed, or does not make what the plugin needs.
        DatabaseError: The database cannot be written.
    """
    before = set(inspect(connection).get_table_names())
    all_recorded = read_recorded(connection)
    recorded = all_recorded.get(schema.plugin)
    _refuse_taken(schema, all_recorded.values())
    with _migrations(schema) as config, _uncommitted(connection):
        config.attributes["connection"] = connection
        config.attributes["version_table"] = schema.version_table
        for revision in _revisions(config, schema, recorded.revision if recorded else None):
            _upgrade_to(config, database, schema, revision)
    there = set(inspect(connection).get_table_names())
    owned = {*(recorded.systems if recorded else ()), *schema.table_names(), schema.version_table}
    owned = (owned & there) | (there - before)
    _refuse_misfit(connection, schema, owned)
    if database.is_sqlite:
        _refuse_orphans(connection, schema)
    _record(connection, schema, owned)


def _refuse_taken(schema: PluginSchema, recorded: Iterable[RecordedPlugin]) -> None:
    """Raise if a table of the plugin is that of a plugin that was installed before."""
    for other in recorded:
        taken = sorted(schema.table_names().intersection(other.systems))
        if taken and other.plugin != schema.plugin:
            reason = (
                f"its table {taken[0]} is already that of plugin {other.plugin!r}; "
                f"`dam-cli setup-db --drop-plugin {other.plugin}` drops it with its rows"
            )
            raise PluginMigrationError(schema.plugin, schema.revision, reason)


@contextlib.contextmanager
def _uncommitted(connection: Connection) -> Iterator[None]:
    """Refuse to end the transaction in the block: it must be possible to undo all of it."""

    def refuse(*_: object) -> None:
        message = "a migration may not commit or roll back, as all changes are one transaction"
        raise RuntimeError(message)

    def refuse_words(*of_statement: object) -> None:
        statement = str(of_statement[2])
        if statement.split(maxsplit=1)[0].strip(";").upper() in _ENDING:
            refuse()

    hooks = {"commit": refuse, "rollback": refuse, "before_cursor_execute": refuse_words}
    for name, hook in hooks.items():
        event.listen(connection, name, hook)
    try:
        yield
    finally:
        for name, hook in hooks.items():
            event.remove(connection, name, hook)


@contextlib.contextmanager
def _migrations(schema: PluginSchema) -> Iterator[Any]:
    """Yield Alembic's configuration, with the migrations copied into a temporary folder.

    Alembic needs files and an `env.py` beside them; the package of a plugin may be in a zip file,
    and has no `env.py`.
    """
    try:
        found = [file for file in (files(schema.plugin) / _FOLDER).iterdir() if file.is_file()]
    except (OSError, TypeError) as error:
        reason = f"there is no folder {_FOLDER!r} in the package ({described(error)})"
        raise PluginMigrationError(schema.plugin, schema.revision, reason) from error
    with tempfile.TemporaryDirectory(prefix="dam-") as folder:
        shutil.copy(migrations_folder() / "env.py", folder)
        (Path(folder) / "versions").mkdir()
        for file in found:
            if file.name.endswith(".py"):
                (Path(folder) / "versions" / file.name).write_bytes(file.read_bytes())
        yield alembic_config(Path(folder))


def _revisions(config: Any, schema: PluginSchema, current: str | None) -> list[str]:  # noqa: ANN401 - as in `alembic_config`
    """Return the revisions after the current one, oldest first.

    Raises:
        PluginMigrationError: The newest one is not that of the plugin, or a file cannot be read.
    """
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - only setup-db pays for it

    try:
        scripts = ScriptDirectory.from_config(config)
        heads = scripts.get_heads()
        if heads == [schema.revision]:
            found = scripts.iterate_revisions(schema.revision, current or "base")
            return [script.revision for script in found][::-1]
    except (Exception, SystemExit) as error:  # the boundary to a plugin's code
        raise PluginMigrationError(schema.plugin, schema.revision, described(error)) from error
    reason = f"its migrations end at {', '.join(heads) or 'nothing'}"
    raise PluginMigrationError(schema.plugin, schema.revision, reason)


def _upgrade_to(config: Any, database: Database, schema: PluginSchema, revision: str) -> None:  # noqa: ANN401 - as in `alembic_config`
    from alembic import command  # noqa: PLC0415 - only setup-db pays for it

    try:
        with database.translated_errors():
            command.upgrade(config, revision)
    except EnvironmentFaultError:
        raise
    except (Exception, SystemExit) as error:  # the boundary to a plugin's code
        cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
        raise PluginMigrationError(schema.plugin, revision, described(cause)) from error


def _refuse_misfit(connection: Connection, schema: PluginSchema, owned: Collection[str]) -> None:
    """Raise if the migrations make other tables than the classes need, or keys that restrict."""
    inspector = inspect(connection)
    reasons = [f"no table {name}" for name in sorted(schema.table_names().difference(owned))]
    reasons += [
        f"{table}.{column} refers to {key['referred_table']} without ON DELETE CASCADE"
        for table in sorted(owned)
        for key in inspector.get_foreign_keys(table)
        for column in key["constrained_columns"]
        if str(key["options"].get("ondelete")).upper() != "CASCADE"
    ]
    if reasons:
        reason = f"its migrations make a wrong schema: {'; '.join(reasons)}"
        raise PluginMigrationError(schema.plugin, schema.revision, reason)


def _refuse_orphans(connection: Connection, schema: PluginSchema) -> None:
    """Raise if rows refer to rows that are not there; SQLite does not look while it migrates."""
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        reason = f"its migrations leave rows in {broken[0][0]} that refer to no row"
        raise PluginMigrationError(schema.plugin, schema.revision, reason)


def _record(connection: Connection, schema: PluginSchema, owned: Collection[str]) -> None:
    tables = table_of(PluginTable)
    connection.execute(delete(tables).where(tables.c.plugin == schema.plugin))
    rows: Sequence[dict[str, str | None]] = [
        {
            "table_name": name,
            "plugin": schema.plugin,
            "revision": schema.revision,
            "system": schema.systems.get(name),
        }
        for name in sorted(owned)
    ]
    connection.execute(insert(tables), rows)
