"""Large files of which a part is read: a row says in which state all of one was hashed."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Update, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import table_of
from dam.core.world import World
from dam.models import FileLocationComponent, FilePropertiesComponent
from dam.services.content_service import LARGE_BYTES, locate
from dam.services.content_service.file_states import note_states
from dam.services.failure_service import list_failures
from dam.services.file_operations import FileOperationsResource
from dam.services.process_service import process
from dam.storage.content_store import ImportMode
from dam.storage.sources.file_state import FileState
from tests.core.worlds import rows_of
from tests.media.streams.files import clip
from tests.services.conftest import Add

AT_THE_END = LARGE_BYTES - 1


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "a.mp4"
    clip(path, "mp4", seconds=0.3)
    size = path.stat().st_size
    with path.open("ab") as file:  # behind it, a box that players skip
        file.write((LARGE_BYTES - size).to_bytes(4, "big") + b"free")
    os.truncate(path, LARGE_BYTES)
    return path


async def places(world: World) -> Sequence[Any]:
    return await world.read(rows_of, FileLocationComponent)


async def execute(session: AsyncSession, statement: Update) -> None:
    await session.execute(statement)


async def forget(world: World) -> None:
    """Have the rows as an older version wrote them."""
    nothing = dict.fromkeys(("ctime_ns", "device", "inode"))
    older = update(table_of(FileLocationComponent)).values(nothing)
    await world.run(execute, older)


async def file_of(world: World, path: Path, mode: ImportMode) -> Path:
    if mode == "reference":
        return path
    (content,) = (await world.read(locate, [1])).values()
    return world.resources.get(FileOperationsResource).store.local_path(content.digest)


def flip_the_end(path: Path) -> None:
    """Change the last byte and nothing that `ls` shows."""
    status = path.stat()
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(AT_THE_END)
        file.write(b"!")
    path.chmod(status.st_mode & 0o777)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["copy", "hardlink", "move", "reference"])
async def test_an_import_writes_down_in_which_state_a_large_file_was_hashed(
    world: World, add: Add, video: Path, mode: ImportMode
) -> None:
    await add(video, mode)
    (content,) = (await world.read(locate, [1])).values()
    kept = await file_of(world, video, mode)
    assert content.recorded == (FileState.of(kept.stat()),)


async def test_of_a_small_file_nothing_is_written_down(
    world: World, add: Add, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"small")
    await add(tmp_path / "a")
    (place,) = await places(world)
    assert (place.ctime_ns, place.device, place.inode, place.size_bytes) == (None,) * 4


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["copy", "reference"])
async def test_where_no_row_says_it_a_large_file_is_hashed_first_and_the_row_written(
    world: World, add: Add, video: Path, mode: ImportMode
) -> None:
    await add(video, mode)
    await process(world)
    await forget(world)
    await process(world, marker_name="NeedsMetadataExtractionComponent")
    (content,) = (await world.read(locate, [1])).values()
    kept = await file_of(world, video, mode)
    assert content.recorded == (FileState.of(kept.stat()),)
    assert await world.read(list_failures) == []


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["copy", "reference"])
@pytest.mark.parametrize("is_forgotten", [False, True])
async def test_a_large_file_with_other_bytes_is_not_described(
    world: World,
    add: Add,
    video: Path,
    mode: ImportMode,
    is_forgotten: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    await add(video, mode)
    await process(world)
    if is_forgotten:
        await forget(world)
    flip_the_end(await file_of(world, video, mode))
    await process(world, marker_name="NeedsMetadataExtractionComponent")
    (failure,) = await world.read(list_failures)
    expected = {"copy": "ContentDamagedError", "reference": "ReferenceDamagedError"}
    assert failure.error == expected[mode]


@pytest.mark.slow
async def test_a_large_file_in_a_state_that_is_written_down_is_not_read_through(
    world: World, add: Add, video: Path
) -> None:
    await add(video)
    stored = await file_of(world, video, "copy")
    flip_the_end(stored)
    state = FileState.of(stored.stat())
    believed = update(table_of(FileLocationComponent)).values(ctime_ns=state.ctime_ns)
    await world.run(execute, believed)
    await process(world)
    (file,) = await world.read(rows_of, FilePropertiesComponent)
    assert file.media_type == "video/mp4"


@pytest.mark.slow
async def test_the_pixels_of_a_large_picture_are_read_only_after_its_bytes_were_hashed(
    world: World, add: Add, tmp_path: Path
) -> None:
    """What the database says is enough for its header alone."""
    Image.linear_gradient("L").resize((8192, 8192)).save(tmp_path / "a.bmp")
    assert (tmp_path / "a.bmp").stat().st_size > LARGE_BYTES
    await add(tmp_path / "a.bmp")
    await process(world)
    stored = await file_of(world, tmp_path / "a.bmp", "copy")
    flip_the_end(stored)
    state = FileState.of(stored.stat())
    believed = update(table_of(FileLocationComponent)).values(ctime_ns=state.ctime_ns)
    await world.run(execute, believed)
    for marker in ("NeedsMetadataExtractionComponent", "NeedsContentAnalysisComponent"):
        assert await world.read(list_failures) == []
        await process(world, marker_name=marker)
    (failure,) = await world.read(list_failures)
    assert (failure.system, failure.error) == ("analyse_images", "ContentDamagedError")


@pytest.mark.slow
async def test_numbers_beyond_what_a_database_keeps_come_back_as_they_were(
    world: World, add: Add, video: Path
) -> None:
    await add(video)
    state = FileState((1 << 64) - 1, 1 << 63, LARGE_BYTES, -1, (1 << 63) - 1)
    beyond = FileState(1, 1, LARGE_BYTES, 1 << 63, 0)
    await world.run(note_states, [(1, state, True), (1, beyond, True)])
    (content,) = (await world.read(locate, [1])).values()
    assert content.recorded == (state,)
