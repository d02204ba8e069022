"""Imports comics at given paths, several at once, and reports the outcome of each in order."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Set
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import chain

from dam.core.database.values import refuse_text
from dam.core.world import World
from dam.errors import DamError, ItemError, is_of_item
from dam.services import content_service
from dam.services.comic_book_service import describe_comic_concepts
from dam.services.comic_import_service.importer import (
    ComicImporter,
    ComicImportOptions,
)
from dam.services.comic_import_service.known import AddedArchive, known_comics
from dam.services.comic_import_service.known_folders import (
    NONE_KNOWN,
    KnownFolders,
    known_folders,
)
from dam.services.comic_import_service.outcome import ComicOutcome, failed_comic
from dam.services.comic_import_service.sources import (
    ArchiveSource,
    ComicSource,
    FolderSource,
    find_comics,
    find_libraries,
    given_folders,
)
from dam.services.import_service import moved_before
from dam.services.process_service import ProcessObserver, with_systems
from dam.services.source_removal_service import BegunImport, begin_import
from dam.services.store_service import held_store, own_paths
from dam.storage.sources.walk import SkippedPath
from dam.tasks.sources import SourceRemoval

_IN_FLIGHT = 2
_BATCH_COMICS, _BATCH_BYTES = 64, 64 << 20
_DISMISSED = "it could not be read as a comic, and this failure was dismissed"
_PAGES_PER_ROUND = 128

OnComic = Callable[[ComicOutcome], None]
"""Called with the outcome of each comic, as soon as it is known."""


async def add_comics(
    world: World,
    paths: Iterable[str],
    options: ComicImportOptions,
    on_outcome: OnComic,
    observer: ProcessObserver | None = None,
    on_wait: Callable[[], None] | None = None,
) -> None:
    """Import comics and run all systems until nothing is pending, as `add_files` does.

    Example: `await add_comics(world, ["comics"], ComicImportOptions(is_recursive=True), print)`.

    Args:
        world: The world that the comics become part of.
        paths: Of archives and folders.
        options: Options for all comics.
        on_outcome: As for `import_comics`.
        observer: Told of the progress of the systems.
        on_wait: As for `import_comics`.

    Raises:
        DamError: As for `import_comics`.
    """

    async def work(on_recorded: Callable[[], None]) -> None:
        pages = 0

        def take(outcome: ComicOutcome) -> None:
            nonlocal pages
            on_outcome(outcome)
            pages += outcome.pages if outcome.status == "added" else 0
            if pages >= _PAGES_PER_ROUND:  # a round costs about as much for one page as for many
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
    """Import the comics at `paths`.

    An archive becomes an asset like any file, and then a variant; its pages become assets whose
    bytes are in the archive. The pictures of a folder become assets and the pages of a variant. All
    rows of one comic are written in one transaction. A comic that was imported before stays as it
    is, including later changes; if it has no concept, it is linked to the one in the options.

    Source files that earlier moves have left are removed first, except in a dry run. Their comics
    are reported as known. A source that still cannot be removed is reported as skipped.

    Example: `await import_comics(world, ["Doom 5.cbz"], ComicImportOptions(), print)`.

    Args:
        world: The world that the comics become part of.
        paths: Of archives and folders; see `find_comics`.
        options: Options for all comics.
        on_outcome: Called with the outcome of each comic, in the order in which they are found.
        on_wait: Called when storing has to wait until another process has collected garbage.

    Raises:
        EntityNotFoundError: The concept in the options does not exist.
        NoComicConceptError: The entity in the options is not a concept.
        OnlySubfoldersError: As for `find_libraries`, unless the options say what such a folder is;
            nothing is imported.
        EnvironmentFaultError: The store or the database cannot be used; the remaining comics are
            not tried.
    """
    refuse_text(paths=paths)
    if options.concept_entity_id is not None:
        await world.read(describe_comic_concepts, [options.concept_entity_id])
    paths = list(paths)
    known, libraries = await _sort_folders(world, paths, options)
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
            outcome = await _outcome_of(path, importer.import_archive(archive, _no_turn))
            tell(replace(outcome, removed_sources=1))
        found = find_comics(
            chain(begun.paths, begun.moved.keys() - moved.keys()),
            libraries=libraries,
            known=known,
            selection=options.selection,
            own=own_paths(world),
            is_stopped=stopping.is_set,
        )
        await _import_all(importer, found, tell)
    for outcome in _left_sources(begun.left, told):
        on_outcome(outcome)


def count_comics(
    world: World, paths: Iterable[str], options: ComicImportOptions, is_stopped: Callable[[], bool]
) -> int:
    """Return the number of outcomes that an import would report; it blocks and opens no file.

    Example: `count_comics(world, ["comics"], ComicImportOptions(), threading.Event().is_set)`.

    Args:
        world: Its own files are left out, as in an import.
        paths: As for `import_comics`.
        options: As for `import_comics`.
        is_stopped: Called before each file.

    Raises:
        OnlySubfoldersError: As for `import_comics`; also of a folder that is known.
        ImportStoppedError: `is_stopped` returned True.
    """
    paths = list(paths)
    found = find_comics(
        paths,
        libraries=_libraries(world, given_folders(paths), options, NONE_KNOWN, is_stopped),
        selection=options.selection,
        own=own_paths(world),
        is_stopped=is_stopped,
    )
    return sum(1 for _ in found)


async def _sort_folders(
    world: World, paths: Iterable[str], options: ComicImportOptions
) -> tuple[KnownFolders, Set[str]]:
    """Return what is known of the folders among the paths, and those that are libraries."""
    folders = await asyncio.to_thread(given_folders, paths)
    if not folders:
        return NONE_KNOWN, set()
    known = await world.read(known_folders, folders, is_move=options.mode == "move")
    stopping = threading.Event()
    try:
        return known, await asyncio.to_thread(
            _libraries, world, folders, options, known, stopping.is_set
        )
    finally:
        stopping.set()  # the thread that walks cannot be cancelled


def _libraries(
    world: World,
    folders: Collection[str],
    options: ComicImportOptions,
    known: KnownFolders,
    is_stopped: Callable[[], bool],
) -> Set[str]:
    if options.is_recursive or options.is_as_one:
        return set(folders if options.is_recursive else ())
    return find_libraries(
        folders,
        known=known,
        selection=options.selection,
        own=own_paths(world),
        is_stopped=is_stopped,
    )


async def _moved_comics(
    world: World, moved: Mapping[str, SourceRemoval]
) -> dict[str, AddedArchive]:
    """Return by path the moved files that are comics; pages and other files are left out."""
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
    """Yield an outcome for each source that earlier moves could not remove.

    Leaves out paths that this import has reported already, and paths below them.
    """
    for path, (removal, error) in left.items():
        if told.isdisjoint(map(str, (removal.path, *removal.path.parents))):
            yield replace(failed_comic(path, error), status="skipped")


async def _import_all(importer: ComicImporter, found: Iterator[ComicSource], tell: OnComic) -> None:
    """Import comics batch by batch; the archives of the next batch are stored meanwhile."""
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
    """Cut comics into batches, limited in number and bytes, whose archives are stored together."""
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
    """Import comics of a batch; the next one is read while the one before is being recorded."""
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
            left_out=dict(source.left_out),
        )
    if isinstance(source, FolderSource):
        return await _outcome_of(source.path, importer.import_folder(source, turn))
    archive = added[source.path]
    if archive.known is None and archive.is_dismissed:
        return ComicOutcome(path=source.path, status="skipped", message=_DISMISSED)
    return await _outcome_of(source.path, importer.import_archive(archive, turn))


async def _outcome_of(path: str, work: Coroutine[None, None, ComicOutcome]) -> ComicOutcome:
    try:
        return await work
    except DamError as error:
        if not is_of_item(error):
            raise
        return failed_comic(path, error)


async def _no_turn() -> None:
    """Let a comic be recorded at once."""
