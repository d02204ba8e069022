"""Hands the work on files to the workers of a world: some decode, others unpack archives.

All are confined in the same way. A call that unpacks may have temporary files, and make those that
it was given the paths of; one that decodes may write nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from dam.errors import ConfinedError, ContentMissingError, DamError, is_of_item
from dam.storage.contents.archive_copies import ArchiveCopies, only_at
from dam.storage.contents.checking import ExpectedContent, paths_to_check
from dam.storage.contents.located import (
    LocatedContent,
    largest_bytes,
    own_bytes,
    paths_of,
)
from dam.storage.sources.found_file import FoundFile
from dam.storage.sources.held_folders import HeldFolders
from dam.tasks.files import FileTasks
from dam.workers.pool import WorkerPool

T = TypeVar("T")
Item = TypeVar("Item")

ARCHIVE_TIMEOUT_S = 600.0
"""How long work on one archive may take, besides reading its bytes."""

SLOWEST_DISK_BYTES_PER_S = 1e6
"""What the slowest disk reads; a worker has the time that this one needs."""

# A large file may need more, a small one of many pixels does not: these are counted.
_DECODING_LIMIT_S = 10.0
_SLOWEST_DECODER_BYTES_PER_S = 250e3


class FileWorkers:
    """The workers that decode, and those that unpack archives.

    What the first cannot unpack is copied to a file by the others, which decode nothing. A file of
    `large_bytes` or more gets more time if it must be hashed.
    """

    def __init__(
        self,
        tasks: FileTasks,
        pool: WorkerPool,
        unpackers: WorkerPool,
        copies: ArchiveCopies,
        held_folders: HeldFolders,
        large_bytes: int,
    ) -> None:
        self._tasks = tasks
        self._pool = pool
        self._unpackers = unpackers
        self._copies = copies
        self._held_folders = held_folders
        self._large_bytes = large_bytes

    def terminate(self) -> None:
        """Cancel what they do, and end them."""
        self._pool.terminate()
        self._unpackers.terminate()

    async def decode(
        self,
        fn: Callable[[Item], T],
        items: Sequence[Item],
        sizes: Sequence[int],
        finish: Callable[[Item, T], T] | None = None,
    ) -> list[T | Exception]:
        """Call a function with each item in the workers that decode.

        Args:
            fn: The function.
            items: Contents, or tuples that begin with one.
            sizes: How many bytes of each must be hashed first; large ones get more time.
            finish: As of `WorkerPool.map_items`.
        """
        limit_s = self._pool.task_timeout_s
        largest_bytes = max(sizes, default=0)
        if limit_s is None or largest_bytes < self._large_bytes:
            return await self._decode(fn, items, limit_s, finish)
        answers: dict[int, T | Exception] = {}
        for is_large in (False, True):
            chosen = [n for n, size in enumerate(sizes) if (size >= self._large_bytes) is is_large]
            more_s = largest_bytes / SLOWEST_DISK_BYTES_PER_S if is_large else 0.0
            some = [items[n] for n in chosen]
            found = await self._decode(fn, some, limit_s + more_s, finish)
            answers |= dict(zip(chosen, found, strict=True))
        return [answers[n] for n in range(len(items))]

    async def _decode(
        self,
        fn: Callable[[Item], T],
        items: Sequence[Item],
        limit_s: float | None,
        finish: Callable[[Item, T], T] | None = None,
    ) -> list[T | Exception]:

        async def call(some: Sequence[Item]) -> list[T | Exception]:
            return await self._pool.map_items(
                fn,
                some,
                timeout_s=limit_s,
                may_read=self._may_read,
                cpu_limit_s=self._cpu_limit_s,
                finish=finish,
            )

        answers = await call(items)
        for number, answer in enumerate(answers):
            if isinstance(answer, ConfinedError):
                async with self._unpacked(items[number]) as item:
                    (answers[number],) = (
                        [item] if isinstance(item, Exception) else await call([item])
                    )
        return self._without_fault_of_all(answers)

    @asynccontextmanager
    async def _unpacked(self, item: Item) -> AsyncIterator[Item | Exception]:
        """Yield the item with a temporary file as the only place of its content, or the error."""
        content, path = _content_of(item), self._copies.new_path()
        try:
            size_bytes = await asyncio.to_thread(largest_bytes, self._tasks.store, content)
            limit_s = ARCHIVE_TIMEOUT_S + size_bytes / SLOWEST_DISK_BYTES_PER_S
            (error,) = await self.unpack(
                self._tasks.copy_content, [(content, path)], limit_s, lambda job: [job[1]]
            )
            yield error or _with_content(item, only_at(path, content))
        finally:
            path.unlink(missing_ok=True)

    async def unpack(
        self,
        fn: Callable[[Item], T],
        items: Sequence[Item],
        limit_s: float | None,
        may_write: Callable[[Item], Collection[Path | str]] = lambda _: (),
    ) -> list[T | Exception]:
        """Call a function with each item in the workers that unpack archives.

        Args:
            fn: The function.
            items: Contents, places to check, files, or tuples that begin with a content.
            limit_s: How long an item may take.
            may_write: Returns the files that it may make, besides temporary ones.
        """
        answers = await self._unpackers.map_items(
            fn, items, timeout_s=limit_s, may_read=self._may_read, may_write=may_write
        )
        return self._without_fault_of_all(answers)

    def _may_read(self, item: object) -> list[str]:
        store = self._tasks.store
        if isinstance(item, FoundFile):
            return [item.path]
        if isinstance(item, ExpectedContent):
            return paths_to_check(store, item)
        return paths_of(store, _content_of(item))

    def _cpu_limit_s(self, item: object) -> float:
        size_bytes = own_bytes(self._tasks.store, _content_of(item))
        return _DECODING_LIMIT_S + size_bytes / _SLOWEST_DECODER_BYTES_PER_S

    def _without_fault_of_all(self, answers: list[T | Exception]) -> list[T | Exception]:
        """Return the answers; raise an error that does not concern one item alone."""
        for answer in answers:
            if isinstance(answer, DamError) and not is_of_item(answer):
                raise answer
        if any(isinstance(answer, ContentMissingError) for answer in answers):
            # Raises if the whole store was swapped; else only these files are missing.
            self._held_folders.require_same()
        return answers


def _content_of(item: object) -> LocatedContent:
    """Return the content of an item: the item itself, or its first part."""
    content = item[0] if isinstance(item, tuple) else item
    assert isinstance(content, LocatedContent)
    return content


def _with_content(item: Item, content: LocatedContent) -> Item:
    changed: Any = (content, *item[1:]) if isinstance(item, tuple) else content
    return cast("Item", changed)
