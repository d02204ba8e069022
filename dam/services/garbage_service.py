"""Removes stored bytes that nothing refers to, and thumbnails of assets that were removed."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.world import World
from dam.errors import CacheUnusableError, StoreAheadError, StoreUnmarkedError
from dam.models import IN_STORE, ContentHashSHA256Component, FileLocationComponent
from dam.services.file_operations import FileOperationsResource
from dam.services.store_service import require_store
from dam.services.world_service import WorldCache, store_owner, world_uuid
from dam.storage.caches.thumbnail_cache import ThumbnailCache
from dam.storage.content_store import StoreOwner
from dam.storage.contents.archive_copies import remove_left_copies

T = TypeVar("T")

GRACE_S = 24 * 3600.0
"""Bytes stored within this time stay: an import may be about to refer to them."""

_DIGESTS_AT_ONCE = 1_000


@dataclass(frozen=True, kw_only=True)
class CollectedGarbage:
    """How much `collect_garbage` removed, or would remove in a dry run.

    Attributes:
        removed: Number of contents removed from the store.
        freed_bytes: Size of these contents and of the drafts.
        thumbnails: Number of thumbnails.
        archive_copies: Number of folders with unpacked archives, left by ended processes.
        drafts: Number of incomplete files, left in the store by stopped imports.
        kept: Number of contents that nothing refers to, but that are too new to be removed.
        kept_bytes: Size of these contents.
        kept_until: When the last of them may be removed; None if there is none.
    """

    removed: int
    freed_bytes: int
    thumbnails: int
    archive_copies: int
    drafts: int
    kept: int = 0
    kept_bytes: int = 0
    kept_until: datetime | None = None


async def collect_garbage(
    world: World, *, is_forced: bool = False, is_dry_run: bool = False
) -> CollectedGarbage:
    """Remove stored bytes and thumbnails that nothing in this world's database refers to.

    A database restored from a backup does not know files added after the backup. Nothing is removed
    if the world's mark in the store shows that the store is ahead of the database.

    Example: `await collect_garbage(world, is_dry_run=True)`.

    Args:
        world: The world whose store and cache are cleaned.
        is_forced: Collect even if the store also has files of other worlds, or of another or newer
            database of this world. Their files are removed, and the store belongs to this database
            from then on.
        is_dry_run: Count, and remove nothing.

    Raises:
        StoreInUseError: An import holds the store.
        StoreSharedError: Other worlds, or another database of this world, keep files in the store.
        StoreAheadError: The database is older than the store: a restored backup, for example.
        StoreUnmarkedError: The store had files but no mark when its mark of this world was written.
        StoreNotThereError: The store has none of the content that the database knows.
        StoreUnusableError, CacheUnusableError: A folder cannot be read or written.
        DatabaseReadOnlyError: The database can only be read.
    """
    await require_store(world, is_dry_run=is_dry_run)
    if not is_dry_run:
        await world.database.require_writable()  # what cannot be locked may be older than the store
    store = world.resources.get(FileOperationsResource).store
    cache = world.resources.get(WorldCache)
    thumbnails = await cache.thumbnails()
    owner = await (store_owner(world) if is_forced else _sole_owner(world))
    now_s = world.context.now().timestamp()

    def collect(ask: Callable[[Coroutine[Any, Any, set[bytes]]], set[bytes]]) -> CollectedGarbage:
        collected = store.collect(
            lambda digests: ask(world.read(_stored, digests)),
            owner=owner,
            older_than_s=GRACE_S,
            now_s=now_s,
            is_forced=is_forced,
            is_dry_run=is_dry_run,
        )
        until_s = collected.kept_until_s
        removed = 0
        for digests in _pages(thumbnails):
            for digest in set(digests) - ask(world.read(_known, digests)):
                removed += 1
                if not is_dry_run:
                    thumbnails.remove(digest)
        return CollectedGarbage(
            removed=collected.removed,
            freed_bytes=collected.freed_bytes,
            thumbnails=removed,
            archive_copies=remove_left_copies(is_dry_run=is_dry_run),
            drafts=collected.drafts,
            kept=collected.kept,
            kept_bytes=collected.kept_bytes,
            kept_until=None if until_s is None else datetime.fromtimestamp(until_s, UTC),
        )

    try:
        return await in_thread(collect)
    except OSError as error:
        raise CacheUnusableError(await cache.folder(), error) from error


async def _sole_owner(world: World) -> StoreOwner:
    """Return the world as the store's owner; raise if the mark is missing or the store is ahead."""
    files = world.resources.get(FileOperationsResource)
    (root,) = files.store.local_roots()
    mark = await asyncio.to_thread(files.store.mark_of, await world.read(world_uuid))
    # Read after the mark: an import writes the database first.
    owner = await store_owner(world)
    if mark is None and await asyncio.to_thread(any, files.store.entries()):
        raise StoreUnmarkedError(root)
    if mark is not None and mark.may_lack_others:
        raise StoreUnmarkedError(root)
    # Where the store is another database's, collecting says so.
    if mark is not None and mark.database == owner.database and not mark.is_known_to(owner):
        raise StoreAheadError(root, owner.database)
    return owner


async def in_thread(fn: Callable[[Callable[[Coroutine[Any, Any, Any]], Any]], T]) -> T:
    """Run `fn(ask)` in a thread; `ask(coroutine)` runs it in this loop and returns its result.

    On cancellation, the thread's next `ask` raises `CancelledError`, and this function waits until
    the thread has ended. Otherwise the thread could wait for ever for a loop that is closed.
    """
    loop = asyncio.get_running_loop()
    is_cancelled = threading.Event()

    def ask(question: Coroutine[Any, Any, Any]) -> object:
        if is_cancelled.is_set():
            question.close()
            raise asyncio.CancelledError
        return asyncio.run_coroutine_threadsafe(question, loop).result()

    working = asyncio.create_task(asyncio.to_thread(fn, ask))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        is_cancelled.set()
        await asyncio.gather(working, return_exceptions=True)
        raise


def _pages(thumbnails: ThumbnailCache) -> Iterator[Sequence[bytes]]:
    digests = thumbnails.digests()
    while page := list(islice(digests, _DIGESTS_AT_ONCE)):
        yield page


async def _stored(session: AsyncSession, digests: Sequence[bytes]) -> set[bytes]:
    """Return the digests that are recorded as stored."""
    digest, place = ContentHashSHA256Component, FileLocationComponent
    is_stored = exists().where(place.entity_id == digest.entity_id, place.storage == IN_STORE)
    wanted = select(digest.digest).where(digest.digest.in_(digests), is_stored)
    return set(await session.scalars(wanted))


async def _known(session: AsyncSession, digests: Sequence[bytes]) -> set[bytes]:
    """Return the digests that belong to an asset."""
    digest = ContentHashSHA256Component.digest
    return set(await session.scalars(select(digest).where(digest.in_(digests))))
