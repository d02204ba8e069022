"""Imports files: finds them, hashes and stores their bytes, and records them in batches."""

import asyncio
import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.values import refuse_text
from dam.core.new_entities import NewEntityMarkers
from dam.core.world import World
from dam.errors import ItemError
from dam.services.content_service import (
    HashedFile,
    KnownFile,
    RecordedFile,
    foresee_files,
    known_files,
    record_files,
    touch_sources,
)
from dam.services.file_operations import FileOperationsResource
from dam.services.import_service.outcome import (
    FileOutcome,
    ImportReport,
    failed_file,
    moved_before,
    recorded_file,
    skipped_path,
    still_there,
)
from dam.services.place_service import drop_moved_places
from dam.services.source_removal_service import (
    BegunImport,
    begin_import,
    end_removals,
    note_removals,
    this_machine,
)
from dam.services.store_service import held_store, own_paths, require_opened_files
from dam.services.world_service import WorldCache
from dam.storage.caches.thumbnail_cache import ThumbnailCache
from dam.storage.content_store import ImportMode
from dam.storage.paths import path_digest
from dam.storage.sources.found_file import FoundFile
from dam.storage.sources.selection import USUAL_SELECTION, FileSelection
from dam.storage.sources.walk import SkippedPath, Walk
from dam.tasks.sources import SourceRemoval, new_removal

T = TypeVar("T")

_LOOK_UP = 4000
_BATCH_FILES, _BATCH_BYTES = 512, 64 << 20
_FIRST_BATCH = 1 / 16  # of these limits, doubled with every batch, so that systems get work early
_IN_FLIGHT = 2
_RACY_S = 2.0


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """Options of an import.

    Args:
        mode: "copy", "hardlink" or "move" the bytes into the store, or "reference" the files where
            they are.
        is_recursive: Search folders, too.
        is_rehash: Read files again even if their size and time are unchanged.
        is_dry_run: Read files and look them up, but write nothing.
        selection: Which files in folders are taken.
    """

    mode: ImportMode = "copy"
    is_recursive: bool = False
    is_rehash: bool = False
    is_dry_run: bool = False
    selection: FileSelection = USUAL_SELECTION


OnOutcome = Callable[[FileOutcome], None]
"""Called with the outcome of each file, as soon as it is known."""

OnMoved = Callable[[SourceRemoval], None]


async def import_files(
    world: World,
    paths: Iterable[str | FoundFile],
    options: ImportOptions,
    on_outcome: OnOutcome | None = None,
    on_recorded: Callable[[], None] | None = None,
    on_wait: Callable[[], None] | None = None,
    on_moved: OnMoved | None = None,
) -> ImportReport:
    """Import files: store their bytes and write their rows; return how many had which outcome.

    Batches are committed one by one. An outcome is reported after its batch is committed, so a
    reported file is safe even if the import fails later.

    A move notes each source in the commit that records it, and removes it after that. Sources left
    by earlier moves are removed first; if one of `paths` is such a source, its outcome is "known".
    A source that cannot be removed is reported with the error.

    Example: `await import_files(world, ["cat.jpg"], ImportOptions(mode="move"), print)`.

    Args:
        world: The world that gets the files.
        paths: Files and folders. A `FoundFile` of an earlier walk fails if the file has changed.
        options: How to import them.
        on_outcome: Called with the outcome of each file as soon as it is known.
        on_recorded: Called whenever there may be new entities for systems to process.
        on_wait: Called if the import must wait for another process to finish `gc`.
        on_moved: Given if the caller needs the sources longer, for rows of its own. The import then
            leaves all sources in place. The caller gets each `SourceRemoval`; it must note them in
            its last commit and remove the sources after that.

    Raises:
        EnvironmentFaultError: The store or the database cannot be used; the import stops.
    """
    refuse_text(paths=paths)
    begun = BegunImport(paths=paths)
    if on_moved is None and not options.is_dry_run:
        begun = await begin_import(world, paths, options.mode)
    left = dict(begun.left)
    files = world.resources.get(FileOperationsResource)
    report = ImportReport()

    def tell(outcome: FileOutcome) -> None:
        report.count(outcome)
        left.pop(outcome.path, None)
        if on_outcome:
            on_outcome(outcome)
        if on_recorded and outcome.status == "added":
            on_recorded()

    for path, removal in begun.moved.items():
        tell(moved_before(path, removal))
    is_processed = on_recorded is not None
    running = _Import(world, files, options, tell, on_moved, is_processed=is_processed)
    if options.is_dry_run or options.mode == "reference":  # both need no store
        report.left_out = await running.run(begun.paths)
    else:
        await files.clear_left_copies()
        async with held_store(world, on_wait):
            report.left_out = await running.run(begun.paths)
    for removal, error in list(left.values()):
        tell(still_there(moved_before(str(removal.path), removal), error))
    return report


def count_files(
    world: World, paths: Iterable[str], options: ImportOptions, is_stopped: Callable[[], bool]
) -> int:
    """Return how many outcomes an import of these paths would report. It blocks.

    No file is opened.

    Example: `count_files(world, ["/pictures"], ImportOptions(), threading.Event().is_set)`.

    Args:
        world: The world that would get the files; its own files are not counted.
        paths: Files and folders.
        options: Only `is_recursive` and `selection` matter.
        is_stopped: Asked before each file.

    Raises:
        ImportStoppedError: `is_stopped` returned True.
    """
    walk = Walk(
        is_recursive=options.is_recursive,
        selection=options.selection,
        own=own_paths(world),
        is_stopped=is_stopped,
    )
    return sum(1 for _ in walk.walk(paths))


class _Import:
    """One run of an import: passes batches of files through look-up, workers and commit."""

    def __init__(
        self,
        world: World,
        files: FileOperationsResource,
        options: ImportOptions,
        tell: OnOutcome,
        on_moved: OnMoved | None,
        *,
        is_processed: bool,
    ) -> None:
        self._world = world
        self._files = files
        self._options = options
        self._tell = tell
        self._on_moved = on_moved
        self._is_processed = is_processed
        self._foreseen: set[bytes] = set()
        self._share = _FIRST_BATCH
        self._mode: ImportMode = "reference" if options.is_dry_run else options.mode

    async def run(self, paths: Iterable[str | FoundFile]) -> Counter[str]:
        """Import all files at these paths, two batches at a time; return what was left out."""
        stopping = threading.Event()
        walk = Walk(
            is_recursive=self._options.is_recursive,
            selection=self._options.selection,
            own=own_paths(self._world),
            is_stopped=stopping.is_set,
        )
        found = walk.walk(paths)
        in_flight: deque[asyncio.Task[list[HashedFile | FileOutcome]]] = deque()
        ahead = _next_items(found, _LOOK_UP)
        try:
            while batch := await ahead:
                ahead = _next_items(found, _LOOK_UP)
                for unread in self._batches(await self._look_up(batch)):
                    in_flight.append(asyncio.create_task(self._read(unread)))
                    if len(in_flight) >= _IN_FLIGHT:
                        await self._settle(await in_flight.popleft())
            while in_flight:
                await self._settle(await in_flight.popleft())
            return walk.left_out
        finally:
            stopping.set()  # the thread that walks the folders cannot be cancelled
            for task in (ahead, *in_flight):
                task.cancel()
            await asyncio.gather(ahead, *in_flight, return_exceptions=True)

    async def _look_up(self, batch: Sequence[FoundFile | SkippedPath]) -> list[FoundFile]:
        """Report files that need not be read (skipped, unchanged); return those that must be."""
        candidates: dict[bytes, FoundFile] = {}
        for item in batch:
            if isinstance(item, SkippedPath):
                self._tell(skipped_path(item))
            else:
                candidates[path_digest(os.fsencode(item.path))] = item
        # A move reads every file: a source that an earlier move left behind must go, too.
        if self._options.is_rehash or self._options.mode == "move" or not candidates:
            return list(candidates.values())
        known = await self._world.read(
            known_files, list(candidates), is_reference=self._options.mode == "reference"
        )
        unchanged = {
            digest: known[digest]
            for digest, file in candidates.items()
            if digest in known and _is_unchanged(file, known[digest])
        }
        if unchanged and not self._options.is_dry_run:
            now = self._world.context.now()
            source_ids = [file.source_id for file in unchanged.values()]
            await self._world.run(touch_sources, source_ids, now=now)
            await drop_moved_places(self._world, {file.entity_id for file in unchanged.values()})
        for digest, asset in unchanged.items():
            self._tell(
                FileOutcome(
                    path=candidates[digest].path,
                    status="unchanged",
                    entity_id=asset.entity_id,
                    sha256=asset.sha256,
                    size_bytes=asset.size_bytes,
                )
            )
        return [file for digest, file in candidates.items() if digest not in unchanged]

    def _batches(self, files: Sequence[FoundFile]) -> Iterator[list[FoundFile]]:
        """Divide files into batches of one transaction each, limited in number and in bytes."""
        batch: list[FoundFile] = []
        size_bytes = 0
        for file in files:
            batch.append(file)
            size_bytes += file.size_bytes
            if len(batch) >= self._share * _BATCH_FILES or size_bytes >= self._share * _BATCH_BYTES:
                yield batch
                batch, size_bytes = [], 0
                self._share = min(1, 2 * self._share)
        if batch:
            yield batch

    async def _read(self, files: Sequence[FoundFile]) -> list[HashedFile | FileOutcome]:
        found = {Path(file.path): file for file in files}
        paths = list(found)
        if self._is_processed:
            self._files.prepare(len(paths))  # while the disk is busy with the first files
        read_at = self._world.context.now()
        await require_opened_files(self._world)
        outcomes = await self._files.put(
            paths, self._mode, is_rehash=self._options.is_rehash, found=found
        )
        return [
            failed_file(str(path), outcome)
            if isinstance(outcome, Exception)
            else HashedFile(path, read_at, outcome)
            for path, outcome in zip(paths, outcomes, strict=True)
        ]

    async def _settle(self, read: Sequence[HashedFile | FileOutcome]) -> None:
        """Record files that were read, and report their outcomes."""
        files = [item for item in read if isinstance(item, HashedFile)]
        answers, removals = await self._record(files)
        if not self._options.is_dry_run:
            known = [one.entity_id for one in answers if one.status != "added"]
            await drop_moved_places(self._world, {one for one in known if one is not None})
        recorded = iter(answers)
        outcomes = [
            item if isinstance(item, FileOutcome) else recorded_file(item, next(recorded))
            for item in read
        ]
        if self._on_moved is None:
            outcomes = await self._end_moves(removals, outcomes)
        else:
            for removal in removals:
                self._on_moved(removal)
        for outcome in outcomes:
            self._tell(outcome)

    async def _record(
        self, files: Sequence[HashedFile]
    ) -> tuple[Sequence[RecordedFile], Sequence[SourceRemoval]]:
        """Write the rows of files; return the asset of each, and the sources to be removed."""
        world = self._world
        if self._options.is_dry_run:
            return await world.read(foresee_files, files, self._foreseen), []
        markers = world.resources.get(NewEntityMarkers)
        thumbnails = await world.resources.get(WorldCache).thumbnails()
        machine = await this_machine() if self._mode == "move" else None

        async def record(session: AsyncSession) -> tuple[list[RecordedFile], list[SourceRemoval]]:
            now = world.context.now()
            recorded = await record_files(session, files, markers, now=now)
            pairs = list(zip(files, recorded, strict=True))
            removals = [
                new_removal(machine, answer.entity_id, file.path, file.stored)
                for file, answer in pairs
                if machine is not None and answer.entity_id is not None
            ]
            if self._on_moved is None:
                await note_removals(session, removals, now=now)
            mended = [file.stored.sha256 for file, answer in pairs if answer.is_mended]
            await asyncio.to_thread(_forget_thumbnails, thumbnails, mended)
            return recorded, removals

        await require_opened_files(world)
        return await (world.run if machine is None else world.run_durably)(record)

    async def _end_moves(
        self, removals: Sequence[SourceRemoval], outcomes: Sequence[FileOutcome]
    ) -> list[FileOutcome]:
        ended = await end_removals(self._world, removals)
        left = {str(one.path): end for one, end in ended if isinstance(end, ItemError)}
        return [
            still_there(outcome, left[outcome.path]) if outcome.path in left else outcome
            for outcome in outcomes
        ]


def _forget_thumbnails(thumbnails: ThumbnailCache, digests: Sequence[bytes]) -> None:
    """Delete thumbnails that may show wrong bytes; they are made again on demand."""
    for digest in digests:
        with suppress(OSError):  # an unusable cache shows no thumbnail either
            thumbnails.remove(digest)


def _next_items(items: Iterator[T], count: int) -> asyncio.Task[list[T]]:
    """Start taking up to `count` items in a thread. Only one such task may run at a time."""
    return asyncio.create_task(asyncio.to_thread(lambda: list(islice(items, count))))


def _is_unchanged(file: FoundFile, known: KnownFile) -> bool:
    return (
        known.size_bytes == file.size_bytes
        and known.mtime_ns == file.mtime_ns
        and known.mtime_ns / 1e9 < known.read_at.timestamp() - _RACY_S
    )
