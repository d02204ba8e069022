"""Databases and worlds for the tests of the runtime."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from dam.core.database.database import Database
from tests.core.processes import wait_until_alone
from tests.core.worlds import CONTEXT, OpenWorld, WorldOpener
from tests.databases import PostgresServer

_EMPTY = """
DELETE FROM entities;
DELETE FROM component_revisions;
SELECT setval('entity_id_seq', 1, false);
"""


@pytest.fixture(scope="session")
def shared_postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """One database for all tests of this folder, none of which changes its schema."""
    url = postgres.create_database(with_schema=True)
    yield url
    postgres.drop_database(url)


@pytest.fixture
def postgres_url(shared_postgres_url: str) -> Iterator[str]:
    """An empty PostgreSQL database; emptying one costs a hundredth of making one."""
    yield shared_postgres_url
    wait_until_alone(shared_postgres_url)
    with psycopg.connect(shared_postgres_url) as connection:
        connection.execute(_EMPTY)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database with the newest schema, once for each engine."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres_url")
        return url
    template: Path = request.getfixturevalue("sqlite_template")
    return f"sqlite:///{shutil.copyfile(template, tmp_path / 'dam.sqlite')}"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database of one's own, once for each engine."""
    database = Database(database_url, CONTEXT)
    yield database
    await database.close()


@pytest.fixture
def open_world(database_url: str) -> OpenWorld:
    """Opens worlds over one database, as often as a test likes."""
    return WorldOpener(database_url)
