"""Imports comics: archives and folders of pictures become variants with pages, and concepts."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Set
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import chain

from dam.core.world import World
from dam.errors import DamError, ItemError, is_of_item
from dam.services import content_service
from dam.services.comic_book_service import describe_comic_concepts
from dam.services.comic_import_service.importer import (
    AddedArchive,
    ComicImporter,
    ComicImportOptions,
)
from dam.services.comic_import_service.known import known_comics
from dam.services.comic_import_service.outcome import ComicOutcome, failed_comic
from dam.services.comic_import_service.sources import (
    ArchiveSource,
    ComicSource,
    FolderSource,
    find_comics,
)
from dam.services.import_service import moved_before
from dam.services.process_service import ProcessObserver, with_systems
from dam.services.source_removal_service import BegunImport, begin_import
from dam.services.store_service import held_store, own_paths
from dam.storage.sources.walk import SkippedPath
from dam.tasks.sources import SourceRemoval

_IN_FLIGHT = 2
_BATCH_COMICS, _BATCH_BYTES = 64, 64 << 20
_WORTH_A_ROUND = 128

OnComic = Callable[[ComicOutcome], None]


async def add_comics(
    world: World,
    paths: Iterable[str],
    options: ComicImportOptions,
    on_outcome: OnComic,
    observer: ProcessObserver | None = None,
    on_wait: Callable[[], None] | None = None,
) -> None:
    """Import comics and run all systems until nothing is pending, as `add_files` does.

    `on_outcome` and `on_wait` are called as by `import_comics`, which says what it raises.
    """

    async def work(on_recorded: Callable[[], None]) -> None:
        pages = 0

        def take(outcome: ComicOutcome) -> None:
            nonlocal pages
            on_outcome(outcome)
            pages += outcome.pages if outcome.status == "added" else 0
            if pages >= _WORTH_A_ROUND:  # systems take many pages as quickly as one
                pages = 0
                on_recorded()

        await import_comics(world, paths, options, take, on_wait)

    await with_systems(world, work, observer)


async def import_comics(
    world: World,
    paths: Iterable[str],
    options: ComicImportOptions,
    on_outcome: OnComic,
    on_wait: Callable[[], None] | None = None,
) -> None:
    """Import the comics at `paths`; call `on_outcome` for each, in order, once it is settled.

    An archive becomes an asset as any file does, and a variant by being read; its pages become
    assets whose bytes are in it. All rows of one comic are one transaction. What was imported
    before stays as it is, with all that was changed of it since; only one that belongs to no
    concept becomes a variant of the concept that the options name.

    What earlier moves have left goes first; a comic that is gone by that is told as known, and what
    stays is told as well.

    `on_wait` is called when nothing can be stored before another process ends its collection of
    garbage.

    Raises:
        EntityNotFoundError, NoComicConceptError: Of the concept that the options name.
        EnvironmentFaultError: The store or the database cannot be used; nothing more is tried.
    """
    if options.concept_entity_id is not None:
        await world.read(describe_comic_concepts, [options.concept_entity_id])
    begun = BegunImport(paths=paths)
    if not options.is_dry_run:
        begun = await begin_import(world, paths, options.mode)
    moved = await _moved_comics(world, begun.moved)
    importer = ComicImporter(world, options, on_wait)
    told = set[str]()

    def tell(outcome: ComicOutcome) -> None:
        told.add(outcome.path)
        on_outcome(outcome)

    async with AsyncExitStack() as stack:
        if options.is_extracted and not options.is_dry_run:
            await stack.enter_async_context(held_store(world, on_wait))
        stopping = threading.Event()
        stack.callback(stopping.set)  # the thread that walks cannot be cancelled
        for path, archive in moved.items():
            tell(await _settled(path, importer.import_archive(archive, _at_once)))
        found = find_comics(
            chain(begun.paths, begun.moved.keys() - moved.keys()),
            is_recursive=options.is_recursive,
            own=own_paths(world),
            is_stopped=stopping.is_set,
        )
        await _import_all(importer, found, tell)
    for outcome in _left_sources(begun.left, told):
        on_outcome(outcome)


def count_comics(
    world: World, paths: Iterable[str], options: ComicImportOptions, is_stopped: Callable[[], bool]
) -> int:
    """Return how many comics an import would tell of; it blocks, and opens nothing.

    Raises:
        ImportStoppedError: `is_stopped`, asked before each file, said yes.
    """
    own = own_paths(world)
    found = find_comics(paths, is_recursive=options.is_recursive, own=own, is_stopped=is_stopped)
    return sum(1 for _ in found)


async def _moved_comics(
    world: World, moved: Mapping[str, SourceRemoval]
) -> dict[str, AddedArchive]:
    """Return those of the files that an earlier move has taken in and that are comics."""
    if not moved:
        return {}
    ids = {removal.entity_id for removal in moved.values()}
    known = await world.read(known_comics, ids)
    located = await world.read(content_service.locate, known)
    return {
        path: AddedArchive(
            file=moved_before(path, removal),
            known=known[removal.entity_id],
            content=located.get(removal.entity_id),
        )
        for path, removal in moved.items()
        if removal.entity_id in known
    }


def _left_sources(
    left: Mapping[str, tuple[SourceRemoval, ItemError]], told: Set[str]
) -> Iterator[ComicOutcome]:
    """Yield what earlier moves could not remove, but for what this import has told of itself."""
    for path, (removal, error) in left.items():
        if told.isdisjoint(map(str, (removal.path, *removal.path.parents))):
            yield replace(failed_comic(path, error), status="skipped")


async def _import_all(importer: ComicImporter, found: Iterator[ComicSource], tell: OnComic) -> None:
    """Import comics batch by batch, each while the archives of the next are copied."""
    batches = _batches(found)
    ahead = asyncio.create_task(_add_batch(importer, batches))
    try:
        while step := await ahead:
            ahead = asyncio.create_task(_add_batch(importer, batches))
            await _import_batch(importer, *step, tell)
    finally:
        ahead.cancel()
        await asyncio.gather(ahead, return_exceptions=True)


def _batches(found: Iterable[ComicSource]) -> Iterator[list[ComicSource]]:
    """Cut comics into batches whose archives are imported together, neither many nor large."""
    batch: list[ComicSource] = []
    size_bytes = 0
    for source in found:
        batch.append(source)
        size_bytes += source.file.size_bytes if isinstance(source, ArchiveSource) else 0
        if len(batch) >= _BATCH_COMICS or size_bytes >= _BATCH_BYTES:
            yield batch
            batch, size_bytes = [], 0
    if batch:
        yield batch


async def _add_batch(
    importer: ComicImporter, batches: Iterator[list[ComicSource]]
) -> tuple[list[ComicSource], dict[str, AddedArchive]] | None:
    batch = await asyncio.to_thread(next, batches, None)
    if batch is None:
        return None
    archives = [source.file for source in batch if isinstance(source, ArchiveSource)]
    return batch, await importer.add_archives(archives) if archives else {}


async def _import_batch(
    importer: ComicImporter,
    batch: Iterable[ComicSource],
    added: Mapping[str, AddedArchive],
    tell: OnComic,
) -> None:
    """Import comics, each read while the one before is still on its way."""
    in_flight: deque[asyncio.Task[ComicOutcome]] = deque()
    last: asyncio.Task[ComicOutcome] | None = None
    try:
        for source in batch:
            last = asyncio.create_task(_import(importer, source, added, last))
            in_flight.append(last)
            if len(in_flight) >= _IN_FLIGHT:
                tell(await in_flight.popleft())
        while in_flight:
            tell(await in_flight.popleft())
    finally:
        for task in in_flight:
            task.cancel()
        await asyncio.gather(*in_flight, return_exceptions=True)


async def _import(
    importer: ComicImporter,
    source: ComicSource,
    added: Mapping[str, AddedArchive],
    previous: asyncio.Task[ComicOutcome] | None,
) -> ComicOutcome:
    async def turn() -> None:
        if previous is not None:
            await asyncio.wait([previous])

    if isinstance(source, SkippedPath):
        return ComicOutcome(
            path=source.path,
            status="failed" if source.is_failure else "skipped",
            error="FileAccessError" if source.is_failure else None,
            message=source.reason,
        )
    if isinstance(source, FolderSource):
        return await _settled(source.path, importer.import_folder(source, turn))
    return await _settled(source.path, importer.import_archive(added[source.path], turn))


async def _settled(path: str, work: Coroutine[None, None, ComicOutcome]) -> ComicOutcome:
    try:
        return await work
    except DamError as error:
        if not is_of_item(error):
            raise
        return failed_comic(path, error)


async def _at_once() -> None:
    """Wait for no other comic."""
