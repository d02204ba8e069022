"""Databases and worlds for the tests of the runtime."""

from collections.abc import AsyncIterator

import pytest

from dam.core.database import Database
from tests.core.worlds import CONTEXT, OpenWorld, WorldOpener


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A set-up database of one's own, once for each engine."""
    database = Database(database_url, CONTEXT)
    yield database
    await database.close()


@pytest.fixture
def open_world(database_url: str) -> OpenWorld:
    """Opens worlds over one database, as often as a test likes."""
    return WorldOpener(database_url)
