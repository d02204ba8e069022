"""Creates, upgrades or resets the schema of a world's database; saves a copy of it first."""

import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from dam.core.config import WorldConfig, WorldContext, utc_now
from dam.core.database.database import Database
from dam.core.database.url import is_absent
from dam.core.plugin_schemas import PluginSchema
from dam.errors import DatabaseCorruptError, DatabaseTooNewError, EnvironmentFaultError
from dam.models import SCHEMA_REVISION
from dam.services.schema_service import reset as schema_reset
from dam.services.schema_service.checks import (
    REVISION_QUERY,
    own_revision,
    refuse_missing_tables,
    refuse_old_server,
)
from dam.services.schema_service.connection import connected, locked
from dam.services.schema_service.migrations import alembic_config, known_revisions
from dam.services.schema_service.plugin_tables import (
    pending_plugins,
    read_recorded,
    upgrade_plugin,
)
from dam.services.schema_service.saved_copy import prepare_file
from dam.storage.addresses import open_store
from dam.storage.content_store import StoreOwner


@dataclass(frozen=True, kw_only=True)
class PluginSetUp:
    """The tables of a plugin that `set_up` brought to a revision, or would."""

    plugin: str
    revision: str
    created: bool


@dataclass(frozen=True, kw_only=True)
class SetUp:
    """What `set_up` did, or would do.

    Args:
        world: Name of the world.
        database: Its URL without password.
        revision: The newest revision of dam's schema.
        created: The database had no schema, or was reset.
        saved_copy: The copy of the former database.
        plugins: The installed plugins that have migrations.
        forgotten: What the reset has made the world forget; None without a reset.
    """

    world: str
    database: str
    revision: str
    created: bool
    saved_copy: Path | None = None
    plugins: Sequence[PluginSetUp] = ()
    forgotten: schema_reset.Forgotten | None = None


def refuse_malformed(connection: Connection, database: Database) -> None:
    """Raise `DatabaseCorruptError` if SQLite's quick check finds a fault in the file."""
    if database.is_sqlite:
        found = connection.scalar(text("PRAGMA quick_check(1)"))
        if found != "ok":
            raise DatabaseCorruptError(database.safe_url, str(found))


def set_up(
    config: WorldConfig,
    *,
    plugins: Sequence[PluginSchema] = (),
    reset: bool = False,
    dry_run: bool = False,
    now: datetime | None = None,
) -> SetUp:
    """Create or upgrade the schema of a world and return what was done. It blocks.

    A SQLite file that has an older schema, or is to be reset, is first copied to a dated file
    beside it, such as `dam.db.20260131T120000000000Z.bak`. Stored files are not touched. All
    changes are made in one transaction: if a migration fails, the database is as it was.

    Example: `set_up(config, dry_run=True)`.

    Args:
        config: The world's configuration.
        plugins: The schemas of the installed plugins; if they have migrations, their tables are
            set up, too.
        reset: Drop all tables and create empty ones.
        dry_run: Only return what would be done.
        now: The time in the name of the copy; None means the current time.

    Raises:
        ServerTooOldError: The PostgreSQL server is older than supported.
        DatabaseTooNewError: A newer program has made the schema.
        PluginTooNewError: A newer version of a plugin has made its tables.
        TablesMissingError: The schema is the newest, but tables were dropped; `reset` helps.
        PluginTablesMissingError: Tables of a plugin were dropped; `drop_plugin` helps.
        PluginMigrationError: A migration of a plugin failed; nothing was changed.
        DatabaseCorruptError: The SQLite file is malformed; it was not changed.
        DatabaseError: The database cannot be reached or written.

    Example: `set_up(world_config(), reset=True, dry_run=True).created` is True.
    """
    plugins = [one for one in plugins if one.has_migrations]
    database = opened_database(config)
    done = partial(_done, config, database, plugins)
    if dry_run and is_absent(database.url):
        return done(_Found(None, {one.plugin for one in plugins}))
    with database.translated_errors(), connected(database) as connection:
        refuse_old_server(connection, database)
        found = _find(connection, database, plugins, reset=reset)
        is_current = not reset and _is_current(connection, database, plugins, found)
        if not is_current:
            refuse_malformed(connection, database)
        if reset:
            done = partial(done, forgotten=schema_reset.count_forgotten(connection))
        if is_current or dry_run:
            return done(found)
        copy = None
        if database.opened_file is not None:
            database.opened_file.require_writable()
            copy = prepare_file(connection, database.opened_file.path, now or utc_now())
        with locked(connection, database):
            # Another process may have upgraded it while this one waited for the lock.
            found = _find(connection, database, plugins, reset=reset)
            former = _change(connection, database, plugins, found, reset=reset)
            uuid = schema_reset.found_uuid(connection)
    if former is not None and former.uuid is not None and uuid is not None:
        _leave_store(config, former.uuid, StoreOwner(uuid, database.safe_url))
    return done(found, copy)


def opened_database(config: WorldConfig) -> Database:
    """Return the database of a world, for work on its schema."""
    context = WorldContext(world_name=config.name, run_id="setup")
    return Database(config.database_url, context, busy_timeout_s=config.busy_timeout_s)


@dataclass(frozen=True)
class _Found:
    """The schema of a database before it is set up.

    Args:
        revision: The revision of dam's own schema; None if there is none, or if it is to be reset.
        new: The installed plugins that have no tables yet.
    """

    revision: str | None
    new: Collection[str]


def _done(
    config: WorldConfig,
    database: Database,
    plugins: Sequence[PluginSchema],
    found: _Found,
    saved_copy: Path | None = None,
    forgotten: schema_reset.Forgotten | None = None,
) -> SetUp:
    return SetUp(
        world=config.name,
        database=database.safe_url,
        revision=SCHEMA_REVISION,
        created=found.revision is None,
        saved_copy=saved_copy,
        plugins=tuple(
            PluginSetUp(plugin=one.plugin, revision=one.revision, created=one.plugin in found.new)
            for one in plugins
        ),
        forgotten=forgotten,
    )


def _find(
    connection: Connection, database: Database, plugins: Sequence[PluginSchema], *, reset: bool
) -> _Found:
    """Return the schema of a database; raise if only a reset can help."""
    names = {one.plugin for one in plugins}
    if reset:
        return _Found(None, names)
    revision = stored_revision(connection)
    if revision is not None and revision not in known_revisions():
        raise DatabaseTooNewError(database.safe_url, revision, SCHEMA_REVISION)
    return _Found(revision, names.difference(read_recorded(connection)))


def stored_revision(connection: Connection) -> str | None:
    """Return the revision of dam's own schema, or None if there is none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return own_revision(connection.scalars(text(REVISION_QUERY)).all())


def _is_current(
    connection: Connection, database: Database, plugins: Sequence[PluginSchema], found: _Found
) -> bool:
    """Tell whether nothing is to be done; raise if tables were dropped or a plugin is too old."""
    pending = pending_plugins(connection, database, plugins)
    if found.revision != SCHEMA_REVISION:
        return False
    refuse_missing_tables(inspect(connection).get_table_names(), database)
    return not pending


def _change(
    connection: Connection,
    database: Database,
    plugins: Sequence[PluginSchema],
    found: _Found,
    *,
    reset: bool,
) -> schema_reset.FormerWorld | None:
    """Make the schema what it should be, in the caller's transaction."""
    former = schema_reset.drop_everything(connection) if reset else None
    if found.revision != SCHEMA_REVISION:
        _upgrade(connection)
    if former is not None:
        schema_reset.carry_ids_on(connection, former)
    for schema in plugins:
        upgrade_plugin(connection, database, schema)
    if database.is_sqlite:
        _check_foreign_keys(connection)
    return former


def _leave_store(config: WorldConfig, former_uuid: str, owner: StoreOwner) -> None:
    """Hand the stored files of the former world to the new one, so that its `gc` may remove them.

    Does nothing if the store's mark names another database: the emptied one was a copy of it.
    """
    # The reset is done. If the store cannot be written, `gc` will say what to do.
    with contextlib.suppress(EnvironmentFaultError):
        store = open_store(config.storage_url)
        mark = store.mark_of(former_uuid)
        if mark is not None and mark.database == owner.database:
            store.mark(owner)
            store.forget_owner(former_uuid)


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - half a second that only setup-db pays

    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "heads")


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    assert not broken, f"a migration left rows without their parent: {broken[:3]}"
