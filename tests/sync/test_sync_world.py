"""`SyncWorld`: a world for code without async."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from typing import assert_type

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import World
from dam.core.ecs.components import EntityId
from dam.errors import EntityNotFoundError, NotSetUpError, UnfitFunctionError
from dam.models import ImageDimensionsComponent
from dam.services.ecs_service import (
    count_entities,
    create_entity,
    delete_entity,
    find_entities,
    get_component,
)
from dam.services.export_service import ExportOutcome, export_assets
from dam.services.import_service import ImportOptions, ImportReport, import_files
from dam.services.thumbnail_service import ThumbnailFile, find_thumbnails
from dam.storage.locking import exclusive_lock
from dam.sync import SyncWorld

pytestmark = pytest.mark.slow

SIZE = {"width": 40, "height": 30}


@pytest.fixture(autouse=True)
def configured(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default world is a database that is set up, once for each engine."""
    monkeypatch.setenv("DAM_DATABASE_URL", database_url)


@pytest.fixture
def world() -> Iterator[SyncWorld]:
    with SyncWorld() as world:
        yield world


async def endless(_: World, started: threading.Event, ended: threading.Event) -> None:
    """Work until somebody stops it."""
    try:
        started.set()
        await asyncio.Event().wait()
    finally:
        ended.set()


def world_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "dam-world"]


def test_what_a_transaction_wrote_is_read_back(world: SyncWorld) -> None:
    entity_id = world.run(create_entity, ImageDimensionsComponent(**SIZE))
    component = world.read(get_component, entity_id, ImageDimensionsComponent)
    assert component is not None
    assert (component.width, component.height) == (40, 30)


def test_an_error_takes_the_transaction_back(world: SyncWorld) -> None:
    async def half(session: AsyncSession) -> None:
        await create_entity(session)
        await delete_entity(session, 4711)

    with pytest.raises(EntityNotFoundError):
        world.run(half)
    assert world.read(count_entities) == 0


def test_pages_are_walked_while_the_world_changes(world: SyncWorld) -> None:
    five = [world.run(create_entity, ImageDimensionsComponent(**SIZE)) for _ in range(5)]
    world.run(create_entity)
    seen = []
    for page in world.pages(find_entities, with_=[ImageDimensionsComponent], limit=2):
        world.run(delete_entity, page[0])
        seen.append(page)
    assert seen == [five[:2], five[2:4], five[4:]]
    assert list(world.pages(find_entities, after=five[3])) == [[five[4] + 1]]


def test_long_jobs_own_their_transactions(world: SyncWorld, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("some text")
    report = world.run(import_files, [str(tmp_path)], ImportOptions(is_recursive=True))
    assert report.counts["added"] == 1


def test_its_methods_have_the_types_of_what_they_run(world: SyncWorld) -> None:
    """It is mypy that checks these, each ignored error too."""
    assert_type(world.read(count_entities), int)
    assert_type(world.run(create_entity), EntityId)
    assert_type(world.read(find_entities, limit=3), list[EntityId])
    assert_type(world.run(import_files, [], ImportOptions()), ImportReport)
    assert_type(world.run(export_assets, [], Path("out")), list[ExportOutcome])
    assert_type(world.run(find_thumbnails, []), list[ThumbnailFile])
    with pytest.raises(TypeError):
        world.read(find_entities, most=3)  # type: ignore[call-arg] # there is no such argument
    with pytest.raises(TypeError):
        list(world.pages(find_entities, most=3))  # type: ignore[call-arg] # there is none
    with pytest.raises(TypeError):
        world.run(delete_entity)  # type: ignore[call-arg] # one argument is missing
    with pytest.raises(TypeError):
        world.run(export_assets, [], to=Path())  # type: ignore[call-arg] # no such argument
    with pytest.raises(UnfitFunctionError):
        world.run(Path.exists)  # type: ignore[type-var, arg-type] # takes neither of the two
    with pytest.raises(UnfitFunctionError):
        world.read(find_thumbnails, [])  # type: ignore[arg-type] # takes a World


async def test_it_works_where_an_event_loop_is_running() -> None:
    with SyncWorld() as world:  # as in a cell of a notebook
        assert world.run(create_entity) == 1
    assert world_threads() == []


def test_any_thread_may_use_it(world: SyncWorld) -> None:
    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(lambda _: world.run(create_entity), range(40)))
    assert sorted(ids) == world.read(find_entities)


def test_two_worlds_are_open_at_once(world: SyncWorld) -> None:
    with SyncWorld() as other:
        entity_id = other.run(create_entity)
    assert world.read(find_entities) == [entity_id]


def test_closing_ends_an_import_that_waits_for_a_collection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    store.mkdir(mode=0o700)
    monkeypatch.setenv("DAM_ASSET_STORAGE_PATH", str(store))
    waits = threading.Event()
    world = SyncWorld()
    with ThreadPoolExecutor(2) as threads, exclusive_lock(store / ".lock") as is_held:
        assert is_held
        importing = threads.submit(
            world.run, import_files, [str(tmp_path)], ImportOptions(), on_wait=waits.set
        )
        assert waits.wait(timeout=30)
        threads.submit(world.close).result(timeout=30)
        with pytest.raises(CancelledError):
            importing.result()
    assert [path.name for path in store.iterdir()] == [".lock"]
    with exclusive_lock(store / ".lock") as is_free:
        assert is_free


def test_closing_ends_its_thread_and_again_does_nothing() -> None:
    world = SyncWorld()
    world.close()
    world.close()
    assert world_threads() == []


def test_a_closed_world_says_so() -> None:
    world = SyncWorld()
    world.close()
    with pytest.raises(RuntimeError, match=r"^the world is closed$"):
        world.read(count_entities)


def test_closing_stops_what_another_thread_waits_for() -> None:
    started, ended = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as threads:
        with SyncWorld() as world:
            waiting = threads.submit(world.run, endless, started, ended)
            assert started.wait(60)
        assert ended.is_set()
        with pytest.raises(CancelledError):
            waiting.result(60)


def test_a_call_from_its_own_thread_is_refused(world: SyncWorld) -> None:
    async def inside(_: World) -> int:
        return world.read(count_entities)

    with pytest.raises(RuntimeError, match="await the world's methods"):
        world.run(inside)


def test_an_error_in_opening_leaves_no_thread(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = threading.active_count()
    monkeypatch.setenv("DAM_DATABASE_URL", f"sqlite:///{tmp_path / 'nothing.db'}")
    with pytest.raises(NotSetUpError):
        SyncWorld()
    assert threading.active_count() == before


def test_ctrl_c_stops_the_work_and_the_world_goes_on(world: SyncWorld) -> None:
    started, ended = threading.Event(), threading.Event()

    def press() -> None:
        started.wait(60)
        os.kill(os.getpid(), signal.SIGINT)

    pressing = threading.Thread(target=press)
    pressing.start()
    with pytest.raises(KeyboardInterrupt):
        world.run(endless, started, ended)
    pressing.join()
    assert ended.wait(60)
    assert world.read(count_entities) == 0
