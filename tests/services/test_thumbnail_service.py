"""Thumbnails: there when asked for, whatever happened to the cache."""

from pathlib import Path

import pytest
from PIL import Image

from dam.core.world import World
from dam.errors import CacheUnusableError, ExitCode
from dam.services import ecs_service
from dam.services.thumbnail_service import ThumbnailFile, find_thumbnails
from dam.services.world_cache import WorldCache
from tests.services.conftest import Add


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
