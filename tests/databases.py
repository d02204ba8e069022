"""Databases for tests: one throwaway PostgreSQL cluster a session, one fresh database a test.

The schema is made once per engine, into a template; a test's database is a copy of it, because a
copy is cheaper than a migration.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from dam.core.config import WorldConfig
from dam.services import schema_service

MAX_VALUES = (1 << 16) - 1
"""How many values a statement of PostgreSQL has at most; of SQLite, as its builders like."""

_START_TIMEOUT_S = 30.0
_INITDB_OPTIONS = ("-U", "dam", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
# Durability is not what these tests look at, and a machine that dies takes its cluster with it.
_SERVER_OPTIONS = (
    *("-c", "listen_addresses="),
    *("-c", "fsync=off"),
    *("-c", "full_page_writes=off"),
    *("-c", "synchronous_commit=off"),
    *("-c", "autovacuum=off"),
    *("-c", "jit=off"),  # each connection would load the compiler, for tables of a few rows
)


class PostgresMissingError(Exception):
    """No PostgreSQL server binaries are on this machine."""


def create_schema(database_url: str) -> None:
    """Bring the empty database to the newest schema; every test's database is a copy of it."""
    schema_service.set_up(world_config(database_url))


def world_config(database_url: str, **changes: Any) -> WorldConfig:
    """Return the settings of a world on a database; files go beside the working directory."""
    settings: dict[str, Any] = {
        "name": "test",
        "database_url": database_url,
        "storage_url": str(Path("store").absolute()),
        "cache_path": Path("cache").absolute(),
        "workers": 1,
    }
    return WorldConfig(**settings | changes)


def find_postgres() -> Path:
    """Return the folder of PostgreSQL's server binaries, the newest of Debian's if not on PATH."""
    if on_path := shutil.which("pg_ctl"):
        return Path(on_path).resolve().parent
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3])
    )
    if not debian:
        raise PostgresMissingError("no pg_ctl on PATH or under /usr/lib/postgresql")
    return debian[-1].parent


@contextmanager
def reading_role(url: str) -> Iterator[str]:
    """Yield the URL of the same PostgreSQL database for a role that may only read its tables."""
    role = sql.Identifier(name := f"dam_reader_{uuid.uuid4().hex}")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {}").format(role))
        connection.execute(
            sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(role)
        )
    yield f"{url}{'&' if '?' in url else '?'}options=-c%20role%3D{name}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
        connection.execute(sql.SQL("DROP ROLE {}").format(role))


class PostgresServer:
    """A server that takes fresh databases; the ones it made are its own to drop.

    The template has no connections while it is copied, else PostgreSQL refuses: whoever fills it
    closes what was opened.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._template: str | None = None

    def create_database(self, *, with_schema: bool) -> str:
        """Return the URL of a new database, empty or a copy of the schema's template."""
        if not with_schema:
            return self._create(template="template0")
        if self._template is None:
            url = self._create(template="template0")
            create_schema(url)
            self._template = urlsplit(url).path[1:]
        return self._create(template=self._template)

    def drop_database(self, url: str) -> None:
        """Drop a database that this server made, with whatever is still connected to it."""
        self._drop(urlsplit(url).path[1:])

    def close(self) -> None:
        """Drop the template; the tests have dropped theirs."""
        if self._template is not None:
            self._drop(self._template)

    def _create(self, *, template: str) -> str:
        name = f"dam_test_{uuid.uuid4().hex}"
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, template)
        return urlunsplit(urlsplit(self._url)._replace(path=f"/{name}"))

    def _drop(self, name: str) -> None:
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _execute(self, statement: LiteralString, *names: str) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Yield the server that DAM_TEST_POSTGRES_URL names, else one that ends with the block."""
    if url := os.environ.get("DAM_TEST_POSTGRES_URL"):
        server = PostgresServer(url)
        try:
            yield server
        finally:
            server.close()
        return
    with _cluster(find_postgres()) as url:
        yield PostgresServer(url)


@contextmanager
def _cluster(binaries: Path) -> Iterator[str]:
    """Run a new cluster that is reached only by a socket in its own folder, so no two collide."""
    folder = Path(tempfile.mkdtemp(prefix="dam-postgres-"))
    as_owner = _as_owner_of(folder)
    files = str(folder / "files")
    log_path = folder / "server.log"
    try:
        initdb = [*as_owner, str(binaries / "initdb"), "-D", files, *_INITDB_OPTIONS]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL)
        with log_path.open("wb") as log:
            postgres = [str(binaries / "postgres"), "-D", files, "-k", str(folder)]
            process = subprocess.Popen(
                [*as_owner, *postgres, *_SERVER_OPTIONS], stdout=log, stderr=log
            )
        try:
            url = f"postgresql://dam@/postgres?host={folder}"
            _wait_until_ready(process, url, log_path)
            yield url
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_owner_of(folder: Path) -> list[str]:
    """Return what to put before a server command: PostgreSQL refuses to run as root.

    Where util-linux is there, the kernel also ends the server when the tests are killed.
    """
    setpriv = shutil.which("setpriv")
    prefix = [setpriv, "--pdeathsig", "QUIT"] if setpriv else []
    if os.geteuid() != 0:
        return prefix
    account = pwd.getpwnam("postgres")
    os.chown(folder, account.pw_uid, account.pw_gid)
    identity = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    return [*(prefix or ["setpriv"]), *identity, "--"]


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log_path: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{log_path.read_text()}") from None
            time.sleep(0.02)
        else:
            return
