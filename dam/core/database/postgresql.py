"""PostgreSQL only: time-outs, translated errors, the transaction to blame, and silent servers."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import URL, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from dam.errors import (
    DatabaseContendedError,
    DatabaseError,
    DatabaseReadOnlyError,
    DatabaseUnreachableError,
    MissingExtraError,
)
from dam.stopping import requested_stop

# In milliseconds where no unit is given. They only replace the server's defaults: a value that a
# user has set stays. They are set after connecting, because poolers refuse options at the start.
_SETTINGS = {
    # The cost of a look-up compared with reading on. The default is for disks with a moving head,
    # and makes the server read whole tables for the few hundred rows of a batch.
    "random_page_cost": "1.1",
    # To compile a plan takes longer than to run it, for all that is asked here.
    "jit": "off",
    # The driver prepares what is asked often. For that the server makes one plan for all values,
    # as soon as it expects no better of plans of their own, and is badly wrong about long arrays
    # and tags that many assets have: a search then takes ten times as long as at first.
    "plan_cache_mode": "force_custom_plan",
    "lock_timeout": "20s",
    # Less than two lock time-outs: a process suspended in a transaction delays others no longer.
    "idle_in_transaction_session_timeout": "35s",
    "tcp_keepalives_idle": "20",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
_SET_WHAT_NOBODY_HAS_SET = f"""
    SELECT set_config(name, ours, false)
    FROM pg_settings
    JOIN (VALUES {", ".join(str(pair) for pair in _SETTINGS.items())}) AS wanted (wanted, ours)
    ON name = wanted
    WHERE source = 'default'
"""  # noqa: S608 - of the names above

# The same for this side of the network, as options of libpq.
_OPTIONS: dict[str, int] = {
    "connect_timeout": 20,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
_LOOK_S = 0.5
_CANCEL_S = 2.0
_ANSWERS_WITHIN_S = 30.0  # where a URL has switched `tcp_user_timeout` off

# Errors that may not come back when the transaction is run again: it was the victim of a deadlock
# or of an earlier commit, waited too long for a lock, or was stopped in the middle for too long.
_IN_THE_WAY = {"40P01", "40001", "55P03", "25P03", "57P05"}
_NOT_ALLOWED = "42501"
_READ_ONLY = "25006"
# Of other roles' sessions, `pg_stat_activity` shows a role only that they exist.
_LONGEST_OPEN = """
    SELECT pid, usename, application_name, state,
           CAST(extract(epoch FROM clock_timestamp() - xact_start) AS integer)
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
    ORDER BY xact_start LIMIT 1
"""


def make_engine(url: URL, *, pool_timeout_s: float) -> AsyncEngine:
    """Return an engine whose connections never wait without a limit.

    Raises:
        MissingExtraError: The driver is not installed.
    """
    options = connect_options(url)
    try:
        engine = create_async_engine(
            url, pool_size=5, max_overflow=5, pool_timeout=pool_timeout_s, connect_args=options
        )
    except ModuleNotFoundError as error:
        raise MissingExtraError("postgres", "a PostgreSQL database") from error

    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(_SET_WHAT_NOBODY_HAS_SET)
        cursor.close()
        connection.commit()

    @event.listens_for(engine.sync_engine, "checkout")
    def _checkout(connection: DBAPIConnection, _record: object, _proxy: object) -> None:
        # SQLAlchemy leaves it at False after a reader, which would begin transactions that write
        # although the server, the database or the role has `default_transaction_read_only`.
        engine.dialect.set_readonly(connection, None)  # type: ignore[attr-defined]  # only PostgreSQL has it

    return engine


def connect_options(url: URL) -> dict[str, int]:
    """Return our options for libpq, without those that the URL or the environment has set."""
    given = set(url.query) | ({"connect_timeout"} if "PGCONNECT_TIMEOUT" in os.environ else set())
    return {name: value for name, value in _OPTIONS.items() if name not in given}


def fault_of(error: DBAPIError, safe_url: str, *, is_writer: bool) -> DatabaseError | None:
    """Return the fault of the server or the network, or None if the statement was wrong.

    `is_writer` says that the statement belongs to a transaction that may write.
    """
    reason = (str(error.orig).strip() or type(error.orig).__name__).splitlines()[0]
    state = getattr(error.orig, "sqlstate", None)
    if state in _IN_THE_WAY:
        return DatabaseContendedError(safe_url, reason)
    # If there was a statement and the connection still works, the statement was wrong.
    if error.connection_invalidated or (state is None and error.statement is None):
        return DatabaseUnreachableError(safe_url, reason)
    if state == _READ_ONLY or (state == _NOT_ALLOWED and is_writer):
        is_server = state == _READ_ONLY
        found = "the server refuses to write" if is_server else f"for this user: {reason}"
        return DatabaseReadOnlyError(safe_url, found)
    if state and (state == _NOT_ALLOWED or state[:2] in {"53", "58"}):
        return DatabaseError(safe_url, reason)
    if state and state[:2] in {"08", "28", "3D", "57"}:
        return DatabaseUnreachableError(safe_url, reason)
    return None


async def longest_open_transaction(connection: AsyncConnection) -> str | None:
    """Describe the transaction that has been open longest, apart from our own; None without one.

    Example: "server process 812 (user anna, psql, idle in transaction), open for 40 s".
    """
    found = (await connection.execute(text(_LONGEST_OPEN))).first()
    if found is None:
        return None
    process_id, user, program, state, open_s = found
    known = ", ".join(str(word) for word in (user and f"user {user}", program, state) if word)
    return f"server process {process_id} ({known}), open for {open_s} s"


@asynccontextmanager
async def cut_when_silent(connection: AsyncConnection, safe_url: str) -> AsyncIterator[None]:
    """End the connection, and so the block, when its server has become silent.

    The block may take as long as it likes. If an answer is long in coming, the server is asked for
    another connection; if that does not come either, the server counts as silent. This notices
    what the network's own time-outs do not: a proxy or a server that stands still.

    Raises:
        DatabaseUnreachableError: The server is silent.
    """
    raw = await connection.get_raw_connection()
    watching = asyncio.create_task(_watch(raw.driver_connection, connection))
    try:
        yield
    except DBAPIError as error:
        if not watching.done():
            raise
        reason = f"the server did not answer for at least {int(watching.result())} s"
        raise DatabaseUnreachableError(safe_url, reason) from error
    finally:
        watching.cancel()


async def _watch(driver: Any, connection: AsyncConnection) -> float:  # noqa: ANN401 - psycopg's
    """Hang up once the server is silent; return for at least how many seconds it was silent.

    If this process is asked to stop, the statement that still waits, for a lock say, is cancelled.
    """
    url = connection.engine.url
    _, given = connection.dialect.create_connect_args(url)
    options: dict[str, Any] = {**given, **connect_options(url)}
    patience_s = int(options["tcp_user_timeout"]) / 1000 or _ANSWERS_WITHIN_S
    look_s, waited_s = min(_LOOK_S, patience_s), 0.0
    now = asyncio.get_running_loop().time
    while True:
        await asyncio.sleep(look_s)
        waited_s = waited_s + look_s if _is_asked(driver) else 0.0
        silent_s, looked_at_s = waited_s, now()
        if waited_s > look_s and requested_stop():
            gives_a_sign = await _cancel(driver)
        elif waited_s >= patience_s:
            gives_a_sign, waited_s = await _gives_a_sign(options), 0.0
        else:
            continue
        if not gives_a_sign and _is_asked(driver):
            with socket.socket(fileno=os.dup(driver.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)
            return silent_s + now() - looked_at_s


async def _cancel(driver: Any) -> bool:  # noqa: ANN401 - psycopg's connection
    """Ask the server to cancel the running statement; tell whether the server could be reached."""
    from psycopg import Error  # noqa: PLC0415 - an extra

    try:
        await driver.cancel_safe(timeout=_CANCEL_S)
    except Error:
        return False
    return True


def _is_asked(driver: Any) -> bool:  # noqa: ANN401 - psycopg's connection
    """Tell whether the server owes an answer."""
    from psycopg.pq import TransactionStatus  # noqa: PLC0415 - an extra

    return bool(driver.pgconn.transaction_status == TransactionStatus.ACTIVE)


async def _gives_a_sign(options: Mapping[str, Any]) -> bool:
    from psycopg import AsyncConnection as Driver  # noqa: PLC0415 - an extra
    from psycopg import Error, errors  # noqa: PLC0415

    try:
        other = await Driver.connect(**options)
    except errors.ConnectionTimeout:
        return False
    except Error:  # a refusal is an answer
        return True
    await other.close()
    return True
