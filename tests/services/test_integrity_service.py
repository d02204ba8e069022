"""What is damaged or missing is found, and nothing else is."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.errors import EntityNotFoundError, StoreUnusableError
from dam.models import ContentHashSHA256Component, FilePropertiesComponent
from dam.services import ecs_service
from dam.services.content_service import ShownLocation
from dam.services.file_operations import FileOperationsResource
from dam.services.import_service import FileOutcome, ImportOptions, import_files
from dam.services.integrity_service import Finding, Lost, Unchecked, Verification, verify
from tests.services.conftest import Add

CONTENT = b"as it was"
DIGEST = hashlib.sha256(CONTENT).digest()
LOST = ShownLocation("store", None)


@pytest.fixture
def file(home: Path) -> Path:
    path = home / "a.txt"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def stored(home: Path) -> Path:
    """Where the store keeps the file."""
    name = DIGEST.hex()
    return home / "store" / name[:2] / name[2:4] / name


def overwrite(path: Path, content: bytes) -> None:
    """Change the bytes of a file, as a bad disk does: without a new time."""
    before = path.stat()
    path.chmod(0o600)
    path.write_bytes(content)
    path.chmod(before.st_mode)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def put(path: Path, content: bytes) -> None:
    """Save a file as people do."""
    path.write_bytes(content)


def remove(path: Path) -> None:
    """Remove a file."""
    path.unlink()


def touch(path: Path, moved_by_s: int) -> None:
    """Change the time of a file, and nothing else."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + moved_by_s * 10**9))


def put_folder(path: Path) -> None:
    """Put a folder in the place of a file."""
    path.unlink()
    path.mkdir()


def finding(entity_id: EntityId, *places: ShownLocation) -> Finding:
    return Finding(entity_id=entity_id, sha256=DIGEST, names=["a.txt"], locations=list(places))


async def test_what_is_as_it_was_is_no_finding(world: World, add: Add, file: Path) -> None:
    await add(file)
    await add(file, "reference")
    heard: list[tuple[int, int]] = []
    found = await verify(world, on_progress=lambda done, total: heard.append((done, total)))
    assert found == Verification(checked=1)
    assert heard == [(1, 1)]


async def test_an_empty_world_has_nothing_to_check(world: World) -> None:
    assert await verify(world) == Verification(checked=0)


async def test_changed_bytes_in_the_store_are_damage(
    world: World, add: Add, file: Path, stored: Path
) -> None:
    entity_id = await add(file)
    overwrite(stored, b"as it is.")
    assert (await verify(world)).damaged == [finding(entity_id, ShownLocation("store", stored))]
    assert (await verify(world, is_fast=True)).damaged == []


@pytest.mark.parametrize("is_fast", [True, False])
async def test_another_size_in_the_store_is_damage(
    world: World, add: Add, file: Path, stored: Path, *, is_fast: bool
) -> None:
    entity_id = await add(file)
    overwrite(stored, b"")
    assert (await verify(world, is_fast=is_fast)).damaged == [
        finding(entity_id, ShownLocation("store", stored))
    ]


@pytest.mark.parametrize("is_fast", [True, False])
async def test_bytes_that_left_the_store_are_missing(
    world: World, add: Add, file: Path, *, is_fast: bool
) -> None:
    entity_id = await add(file)
    world.resources.get(FileOperationsResource).store.remove(DIGEST)
    found = await verify(world, is_fast=is_fast)
    assert (found.damaged, found.missing) == ([], [finding(entity_id, LOST)])


async def test_a_stored_file_that_cannot_be_had_is_named_and_the_others_are_checked(
    world: World, add: Add, file: Path, stored: Path
) -> None:
    entity_id = await add(file)
    put(file, b"lost")
    other = await add(file)
    world.resources.get(FileOperationsResource).store.remove(hashlib.sha256(b"lost").digest())
    shutil.rmtree(stored.parent)
    stored.parent.write_bytes(b"")
    found = await verify(world)
    message = f"cannot read {stored}: a part of the path is not a folder"
    assert found.failed == [
        Unchecked(
            entity_id=entity_id, sha256=DIGEST, error="FileAccessError", message=message, hint=None
        )
    ]
    assert ([one.entity_id for one in found.missing], found.damaged) == ([other], [])


async def test_a_store_that_cannot_be_looked_into_ends_it(
    world: World, add: Add, file: Path, home: Path
) -> None:
    await add(file)
    shutil.rmtree(home / "store")
    (home / "store").write_bytes(b"")
    with pytest.raises(StoreUnusableError):
        await verify(world)


async def test_a_hard_link_that_was_written_to_is_damage(
    world: World, add: Add, file: Path, stored: Path
) -> None:
    entity_id = await add(file, "hardlink")
    assert (await verify(world)).damaged == []
    overwrite(file, b"as it is.")
    assert (await verify(world)).damaged == [finding(entity_id, ShownLocation("store", stored))]


async def test_a_referenced_file_that_was_written_to_is_damaged(
    world: World, add: Add, file: Path
) -> None:
    entity_id = await add(file, "reference")
    put(file, b"now longer")
    here = finding(entity_id, ShownLocation("reference", file))
    assert (await verify(world, is_fast=True)).damaged == [here]
    assert (await verify(world)).damaged == [here]


async def test_a_referenced_file_with_other_bytes_of_the_same_time_is_damaged(
    world: World, add: Add, file: Path
) -> None:
    entity_id = await add(file, "reference")
    overwrite(file, b"as it is.")
    assert (await verify(world, is_fast=True)).damaged == []
    assert (await verify(world)).damaged == [finding(entity_id, ShownLocation("reference", file))]


async def test_a_referenced_file_that_is_gone_is_missing(
    world: World, add: Add, file: Path
) -> None:
    entity_id = await add(file, "reference")
    put(file.with_name("another"), b"")
    remove(file)
    assert (await verify(world)).missing == [finding(entity_id, ShownLocation("reference", file))]


async def test_a_folder_in_the_place_of_a_referenced_file_is_damage(
    world: World, add: Add, file: Path
) -> None:
    entity_id = await add(file, "reference")
    put_folder(file)
    assert (await verify(world)).damaged == [finding(entity_id, ShownLocation("reference", file))]


async def test_the_bad_place_of_several_is_named(world: World, add: Add, file: Path) -> None:
    entity_id = await add(file)
    await add(file, "reference")
    remove(file)
    found = await verify(world)
    assert found.missing == [finding(entity_id, ShownLocation("reference", file))]
    assert (found.checked, found.damaged) == (1, [])


async def test_an_asset_whose_only_file_has_other_bytes_now_is_lost_to_its_successor(
    world: World, add: Add, file: Path
) -> None:
    first = await add(file, "reference")
    put(file, b"a second version")
    second = await add(file, "reference")
    lost = Lost(entity_id=first, sha256=DIGEST, names=["a.txt"], locations=[], successors=(second,))
    assert await verify(world) == Verification(checked=2, lost=[lost])
    assert await verify(world, [first]) == Verification(checked=1, lost=[lost])
    put(file.with_name("kept"), CONTENT)
    await add(file.with_name("kept"))
    assert await verify(world) == Verification(checked=2)


@pytest.mark.parametrize("is_fast", [True, False])
async def test_a_file_that_was_only_touched_is_intact_and_its_time_is_recorded(
    world: World, add: Add, file: Path, *, is_fast: bool
) -> None:
    entity_id = await add(file, "reference")
    touch(file, moved_by_s=-3600)
    touched = finding(entity_id, ShownLocation("reference", file))
    assert await verify(world, is_fast=is_fast) == Verification(checked=1, touched=[touched])
    assert await verify(world) == Verification(checked=1)
    outcomes: list[FileOutcome] = []
    reference = ImportOptions(mode="reference", is_dry_run=True)  # so that nothing is recorded now
    await import_files(world, [str(file)], reference, outcomes.append)
    assert [one.status for one in outcomes] == ["unchanged"]


async def test_a_folder_that_is_absent_as_a_whole_is_not_reachable(
    world: World, add: Add, home: Path
) -> None:
    disk = home / "disk"
    disk.mkdir()
    put(disk / "a.txt", CONTENT)
    entity_id = await add(disk / "a.txt", "reference")
    disk.rename(home / "pulled")
    reason = f"{disk} is not there, or empty"
    place = ShownLocation("reference", disk / "a.txt")
    for _ in range(2):
        found = await verify(world)
        assert (found.damaged, found.missing) == ([], [])
        (one,) = found.not_reachable
        assert (one.entity_id, one.locations, one.reason) == (entity_id, [place], reason)
        assert not one.is_intact_elsewhere
        disk.mkdir(exist_ok=True)  # a mount point is there, and empty
    put(home / "kept", CONTENT)
    await add(home / "kept", "reference")
    (one,) = (await verify(world)).not_reachable
    assert one.is_intact_elsewhere
    disk.rmdir()
    (home / "pulled").rename(disk)
    assert await verify(world) == Verification(checked=1)


async def test_an_asset_that_is_nowhere_is_missing(world: World) -> None:
    digest = ContentHashSHA256Component(digest=DIGEST)
    entity_id = await world.run(ecs_service.create_entity, digest)
    (found,) = (await verify(world)).missing
    assert (found.entity_id, found.names, found.locations) == (entity_id, [], [])


async def test_a_size_that_nobody_recorded_is_not_compared(
    world: World, add: Add, file: Path
) -> None:
    entity_id = await add(file)
    await world.run(ecs_service.remove_components, [entity_id], FilePropertiesComponent)
    assert await verify(world) == Verification(checked=1)


async def test_only_what_is_named_is_checked(world: World, add: Add, file: Path) -> None:
    first = await add(file)
    put(file, b"other")
    second = await add(file)
    world.resources.get(FileOperationsResource).store.remove(DIGEST)
    assert await verify(world, [second]) == Verification(checked=1)
    assert (await verify(world, [DIGEST.hex()[:8]])).missing == [finding(first, LOST)]
    assert await verify(world, []) == Verification(checked=0)
    with pytest.raises(EntityNotFoundError):
        await verify(world, [999_999])
