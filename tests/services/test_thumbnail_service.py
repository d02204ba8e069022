"""Thumbnails: there when asked for, whatever happened to the cache."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from dam.core.world import World
from dam.errors import CacheUnusableError, ExitCode
from dam.services import ecs_service
from dam.services.thumbnail_service import ThumbnailFile, find_thumbnails
from dam.services.world_service import WorldCache
from tests.services.conftest import Add
from tests.unreadable_disk import unreadable_disk


def picture(path: Path, size: tuple[int, int] = (600, 300)) -> Path:
    Image.linear_gradient("L").resize(size).save(path)
    return path


async def test_a_missing_thumbnail_is_made_and_then_kept(
    world: World, add: Add, home: Path
) -> None:
    entity_id = await add(picture(home / "a.png"))
    (made,) = await find_thumbnails(world, [entity_id])
    assert made.path is not None
    first = made.path.stat()
    assert await find_thumbnails(world, [entity_id]) == [made]
    assert made.path.stat().st_ino == first.st_ino
    with Image.open(made.path) as image:
        assert image.size == (made.width, made.height) == (256, 128)


@pytest.mark.parametrize("damage", ["empty", "truncated", "zeros", "flipped"])
async def test_a_damaged_thumbnail_is_made_again(
    world: World, add: Add, home: Path, damage: str
) -> None:
    entity_id = await add(picture(home / "a.png"))
    (made,) = await find_thumbnails(world, [entity_id])
    assert made.path is not None
    whole = made.path.read_bytes()
    half = whole[: len(whole) // 2]
    zeros = half.ljust(len(whole), b"\0")
    flipped = half[:-1] + bytes([half[-1] ^ 1]) + whole[len(half) :]
    damaged = {"empty": b"", "truncated": half, "zeros": zeros, "flipped": flipped}
    made.path.write_bytes(damaged[damage])
    assert await find_thumbnails(world, [entity_id]) == [made]
    assert made.path.read_bytes() == whole


async def test_thumbnails_that_were_swapped_are_made_again(
    world: World, add: Add, home: Path
) -> None:
    ids = [await add(picture(home / "a.png")), await add(picture(home / "b.png", (300, 600)))]
    made = await find_thumbnails(world, ids)
    paths = [one.path for one in made if one.path is not None]
    right = [path.read_bytes() for path in paths]
    for path, other in zip(paths, reversed(right), strict=True):
        path.write_bytes(other)
    assert await find_thumbnails(world, ids) == made
    assert [path.read_bytes() for path in paths] == right


async def test_what_is_no_picture_fails_alone(world: World, add: Add, home: Path) -> None:
    (home / "a.txt").write_bytes(b"hello")
    text, image = await add(home / "a.txt"), await add(picture(home / "a.png"))
    bare = await world.run(ecs_service.create_entity)
    failed, done, empty = await find_thumbnails(world, [text, image, bare])
    assert (failed.path, failed.error) == (None, "UnsupportedPictureError")
    assert failed.message == "files of type text/plain cannot be decoded as pictures"
    assert done.error is None
    assert (empty.entity_id, empty.error) == (bare, "NoContentError")


async def test_a_cache_that_cannot_be_used_ends_the_search(
    world: World, add: Add, home: Path
) -> None:
    entity_id = await add(picture(home / "a.png"))
    (home / "cache").write_bytes(b"")
    folder = await world.resources.get(WorldCache).folder()
    with pytest.raises(CacheUnusableError) as caught:
        await find_thumbnails(world, [entity_id])
    assert str(caught.value) == (
        f"the cache {folder} is not usable: a part of the path is not a folder"
    )
    assert caught.value.exit_code is ExitCode.ENVIRONMENT


async def test_what_goes_wrong_with_whoever_is_told_is_no_fault_of_the_cache(
    world: World, add: Add, home: Path
) -> None:
    def broken(_: ThumbnailFile) -> None:
        raise BrokenPipeError

    entity_id = await add(picture(home / "a.png"))
    with pytest.raises(BrokenPipeError):
        await find_thumbnails(world, [entity_id], broken)


def make_empty_folder(path: Path) -> None:
    path.mkdir()


def make_folder_with_a_file(path: Path) -> None:
    path.mkdir()
    (path / "kept").write_bytes(b"by whoever put it there")


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_link_to_nothing(path: Path) -> None:
    path.symlink_to(path.parent / "nothing")


def make_link_to_a_fifo(path: Path) -> None:
    os.mkfifo(path.parent / "fifo")
    path.symlink_to(path.parent / "fifo")


def make_link_to_itself(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize(
    "make",
    [
        make_empty_folder,
        make_folder_with_a_file,
        make_fifo,
        make_link_to_nothing,
        make_link_to_a_fifo,
        make_link_to_itself,
    ],
)
async def test_whatever_is_in_the_place_of_a_thumbnail_gives_way_to_it(
    world: World, add: Add, home: Path, make: Callable[[Path], None]
) -> None:
    ids = [await add(picture(home / "a.png")), await add(picture(home / "b.png", (300, 600)))]
    made = await find_thumbnails(world, ids)
    place = made[0].path
    assert place is not None
    await asyncio.to_thread(place.unlink)
    make(place)
    assert await find_thumbnails(world, ids) == made
    assert place.stat(follow_symlinks=False).st_size > 0
    if make is make_folder_with_a_file:  # nobody knows what it is, so it is not removed
        (kept,) = place.parent.glob("*/kept")
        assert kept.read_bytes() == b"by whoever put it there"


async def test_a_thumbnail_that_cannot_be_read_costs_its_own_asset_alone(
    world: World, add: Add, home: Path
) -> None:
    ids = [await add(picture(home / "a.png")), await add(picture(home / "b.png", (300, 600)))]
    made = await find_thumbnails(world, ids)
    place = made[0].path
    assert place is not None
    with unreadable_disk(place):  # nor can anything else have its name
        failed, done = await find_thumbnails(world, ids)
    assert (failed.path, failed.error, done) == (None, "CacheUnusableError", made[1])
    folder = await world.resources.get(WorldCache).folder()
    assert failed.message == f"the cache {folder} is not usable: device or resource busy"
    assert await find_thumbnails(world, ids) == made


@pytest.mark.parametrize("make", [make_empty_folder, make_folder_with_a_file])
async def test_a_folder_in_the_place_of_a_thumbnail_goes_with_its_asset(
    world: World, add: Add, home: Path, make: Callable[[Path], None]
) -> None:
    entity_id = await add(picture(home / "a.png"))
    (made,) = await find_thumbnails(world, [entity_id])
    assert made.path is not None
    await asyncio.to_thread(made.path.unlink)
    make(made.path)
    cache = await world.resources.get(WorldCache).thumbnails()
    cache.remove(bytes.fromhex(made.path.stem))
    assert list(cache.digests()) == []
