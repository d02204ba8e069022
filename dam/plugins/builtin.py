"""The built-in parts of every world, in one list."""

from functools import partial
from pathlib import Path

from dam.children import DATA_BYTES, give_to_children
from dam.core.builder import WorldBuilder
from dam.core.database.database import Database
from dam.core.media_kinds import MediaKinds
from dam.core.resources import ResourceManager
from dam.core.systems.signatures import fault
from dam.core.systems.tag_writer import TagWriter
from dam.errors import WorldBuildError
from dam.media.kind import has_picture
from dam.media.limits import MediaLimits
from dam.models import (
    FilePropertiesComponent,
    NeedsContentAnalysisComponent,
    NeedsMetadataExtractionComponent,
)
from dam.sandbox import python_files
from dam.services.file_operations import FileOperationsResource
from dam.services.likeness_service import LikenessIndex
from dam.services.search_service import bring_entries_up_to_date
from dam.services.tag_service import say_tags
from dam.services.world_service import WorldCache
from dam.storage.addresses import open_store
from dam.systems.comics import import_comic
from dam.systems.image_analysis import analyse_images
from dam.systems.ingestion import ingest_requested_files
from dam.systems.kinds.document import DOCUMENTS
from dam.systems.kinds.image import IMAGES
from dam.systems.kinds.sidecar import SIDECARS
from dam.systems.kinds.streams import SONGS, VIDEOS
from dam.systems.metadata import extract_metadata
from dam.systems.search_entries import index_words
from dam.workers.answer_types import decoder_for
from dam.workers.pool import WorkerPool

_MOST_BYTES_PER_PIXEL, _MOST_DATA_BYTES = 9, 4 << 30


def refuse_unfit(kinds: MediaKinds) -> None:
    """Raise unless the workers' answers about files of these kinds can be decoded.

    Raises:
        WorldBuildError: The return annotation of a `describe` does not say how, or a kind would
            write over the size, name and type of its files.
    """
    faults = []
    for kind in kinds.kinds():
        binding = kinds.binding_of(next(iter(kind.media_types)))
        if binding is not None and FilePropertiesComponent in binding.components:
            found = f"media kind {kind.name!r}: components= has FilePropertiesComponent"
            faults.append(fault(kind.describe, found, "leave it out: dam itself writes it"))
        try:
            decoder_for(kind.describe)
        except TypeError as error:
            hint = "annotate `describe` with a dataclass of plain values"
            faults.append(fault(kind.describe, f"media kind {kind.name!r}: {error}", hint))
    if faults:
        raise WorldBuildError(faults)


def _decoder_data_bytes(max_pixels: int | None) -> int:
    """Return how much memory a worker may take that decodes: more if the user allows for more."""
    wanted = (max_pixels or 0) * _MOST_BYTES_PER_PIXEL
    return max(DATA_BYTES, min(wanted, _MOST_DATA_BYTES))


def install(builder: WorldBuilder) -> None:
    """Add the built-in resources, systems and listeners."""
    config = builder.config

    def files(resources: ResourceManager) -> FileOperationsResource:
        give_to_children(config.worker_environment)
        pool = partial(
            WorkerPool,
            config.workers,
            kind=config.worker_kind,
            task_timeout_s=config.task_timeout_s,
            environment=config.worker_environment,
            confined_to=python_files(),
        )
        kinds = resources.get(MediaKinds)
        refuse_unfit(kinds)
        limits = MediaLimits.for_pixels(config.max_pixels)
        preloads = tuple(module for kind in kinds.kinds() for module in kind.preloads)
        return FileOperationsResource(
            open_store(config.storage_url),
            pool(
                data_bytes=_decoder_data_bytes(config.max_pixels),
                file_bytes=limits.max_member_bytes,  # a member is unpacked into memory, as a file
                preloads=preloads,
            ),
            config.extra_digests,
            kinds.kinds(),
            limits,
            unpackers=pool(file_bytes=limits.max_archive_bytes),
        )

    def cache(resources: ResourceManager) -> WorldCache:
        return WorldCache(resources.get(Database), Path(config.cache_path))

    def index(resources: ResourceManager) -> LikenessIndex:
        return LikenessIndex(resources.get(WorldCache))

    builder.add_resource(FileOperationsResource, files)
    builder.add_resource(WorldCache, cache)
    builder.add_resource(LikenessIndex, index)
    builder.add_resource(TagWriter, lambda _: TagWriter(say_tags))
    builder.add_system(import_comic)
    builder.add_system(extract_metadata)
    builder.add_system(analyse_images)
    builder.add_system(index_words)
    builder.before_commit(bring_entries_up_to_date)
    builder.add_listener(ingest_requested_files)
    builder.mark_new(NeedsMetadataExtractionComponent)
    builder.contribute(IMAGES)
    builder.contribute(VIDEOS)
    builder.contribute(SONGS)
    builder.contribute(DOCUMENTS)
    builder.contribute(SIDECARS)
    builder.mark_described(NeedsContentAnalysisComponent, has_picture)
