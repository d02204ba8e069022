"""`FileOperationsResource`: all file work of a world, done on its worker pool."""

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, TypeVar

from dam.core.database.portions import portions
from dam.errors import (
    EnvironmentFaultError,
)
from dam.media.image.kind import IMAGE
from dam.media.kind import MediaKind
from dam.media.limits import MediaLimits
from dam.services.content_service import LARGE_BYTES
from dam.storage.caches.thumbnail_cache import ThumbnailCache
from dam.storage.content_store import ContentStore, ImportMode, StoredFile
from dam.storage.contents.archive_copies import ArchiveCopies
from dam.storage.contents.checking import CheckedPlace, ExpectedContent
from dam.storage.contents.located import LocatedContent, largest_bytes, own_bytes
from dam.storage.contents.vouched_states import VouchedStates
from dam.storage.sources.found_file import FoundFile
from dam.storage.sources.held_folders import HeldFolders
from dam.tasks import archives, sources
from dam.tasks import files as file_tasks
from dam.tasks.archives import ArchiveContents
from dam.tasks.files import (
    AnalysedPicture,
    DescribeFile,
    FileDescription,
    FileTasks,
    OnFile,
    UnpackingJob,
)
from dam.tasks.sources import RemovalEnd, SourceRemoval
from dam.tasks.workers import ARCHIVE_TIMEOUT_S, SLOWEST_DISK_BYTES_PER_S, FileWorkers
from dam.workers.pool import WorkerPool

log = logging.getLogger(__name__)

T = TypeVar("T")
Item = TypeVar("Item")

_LIMITS = MediaLimits()
_PUT_GROUP, _PUT_THREADS = 32, 4
_CHECK_TIMEOUT_S = 60.0


class FileOperationsResource:
    """Hashes, stores, describes and analyses files outside the event loop.

    Invariant: answers have the order of the questions, and a file that fails affects only its own
    answer. `held_folders` are opened only by a task that has the lock `judging`, and stay open only
    after the store was found to be there, or not to be needed yet.
    """

    def __init__(
        self,
        store: ContentStore,
        pool: WorkerPool,
        extra_digests: Iterable[str] = (),
        kinds: Sequence[MediaKind[Any]] = (IMAGE,),
        limits: MediaLimits = _LIMITS,
        unpackers: WorkerPool | None = None,
    ) -> None:
        # Workers need neither, and a plugin may give functions that cannot be pickled.
        sendable = tuple(replace(kind, requirements={}, decoders=None) for kind in kinds)
        self.store = store
        self.limits = limits
        self.held_folders = HeldFolders(store.local_roots())
        self.judging = asyncio.Lock()
        self._pool = pool
        # Storing mostly waits for the disk: syncs of several threads share a commit of its journal.
        self._disk = WorkerPool(_PUT_THREADS, kind="thread")
        self._tasks = FileTasks(store, tuple(sorted(extra_digests)), sendable, limits)
        self._preloads = tuple(module for kind in kinds for module in kind.preloads)
        self._copies = ArchiveCopies()
        self._workers = FileWorkers(
            self._tasks,
            pool,
            unpackers or pool,
            self._copies,
            self.held_folders,
            LARGE_BYTES,
        )
        self._vouched = VouchedStates()
        self._prepared = 0
        self._has_warned = False
        self.undecodable = Counter[str]()  # sound pictures, by the message; told once a run

    def prepare(self, count: int) -> None:
        """Start workers ahead of time, for `count` files that will be described soon."""
        while self._prepared < min(count, self._pool.workers):
            self._prepared += 1
            self._pool.submit(file_tasks.preload, self._preloads)

    async def clear_left_copies(self) -> None:
        """Remove unpacked archives left behind by ended processes; only the first call does so."""
        await asyncio.to_thread(self._copies.clear_left)

    async def put(
        self,
        paths: Sequence[Path],
        mode: ImportMode,
        *,
        is_rehash: bool = False,
        found: Mapping[Path, FoundFile] = MappingProxyType({}),
    ) -> list[StoredFile | Exception]:
        """Hash and store files; return one outcome for each path, in order.

        Example: `await files.put([Path("cat.jpg")], "copy", is_rehash=True)`.

        Args:
            paths: The files.
            mode: "copy", "hardlink" and "move" put the bytes into the store, "reference" only
                hashes them. A "move" does not remove the source; `unlink_moved` does.
            is_rehash: Read bytes that the store has already once more, and mend damaged ones.
            found: The files as the walk found them, as in `ContentStore.put_many`.

        Raises:
            EnvironmentFaultError: The store as a whole cannot be used.
        """
        groups = list(portions(paths, _group_size(len(paths))))
        stopping = threading.Event()
        put = partial(
            self.store.put_many,
            mode=mode,
            extra_digests=self._tasks.extra_digests,
            is_stopped=stopping.is_set,
            is_rehash=is_rehash,
            found=found,
        )
        try:
            answers = await self._disk.map_items(put, groups)
        finally:
            stopping.set()  # threads cannot be killed; their results are not needed any more
        for answer in answers:
            if isinstance(answer, EnvironmentFaultError):
                raise answer
        outcomes = _outcome_of_each(groups, answers)
        self._vouched.take_stored(outcomes)
        return outcomes

    async def unlink_moved(self, removals: Sequence[SourceRemoval]) -> list[RemovalEnd]:
        """Remove the sources of moved files; return how each removal ended.

        Raises:
            StoreUnusableError: The store as a whole cannot be used; the sources stay.
        """
        stopping = threading.Event()
        try:
            return await asyncio.to_thread(
                sources.unlink_moved, self.store, removals, stopping.is_set
            )
        finally:
            stopping.set()  # as in `put`: a thread that hashes a large file would delay the caller

    async def each(
        self, fn: Callable[[BinaryIO], T], contents: Sequence[LocatedContent]
    ) -> list[T | Exception]:
        """Call a function with the open file of each content, in the workers.

        Return the value or the exception for each content, in order. The bytes are those of the
        content's digest. The function leaves the file open, and opens no other.

        Args:
            fn: A function at the top of a module, or a `partial` of one. Its return annotation says
                how the worker's answer is decoded: plain values, or dataclasses of them.
            contents: The contents, as from `content_service.locate_marked`.

        Raises:
            EnvironmentFaultError: The store as a whole cannot be used.
            TypeError: The return annotation cannot be decoded.

        Example: `durations = await files.each(read_duration, list(contents.values()))`.
        """
        return await self._each_hashed(
            OnFile(self._tasks, fn), await self._with_known_files(contents)
        )

    async def describe(
        self, contents: Sequence[LocatedContent]
    ) -> list[FileDescription[Any] | Exception]:
        """Return the media type of each content and its kind's facts, or the error."""
        answers = await self._each_hashed(
            DescribeFile(self._tasks), await self._with_known_files(contents)
        )
        for content, answer in zip(contents, answers, strict=True):
            if not isinstance(answer, FileDescription) or answer.facts is None:
                self._vouched.drop(content.digest)
            elif answer.state not in content.recorded:  # else this run has not hashed it
                self._vouched.take(content.digest, answer.state)
        return answers

    async def recognise(self, contents: Sequence[LocatedContent]) -> list[str | Exception]:
        """Return the media type of each content alone, or the error; nothing is described."""
        fn = partial(file_tasks.recognised_type, self._tasks.kinds)
        return await self.each(fn, contents)

    async def analyse(
        self,
        pictures: Sequence[tuple[LocatedContent, str | None]],
        thumbnails: ThumbnailCache,
        *,
        needs_thumbnails: bool = False,
    ) -> list[AnalysedPicture | Exception]:
        """Return the perceptual hashes of each picture, or the error; keep its thumbnail.

        Example: `await files.analyse(contents, await cache.thumbnails(), needs_thumbnails=True)`.

        Args:
            pictures: The content of each, and its media type; None if that is not known yet.
            thumbnails: The cache that keeps the thumbnails.
            needs_thumbnails: The caller checks `cache_fault` of each answer. Otherwise an unusable
                cache is logged once as a warning; missing thumbnails are made on demand.
        """
        contents = [content for content, _ in pictures]
        known = await self._with_known_files(contents)
        items = [(content, kind) for content, (_, kind) in zip(known, pictures, strict=True)]
        sizes = await self._sizes_to_hash(known)
        keep = partial(file_tasks.keep_thumbnail, thumbnails)
        answers = await self._workers.decode(self._tasks.analyse, items, sizes, keep)
        for content in contents:
            self._vouched.drop(content.digest)
        kept = [answer for answer in answers if not isinstance(answer, Exception)]
        fault = next((one.cache_fault for one in kept if one.cache_fault), None)
        if fault and not (needs_thumbnails or self._has_warned):
            self._has_warned = True
            log.warning("thumbnails are not kept", extra={"reason": fault.message})
        return answers

    async def look_into(self, files: Sequence[FoundFile]) -> list[Exception | None]:
        """Return for each file the reason why it is not a comic, or None if it may be one."""
        limit_s = ARCHIVE_TIMEOUT_S
        return await self._workers.unpack(archives.look_into, files, limit_s)

    async def read_archive(self, content: LocatedContent) -> ArchiveContents | Exception:
        """Return an archive's contents, every page read and hashed, or the error that occurred."""
        copy = self._copies.new_path()
        limit_s = await self._archive_timeout_s(content)
        read = partial(self._tasks.read_and_copy_archive, copy)
        vouched = self._vouched.with_states(content)
        (answer,) = await self._workers.unpack(read, [vouched], limit_s, lambda _: [copy])
        if isinstance(answer, Exception):
            return answer
        self._copies.keep(content.digest, copy, is_copied=answer.is_copied)
        return answer.reading

    async def store_members(
        self, content: LocatedContent, raw_names: Sequence[bytes]
    ) -> list[StoredFile | Exception]:
        """Store members of an archive, as durably as files; return one outcome for each name.

        The caller must hold the store with `ContentStore.importing`.
        """
        limit_s = await self._archive_timeout_s(content)
        members = [(raw_name, self._copies.new_path()) for raw_name in raw_names]
        groups = list(portions(members, _PUT_GROUP))
        jobs: list[UnpackingJob] = [(content, group) for group in groups]
        unpack = self._tasks.unpack_members
        try:
            answers = await self._workers.unpack(unpack, jobs, limit_s, file_tasks.paths_of_members)
            faults = _outcome_of_each(groups, answers)
            unpacked = [path for _, path in members]
            wanted = [path for path, fault in zip(unpacked, faults, strict=True) if fault is None]
            # The caller will no longer rely on the archive for these bytes. So bytes that the store
            # has already are hashed again.
            stored = iter(await self.put(wanted, "copy", is_rehash=True))
            return [fault or next(stored) for fault in faults]
        finally:
            await asyncio.to_thread(_remove, [path for _, path in members])

    async def check(
        self, places: Sequence[ExpectedContent], *, is_fast: bool
    ) -> list[CheckedPlace | Exception]:
        """Return the state of the bytes at each place, or the error that prevented checking it.

        With `is_fast`, only sizes and times are checked; see `check_place`.

        Raises:
            EnvironmentFaultError: The store as a whole cannot be used.
        """
        largest_bytes = max((place.size_bytes or 0 for place in places), default=0)
        limit_s = _CHECK_TIMEOUT_S + largest_bytes / SLOWEST_DISK_BYTES_PER_S
        if any(place.member for place in places):
            limit_s += ARCHIVE_TIMEOUT_S
        return await self._workers.unpack(partial(self._tasks.check, is_fast), places, limit_s)

    async def _with_known_files(self, contents: Sequence[LocatedContent]) -> list[LocatedContent]:
        """Return the contents with what this process knows about their files.

        That is the state in which each file was hashed, and an unpacked copy for archives that are
        best unpacked once for all their members.
        """
        containers = self._copies.unknown(contents)
        if containers:
            jobs = [(container, self._copies.new_path()) for container in containers]
            limit_s = max([await self._archive_timeout_s(content) for content in containers])
            copy = self._tasks.copy_archive
            answers = await self._workers.unpack(copy, jobs, limit_s, lambda job: [job[1]])
            for (container, path), answer in zip(jobs, answers, strict=True):
                self._copies.keep(container.digest, path, is_copied=answer is True)
        states, copies = self._vouched, self._copies
        return [states.with_states(copies.with_copies(content)) for content in contents]

    async def _archive_timeout_s(self, content: LocatedContent) -> float:
        """Return the time limit of work on an archive: a fixed time plus some for its size."""
        size_bytes = await asyncio.to_thread(largest_bytes, self.store, content)
        return ARCHIVE_TIMEOUT_S + size_bytes / SLOWEST_DISK_BYTES_PER_S

    async def _each_hashed(
        self, fn: Callable[[LocatedContent], T], contents: Sequence[LocatedContent]
    ) -> list[T | Exception]:
        return await self._workers.decode(fn, contents, await self._sizes_to_hash(contents))

    async def _sizes_to_hash(self, contents: Sequence[LocatedContent]) -> list[int]:
        return await asyncio.to_thread(_sizes_to_hash, self.store, contents)

    async def close(self) -> None:
        """Stop the workers."""
        await asyncio.to_thread(self._workers.terminate)
        await asyncio.to_thread(self._disk.terminate)
        self._tasks.archives.close()
        self.held_folders.close()
        self._copies.close()


def _group_size(count: int) -> int:
    """Return how many files a group should have, so that every thread gets some."""
    return max(1, min(_PUT_GROUP, count // _PUT_THREADS))


def _outcome_of_each(
    groups: Sequence[Sequence[object]], answers: Sequence[Sequence[Item | Exception] | Exception]
) -> list[Item | Exception]:
    """Return the outcome of each item; if a group failed as a whole, each of its items did."""
    outcomes: list[Item | Exception] = []
    for group, answer in zip(groups, answers, strict=True):
        outcomes += [answer] * len(group) if isinstance(answer, Exception) else answer
    return outcomes


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _sizes_to_hash(store: ContentStore, contents: Sequence[LocatedContent]) -> list[int]:
    """Return how many bytes of each content must be hashed; 0 if its hash was verified before."""
    return [0 if content.vouched else own_bytes(store, content) for content in contents]
