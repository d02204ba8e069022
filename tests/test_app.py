"""A world is opened as it is set, and made where nobody set one."""

from pathlib import Path

import pytest

from dam.app import open_world
from dam.errors import NotSetUpError
from dam.services.ecs_service import create_entity
from dam.services.status_service import status


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_a_dry_run_makes_no_world(home: Path) -> None:
    async with open_world(is_dry_run=True) as world:
        assert world.config.name == "default"
        assert (await world.read(status)).entities == 0
    assert names_in(home) == []


async def test_a_dry_run_sees_the_world_that_there_is() -> None:
    async with open_world() as world:
        await world.run(create_entity)
    async with open_world(is_dry_run=True) as world:
        assert (await world.read(status)).entities == 1


async def test_a_dry_run_excuses_no_configured_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAM_DATABASE_URL", "sqlite:///dam.db")
    with pytest.raises(NotSetUpError):
        async with open_world(is_dry_run=True):
            pass
