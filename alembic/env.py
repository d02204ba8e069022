"""Runs migrations on the connection that `schema_service` hands over, or on `-x url=…` by hand."""

from typing import Literal

from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, create_engine

import dam.models  # maps every component
from alembic import context
from dam.core.database.column_types import Int64, UtcDateTime
from dam.core.database.url import parse_database_url
from dam.core.ecs.components import Base


def render_item(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Write our column types into migrations as plain SQLAlchemy, so that these never change."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and item is Int64:
        return 'sa.BigInteger().with_variant(sa.Integer(), "sqlite")'
    return False


def include_name(name: str | None, _kind: str, _parents: object) -> bool:
    """Leave the index of words out of what is compared with the models."""
    return name is None or not dam.models.is_index_of_words(name)


def is_migrating() -> bool:
    """Tell whether the command runs migrations; others only look at the schema."""
    try:
        context.get_revision_argument()
    except KeyError:
        return False
    return True


def migrate(connection: Connection) -> None:
    """Configure Alembic for this connection and run what was asked for."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_item,
        include_name=include_name,
        transaction_per_migration=False,
        version_table=context.config.attributes.get("version_table", "alembic_version"),
    )
    with context.begin_transaction():
        watched = dam.models.unwatch_tables(connection) if is_migrating() else None
        context.run_migrations()
        if watched is not None:
            dam.models.watch_tables(connection, watched)


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    url = parse_database_url(context.get_x_argument(as_dictionary=True)["url"])
    plain = url.set(drivername="sqlite") if url.get_backend_name() == "sqlite" else url
    with create_engine(plain).connect() as connection:
        migrate(connection)
        connection.commit()

assert dam.models.SCHEMA_REVISION
