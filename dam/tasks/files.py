"""Tasks on files, for workers: plain functions, plain values, no database."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from dam.errors import (
    CacheUnusableError,
    DamError,
    ItemError,
    UnsupportedPictureError,
    raise_host_limit,
)
from dam.media.file_type.recognition import file_type
from dam.media.image.entry import analyse_image, describe_image
from dam.media.image.jpeg_seal import sealed
from dam.media.image.values import ImageDescription, PerceptualHashes
from dam.storage.caches.thumbnail_cache import ThumbnailCache
from dam.storage.content_store import ContentState, ContentStore, StoredFile
from dam.storage.contents.archive_copies import copy_pages
from dam.storage.contents.checking import ExpectedContent, check_place
from dam.storage.contents.located import LocatedContent, local_archive, local_file, opened_content
from dam.storage.contents.open_archives import OpenArchives
from dam.storage.sources.file_state import FileState
from dam.tasks import archives as archive_tasks
from dam.tasks.archives import ArchiveContents


@dataclass(frozen=True, slots=True)
class FileDescription:
    """The description of a file, by its content.

    Attributes:
        media_type: `image/jpeg`, say.
        image: What a picture's header says; None for other files.
        failure: Why a picture's header could not be read.
        state: The state in which the file has the bytes; None for a member of an archive.
    """

    media_type: str
    image: ImageDescription | None = None
    failure: DamError | None = None
    state: FileState | None = None


class CopiedReading(NamedTuple):
    """The contents of an archive, and whether its pages are in a copy now."""

    reading: ArchiveContents
    is_copied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysedPicture:
    """The hashes of a picture, as in `ImageAnalysis`; its thumbnail is in the cache.

    `cache_fault` says why the thumbnail could not be written there; else it is None.
    """

    recipe_version: int
    hashes: PerceptualHashes
    has_structure: bool
    cache_fault: CacheUnusableError | None = None


def prepare() -> None:
    """Import the modules that most files need, before the first file comes.

    A missing library is ignored here: the first file that needs it reports it.
    """
    with suppress(ImportError):
        import dam.media.image.analysis  # noqa: PLC0415
        import dam.media.image.description  # noqa: F401, PLC0415


@dataclass(frozen=True, slots=True)
class FileTasks:
    """The tasks on files of one world: a value that can be sent to workers.

    Attributes:
        store: The world's store.
        extra_digests: Names of the digests besides SHA-256.
        archives: Each worker's own open archive; it is not sent along.
    """

    store: ContentStore
    extra_digests: tuple[str, ...]
    archives: OpenArchives = field(default_factory=OpenArchives, compare=False)

    def describe(self, content: LocatedContent) -> FileDescription:
        """Return the media type of a file and, for a picture, what its header says."""
        store, archives = self.store, self.archives
        with opened_content(store, content, archives, is_read_in_part=True) as opened:
            return replace(_description(opened.path), state=opened.state)

    def analyse(self, thumbnails: ThumbnailCache, content: LocatedContent) -> AnalysedPicture:
        """Decode a picture once; write its thumbnail to the cache, and return its hashes."""
        with local_file(self.store, content, self.archives) as path:
            analysis = analyse_image(path)
        thumbnail = sealed(analysis.thumbnail.content, content.digest)
        fault = None
        try:
            thumbnails.save(content.digest, analysis.recipe_version, thumbnail)
        except OSError as error:
            fault = CacheUnusableError(thumbnails.root.parent, error)
        return AnalysedPicture(
            recipe_version=analysis.recipe_version,
            hashes=analysis.hashes,
            has_structure=analysis.has_structure,
            cache_fault=fault,
        )

    def check(self, is_fast: bool, place: ExpectedContent) -> ContentState:  # noqa: FBT001 - given by `partial`, which binds the first arguments
        """Return whether a place has the bytes that it should have; see `check_place`."""
        return check_place(self.store, place, self.archives, is_fast=is_fast)

    def read_and_copy_archive(self, copy: Path, content: LocatedContent) -> CopiedReading:
        """Return the contents of an archive; copy its pages if they are read faster from a copy.

        Args:
            copy: Where the copy goes, if one is made.
            content: The archive.
        """
        reading = archive_tasks.read_archive(self.store, content, self.archives, self.extra_digests)
        return CopiedReading(reading, self.copy_archive((content, copy)))

    def copy_archive(self, job: tuple[LocatedContent, Path]) -> bool:
        """Copy the pages of an archive to a file; return whether this was done; see `copy_pages`.

        Args:
            job: The archive, and where the copy goes.
        """
        content, path = job
        # Trusted, because readers of the copy compare the digest of each page.
        with local_archive(self.store, content, self.archives, is_trusted=True) as archive:
            return copy_pages(archive, path)

    def store_members(
        self, content: LocatedContent, raw_names: Sequence[bytes]
    ) -> list[StoredFile | ItemError]:
        """Put members of an archive into the store; return the outcome of each."""
        return archive_tasks.store_members(self.store, content, self.archives, raw_names)


def _description(path: Path) -> FileDescription:
    media_type = file_type(path)
    if not media_type.startswith("image/"):
        return FileDescription(media_type)
    try:
        image = describe_image(path)
    except UnsupportedPictureError:  # a vector drawing, say: it has a media type, but no pixels
        return FileDescription(media_type)
    except DamError as error:
        raise_host_limit(error)
        return FileDescription(media_type, failure=error)
    return FileDescription(image.media_type, image)
