"""Checks whether a database has the tables of this program."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from sqlalchemy import URL, Connection, Table, inspect, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.database import Database
from dam.core.ecs.components import Base
from dam.errors import (
    DatabaseOutdatedError,
    DatabaseTooNewError,
    NotSetUpError,
    PluginTablesMissingError,
    ServerTooOldError,
    TablesMissingError,
)
from dam.models import SCHEMA_REVISION
from dam.services.schema_service.migrations import known_revisions

_OLDEST_POSTGRESQL = (15,)
REVISION_QUERY = "SELECT version_num FROM alembic_version"


async def check_schema(database: Database) -> None:
    """Raise unless the database has exactly the schema of this program.

    Raises:
        ServerTooOldError: Its PostgreSQL is not supported.
        NotSetUpError: It has no schema of ours, or is not there at all.
        DatabaseOutdatedError: Its schema is older; `setup-db` brings it up to date.
        DatabaseTooNewError: A newer program has made it.
        TablesMissingError: Somebody has dropped tables.
    """
    if is_absent(database.url):
        raise NotSetUpError(database.safe_url)
    revision = await database.read_found(_stored_revision, database)
    if revision == SCHEMA_REVISION:
        refuse_missing_tables(await database.read(table_names), database)
        return
    if revision is None:
        raise NotSetUpError(database.safe_url)
    if revision in known_revisions():
        raise DatabaseOutdatedError(database.safe_url, revision, SCHEMA_REVISION)
    raise DatabaseTooNewError(database.safe_url, revision, SCHEMA_REVISION)


def is_absent(url: URL) -> bool:
    """Tell whether a database is a SQLite file that is not there."""
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").exists()


def refuse_missing_tables(there: Collection[str], database: Database) -> None:
    """Refuse a database in which tables of the newest schema are missing."""
    if missing := sorted(_own_tables().difference(there)):
        raise TablesMissingError(database.safe_url, SCHEMA_REVISION, missing)


def _own_tables() -> set[str]:
    """Return the tables of our own models; plugins map theirs to the same metadata."""
    return {
        mapper.local_table.name
        for mapper in Base.registry.mappers
        if isinstance(mapper.local_table, Table) and mapper.class_.__module__.startswith("dam.")
    }


async def check_tables(database: Database, kinds: Iterable[type[Base]]) -> None:
    """Raise unless each of these classes has its table: `set_up` makes none for plugins.

    Raises:
        PluginTablesMissingError: Some have none.
    """
    there = await database.read(table_names)
    if missing := sorted({kind.__tablename__ for kind in kinds} - there):
        raise PluginTablesMissingError(database.safe_url, missing)


async def table_names(session: AsyncSession) -> set[str]:
    """Return the names of the tables that are there."""
    connection = await session.connection()
    return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def _stored_revision(session: AsyncSession, database: Database) -> str | None:
    connection = await session.connection()
    await connection.run_sync(refuse_old_server, database)
    try:
        return own_revision((await session.scalars(text(REVISION_QUERY))).all())
    except (OperationalError, ProgrammingError) as error:
        if "alembic_version" in str(error.orig):
            return None
        raise


def own_revision(heads: Sequence[str]) -> str | None:
    """Return where our own branch of the migrations stands; a plugin's has a row beside it."""
    if SCHEMA_REVISION in heads:
        return SCHEMA_REVISION
    known = known_revisions().intersection(heads) if heads else None
    return ", ".join(sorted(known or heads)) or None


def server_version(connection: Connection) -> tuple[int, ...]:
    """Return the version of the database's engine, as it said when it was connected to."""
    return tuple(map(int, connection.dialect.server_version_info or ()))


def refuse_old_server(connection: Connection, database: Database) -> None:
    """Raise `ServerTooOldError` where the PostgreSQL is one that is not supported."""
    found = server_version(connection)
    if not database.is_sqlite and found < _OLDEST_POSTGRESQL:
        raise ServerTooOldError(database.safe_url, found, _OLDEST_POSTGRESQL)
