"""Finds the thumbnails of pictures, and makes the missing ones."""

import asyncio
import errno
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId
from dam.core.systems.params import read_components
from dam.core.world import World
from dam.errors import CacheUnusableError, DamError, ItemError, NoContentError, raise_host_limit
from dam.media.image.entry import describe_image
from dam.media.image.jpeg_seal import has_seal
from dam.media.image.values import BITMAP_RECIPE
from dam.models import FilePropertiesComponent
from dam.services import content_service
from dam.services.file_operations import FileOperationsResource
from dam.services.store_service import tell_missing_store
from dam.services.world_service import WorldCache
from dam.storage.caches.thumbnail_cache import ThumbnailCache
from dam.storage.contents.located import LocatedContent

_PAGE = 100
_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@dataclass(frozen=True, kw_only=True)
class ThumbnailFile:
    """The thumbnail of an asset with its size in pixels, or the error that prevented it."""

    entity_id: EntityId
    path: Path | None = None
    width: int | None = None
    height: int | None = None
    error: str | None = None
    message: str | None = None
    hint: str | None = None


async def find_thumbnails(
    world: World,
    entity_ids: Sequence[EntityId],
    on_outcome: Callable[[ThumbnailFile], None] | None = None,
) -> list[ThumbnailFile]:
    """Return the thumbnail of each asset, in order; missing and damaged ones are made first.

    Example: `await find_thumbnails(world, [12, 15], print)`.

    Args:
        world: The world of the assets.
        entity_ids: The assets.
        on_outcome: Called with each result as soon as it is known.

    Raises:
        MissingExtraError: The extra `image` is not installed.
        CacheUnusableError: The cache's folder cannot be used: its disk is full or read-only, or no
            thumbnail of a page of 100 assets could be found or kept. If only one thumbnail cannot
            be written, only that asset gets an error.
        StoreNotThereError: The store as a whole is missing.
    """
    outcomes: list[ThumbnailFile] = []
    for page in portions(entity_ids, _PAGE):
        for outcome in await _of_page(world, page):
            outcomes.append(outcome)
            if on_outcome:
                on_outcome(outcome)
    return outcomes


async def _of_page(world: World, page: Sequence[EntityId]) -> list[ThumbnailFile]:
    cache = world.resources.get(WorldCache)
    try:
        return await _found_or_made(world, await cache.thumbnails(), page)
    except OSError as error:
        raise CacheUnusableError(await cache.folder(), error) from error


async def _found_or_made(
    world: World, thumbnails: ThumbnailCache, page: Sequence[EntityId]
) -> list[ThumbnailFile]:
    contents = await world.read(content_service.locate, page)
    found = await asyncio.to_thread(_undamaged, thumbnails, contents)
    missing = {key: content for key, content in contents.items() if key not in found}
    files = world.resources.get(FileOperationsResource)
    properties = await world.read(read_components, FilePropertiesComponent, list(missing))
    types = {key: file.media_type for key, file in properties.items()}
    wanted = [(content, types.get(key)) for key, content in missing.items()]
    answers = await files.analyse(wanted, thumbnails, needs_thumbnails=True)
    failures: dict[EntityId, DamError] = {}
    for key, answer in zip(missing, answers, strict=True):
        if isinstance(answer, ItemError):
            await tell_missing_store(world, answer)
            failures[key] = answer
        elif isinstance(answer, Exception):
            raise answer
        elif answer.cache_fault is not None:
            failures[key] = answer.cache_fault
    found |= await asyncio.to_thread(_undamaged, thumbnails, missing)
    faults = [error for error in failures.values() if isinstance(error, CacheUnusableError)]
    for fault in faults:
        if not found or fault.errno in _OF_THE_DISK:
            raise fault
    return [found[key] if key in found else _failed(key, failures.get(key)) for key in page]


def _failed(entity_id: EntityId, error: DamError | None) -> ThumbnailFile:
    error = error or NoContentError(entity_id)  # the entity never existed, or was removed meanwhile
    return ThumbnailFile(
        entity_id=entity_id, error=type(error).__name__, message=error.message, hint=error.hint
    )


def _undamaged(
    thumbnails: ThumbnailCache, contents: Mapping[EntityId, LocatedContent]
) -> dict[EntityId, ThumbnailFile]:
    """Return the existing thumbnails that are complete and belong to these assets.

    Thumbnails are written without a sync, so after a power cut a file may be empty or end in zeros.
    """
    found = {}
    for entity_id, content in contents.items():
        try:
            path = thumbnails.find(content.digest, BITMAP_RECIPE)
            if path is None or not has_seal(path.read_bytes(), content.digest):
                continue
            image = describe_image(path)
        except ItemError:
            continue
        except OSError as error:
            raise_host_limit(error)
            continue
        found[entity_id] = ThumbnailFile(
            entity_id=entity_id, path=path, width=image.width_px, height=image.height_px
        )
    return found
