"""Makes the engines of a SQLite file: pools of connections that keep the project's rules."""

from functools import partial

from sqlalchemy import URL, Connection, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from dam.core.database import sqlite_driver
from dam.core.database.file import DatabaseFile


def make_engine(
    url: URL,
    file: DatabaseFile,
    begin: str,
    *,
    pool_size: int,
    timeout_s: float,
    pragmas: tuple[str, ...] = (),
) -> AsyncEngine:
    """Return an engine whose transactions start with a statement of our own.

    Example: `make_engine(url, file, "BEGIN IMMEDIATE", pool_size=1, timeout_s=30)`.

    Args:
        url: The URL of the file, with its driver.
        file: The file, which sees to it that it stays the one that was opened.
        begin: The statement that starts a transaction.
        pool_size: The greatest number of connections.
        timeout_s: How long to wait for a lock, or for a connection.
        pragmas: Further rules of each connection, such as `query_only = ON`.
    """
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=timeout_s,
        # Each transaction has ended already; a rollback would be one more visit to the thread.
        pool_reset_on_return=None,
        # The driver's own BEGIN breaks savepoints and takes the write lock too late.
        connect_args={
            "isolation_level": None,
            "timeout": timeout_s,
            "async_creator_fn": partial(sqlite_driver.connect, open_file=file.open),
        },
    )
    rules_to_write = ("journal_mode = WAL", "synchronous = NORMAL")
    rules = ("foreign_keys = ON", "cache_size = -32768", *pragmas)

    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: DBAPIConnection, _record: object) -> None:
        file.take_opened()
        cursor = connection.cursor()
        for rule in rules if file.is_read_only else (*rules_to_write, *rules):
            cursor.execute(f"PRAGMA {rule}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
