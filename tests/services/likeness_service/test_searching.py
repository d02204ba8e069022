"""Pictures are found by likeness: each that is near, and none that is not, whatever goes on."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

import dam.media.image
from dam.app import build_world
from dam.core.ecs.components import ComponentRevision, table_of
from dam.core.world import World
from dam.errors import MissingExtraError
from dam.services.likeness_service import LikenessOptions, find_similar_to_entity
from tests.core.worlds import HANG_S
from tests.databases import world_config
from tests.services import likeness_worlds
from tests.services.conftest import Add
from tests.services.likeness_worlds import (
    add_pictures,
    chance_of,
    delete_pictures,
    look_at_each,
    near,
    search,
    set_hashes,
)

PROJECT = Path(__file__).parents[3]
COUNT = 300


@pytest.fixture
async def query(world: World) -> int:
    """A picture whose hash is 0, with pictures around it."""
    chance = chance_of(7)
    query, *_others = await world.run(add_pictures, [0, *(near(chance) for _ in range(COUNT))])
    return query


async def _assert_right(world: World, query: int) -> None:
    found = await search(world, query)
    assert list(found.items()) == list((await look_at_each(world, query)).items())
    assert found


def _put_a_file_in_place_of_the_cache() -> None:
    Path("cache").write_text("mine")


def _start_to_change(database_url: str, seed: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", likeness_worlds.__name__, database_url, str(seed)]
    return subprocess.Popen(command, cwd=PROJECT)


def _files() -> list[Path]:
    return sorted(Path("cache").glob("*/likeness/*/*.block"))


async def test_all_that_are_near_are_found_nearest_first(world: World, query: int) -> None:
    await _assert_right(world, query)


async def test_a_limit_leaves_the_nearest(world: World, query: int) -> None:
    options = LikenessOptions(threshold=10, limit=5)
    found = await find_similar_to_entity(world, query, options)
    expected = list(await look_at_each(world, query))[:5]
    assert [one.entity_id for one in found] == expected


async def test_what_is_added_replaced_and_deleted_later_counts(world: World, query: int) -> None:
    await search(world, query)
    for number in range(12):  # more often than there may be files
        chance = chance_of(number)
        added = await world.run(add_pictures, [near(chance) for _ in range(10)])
        await world.run(set_hashes, {key: near(chance) for key in added[:5]})
        await world.run(delete_pictures, added[3:7])
        await _assert_right(world, query)


async def test_a_picture_whose_older_hash_was_nearer_is_found(world: World, query: int) -> None:
    (changed,) = await world.run(add_pictures, [1])
    await search(world, query)
    await world.run(set_hashes, {changed: 0b111})
    assert (await search(world, query))[changed] == 3
    await _assert_right(world, query)


async def test_many_small_files_are_merged(world: World, query: int) -> None:
    for number in range(30):
        await world.run(add_pictures, [number])
        await search(world, query)
    assert len(_files()) <= 9
    await _assert_right(world, query)


async def test_a_search_packs_what_came_since_and_nothing_else(world: World, query: int) -> None:
    await search(world, query)
    before = _files()
    await search(world, query)
    assert _files() == before
    await world.run(add_pictures, [1, 3])
    await search(world, query)
    (added,) = set(_files()) - set(before)
    assert added.stat().st_size == 2 * 16


@pytest.mark.parametrize("content", [b"", b"no hashes", bytes(16)])
async def test_a_file_that_was_cut_is_made_again(world: World, query: int, content: bytes) -> None:
    await search(world, query)
    (file,) = _files()
    file.write_bytes(content)
    await _assert_right(world, query)


async def test_files_of_others_in_the_cache_do_no_harm(world: World, query: int) -> None:
    await search(world, query)
    folder = _files()[0].parent
    (folder / "notes.txt").write_text("mine")
    (folder / "9-5-1.block").write_bytes(bytes(16))
    (folder / ".4711-abcdef").write_bytes(b"left by a process that was killed")
    await _assert_right(world, query)


async def test_a_cache_that_cannot_be_written_costs_time_only(world: World, query: int) -> None:
    _put_a_file_in_place_of_the_cache()
    await _assert_right(world, query)
    await world.run(add_pictures, [1])
    await _assert_right(world, query)


async def test_a_database_of_an_earlier_day_is_searched_as_it_is(world: World, query: int) -> None:
    """What a backup restores is older than the cache, which has hashes that are gone."""

    async def revision(session: AsyncSession) -> int:
        return (await session.scalars(select(ComponentRevision.revision))).one()

    async def turn_back(session: AsyncSession, to: int, ids: list[int]) -> None:
        await delete_pictures(session, ids)
        await session.execute(update(table_of(ComponentRevision)).values(revision=to))

    earlier = await world.read(revision)
    lost = await world.run(add_pictures, [1, 3, 7])
    await search(world, query)
    await world.run(turn_back, earlier, lost)
    await _assert_right(world, query)
    await world.run(add_pictures, [15, 31])
    await _assert_right(world, query)


async def test_worlds_that_search_at_once_agree(
    world: World, query: int, database_url: str
) -> None:
    expected = await look_at_each(world, query)
    config = world_config(database_url, worker_kind="thread")
    worlds = [await build_world(config, plugins=False) for _ in range(4)]
    try:
        found = await asyncio.gather(*(search(one, query) for one in worlds for _ in range(3)))
    finally:
        for one in worlds:
            await one.close()
    assert found == [expected] * 12


@pytest.mark.slow
async def test_searches_are_right_while_other_processes_write_and_search(
    world: World, query: int, database_url: str
) -> None:
    for_ever = await look_at_each(world, query)
    processes = [_start_to_change(database_url, seed) for seed in range(2)]
    async with asyncio.timeout(HANG_S):
        while any(process.poll() is None for process in processes):
            found = await search(world, query)
            assert for_ever.items() <= found.items()
    assert [process.returncode for process in processes] == [0, 0]
    await _assert_right(world, query)


async def test_without_the_extra_an_asset_without_a_hash_says_what_to_install(
    world: World, add: Add, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"a")
    asset = await add(path)
    monkeypatch.delattr(dam.media.image, "analysis", raising=False)
    monkeypatch.delitem(sys.modules, "dam.media.image.analysis", raising=False)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtraError) as caught:
        await find_similar_to_entity(world, asset)
    assert caught.value.message == (
        "reading pictures needs the extra 'image', which is not installed"
    )
    assert caught.value.hint == 'pip install "ecs-dam[image]"'
