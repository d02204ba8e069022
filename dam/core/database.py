"""Engines and transactions: the one place that knows how SQLite and PostgreSQL must be treated."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    create_async_engine,
)

from dam.core import sqlite_driver
from dam.core.config import WorldContext, session_info
from dam.core.database_file import DatabaseFile
from dam.core.database_url import parse_database_url
from dam.core.sqlite_lock import lock_holder
from dam.errors import (
    DatabaseBusyError,
    DatabaseCorruptError,
    DatabaseError,
    DatabaseLockedError,
    DatabaseUnreachableError,
    MissingExtraError,
    NestedWriterError,
    ReaderWritesError,
    display_path,
    require_free_files,
    url_without_password,
    words_for,
)

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

# A deadlock, a serialization failure, and a row whose entity somebody deleted a moment ago.
_TRY_AGAIN = {"40001", "40P01", "23503"}
_NOT_ALLOWED = "42501"
_READ_ONLY_TRANSACTION = "25006"
_ATTEMPTS = 5
_FILES_OF_SQLITE = 4  # of one connection: the database, its log, their index, a temporary file
# What a look-up costs beside reading on: its default is for disks that move a head, and makes the
# server read whole tables for the few hundred rows of a batch. Whoever has set it knows better.
_PLAN_LOOKUPS = """
    SELECT set_config(name, '1.1', false) FROM pg_settings
    WHERE name = 'random_page_cost' AND source = 'default'
"""
# The server or the role may have it off; all other settings are at least as careful.
_WAIT_FOR_THE_DISK = """
    SELECT set_config('synchronous_commit', 'on', true)
    WHERE current_setting('synchronous_commit') = 'off'
"""


async def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """Await `work`; when cancelled meanwhile, let it run out first, then be cancelled.

    Whether a transaction that is cancelled in flight commits depends on where its thread is, and
    it may hold the database's lock after its caller has gone on; SQLAlchemy throws its connection
    away, too. So it is not cancelled: what its caller sees afterwards is final.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):  # once is enough
                await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # seen, so that nobody logs it as forgotten
        raise


class Database:
    """The transactions of one world's database.

    Invariant: on SQLite at most one writer of this object is open at any time, and it began with
    `BEGIN IMMEDIATE`, so it never fails half-way for want of the lock. Readers cannot write.
    `write` and `read` run to their end when they are cancelled; who uses `writer` or `reader` sees
    to that with `run_to_end`.
    """

    def __init__(self, url: str, context: WorldContext, *, busy_timeout_s: float = 30.0) -> None:
        self._context = context
        self.url = parse_database_url(url)
        self._given_url = url
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.busy_timeout_s = busy_timeout_s
        self._write_lock = asyncio.Lock()
        # A list, so that a task that was started inside a writer sees when that one has ended.
        self._writing: ContextVar[list[bool] | None] = ContextVar("writing", default=None)
        self.opened_file = None if self.file is None else DatabaseFile(self.file, self.safe_url)
        if self.is_sqlite:
            self._writers = self._sqlite_engine("BEGIN IMMEDIATE", pool_size=1)
            self._readers = self._sqlite_engine("BEGIN", pool_size=4, pragmas=("query_only = ON",))
        else:
            self._writers = self._postgresql_engine()
            self._readers = self._writers.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @property
    def safe_url(self) -> str:
        """The URL for people to read, without driver and password."""
        if self.file is not None:
            return f"sqlite:///{display_path(self.file)}"
        rest = self._given_url.partition("://")[2]
        return display_path(url_without_password(f"{self.url.get_backend_name()}://{rest}"))

    @property
    def file(self) -> Path | None:
        """The SQLite file, or None on a server."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    def _sqlite_engine(
        self, begin: str, *, pool_size: int, pragmas: tuple[str, ...] = ()
    ) -> AsyncEngine:
        engine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=self.busy_timeout_s,
            # A connection that is closed has rolled back already; that is one visit to its thread.
            pool_reset_on_return=None,
            # The driver's own BEGIN breaks savepoints and takes the write lock too late.
            connect_args={
                "isolation_level": None,
                "timeout": self.busy_timeout_s,
                "async_creator_fn": sqlite_driver.connect,
            },
        )
        rules = (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
            "cache_size = -32768",
            *pragmas,
        )

        @event.listens_for(engine.sync_engine, "connect")
        def _connect(connection: DBAPIConnection, _record: object) -> None:
            if self.opened_file is not None:
                self.opened_file.take_opened()
            cursor = connection.cursor()
            for rule in rules:
                cursor.execute(f"PRAGMA {rule}")
            cursor.close()

        @event.listens_for(engine.sync_engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return engine

    def _postgresql_engine(self) -> AsyncEngine:
        try:
            engine = create_async_engine(
                self.url, pool_size=5, max_overflow=5, pool_timeout=self.busy_timeout_s
            )
        except ModuleNotFoundError as error:
            raise MissingExtraError("postgres", "a PostgreSQL database") from error

        @event.listens_for(engine.sync_engine, "connect")
        def _connect(connection: DBAPIConnection, _record: object) -> None:
            cursor = connection.cursor()
            cursor.execute(_PLAN_LOOKUPS)
            cursor.close()
            connection.commit()

        return engine

    async def write(
        self,
        fn: Callable[Concatenate[AsyncSession, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `fn(session, …)` in one transaction that commits when it returns.

        What it emits goes nowhere: outside the runtime, `World.run` is the way to write.

        Raises:
            NestedWriterError: Called inside another writer of this database.
            DatabaseError: The database is locked, full, damaged or out of reach.
        """

        async def transaction() -> T:
            async with self.writer() as session:
                return await fn(session, *args, **kwargs)

        return await run_to_end(transaction())

    async def read(
        self,
        fn: Callable[Concatenate[AsyncSession, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `fn(session, …)` on one snapshot of the database; writing in it fails."""

        async def transaction() -> T:
            async with self.reader() as session:
                return await fn(session, *args, **kwargs)

        return await run_to_end(transaction())

    @asynccontextmanager
    async def writer(self, *, durable: bool = False) -> AsyncIterator[AsyncSession]:
        """Open a read-write session; commit at the end, roll back on any error.

        Args:
            durable: The commit survives a power cut, also where others need not.
        """
        outer = self._writing.get()
        if outer and outer[0]:
            raise NestedWriterError
        mine = [True]
        token = self._writing.set(mine)
        try:
            if self.is_sqlite:
                async with (
                    self._write_lock,
                    self._session(self._writers, durable=durable) as session,
                ):
                    yield session
            else:
                async with self._session(self._writers) as session:
                    if durable:
                        await session.execute(text(_WAIT_FOR_THE_DISK))
                    yield session
        finally:
            mine[0] = False
            self._writing.reset(token)

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[AsyncSession]:
        """Open a read-only session on one snapshot."""
        async with self._session(self._readers) as session:
            yield session

    @asynccontextmanager
    async def _session(
        self, engine: AsyncEngine, *, durable: bool = False
    ) -> AsyncIterator[AsyncSession]:
        info = session_info(self._context)
        with self.translated_errors(is_reader=engine is self._readers):
            async with engine.connect() as connection:
                if durable:
                    await _set_synchronous(connection, "FULL")
                try:
                    # The transaction is ours: a commit in the block does not reach it.
                    async with (
                        connection.begin(),
                        AsyncSession(
                            connection,
                            expire_on_commit=False,
                            info=info,
                            join_transaction_mode="rollback_only",
                        ) as session,
                        session.begin(),
                    ):
                        yield session
                finally:
                    if durable:
                        await _set_synchronous(connection, "NORMAL")

    @contextmanager
    def translated_errors(self, *, is_reader: bool = False) -> Iterator[None]:
        """Raise a `DatabaseError` for a driver's error that the environment is to blame for."""
        try:
            yield
        except PoolTimeoutError as error:
            raise DatabaseBusyError(self.safe_url, self.busy_timeout_s) from error
        except (DBAPIError, sqlite3.Error) as error:
            if is_reader and _is_refused_write(error):
                raise ReaderWritesError from error
            fault = self._translated(error)
            if fault is None:
                raise
            raise fault from error

    def _translated(self, error: DBAPIError | sqlite3.Error) -> DatabaseError | None:
        """Return the environment's fault behind a driver's error, or None when it is no such."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        text = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
        if isinstance(cause, sqlite3.Error):
            return self._sqlite_fault(getattr(cause, "sqlite_errorname", ""), text)
        if isinstance(error, DBAPIError) and not self.is_sqlite:
            state = getattr(cause, "sqlstate", None)
            # Where there was a statement and the connection still works, that one was wrong.
            if error.connection_invalidated or (state is None and error.statement is None):
                return DatabaseUnreachableError(self.safe_url, text)
            if state and (state == _NOT_ALLOWED or state[:2] in {"53", "58"}):
                return DatabaseError(self.safe_url, text)
            if state and state[:2] in {"08", "28", "3D", "57"}:
                return DatabaseUnreachableError(self.safe_url, text)
        return None

    def _sqlite_fault(self, name: str, text: str) -> DatabaseError | None:
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            holder = lock_holder(self.file) if self.file else None
            suspended_id = holder.process_id if holder and holder.is_suspended else None
            return DatabaseLockedError(
                self.safe_url, self.busy_timeout_s, str(holder or ""), suspended_id=suspended_id
            )
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return DatabaseCorruptError(self.safe_url, text)
        if name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY")):
            return DatabaseError(self.safe_url, text)
        if name.startswith(("SQLITE_CANTOPEN", "SQLITE_AUTH", "SQLITE_PERM")):
            return DatabaseUnreachableError(self.safe_url, text + self._why_not_open())
        return None

    def _why_not_open(self) -> str:
        """Return why SQLite cannot make its files beside the database, which also readers need."""
        require_free_files(_FILES_OF_SQLITE)  # it does not say that it was given no more
        if self.file is None or not self.file.is_file():
            return ""
        try:
            TemporaryFile(dir=self.file.parent).close()
        except OSError as error:
            return f"; its folder cannot be written to: {words_for(error)}"
        return ""

    async def close(self) -> None:
        """Close every connection; the object is not used afterwards."""
        await self._writers.dispose()
        if self.is_sqlite:
            await self._readers.dispose()


async def _set_synchronous(connection: AsyncConnection, level: str) -> None:
    raw = await connection.get_raw_connection()
    assert raw.driver_connection is not None
    await raw.driver_connection.execute(f"PRAGMA synchronous = {level}")


def _is_refused_write(error: DBAPIError | sqlite3.Error) -> bool:
    """Tell whether a statement would have written where that is switched off."""
    if not isinstance(error, DBAPIError) or error.statement is None:
        return False
    if isinstance(error.orig, sqlite3.Error):
        return error.orig.sqlite_errorname == "SQLITE_READONLY"
    return getattr(error.orig, "sqlstate", None) == _READ_ONLY_TRANSACTION


def is_retryable(error: DBAPIError) -> bool:
    """Tell whether PostgreSQL's error may be gone when the transaction is run again."""
    return getattr(error.orig, "sqlstate", None) in _TRY_AGAIN


async def with_retries(attempt: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a transaction to its end, again for errors that may be gone then (`is_retryable`)."""
    for left in range(_ATTEMPTS - 1, -1, -1):
        try:
            return await run_to_end(attempt())
        except DBAPIError as error:
            if not left or not is_retryable(error):
                raise
            log.debug("transaction is run again", extra={"attempts_left": left})
    raise AssertionError("unreachable")
