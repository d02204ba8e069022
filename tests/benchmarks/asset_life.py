"""The whole life of assets in the database, without files: what `add-asset` writes, and how.

The import's statements, the scheduler and the built-in systems are the real ones; what files would
have said is made up from the asset's number.
"""

import hashlib
import stat
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from dam.core.builder import WorldBuilder
from dam.core.config import WorldConfig
from dam.core.ecs.components import EntityId
from dam.core.new_entities import NewEntityMarkers
from dam.core.resources import ResourceManager
from dam.core.world import World
from dam.media.image.values import ImageDescription, PerceptualHashes
from dam.plugins import builtin
from dam.services.content_service import HashedFile, record_files
from dam.services.file_operations import FileOperationsResource
from dam.services.world_service import hold_to_identity
from dam.storage.addresses import open_store
from dam.storage.caches.thumbnail_cache import ThumbnailCache
from dam.storage.content_store import StoredFile
from dam.storage.contents.located import LocatedContent
from dam.storage.sources.reading import FileStat
from dam.tasks.files import AnalysedPicture, FileDescription
from dam.workers.pool import WorkerPool
from tests.databases import world_config

T = TypeVar("T")

IMPORT_BATCH = 512
"""Files that `import_service` records in one transaction."""

STAGE_BATCH = 512
"""Entities that the built-in systems claim at once."""

RECIPE = 1
MEDIA_TYPE = "image/jpeg"
READ_AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
DESCRIPTION = ImageDescription(
    format="JPEG",
    width_px=4000,
    height_px=3000,
    orientation=1,
    mode="RGB",
    bit_depth=8,
    has_alpha=False,
    frame_count=1,
    is_animated=False,
)


class MadeUpFiles(FileOperationsResource):
    """Answers at once, without a file: each asset is a photograph whose hashes its digest has."""

    async def describe(
        self, contents: Sequence[LocatedContent]
    ) -> list[FileDescription[ImageDescription] | Exception]:
        """Return the same description for all."""
        return [FileDescription(MEDIA_TYPE, DESCRIPTION) for _ in contents]

    async def analyse(
        self,
        pictures: Sequence[tuple[LocatedContent, str | None]],
        thumbnails: ThumbnailCache,  # noqa: ARG002 - none is made
        *,
        needs_thumbnails: bool = False,  # noqa: ARG002 - the same
    ) -> list[AnalysedPicture | Exception]:
        """Return three hashes that are parts of the digest."""
        return [
            AnalysedPicture(
                recipe_version=RECIPE,
                hashes=PerceptualHashes(*hashes_of(content.digest)),
                has_structure=True,
            )
            for content, _ in pictures
        ]


def hashes_of(digest: bytes) -> tuple[int, int, int]:
    """Return the perceptual hashes (p, a, d) that a made-up picture has."""
    phash, ahash, dhash = (int.from_bytes(digest[i : i + 8], "big") for i in (0, 8, 16))
    return phash, ahash, dhash


def made_up_files(count: int, *, first: int = 0) -> list[HashedFile]:
    """Return files as the import has them once their bytes are stored; each number has its own."""
    folder = Path("/home/somebody/pictures")
    return [
        HashedFile(
            path=folder / f"{number // 1000:04}" / f"IMG_{number:08}.jpg",
            read_at=READ_AT,
            stored=StoredFile(
                sha256=hashlib.sha256(b"%d" % number).digest(),
                extra_digests={},
                size_bytes=3_000_000 + number,
                reading=FileStat(
                    size_bytes=3_000_000 + number,
                    mtime_ns=1_700_000_000_000_000_000 + number,
                    mode=stat.S_IFREG | 0o644,
                    device=1,
                    inode=number,
                ),
                import_mode="copy",
                is_new=True,
            ),
        )
        for number in range(first, first + count)
    ]


def config_for(url: str, folder: Path) -> WorldConfig:
    """Return the settings of a world that keeps its files in a folder."""
    return world_config(
        url, storage_url=str(folder / "store"), cache_path=folder / "cache", worker_kind="thread"
    )


async def open_made_up_world(config: WorldConfig) -> World:
    """Return a world of the built-in parts, whose files are made up."""
    builder = WorldBuilder(config)
    builtin.install(builder)

    def files(_: ResourceManager) -> FileOperationsResource:
        return MadeUpFiles(open_store(config.storage_url), WorkerPool(1, kind="thread"))

    builder.add_resource(FileOperationsResource, files)
    return await builder.build()


async def live(world: World, files: Sequence[HashedFile]) -> list[EntityId]:
    """Record files in batches, let the systems work until nothing is pending; return the assets."""
    markers = world.resources.get(NewEntityMarkers)
    now = READ_AT + timedelta(seconds=1)
    ids: list[EntityId] = []
    for batch in batches(files, IMPORT_BATCH):
        recorded = await world.run(record_files, batch, markers, now=now)
        ids += [asset.entity_id for asset in recorded if asset.entity_id is not None]
    await world.scheduler.run_until_idle()
    return ids


async def with_world(config: WorldConfig, job: Callable[[World], Awaitable[T]]) -> T:
    """Return the answer of a job that is given a world of made-up files."""
    world = await open_made_up_world(config)
    try:
        await hold_to_identity(world)  # as the commands do
        return await job(world)
    finally:
        await world.close()


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut a sequence into parts of `size`, the last one smaller."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
