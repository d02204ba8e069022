"""Checks whether a database has the tables of this program."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, Table, inspect, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.database import Database
from dam.core.database.url import is_absent
from dam.core.ecs.components import Base
from dam.core.read_only import ReadOnly
from dam.errors import (
    DatabaseOutdatedError,
    DatabaseTooNewError,
    NotSetUpError,
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
        ServerTooOldError: The PostgreSQL server is older than supported.
        NotSetUpError: The database does not exist, or has no schema of this program.
        DatabaseOutdatedError: The schema is older; `setup-db` upgrades it.
        DatabaseTooNewError: A newer program has made the schema.
        TablesMissingError: Tables of the schema were dropped.
    """
    if is_absent(database.url):
        raise NotSetUpError(database.safe_url)
    refuse_revision(await database.read_found(_stored_revision, database), database)
    refuse_missing_tables(await database.read(table_names), database)


def refuse_revision(revision: str | None, database: Database) -> None:
    """Raise unless the revision of a schema, None without one, is that of this program."""
    if revision == SCHEMA_REVISION:
        return
    if revision is None:
        raise NotSetUpError(database.safe_url)
    if revision in known_revisions():
        raise DatabaseOutdatedError(database.safe_url, revision, SCHEMA_REVISION)
    raise DatabaseTooNewError(database.safe_url, revision, SCHEMA_REVISION)


def refuse_missing_tables(there: Collection[str], database: Database) -> None:
    """Raise `TablesMissingError` if tables of the newest schema are missing."""
    if missing := sorted(_own_tables().difference(there)):
        raise TablesMissingError(database.safe_url, SCHEMA_REVISION, missing)


def _own_tables() -> set[str]:
    """Return the names of dam's own tables; plugins have theirs in the same metadata."""
    return {
        mapper.local_table.name
        for mapper in Base.registry.mappers
        if isinstance(mapper.local_table, Table) and mapper.class_.__module__.startswith("dam.")
    }


async def table_names(session: ReadOnly[AsyncSession]) -> set[str]:
    """Return the names of the tables in the database."""
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
    """Return the revision of dam's own branch of migrations, or None if there is none.

    `heads` may also have revisions of plugins.
    """
    if SCHEMA_REVISION in heads:
        return SCHEMA_REVISION
    known = known_revisions().intersection(heads) if heads else None
    return ", ".join(sorted(known or heads)) or None


def server_version(connection: Connection) -> tuple[int, ...]:
    """Return the version of the database engine, such as `(15, 4)`."""
    return tuple(map(int, connection.dialect.server_version_info or ()))


def refuse_old_server(connection: Connection, database: Database) -> None:
    """Raise `ServerTooOldError` if the PostgreSQL server is older than supported."""
    found = server_version(connection)
    if not database.is_sqlite and found < _OLDEST_POSTGRESQL:
        raise ServerTooOldError(database.safe_url, found, _OLDEST_POSTGRESQL)
