"""What is damaged or missing is found, and nothing else is."""

import os
from pathlib import Path

import pytest

from dam.core.ecs import EntityId
from dam.core.world import World
from dam.errors import StoreUnusableError, UnknownIdError
from dam.services import ecs_service
from dam.services.file_operations import FileOperationsResource
from dam.services.integrity_service import BadPlace, Finding, Verification, verify
from dam.storage.content_store import ImportMode
from tests.services.conftest import Add

NEW_TIME_NS = (10**18, 10**18)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text("as it was")
    return path


async def stored_file(world: World, entity_id: EntityId) -> Path:
    digest = await world.read(digest_of, entity_id)
    return world.resources.get(FileOperationsResource).store.local_path(digest)


async def digest_of(session, entity_id):
    ...


def overwrite(path: Path, text: str) -> None:
    """Change the bytes of a file and nothing that `stat` shows of it but for the size."""
    before = path.stat()
    path.chmod(0o600)
    path.write_text(text)
    path.chmod(before.st_mode)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
