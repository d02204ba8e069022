"""A world on each database, as the services' tests have it."""

from tests.services.conftest import world

__all__ = ["world"]
