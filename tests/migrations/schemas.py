"""Looks at a database's schema and rows from outside, and runs migrations by hand."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import filterfalse
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, text

from alembic import command
from dam.core.database.url import parse_database_url
from dam.core.ecs.components import Base
from dam.models import is_index_of_words
from dam.services.schema_service import migrations

MADE_UP = '''"""Made up: rebuilds the table that every component refers to."""

import sqlalchemy as sa
from alembic import op

revision = "9001"
down_revision = "{newest}"
branch_labels = None
depends_on = None


def how() -> str:
    return "always" if op.get_context().dialect.name == "sqlite" else "never"


def upgrade() -> None:
    with op.batch_alter_table("entities", recreate=how()) as entities:
        entities.add_column(sa.Column("note", sa.String(), server_default="none yet"))


def downgrade() -> None:
    with op.batch_alter_table("entities", recreate=how()) as entities:
        entities.drop_column("note")
'''


@contextmanager
def connected(url: str, *, foreign_keys: bool = True) -> Iterator[Connection]:
    """Open a blocking connection that commits at the end of the block."""
    parsed = parse_database_url(url)
    is_sqlite = parsed.get_backend_name() == "sqlite"
    engine = create_engine(parsed.set(drivername="sqlite") if is_sqlite else parsed)
    try:
        with engine.connect() as connection:
            if is_sqlite:
                connection.exec_driver_sql(f"PRAGMA foreign_keys = {int(foreign_keys)}")
            yield connection
            connection.commit()
    finally:
        engine.dispose()


def run_alembic(url: str, name: str, revision: str, *, foreign_keys: bool = False) -> None:
    """Run `upgrade` or `downgrade` on a connection of our own."""
    config = Config()
    config.set_main_option("script_location", str(migrations.migrations_folder()))
    with connected(url, foreign_keys=foreign_keys) as connection:
        config.attributes["connection"] = connection
        getattr(command, name)(config, revision)


def drift(url: str) -> list[Any]:
    """Return what a new migration would have to change to come to the models."""
    with connected(url) as connection:
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "include_name": lambda name, *_: name is None or not is_index_of_words(name),
        }
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, Base.metadata))


def tables_of(url: str) -> set[str]:
    """Return the names of all tables."""
    with connected(url) as connection:
        return {*filterfalse(is_index_of_words, inspect(connection).get_table_names())}


def rows_of(url: str) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table that has any."""
    with connected(url) as connection:
        found = {
            name: [dict(row._mapping) for row in connection.execute(text(f"SELECT * FROM {name}"))]  # noqa: S608 - names of tables
            for name in filterfalse(is_index_of_words, inspect(connection).get_table_names())
        }
    return {
        name: sorted(rows, key=lambda row: str(sorted(row.items())))
        for name, rows in found.items()
        if rows
    }


def execute(url: str, *statements: str) -> None:
    """Run statements in one transaction."""
    with connected(url) as connection:
        for statement in statements:
            connection.execute(text(statement))


def folder_with_made_up_migration(folder: Path, newest: str) -> Path:
    """Copy the migrations to a folder and add one that rebuilds `entities`."""
    copy = folder / "alembic"
    shutil.copytree(migrations.migrations_folder(), copy)
    migration = MADE_UP.format(newest=newest)
    (copy / "versions" / "9001_made_up.py").write_text(migration)
    return copy


def with_a_lost_page(source: Path, copy: Path) -> Path:
    """Copy a SQLite database whose last page the disk has lost."""
    content = bytearray(source.read_bytes())
    content[-4096:] = bytes(4096)
    copy.write_bytes(content)
    return copy
