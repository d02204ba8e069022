"""`Database`: engines and transactions, the one place that tells SQLite from PostgreSQL."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
)

from dam.core.config import WorldContext, session_info
from dam.core.database import driver_errors, postgresql, sqlite_engine, sqlite_faults
from dam.core.database.file import DatabaseFile
from dam.core.database.run_to_end import run_to_end
from dam.core.database.url import parse_database_url
from dam.errors import (
    DatabaseBusyError,
    DatabaseContendedError,
    DatabaseError,
    NestedWriterError,
    ReaderWritesError,
    WorldResetError,
    display_path,
    url_without_password,
)

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

Settle = Callable[[AsyncSession], Awaitable[None]]
"""An async function that is called at the end of each transaction that writes; see `before_commit`.
"""
_IS_WRITER = "dam.is_writer"

# A row refers to an entity that does not exist: another process may just have deleted it.
_NO_PARENT = "23503"
_ATTEMPTS = 5
_PATIENCE_S = 45.0
# First in every transaction. On PostgreSQL it also keeps the table from being dropped until the
# transaction ends; `schema_service` locks this table before all others.
_WHICH_WORLD = "SELECT uuid FROM world_identity"
_WRITE_NOTHING = "UPDATE world_identity SET uuid = uuid WHERE false"
# The server or the role may have set it to `off`; all other values are at least as careful as `on`.
_WAIT_FOR_THE_DISK = """
    SELECT set_config('synchronous_commit', 'on', true)
    WHERE current_setting('synchronous_commit') = 'off'
"""


class Database:
    """The transactions of one world's database.

    Invariant: on SQLite at most one writer of this object is open at any time, and it began with
    `BEGIN IMMEDIATE`, so it never fails half-way for lack of the lock. Readers cannot write.
    Once `hold_to` has named the world, no transaction begins in another world, and the world cannot
    be reset before the transaction ends. `write` and `read` run to their end when they are
    cancelled, and are `retried`; a caller of `writer` or `reader` has to see to both.
    """

    def __init__(self, url: str, context: WorldContext, *, busy_timeout_s: float = 30.0) -> None:
        self._context = context
        self.url = parse_database_url(url)
        self._given_url = url
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.busy_timeout_s = busy_timeout_s
        self._world_uuid: str | None = None
        self._write_lock = asyncio.Lock()
        self._settlers: list[Settle] = []
        # A list, so that a task that was started inside a writer sees when the writer has ended.
        self._writing: ContextVar[list[bool] | None] = ContextVar("writing", default=None)
        self._refuses_writers: ContextVar[bool] = ContextVar("refuses_writers", default=False)
        self.opened_file = None if self.file is None else DatabaseFile(self.file, self.safe_url)
        if self.opened_file is not None:
            file, only_read = self.opened_file, ("query_only = ON",)
            make = partial(sqlite_engine.make_engine, self.url, file, timeout_s=busy_timeout_s)
            self._writers = make("BEGIN IMMEDIATE", pool_size=1)
            self._readers = make("BEGIN", pool_size=4, pragmas=only_read)
        else:
            self._writers = postgresql.make_engine(self.url, pool_timeout_s=self.busy_timeout_s)
            self._readers = self._writers.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @property
    def safe_url(self) -> str:
        """The URL as it may be shown: without driver and password."""
        if self.file is not None:
            return f"sqlite:///{display_path(self.file)}"
        rest = self._given_url.partition("://")[2]
        return display_path(url_without_password(f"{self.url.get_backend_name()}://{rest}"))

    @property
    def file(self) -> Path | None:
        """The SQLite file, or None on PostgreSQL."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    async def require_same_file(self) -> None:
        """Make sure that a SQLite file is still the one that was opened, with all its pages.

        Raises:
            DatabaseReplacedError: It was moved, removed, replaced or cut short.
        """
        if self.opened_file is not None:
            with self.translated_errors():
                await asyncio.to_thread(self.opened_file.require_same)

    async def require_writable(self) -> None:
        """Raise `DatabaseReadOnlyError` if the database can only be read; change nothing.

        For work that may change files before it writes a row. A SQLite file must have been opened.
        """
        if self.opened_file is not None:
            self.opened_file.require_writable()
        else:
            await self.write(_try_to_write)

    def before_commit(self, settle: Settle) -> None:
        """Call an async function of the session at the end of each transaction that writes.

        What it writes is committed with the rest; if it raises, all is rolled back.
        """
        self._settlers.append(settle)

    def hold_to(self, world_uuid: str) -> None:
        """From now on, refuse every transaction if the database holds another world.

        `setup-db --reset` makes another world of it; ids, digests and all else that was read before
        would be wrong there.
        """
        self._world_uuid = world_uuid

    async def write(
        self,
        fn: Callable[Concatenate[AsyncSession, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `fn(session, …)` in one transaction that commits when it returns; see `retried`.

        Events that it emits are dropped: outside `dam.core`, use `World.run`, which sends them.

        Raises:
            NestedWriterError: Called inside another writer of this database.
            DatabaseError: The database is locked, full, damaged or out of reach.
            WorldResetError: The world was reset after it was opened; see `hold_to`.
        """

        async def transaction() -> T:
            async with self.writer() as session:
                return await fn(session, *args, **kwargs)

        return await self.retried(transaction)

    async def read(
        self,
        fn: Callable[Concatenate[AsyncSession, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `fn(session, …)` on one snapshot, read-only; see `retried`."""

        async def transaction() -> T:
            async with self.reader() as session:
                return await fn(session, *args, **kwargs)

        return await self.retried(transaction)

    async def read_found(
        self,
        fn: Callable[Concatenate[AsyncSession, P], Awaitable[T | None]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T | None:
        """Read like `read`, and once more if nothing was found.

        A read that began before a reset and waited for it sees neither the old nor the new rows.
        """
        return await self.read(fn, *args, **kwargs) or await self.read(fn, *args, **kwargs)

    async def retried(self, attempt: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a transaction to its end; run it again after an error that may not come back.

        SQLite has no such errors. PostgreSQL has them when other transactions are in the way, when
        this one was stopped in the middle for too long, and when a row refers to an entity that was
        just deleted. The transaction is run up to five times, and not again after 45 s.

        Raises:
            DatabaseContendedError: Other transactions were in the way each time.
        """
        now = asyncio.get_running_loop().time
        started_s = now()
        for tries in range(1, _ATTEMPTS + 1):
            try:
                return await run_to_end(attempt())
            except DatabaseContendedError as error:
                waited_s = now() - started_s
                if tries == _ATTEMPTS or waited_s > _PATIENCE_S:
                    blamed = await self._longest_open_transaction()
                    raise error.after(tries, waited_s, blamed) from error
            except DBAPIError as error:
                if tries == _ATTEMPTS or getattr(error.orig, "sqlstate", None) != _NO_PARENT:
                    raise
            log.debug("running a transaction again", extra={"tries": tries})
        raise AssertionError("unreachable")

    async def _longest_open_transaction(self) -> str | None:
        with suppress(DatabaseError), self.translated_errors():
            async with self._readers.connect() as connection:
                return await postgresql.longest_open_transaction(connection)
        return None

    @asynccontextmanager
    async def writer(self, *, durable: bool = False) -> AsyncIterator[AsyncSession]:
        """Open a read-write session; commit at the end, roll back on any error.

        Args:
            durable: The commit survives a power cut, even if the database's settings do not ask it.

        Raises:
            NestedWriterError: Called inside another writer of this database.
            ReaderWritesError: Called inside `refusing_writers`.
        """
        if self._refuses_writers.get():
            raise ReaderWritesError
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
                    await self._settle(session)
            else:
                async with self._session(self._writers) as session:
                    if durable:
                        await session.execute(text(_WAIT_FOR_THE_DISK))
                    yield session
                    await self._settle(session)
        finally:
            mine[0] = False
            self._writing.reset(token)

    async def _settle(self, session: AsyncSession) -> None:
        for settle in self._settlers:
            await settle(session)

    @contextmanager
    def refusing_writers(self) -> Iterator[None]:
        """Let no writer be opened in the block, nor by tasks that are started in it."""
        token = self._refuses_writers.set(True)
        try:
            yield
        finally:
            self._refuses_writers.reset(token)

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[AsyncSession]:
        """Open a read-only session on one snapshot."""
        async with self._session(self._readers) as session:
            yield session

    @asynccontextmanager
    async def _session(
        self, engine: AsyncEngine, *, durable: bool = False
    ) -> AsyncIterator[AsyncSession]:
        is_reader = engine is self._readers
        info = session_info(self._context) | {_IS_WRITER: not is_reader}
        with self.translated_errors(is_reader=is_reader, is_writer=not is_reader):
            async with engine.connect() as connection, self._watched(connection):
                if durable:
                    await _set_synchronous(connection, "FULL")
                try:
                    # The transaction is not the session's: a commit in the block does not end it.
                    async with connection.begin():
                        await self._refuse_other_world(connection)
                        async with (
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

    def _watched(self, connection: AsyncConnection) -> AbstractAsyncContextManager[None]:
        if self.opened_file is not None:
            return self.opened_file.watched()
        return postgresql.cut_when_silent(connection, self.safe_url)

    async def _refuse_other_world(self, connection: AsyncConnection) -> None:
        if self._world_uuid is None:
            return
        try:
            found = (await connection.exec_driver_sql(_WHICH_WORLD)).scalar()
        except DBAPIError as error:
            if not driver_errors.is_missing_table(error):
                raise
            found = None
        if found != self._world_uuid:
            raise WorldResetError(self.safe_url, found, self._world_uuid)

    @contextmanager
    def translated_errors(
        self, *, is_reader: bool = False, is_writer: bool = False
    ) -> Iterator[None]:
        """Raise a `DatabaseError` in place of a driver's error that the environment has caused.

        `is_reader` and `is_writer` say that the block is a transaction, and of which kind.
        """
        try:
            yield
        except PoolTimeoutError as error:
            raise DatabaseBusyError(self.safe_url, self.busy_timeout_s) from error
        except (DBAPIError, sqlite3.Error) as error:
            if is_reader and driver_errors.is_refused_write(error):
                raise ReaderWritesError from error
            fault = self._translated(error, is_writer=is_writer)
            if fault is None:
                raise
            raise fault from error

    def _translated(
        self, error: DBAPIError | sqlite3.Error, *, is_writer: bool
    ) -> DatabaseError | None:
        """Return (or raise) the environment's fault behind a driver's error; None without one."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, sqlite3.Error):
            waited_s = self.busy_timeout_s
            if self.opened_file and sqlite_faults.cannot_open(cause):
                self.opened_file.require_there()
            return sqlite_faults.fault_of(cause, self.file, self.safe_url, waited_s=waited_s)
        if isinstance(error, DBAPIError) and not self.is_sqlite:
            return postgresql.fault_of(error, self.safe_url, is_writer=is_writer)
        return None

    async def close(self) -> None:
        """Close every connection; this object cannot be used afterwards."""
        await self._writers.dispose()
        if self.is_sqlite:
            await self._readers.dispose()


def is_writer(session: AsyncSession) -> bool:
    """Tell whether a session of a `Database` may write."""
    return bool(session.info.get(_IS_WRITER))


async def _try_to_write(session: AsyncSession) -> None:
    await session.execute(text(_WRITE_NOTHING))


async def _set_synchronous(connection: AsyncConnection, level: str) -> None:
    raw = await connection.get_raw_connection()
    assert raw.driver_connection is not None
    await raw.driver_connection.execute(f"PRAGMA synchronous = {level}")
