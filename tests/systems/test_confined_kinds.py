"""What the code of a media kind may do: read its file, and nothing to the user whose it is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from dam.core.world import World
from dam.models import FramePropertiesComponent
from dam.plugins import builtin
from dam.sandbox import landlock_version
from dam.services.file_operations import FileOperationsResource
from dam.services.process_service import process
from dam.services.thumbnail_service import find_thumbnails
from tests.conftest import unavailable
from tests.core.worlds import builder_of, failures, rows_of
from tests.media.sensor import dng
from tests.services.conftest import Add
from tests.systems.spies import DEEDS, SPIES
from tests.workers import attempts, jobs


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    if not landlock_version():
        unavailable("this kernel has no Landlock")
    builder = builder_of(database_url)
    builtin.install(builder)
    builder.contribute(SPIES)
    opened = await builder.build()
    yield opened
    await opened.close()


async def test_workers_that_unpack_can_do_as_little(world: World, tmp_path: Path) -> None:
    for name in ("secret", "spare", "other"):
        (tmp_path / name).write_text(name)
    workers = world.resources.get(FileOperationsResource)._workers

    (found,) = await workers._unpackers.map_items(
        attempts.try_all, [tmp_path], may_write=lambda _: ()
    )

    assert not isinstance(found, Exception)
    refused = {name for name, outcome in found.items() if outcome == "PermissionError"}
    assert refused == found.keys() - attempts.ALLOWED
    assert (tmp_path / "secret").read_text() == "secret"


async def test_workers_that_unpack_take_less_than_a_gigabyte(world: World) -> None:
    workers = world.resources.get(FileOperationsResource)._workers

    found = await workers._unpackers.map_items(jobs.hoard, [1 << 30, 2 << 30, 1 << 20])

    assert [str(one) for one in found] == [
        *["needs more memory than the 880 MiB that a worker has"] * 2,
        str(1 << 20),
    ]


async def test_a_kind_reads_its_file_and_does_nothing_else(
    world: World, add: Add, home: Path, tmp_path: Path
) -> None:
    """Each of its files fails with one line, and the good one beside them arrives."""
    (home / "secret").write_bytes(b"secret")
    texts = {f"spy {deed}" for deed in DEEDS} | {f"spy and then {deed}" for deed in DEEDS}
    bad = {}
    for text in texts:
        (tmp_path / text).write_text(text)
        bad[await add(tmp_path / text)] = text
    (tmp_path / "good").write_text("spy on nobody")
    good = await add(tmp_path / "good")

    await process(world)

    kept = await world.read(failures)
    assert kept.keys() == bad.keys()
    for _, error, message, *_ in kept.values():
        assert error == "MediaKindError"
        assert "the media kind 'spy' failed on this file: PermissionError: " in message
        assert "\n" not in message
    rows = await world.read(rows_of, FramePropertiesComponent)
    described = {entity for entity, text in bad.items() if text.startswith("spy and then ")}
    assert {row.entity_id for row in rows} == {good, *described}
    assert (home / "secret").read_bytes() == b"secret"


async def test_a_raw_file_without_a_preview_is_developed(
    world: World, add: Add, tmp_path: Path
) -> None:
    """LibRaw's messages are kept from the terminal without opening a file for writing."""
    (tmp_path / "a.dng").write_bytes(dng(400, 300, red=20_000, green=3_000, blue=3_000))
    asset = await add(tmp_path / "a.dng")

    await process(world)

    assert await world.read(failures) == {}
    (drawn,) = await find_thumbnails(world, [asset])
    assert drawn.path is not None
    with Image.open(drawn.path) as image:
        red, green, blue = image.convert("RGB").resize((1, 1)).getpixel((0, 0))  # type: ignore[misc] # RGB has three
    assert red > max(green, blue) + 100
