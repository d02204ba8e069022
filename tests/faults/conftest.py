"""A world on each database, as the services' tests have it, and a process that forks commands."""

from collections.abc import Iterator

import pytest

from tests.faults.forks import ForkServer
from tests.services.conftest import world

__all__ = ["server", "world"]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    """One process that has loaded the command; each run is a fork of it."""
    with ForkServer(tmp_path_factory.mktemp("server")) as server:
        yield server
