"""Creates, upgrades or resets the schema of a world's database; saves a copy of it first."""

import contextlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from dam.core.config import WorldConfig, WorldContext, utc_now
from dam.core.database.database import Database
from dam.core.database.url import is_absent
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
from dam.services.schema_service.saved_copy import prepare_file
from dam.storage.addresses import open_store
from dam.storage.content_store import StoreOwner


@dataclass(frozen=True, kw_only=True)
class SetUp:
    """What `set_up` did, or would do; `saved_copy` is the copy of the former database."""

    world: str
    database: str
    revision: str
    created: bool
    saved_copy: Path | None = None


def refuse_malformed(connection: Connection, database: Database) -> None:
    """Raise `DatabaseCorruptError` if SQLite's quick check finds a fault in the file."""
    if database.is_sqlite:
        found = connection.scalar(text("PRAGMA quick_check(1)"))
        if found != "ok":
            raise DatabaseCorruptError(database.safe_url, str(found))


def set_up(
    config: WorldConfig, *, reset: bool = False, dry_run: bool = False, now: datetime | None = None
) -> SetUp:
    """Create or upgrade the schema of a world and return what was done. It blocks.

    A SQLite file that has an older schema, or is to be reset, is first copied to a dated file
    beside it, such as `dam.db.20260131T120000000000Z.bak`. Stored files are not touched.

    Example: `set_up(config, dry_run=True)`.

    Args:
        config: The world's configuration.
        reset: Drop all tables and create empty ones.
        dry_run: Only return what would be done.
        now: The time in the name of the copy; None means the current time.

    Raises:
        ServerTooOldError: The PostgreSQL server is older than supported.
        DatabaseTooNewError: A newer program has made the schema.
        TablesMissingError: The schema is the newest, but tables were dropped; `reset` helps.
        DatabaseCorruptError: The SQLite file is malformed; it was not changed.
        DatabaseError: The database cannot be reached or written.
    """
    context = WorldContext(world_name=config.name, run_id="setup")
    database = Database(config.database_url, context, busy_timeout_s=config.busy_timeout_s)

    def done(*, created: bool, saved_copy: Path | None = None) -> SetUp:
        return SetUp(
            world=config.name,
            database=database.safe_url,
            revision=SCHEMA_REVISION,
            created=created,
            saved_copy=saved_copy,
        )

    if dry_run and is_absent(database.url):
        return done(created=True)
    with database.translated_errors(), connected(database) as connection:
        refuse_old_server(connection, database)
        revision = _upgradable_revision(connection, database, reset=reset)
        if revision == SCHEMA_REVISION and not reset:
            refuse_missing_tables(inspect(connection).get_table_names(), database)
        else:
            refuse_malformed(connection, database)
        if dry_run or (revision == SCHEMA_REVISION and not reset):
            return done(created=reset or revision is None)
        copy = None
        if database.file is not None:
            copy = prepare_file(connection, database.file, now or utc_now())
        with locked(connection, database):
            # Another process may have upgraded it while this one waited for the lock.
            revision = _upgradable_revision(connection, database, reset=reset)
            former = schema_reset.drop_everything(connection) if reset else None
            _upgrade(connection)
            if former is not None:
                schema_reset.carry_ids_on(connection, former)
            if database.is_sqlite:
                _check_foreign_keys(connection)
            uuid = schema_reset.found_uuid(connection)
    if former is not None and former.uuid is not None and uuid is not None:
        _leave_store(config, former.uuid, StoreOwner(uuid, database.safe_url))
    return done(created=reset or revision is None, saved_copy=copy)


def _upgradable_revision(connection: Connection, database: Database, *, reset: bool) -> str | None:
    """Return the schema's revision, or None if it has none; raise if only `reset` can help."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision = own_revision(connection.scalars(text(REVISION_QUERY)).all())
    if revision is not None and not reset and revision not in known_revisions():
        raise DatabaseTooNewError(database.safe_url, revision, SCHEMA_REVISION)
    return revision


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
