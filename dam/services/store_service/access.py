"""The store of a world for those who write: that it is there, held, and still the same."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from pathlib import Path

from dam.core.database.database import run_to_end
from dam.core.world import World
from dam.errors import ContentMissingError, StoreUnusableError
from dam.services.file_operations import FileOperationsResource
from dam.services.store_service.judgement import JudgedStore, judge_store
from dam.services.world_service import begin_edition, note_new_store, store_owner, world_uuid
from dam.storage.content_store import ContentStore


async def require_store(
    world: World, *, is_dry_run: bool = False, only_reads: bool = False
) -> bool:
    """Return if the world's store is there, or was never needed, and raise where not.

    It is looked for once, and then held open as long as the world is. Where it lacks the mark of
    the world, it is given one, but for a dry run or a command that `only_reads`; return whether
    that was so. That a store is back which was told to be lost is noted by these, too, so that the
    one in its place is not taken for it when the disk is gone again.

    Raises:
        StoreNotThereError: The world knows stored content, and none of that is there.
        StoreUnusableError: The store cannot be looked into, or not be marked.
    """
    files = world.resources.get(FileOperationsResource)
    async with files.judging:
        if files.held_folders.is_held:
            return False
        try:
            judged = await _hold_and_judge(world, files)
            if judged.verdict == "first use" or is_dry_run:
                return False
            if judged.is_back:
                await world.run(note_new_store, None)
            return False if only_reads else await _mark(files.store, judged)
        except BaseException:
            files.held_folders.close()  # what is held is taken for what was found to be there
            raise


async def _hold_and_judge(world: World, files: FileOperationsResource) -> JudgedStore:
    await _hold(files)  # before it is looked at: what takes its place after that is noticed
    judged = await judge_store(world.database, files.store)
    judged.require_there(files.store)
    return judged


async def _mark(store: ContentStore, judged: JudgedStore) -> bool:
    is_unmarked = judged.verdict == "unmarked"
    # A store that can only be read is good enough for many; it learns its edition another time.
    with nullcontext() if is_unmarked else suppress(StoreUnusableError):
        await asyncio.to_thread(store.mark, judged.owner)
    return is_unmarked


async def tell_missing_store(world: World, error: Exception) -> None:
    """Raise a `StoreNotThereError` if that is why content is missing; for those who only read."""
    if isinstance(error, ContentMissingError):
        await require_store(world, only_reads=True)


@asynccontextmanager
async def held_store(world: World, on_wait: Callable[[], None] | None) -> AsyncIterator[None]:
    """Hold the store against `gc`, from the first byte until the last row.

    A world that has never stored anything gets its store made. What is in the store gets another
    name, before and after, which the database knows and the store's mark has: so an older copy of
    the database judges no garbage there. Call `on_wait` when that has to wait for a `gc`; whoever
    is cancelled waits no longer.

    Raises:
        StoreNotThereError: As `require_store`.
        StoreReplacedError, DatabaseReplacedError: As `require_same_places`, after the block.
    """
    loop = asyncio.get_running_loop()
    stopping = threading.Event()

    def say_so() -> None:
        if on_wait is not None:
            loop.call_soon_threadsafe(on_wait)

    await require_store(world)
    files = world.resources.get(FileOperationsResource)
    async with files.judging:
        if not files.held_folders.is_held:
            await asyncio.to_thread(files.store.make)
            await _hold(files)
    holding = files.store.importing(
        await store_owner(world), on_wait=say_so, is_stopped=stopping.is_set
    )
    entering = loop.run_in_executor(None, holding.__enter__)
    try:
        await asyncio.wait([entering])
        entering.result()
        await _begin_edition(world, files.store)
        yield
        await require_same_places(world)
        await _begin_edition(world, files.store)
    finally:
        stopping.set()
        await run_to_end(_let_go(holding, entering))


async def _begin_edition(world: World, store: ContentStore) -> None:
    owner = await world.run_durably(begin_edition, world.database.safe_url)
    await asyncio.to_thread(store.mark, owner)  # afterwards, so that the database knows of it


async def _hold(files: FileOperationsResource) -> None:
    try:
        # To its end: a thread that is not waited for would hold them after they were let go.
        await run_to_end(asyncio.to_thread(files.held_folders.hold))
    except OSError as error:
        raise StoreUnusableError(files.store.local_roots()[0], error) from error


async def require_same_places(world: World) -> None:
    """Return if store and database are still those that were opened, and raise where not.

    To be awaited before pages are recorded that were stored on their own, and at the end. The
    commit of a comic's rows does without: before its files go, the same is asked again.

    Raises:
        StoreReplacedError, DatabaseReplacedError: As `require_opened_files`.
        WorldResetError: The database is that of another world by now, or of none.
    """
    await require_opened_files(world)
    await world.read(world_uuid)  # no transaction begins on a database that was emptied


async def require_opened_files(world: World) -> None:
    """Return if the files of store and database are those that were opened, and raise where not.

    To be awaited before a batch is stored, before its rows are written and right before sources are
    removed. A transaction is to follow: none begins on a database that was emptied.

    Raises:
        StoreReplacedError: The store's folder is gone, or another one is in its place.
        DatabaseReplacedError: The same of the SQLite file.
    """
    world.resources.get(FileOperationsResource).held_folders.require_same()
    await world.database.require_same_file()


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
