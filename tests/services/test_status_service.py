"""What there is, in numbers."""

import json
from pathlib import Path

import pytest

from dam.core.world import World
from dam.services import ecs_service
from dam.services.status_service import WorldPlace, list_worlds, status
from dam.settings import load_settings
from tests.services.conftest import Add


async def test_everything_is_counted(world: World, add: Add, tmp_path: Path) -> None:
    for text in ("one", "three"):
        (tmp_path / text).write_text(text)
        await add(tmp_path / text)
    await world.run(ecs_service.create_entity)
    found = await world.read(status)
    assert (found.world, found.entities, found.assets, found.size_bytes) == ("test", 3, 2, 8)
    assert found.failures == 0
    assert found.components["FileLocationComponent"] == 2
    assert found.components["ImageDimensionsComponent"] == 0
    assert found.pending["NeedsMetadataExtractionComponent"] == 2
    assert found.pending["NeedsContentAnalysisComponent"] == 0


async def test_an_empty_world_has_zeros(world: World) -> None:
    found = await world.read(status)
    assert (found.entities, found.assets, found.size_bytes) == (0, 0, 0)
    assert set(found.components.values()) == {0}


def test_worlds_are_listed_without_passwords(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worlds = {
        "photos": {"database_url": "sqlite:///photos.db", "asset_storage_path": "files"},
        "scans": {"database_url": "postgresql://me:secret@host/scans"},
    }
    monkeypatch.setenv("DAM_WORLDS_CONFIG", json.dumps(worlds))
    monkeypatch.setenv("DAM_DEFAULT_WORLD_NAME", "scans")
    photos, scans, _ = list_worlds(load_settings())
    assert photos == WorldPlace(
        name="photos",
        database=f"sqlite:///{home}/photos.db",
        storage=f"{home}/files",
        default=False,
        database_origin="environment",
        storage_origin="environment",
    )
    assert (scans.database, scans.default) == ("postgresql://me:***@host/scans", True)
