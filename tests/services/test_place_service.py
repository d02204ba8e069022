"""Places of moved files go; places that cannot be reached stay until they are forgotten."""

from pathlib import Path

import pytest

from dam.core.world import World
from dam.models import (
    FileLocationComponent,
    OriginalSourceInfoComponent,
    PendingSourceRemovalComponent,
)
from dam.services.place_service import Forgotten, LastPlace, forget_paths
from dam.services.process_service import process
from tests.core.worlds import rows_of
from tests.services.conftest import Add, leave


@pytest.fixture
def folder(home: Path) -> Path:
    """A folder with one file, `a`."""
    folder = home / "folder"
    folder.mkdir()
    put(folder / "a", b"content")
    return folder


def put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def move(path: Path, new: Path) -> Path:
    new.parent.mkdir(exist_ok=True)
    return path.rename(new)


def pull(folder: Path) -> None:
    """Leave the mount point of a disk that is not there any more."""
    folder.rename(folder.parent / "pulled")
    folder.mkdir()


async def places(world: World) -> list[str | None]:
    return sorted(
        (row.path_text for row in await world.read(rows_of, FileLocationComponent)), key=str
    )


async def seen(world: World) -> list[str]:
    return sorted(row.path_text for row in await world.read(rows_of, OriginalSourceInfoComponent))


@pytest.mark.parametrize("new", ["b", "below/b", "../elsewhere"])
async def test_the_old_place_of_a_renamed_file_goes_when_it_is_added_again(
    world: World, add: Add, folder: Path, new: str
) -> None:
    await add(folder / "a", "reference")
    await add(put(folder / "known", b"known"), "reference")
    path = move(folder / "a", (folder / new).resolve())
    await add(path, "reference")
    assert await places(world) == sorted([str(path), str(folder / "known")])
    assert str(folder / "a") in await seen(world)


async def test_a_place_that_went_before_this_rule_goes_when_the_file_is_seen_again(
    world: World, add: Add, folder: Path
) -> None:
    await add(folder / "a", "reference")
    path = move(folder / "a", folder.parent / "b")
    await add(path, "reference")  # nothing is left below the folder: its disk may be absent
    assert await places(world) == [str(path), str(folder / "a")]
    await add(put(folder / "known", b"known"), "reference")
    await add(path, "reference")
    assert await places(world) == [str(path), str(folder / "known")]


@pytest.mark.parametrize("stays", ["", "unknown"])
async def test_the_place_on_an_absent_disk_stays(
    world: World, add: Add, folder: Path, stays: str
) -> None:
    await add(folder / "a", "reference")
    await add(put(folder / "known", b"known"), "reference")
    path = put(folder.parent / "copy", b"content")
    pull(folder)
    if stays:
        put(folder / stays, b"of another disk, say")
    await add(path, "reference")
    assert str(folder / "a") in await places(world)


async def test_a_stored_asset_loses_the_reference_that_was_moved(
    world: World, add: Add, folder: Path
) -> None:
    await add(folder / "a", "reference")
    await add(put(folder / "known", b"known"), "reference")
    await add(move(folder / "a", folder / "b"), "copy")
    assert await places(world) == [str(folder / "known"), None]


async def test_a_place_is_forgotten_and_the_last_one_only_by_force(
    world: World, add: Add, folder: Path
) -> None:
    entity_id = await add(folder / "a", "reference")
    await add(put(folder.parent / "folder-b", b"content"), "reference")
    other = await add(put(folder / "c", b"other"), "reference")
    refused = (LastPlace(entity_id=other, path=folder / "c"),)
    planned = await forget_paths(world, [str(folder)], is_dry_run=True)
    assert len(await places(world)) == 3
    assert await forget_paths(world, [str(folder)]) == planned
    assert planned == Forgotten(forgotten=1, refused=refused)
    assert await places(world) == [str(folder.parent / "folder-b"), str(folder / "c")]
    assert await seen(world) == await places(world)
    forced = await forget_paths(world, ["/"], is_forced=True)
    assert forced == Forgotten(forgotten=2, without_content=(entity_id, other))
    assert (await places(world), await seen(world)) == ([], [])
    assert await forget_paths(world, [str(folder)]) == Forgotten(forgotten=0)


async def test_a_seen_path_of_a_stored_asset_is_forgotten_and_its_bytes_stay(
    world: World, add: Add, folder: Path
) -> None:
    await add(folder / "a")
    assert await forget_paths(world, [str(folder / "a")]) == Forgotten(forgotten=1)
    assert (await places(world), await seen(world)) == ([None], [])


async def test_a_source_that_a_move_has_still_to_remove_stays_if_its_path_is_forgotten(
    world: World, add: Add, folder: Path
) -> None:
    await leave(world, await add(folder / "a"), folder / "a")
    await forget_paths(world, [str(folder)], is_dry_run=True)
    assert len(await world.read(rows_of, PendingSourceRemovalComponent)) == 1
    await forget_paths(world, [str(folder)])
    assert await world.read(rows_of, PendingSourceRemovalComponent) == []
    await process(world)
    assert (folder / "a").read_bytes() == b"content"
