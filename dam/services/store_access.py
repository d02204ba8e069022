"""What every import needs of its world's store: to hold it, and to know what is the world's own."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path

from dam.core.database import run_to_end
from dam.core.world import World
from dam.services.file_operations import FileOperationsResource
from dam.services.world_identity_service import OpenedWorld, store_owner


@asynccontextmanager
async def held_store(world: World, on_wait: Callable[[], None] | None) -> AsyncIterator[None]:
    """Hold the store against `gc`, from the first byte until the last row.

    Call `on_wait` when that has to wait for a `gc`; whoever is cancelled waits no longer.
    """
    loop = asyncio.get_running_loop()
    stopping = threading.Event()

    def say_so() -> None:
        if on_wait is not None:
            loop.call_soon_threadsafe(on_wait)

    files = world.resources.get(FileOperationsResource)
    holding = files.store.importing(
        await store_owner(world), on_wait=say_so, is_stopped=stopping.is_set
    )
    entering = loop.run_in_executor(None, holding.__enter__)
    try:
        await asyncio.wait([entering])
        entering.result()
        await asyncio.to_thread(files.held_folders.hold)
        yield
        await require_same_places(world)
    finally:
        stopping.set()
        await run_to_end(_let_go(holding, entering))


async def require_same_places(world: World) -> None:
    """Return if store and database are still those that were opened, and raise where not.

    To be awaited right before a source is removed, and before each commit that needs stored bytes.

    Raises:
        StoreReplacedError: The store's folder is gone, or another one is in its place.
        DatabaseReplacedError: The same of the SQLite file; or it has become another world's.
    """
    world.resources.get(FileOperationsResource).held_folders.require_same()
    if world.database.opened_file is not None:
        world.database.opened_file.require_same()
    await world.resources.get(OpenedWorld).require_same()


async def _let_go(holding: AbstractContextManager[None], entering: asyncio.Future[None]) -> None:
    """Give back what is held, or will be: a thread cannot be cancelled."""
    await asyncio.wait([entering])
    if entering.exception() is None:
        await asyncio.to_thread(holding.__exit__, None, None, None)


def own_paths(world: World) -> list[Path]:
    """Return the files and folders that belong to the world itself, there already or not yet."""
    own: list[Path] = list(world.resources.get(FileOperationsResource).store.local_roots())
    own.append(world.config.cache_path)
    if (database := world.database.file) is not None:
        own += [database.with_name(database.name + end) for end in ("", "-wal", "-shm", "-journal")]
    return own
