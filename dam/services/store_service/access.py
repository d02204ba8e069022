"""Opens a world's store for writing: requires it, holds it against `gc`, notices a swap."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from pathlib import Path

from dam.core.database.run_to_end import run_to_end
from dam.core.read_only import ReadOnly
from dam.core.world import World
from dam.errors import ContentMissingError, DatabaseReadOnlyError, StoreUnusableError
from dam.services.file_operations import FileOperationsResource
from dam.services.store_service.judgement import JudgedStore, judge_store
from dam.services.world_service import begin_edition, note_new_store, store_owner, world_uuid
from dam.storage.content_store import ContentStore


async def require_store(
    world: World, *, is_dry_run: bool = False, only_reads: bool = False
) -> bool:
    """Raise unless the world's store is there or was never needed; return if it lacked the mark.

    The first call looks for the store and holds its folder open as long as the world is open. If
    the store lacks the mark of this world, it is marked and True is returned. With `only_reads` and
    in a dry run the store is not marked, and the result is False.

    If the store is back that the user had declared lost, the database notes that, in all but dry
    runs: the store begun anew in its place does not serve once the disk is gone again. A read-only
    database does not keep a caller from reading.

    Example: `await require_store(world, only_reads=True)`.

    Args:
        world: The world of the store.
        is_dry_run: Write nothing: neither a mark to the store nor a note to the database.
        only_reads: Do not mark the store.

    Raises:
        StoreNotThereError: The world knows stored content, and the store has none of it.
        StoreUnusableError: The store cannot be read or cannot be marked.
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
                with suppress(DatabaseReadOnlyError) if only_reads else nullcontext():
                    await world.run(note_new_store, None)
            return False if only_reads else await _mark(files.store, judged)
        except BaseException:
            files.held_folders.close()  # folders that stay held mean that the store was found
            raise


async def _hold_and_judge(world: World, files: FileOperationsResource) -> JudgedStore:
    await _hold(files)  # before looking at it, so that a later swap is noticed
    judged = await judge_store(world.database, files.store)
    judged.require_there(files.store)
    return judged


async def _mark(store: ContentStore, judged: JudgedStore) -> bool:
    is_unmarked = judged.verdict == "unmarked"
    # Many commands only need to read the store. A later one can update the mark's edition.
    with nullcontext() if is_unmarked else suppress(StoreUnusableError):
        await asyncio.to_thread(store.mark, judged.owner)
    return is_unmarked


async def tell_missing_store(world: World, error: Exception) -> None:
    """Raise `StoreNotThereError` if content is missing because the whole store is.

    For commands that only read and so have not called `require_store`.
    """
    if isinstance(error, ContentMissingError):
        await require_store(world, only_reads=True)


@asynccontextmanager
async def held_store(world: World, on_wait: Callable[[], None] | None) -> AsyncIterator[None]:
    """Hold the store against `gc`, from the first byte stored until the last row is committed.

    The store of a world that has never stored anything is created. Before the block and after it,
    the contents of the store get a new name, the edition, which is written to the database and
    then to the mark in the store. An older copy of the database does not know this name, so it
    cannot collect newer files as garbage.

    If another process runs `gc`, `on_wait` is called and the block waits. Cancelling ends the wait.

    Raises:
        StoreNotThereError: As in `require_store`.
        StoreReplacedError, DatabaseReplacedError: As in `require_same_places`, after the block.
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
        # To its end: otherwise the thread could open the folders after they were closed.
        await run_to_end(asyncio.to_thread(files.held_folders.hold))
    except OSError as error:
        raise StoreUnusableError(files.store.local_roots()[0], error) from error


async def require_same_places(world: ReadOnly[World]) -> None:
    """Raise unless the store and the database are still those that were opened.

    Call it before pages that were stored on their own are recorded, and at the end. The commit of a
    comic's rows need not call it, because the check is made again before the comic's files are
    removed.

    Raises:
        StoreReplacedError, DatabaseReplacedError: As in `require_opened_files`.
        WorldResetError: The database now belongs to another world, or to none.
    """
    await require_opened_files(world)
    await world.read(world_uuid)  # a transaction on an emptied database raises when it begins


async def require_opened_files(world: ReadOnly[World]) -> None:
    """Raise unless the store's folder and the SQLite file are still those that were opened.

    Call it before a batch is stored, before its rows are written, and right before sources are
    removed. A transaction must follow, because only its beginning notices a database that was
    emptied.

    Raises:
        StoreReplacedError: The store's folder is gone or was replaced.
        DatabaseReplacedError: The SQLite file is gone or was replaced.
    """
    world.resources.get(FileOperationsResource).held_folders.require_same()
    await world.database.require_same_file()


async def _let_go(holding: AbstractContextManager[None], entering: asyncio.Future[None]) -> None:
    """Release the store once the thread that enters `holding` is done; it cannot be cancelled."""
    await asyncio.wait([entering])
    if entering.exception() is None:
        await asyncio.to_thread(holding.__exit__, None, None, None)


def own_paths(world: World) -> list[Path]:
    """Return the files and folders that belong to the world itself, existing or not."""
    own: list[Path] = list(world.resources.get(FileOperationsResource).store.local_roots())
    own.append(world.config.cache_path)
    if (database := world.database.file) is not None:
        own += [database.with_name(database.name + end) for end in ("", "-wal", "-shm", "-journal")]
    return own
