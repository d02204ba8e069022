"""Imports comics: archives and folders of pictures become variants with pages, and concepts."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AsyncExitStack

from dam.core.world import World
from dam.errors import DamError, EnvironmentFaultError
from dam.services.comic_description_service import describe_comic_concepts
from dam.services.comic_importer import (
    ComicImporter,
    ComicImportOptions,
    ComicOutcome,
    FailedPage,
)
from dam.services.comic_sources import ComicSource, FolderSource, find_comics
from dam.services.file_operations import FileOperationsResource
from dam.services.import_service import held_store, own_paths
from dam.services.ingest_service import with_systems
from dam.services.process_service import ProcessObserver
from dam.storage.walk import PassedBy

__all__ = [
    "ComicImportOptions",
    "ComicOutcome",
    "FailedPage",
    "OnComic",
    "add_comics",
    "count_comics",
    "import_comics",
]

_IN_FLIGHT = 2

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
        await import_comics(world, paths, options, on_outcome, on_recorded, on_wait)

    await with_systems(world, work, observer)


async def import_comics(
    world: World,
    paths: Iterable[str],
    options: ComicImportOptions,
    on_outcome: OnComic,
    on_recorded: Callable[[], None] | None = None,
    on_wait: Callable[[], None] | None = None,
) -> None:
    """Import the comics at `paths`; call `on_outcome` for each, in order, once it is settled.

    An archive becomes an asset as any file does, and a variant by being read; its pages become
    assets whose bytes are in it. All rows of one comic are one transaction. What is a variant
    already stays as it is, with all that was changed of it since.

    `on_recorded` is called whenever new entities may be there to be worked on, `on_wait` when
    nothing can be stored before another process ends its collection of garbage.

    Raises:
        EntityNotFoundError, NoComicConceptError: Of the concept that the options name.
        EnvironmentFaultError: The store or the database cannot be used; nothing more is tried.
    """
    if options.concept_entity_id is not None:
        await world.read(describe_comic_concepts, [options.concept_entity_id])
    importer = ComicImporter(world, options, on_recorded or (lambda: None), on_wait)
    files = world.resources.get(FileOperationsResource)
    async with AsyncExitStack() as stack:
        if options.is_extracted and not options.is_dry_run:
            await stack.enter_async_context(held_store(world, files, on_wait))
        own = own_paths(world)
        found = find_comics(paths, is_recursive=options.is_recursive, own=own)
        await _import_all(importer, found, on_outcome)


def count_comics(paths: Iterable[str], *, is_recursive: bool) -> int:
    """Return how many comics an import would tell of; it blocks, and opens nothing."""
    return sum(1 for _ in find_comics(paths, is_recursive=is_recursive))


async def _import_all(importer: ComicImporter, found: Iterator[ComicSource], tell: OnComic) -> None:
    """Import comics, each while the one before is still on its way."""
    in_flight: deque[asyncio.Task[ComicOutcome]] = deque()
    last: asyncio.Task[ComicOutcome] | None = None
    try:
        while source := await asyncio.to_thread(next, found, None):
            last = asyncio.create_task(_import(importer, source, last))
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
    importer: ComicImporter, source: ComicSource, previous: asyncio.Task[ComicOutcome] | None
) -> ComicOutcome:
    async def turn() -> None:
        if previous is not None:
            await asyncio.wait([previous])

    if isinstance(source, PassedBy):
        return ComicOutcome(
            path=source.path,
            status="failed" if source.is_failure else "skipped",
            error="FileAccessError" if source.is_failure else None,
            message=source.reason,
        )
    try:
        if isinstance(source, FolderSource):
            return await importer.import_folder(source, turn)
        return await importer.import_archive(source.path, turn)
    except DamError as error:
        # What is not installed is wanted by some comics and not by others.
        if isinstance(error, EnvironmentFaultError) and error.requirement is None:
            raise
        return ComicOutcome(
            path=source.path,
            status="failed",
            error=type(error).__name__,
            message=f"{error.message} ({error.hint})" if error.hint else error.message,
        )
