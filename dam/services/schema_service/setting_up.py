"""Creates, upgrades or resets the schema of a world's database; saves a copy of it first."""

import contextlib
import errno
import logging
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, create_engine, event, inspect, text

from dam.core.config import WorldConfig, WorldContext, utc_now
from dam.core.database import postgresql
from dam.core.database.database import Database
from dam.core.database.sqlite_lock import WaitingConnection
from dam.core.database.url import is_absent
from dam.errors import (
    DatabaseCorruptError,
    DatabaseTooNewError,
    DatabaseUnreachableError,
    EnvironmentFaultError,
    words_for,
)
from dam.models import SCHEMA_REVISION, WorldIdentity
from dam.services.schema_service import reset as schema_reset
from dam.services.schema_service.checks import (
    REVISION_QUERY,
    own_revision,
    refuse_missing_tables,
    refuse_old_server,
)
from dam.services.schema_service.migrations import alembic_config, known_revisions
from dam.storage.addresses import open_store
from dam.storage.content_store import StoreOwner
from dam.storage.locking import try_lock
from dam.storage.privacy import copy_mode, make_private_file, make_private_folder

log = logging.getLogger(__name__)

_LOCK_KEY = 0x64616D  # "dam": the advisory lock held while a PostgreSQL schema is changed
_COPY, _UNFINISHED = ".bak", ".part"


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
    with database.translated_errors(), _connected(database) as connection:
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
            copy = _prepare_file(connection, database.file, now or utc_now())
        with _locked(connection, database):
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


@contextlib.contextmanager
def _connected(database: Database) -> Iterator[Connection]:
    """Open a blocking connection; SQLite's has foreign keys off.

    A migration that rebuilds a parent table drops the old one, and with foreign keys on that would
    delete every child row by cascade.
    """
    if not database.is_sqlite:
        options = postgresql.connect_options(database.url)
        engine = create_engine(database.url, connect_args=options)
    else:
        if database.file is not None:
            _make_file(database, database.file)
        timeout_s = database.busy_timeout_s
        engine = create_engine(
            database.url.set(drivername="sqlite"),
            connect_args={
                "isolation_level": None,
                "timeout": timeout_s,
                "factory": WaitingConnection,
            },
        )

        @event.listens_for(engine, "connect")
        def _connect(connection: sqlite3.Connection, _record: object) -> None:
            connection.execute("PRAGMA foreign_keys = OFF")

    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _make_file(database: Database, file: Path) -> None:
    """Create the file and its folder for the user alone.

    SQLite gives the files it creates beside it the same permissions.
    """
    try:
        make_private_folder(file.parent)
    except OSError as error:
        reason = f"its folder cannot be made: {words_for(error)}"
        raise DatabaseUnreachableError(database.safe_url, reason) from error
    with contextlib.suppress(OSError):  # SQLite fails, too, and its error is reported
        make_private_file(file)


@contextlib.contextmanager
def _locked(connection: Connection, database: Database) -> Iterator[None]:
    """Open a transaction in which no other process changes the schema; commit at the end.

    On PostgreSQL it first waits for all transactions of this world. They all begin by reading its
    identity (`Database.hold_to`), so that table is locked first: any other order could deadlock.
    """
    connection.rollback()
    if database.is_sqlite:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK_KEY})")
        identity = WorldIdentity.__tablename__
        if inspect(connection).has_table(identity):
            connection.exec_driver_sql(f"LOCK TABLE {identity} IN ACCESS EXCLUSIVE MODE")
    try:
        yield
        connection.exec_driver_sql("COMMIT") if database.is_sqlite else connection.commit()
    except BaseException:
        if database.is_sqlite and connection.connection.in_transaction:
            connection.exec_driver_sql("ROLLBACK")
        raise


def _prepare_file(connection: Connection, file: Path, now: datetime) -> Path | None:
    """Save a copy of the database if it has tables, and set WAL mode; return the copy's path."""
    copy = None
    had_tables = bool(inspect(connection).get_table_names())
    connection.rollback()
    if had_tables:
        _sweep_unfinished_copies(file)
        copy = file.with_name(f"{file.name}.{now:%Y%m%dT%H%M%S%fZ}{_COPY}")
        _save_copy(connection, copy, mode=copy_mode(file))
        log.info("database saved", extra={"copy": str(copy)})
    connection.execute(text("PRAGMA journal_mode = WAL"))
    return copy


def _save_copy(connection: Connection, copy: Path, *, mode: int) -> None:
    """Save a copy of the database; it gets its final name only when it is complete and synced."""
    if copy.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), copy)
    unfinished = copy.with_name(copy.name + _UNFINISHED)
    with _held_file(unfinished, mode) as fd:
        # As bytes, because a path need not be valid text.
        name = {"copy": os.fsencode(unfinished)}
        connection.execute(text("VACUUM INTO CAST(:copy AS TEXT)"), name)
        os.fsync(fd)
        unfinished.rename(copy)


@contextlib.contextmanager
def _held_file(path: Path, mode: int) -> Iterator[int]:
    """Create a file and lock it while the block runs; then remove it unless it was renamed."""
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
        try:
            # Between the two calls, another process may have swept it as left over.
            if try_lock(fd, is_exclusive=True) and os.fstat(fd).st_nlink:
                os.fchmod(fd, mode)  # the umask may have removed some permissions
                yield fd
                return
        finally:
            path.unlink(missing_ok=True)
            os.close(fd)


def _sweep_unfinished_copies(file: Path) -> None:
    """Remove unfinished copies of killed processes; a running process holds a lock on its copy."""
    for path in file.parent.iterdir():
        if path.name.startswith(f"{file.name}.") and path.name.endswith(_COPY + _UNFINISHED):
            with contextlib.suppress(OSError), path.open("rb") as left:
                if try_lock(left.fileno(), is_exclusive=True):
                    path.unlink()


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
