"""What nothing refers to goes once it is old enough, and nothing else does."""

import asyncio
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import build_world
from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.errors import (
    ExitCode,
    StoreAheadError,
    StoreInUseError,
    StoreNotThereError,
    StoreSharedError,
    StoreUnmarkedError,
)
from dam.models import WorldIdentity
from dam.services import ecs_service, schema_service
from dam.services.doctor_service import begin_store_anew
from dam.services.file_operations import FileOperationsResource
from dam.services.garbage_service import CollectedGarbage, collect_garbage, in_thread
from dam.services.import_service import ImportOptions, import_files
from dam.services.process_service import process
from dam.services.store_service import require_store
from dam.services.world_service import WorldCache, store_owner
from tests.databases import world_config
from tests.services.conftest import Add
from tests.storage.stored import write

PICTURE = Path(__file__).parents[1] / "assets" / "pictures" / "lake.jpg"
NOTHING = CollectedGarbage(removed=0, freed_bytes=0, thumbnails=0, archive_copies=0, drafts=0)


@pytest.fixture(autouse=True)
def temporary(world: World, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files in which nobody else leaves any, once the world is there."""
    del world
    folder = home / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
async def picture(world: World, add: Add) -> EntityId:
    """A picture that was stored two days ago, with its thumbnail."""
    entity_id = await add(PICTURE)
    await process(world)
    for path in contents():
        two_days_ago = path.stat().st_mtime - 48 * 3600
        os.utime(path, (two_days_ago, two_days_ago))
    return entity_id


@pytest.fixture
async def reference(add: Add, home: Path) -> Path:
    """A file that was added where it is."""
    write(home / "reference.txt", b"reference")
    await add(home / "reference.txt", "reference")
    return home / "reference.txt"


@pytest.fixture
async def other_world(sqlite_template: Path, home: Path) -> AsyncIterator[World]:
    """A world of its own that was given the same store."""
    shutil.copyfile(sqlite_template, home / "other.db")
    config = world_config(f"sqlite:///{home / 'other.db'}", worker_kind="thread")
    world = await build_world(config, plugins=False)
    await world.run(rename)
    yield world
    await world.close()


async def rename(session: AsyncSession) -> None:
    await session.execute(update(WorldIdentity).values(uuid="1" * 32))


def contents() -> list[Path]:
    return sorted(Path("store").glob("??/??/*"))


async def thumbnails(world: World) -> list[Path]:
    cache = await world.resources.get(WorldCache).thumbnails()
    return sorted(path for path in cache.root.rglob("*") if path.is_file())


async def test_what_an_asset_refers_to_stays(world: World, picture: EntityId) -> None:
    del picture
    assert await collect_garbage(world) == NOTHING
    assert len(contents()) == len(await thumbnails(world)) == 1


async def test_content_and_thumbnail_go_once_their_asset_is_gone(
    world: World, picture: EntityId
) -> None:
    await world.run(ecs_service.delete_entity, picture)
    expected = replace(NOTHING, removed=1, freed_bytes=PICTURE.stat().st_size, thumbnails=1)
    assert await collect_garbage(world, is_dry_run=True) == expected
    assert len(contents()) == len(await thumbnails(world)) == 1
    assert await collect_garbage(world) == expected
    assert contents() == await thumbnails(world) == []
    assert await collect_garbage(world) == NOTHING


async def test_unpacked_archives_of_a_process_that_is_gone_go(
    world: World, temporary: Path
) -> None:
    left = temporary / "dam-archives-left"
    left.mkdir()
    (left / "lock").touch()
    expected = replace(NOTHING, archive_copies=1)
    assert await collect_garbage(world, is_dry_run=True) == expected
    assert await collect_garbage(world) == expected
    assert await collect_garbage(world) == NOTHING


async def test_content_of_an_asset_that_is_referenced_only_goes(
    world: World, add: Add, home: Path
) -> None:
    path = home / "a.txt"
    path.write_text("a")
    await add(path, "reference")
    store = world.resources.get(FileOperationsResource).store
    store.make()
    with store.importing(await store_owner(world)):
        digest = store.put(path, "copy").sha256
    os.utime(store.local_path(digest), (0, 0))
    assert (await collect_garbage(world)).removed == 1


async def test_what_was_stored_today_stays(world: World, add: Add) -> None:
    entity_id = await add(PICTURE)
    await world.run(ecs_service.delete_entity, entity_id)
    collected = await collect_garbage(world)
    assert collected.kept_until is not None
    size_bytes = PICTURE.stat().st_size
    expected = replace(NOTHING, kept=1, kept_bytes=size_bytes, kept_until=collected.kept_until)
    assert collected == expected
    assert len(contents()) == 1


async def test_a_store_that_an_import_holds_is_left_alone(world: World, picture: EntityId) -> None:
    await world.run(ecs_service.delete_entity, picture)
    store, owner = world.resources.get(FileOperationsResource).store, await store_owner(world)
    with store.importing(owner), pytest.raises(StoreInUseError):
        await collect_garbage(world)
    assert len(contents()) == 1


async def test_files_of_another_world_in_the_same_store_are_not_judged(
    world: World, picture: EntityId, other_world: World, home: Path
) -> None:
    del picture
    (home / "b.txt").write_text("b")
    await import_files(other_world, [str(home / "b.txt")], ImportOptions())
    for one, other in ((world, other_world), (other_world, world)):
        with pytest.raises(StoreSharedError) as caught:
            await collect_garbage(one)
        assert caught.value.found == (other.database.safe_url,)
        assert caught.value.expected == one.database.safe_url
    assert len(contents()) == 2


async def test_a_copy_of_a_database_is_the_same_world(world: World, picture: EntityId) -> None:
    await world.run(ecs_service.delete_entity, picture)
    copy = await build_world(replace(world.config, name="copy"), plugins=False)
    try:
        assert (await collect_garbage(copy)).removed == 1
    finally:
        await copy.close()


@pytest.fixture
async def copied(
    world: World, picture: EntityId, database_url: str, tmp_path: Path
) -> AsyncIterator[World]:
    """The world's database once more, copied before something was added to the first."""
    del picture
    await world.database.close()  # PostgreSQL copies none that is connected to; it opens again
    copied_url = await asyncio.to_thread(copy_database, database_url, tmp_path)
    copied = await build_world(world_config(copied_url, worker_kind="thread"), plugins=False)
    yield copied
    await copied.close()
    if not world.database.is_sqlite:
        execute(database_url, f"DROP DATABASE {urlsplit(copied_url).path[1:]}")


def copy_database(url: str, folder: Path) -> str:
    address = urlsplit(url)
    if address.scheme == "sqlite":
        with closing(sqlite3.connect(address.path.removeprefix("/"))) as database:
            database.execute("VACUUM INTO ?", [str(folder / "copied.db")])
        return f"sqlite:///{folder / 'copied.db'}"
    name = address.path[1:]
    execute(url, f"CREATE DATABASE {name}_copied TEMPLATE {name}")
    return urlunsplit(address._replace(path=f"/{name}_copied"))


def execute(url: str, statement: str) -> None:
    server = urlunsplit(urlsplit(url)._replace(path="/postgres"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())


async def add_old(world: World, path: Path) -> None:
    """Add a file that counts as added long ago."""
    write(path, path.name.encode())
    await import_files(world, [str(path)], ImportOptions())
    for content in contents():
        os.utime(content, (0, 0))
    forget_store(world)


def forget_store(world: World) -> None:
    """Be as the next command, which has not looked at the store yet."""
    world.resources.get(FileOperationsResource).held_folders.close()


async def test_a_copied_database_does_not_judge_what_the_first_has_stored(
    world: World, copied: World, home: Path
) -> None:
    await add_old(world, home / "first")
    await add_old(copied, home / "second")  # each knows a file that the other does not

    with pytest.raises(StoreSharedError) as caught:
        await collect_garbage(copied)
    assert caught.value.found == (world.database.safe_url,)
    assert caught.value.expected == copied.database.safe_url
    assert len(contents()) == 3

    assert (await collect_garbage(copied, is_forced=True)).removed == 1
    assert await collect_garbage(copied) == NOTHING
    with pytest.raises(StoreSharedError):
        await collect_garbage(world)


async def test_a_copied_database_that_is_reset_leaves_the_store_to_the_first(
    world: World, copied: World
) -> None:
    store, owner = world.resources.get(FileOperationsResource).store, await store_owner(world)
    await asyncio.to_thread(schema_service.set_up, copied.config, reset=True)
    assert store.mark_of(owner.uuid) is not None


async def test_an_older_copy_in_the_place_of_a_database_judges_nothing(
    world: World, copied: World, home: Path
) -> None:
    await add_old(world, home / "first")
    put_in_place_of(world, copied)

    with pytest.raises(StoreAheadError) as caught:
        await collect_garbage(copied)
    assert caught.value.message == (
        f"{copied.database.safe_url} is an older copy: a newer database of this world has stored "
        f"files in {home / 'store'} since then; nothing was removed"
    )
    await add_old(copied, home / "second")  # which makes it no newer than the other one
    with pytest.raises(StoreAheadError):
        await collect_garbage(copied)
    assert len(contents()) == 3

    assert (await collect_garbage(copied, is_forced=True)).removed == 1
    assert await collect_garbage(copied) == NOTHING


def put_in_place_of(world: World, copied: World) -> None:
    """Have the store know the copied database by the address of the first one."""
    (mark,) = Path("store/.worlds").iterdir()
    first, second = world.database.safe_url, copied.database.safe_url
    mark.write_text(mark.read_text().replace(first, second))


async def test_an_older_copy_is_known_where_no_asset_came_since(
    world: World, reference: Path, copied: World
) -> None:
    await import_files(world, [str(reference)], ImportOptions(mode="move"))  # of a known asset
    for content in contents():
        os.utime(content, (0, 0))
    put_in_place_of(world, copied)

    with pytest.raises(StoreAheadError):
        await collect_garbage(copied)
    assert len(contents()) == 2


async def test_a_store_begun_anew_where_a_newer_database_has_stored_stays_that_one_s(
    world: World, copied: World, home: Path, picture: EntityId
) -> None:
    await world.run(ecs_service.delete_entity, picture)
    forget_store(world)
    await collect_garbage(world)
    await add_old(world, home / "first")
    put_in_place_of(world, copied)
    with pytest.raises(StoreNotThereError):
        await collect_garbage(copied)

    await begin_store_anew(copied.config)

    with pytest.raises(StoreAheadError):
        await collect_garbage(copied)
    assert len(contents()) == 1


async def test_imports_at_once_leave_a_mark_that_the_database_knows(
    world: World, home: Path
) -> None:
    for number in range(4):
        write(home / f"{number}.txt", b"%d" % number)
    paths = [str(home / f"{number}.txt") for number in range(4)]
    await asyncio.gather(*(import_files(world, [path], ImportOptions()) for path in paths))
    assert await collect_garbage(world) == NOTHING


async def test_a_database_whose_newest_assets_are_removed_is_no_older_copy(
    world: World, picture: EntityId
) -> None:
    forget_store(world)
    await collect_garbage(world)
    await world.run(ecs_service.delete_entity, picture)
    forget_store(world)
    assert (await collect_garbage(world)).removed == 1


@pytest.mark.parametrize("is_dry_run", [False, True])
async def test_a_store_that_lost_its_marks_is_marked_and_nothing_else(
    world: World, picture: EntityId, other_world: World, home: Path, *, is_dry_run: bool
) -> None:
    del picture
    await add_old(other_world, home / "b.txt")
    shutil.rmtree(home / "store" / ".worlds")
    forget_store(world)

    with pytest.raises(StoreUnmarkedError) as caught:
        await collect_garbage(world, is_dry_run=is_dry_run)

    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    assert caught.value.message == (
        f"the store {home / 'store'} had files but no mark of this world, and may lack the marks "
        "of other worlds; nothing was removed"
    )
    assert (home / "store" / ".worlds").exists() is not is_dry_run
    await add_old(world, home / "c.txt")
    for _ in range(2):  # however often, and whatever has marked it meanwhile
        forget_store(world)
        with pytest.raises(StoreUnmarkedError):
            await collect_garbage(world)
    await require_store(other_world)
    forget_store(other_world)
    with pytest.raises(StoreSharedError):
        await collect_garbage(other_world)
    assert len(contents()) == 3

    assert (await collect_garbage(world, is_forced=True)).removed == 1
    assert await collect_garbage(world) == NOTHING


async def test_a_world_that_never_stored_anything_does_not_judge_a_store_without_marks(
    world: World, picture: EntityId, other_world: World, home: Path
) -> None:
    del world, picture
    shutil.rmtree(home / "store" / ".worlds")
    with pytest.raises(StoreUnmarkedError):
        await collect_garbage(other_world)
    await add_old(other_world, home / "b.txt")
    with pytest.raises(StoreUnmarkedError):
        await collect_garbage(other_world)
    assert len(contents()) == 2


async def test_a_world_without_any_file_has_no_garbage(world: World) -> None:
    assert await collect_garbage(world) == NOTHING


async def test_a_thread_ends_with_the_task_that_waits_for_it() -> None:
    has_asked, is_cancelled = asyncio.Event(), threading.Event()
    answers: list[str] = []

    async def answer() -> str:
        has_asked.set()
        return "an answer"

    def work(ask: Callable[[Coroutine[Any, Any, str]], str]) -> None:
        answers.append(ask(answer()))
        is_cancelled.wait()
        answers.append(ask(answer()))

    task = asyncio.create_task(in_thread(work))
    await has_asked.wait()
    task.cancel()
    asyncio.get_running_loop().call_soon(is_cancelled.set)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert answers == ["an answer"]
