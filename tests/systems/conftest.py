"""Worlds and assets for systems, as the services' tests have them."""

from pathlib import Path

from tests.services.conftest import Add, add, world

__all__ = ["ASSETS", "Add", "add", "world"]

ASSETS = Path(__file__).parents[1] / "assets"
