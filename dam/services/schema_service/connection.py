"""Opens blocking connections to change a schema, and locks the schema against other processes."""

import contextlib
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, create_engine, event, inspect

from dam.core.database import postgresql
from dam.core.database.database import Database
from dam.errors import DatabaseUnreachableError, words_for
from dam.models import WorldIdentity
from dam.storage.privacy import make_private_file, make_private_folder

_LOCK_KEY = 0x64616D  # "dam": the advisory lock held while a PostgreSQL schema is changed


@contextlib.contextmanager
def connected(database: Database) -> Iterator[Connection]:
    """Open a blocking connection; SQLite's has foreign keys off.

    A migration that rebuilds a parent table drops the old one, and with foreign keys on that would
    delete every child row by cascade.
    """
    if database.opened_file is None:
        options = postgresql.connect_options(database.url)
        engine = create_engine(database.url, connect_args=options)
    else:
        file = database.opened_file
        _make_file(database, file.path)
        engine = create_engine(
            database.url.set(drivername="sqlite"),
            creator=partial(file.open, isolation_level=None, timeout=database.busy_timeout_s),
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
def locked(connection: Connection, database: Database) -> Iterator[None]:
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
            with database.translated_errors(is_writer=True):
                connection.exec_driver_sql(f"LOCK TABLE {identity} IN ACCESS EXCLUSIVE MODE")
    try:
        yield
        connection.exec_driver_sql("COMMIT") if database.is_sqlite else connection.commit()
    except BaseException:
        connection.rollback()
        if database.is_sqlite and connection.connection.in_transaction:
            connection.exec_driver_sql("ROLLBACK")
        raise
