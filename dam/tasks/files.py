"""Tasks on files, for workers: plain functions, plain values, no database."""

import importlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache, partial, reduce
from operator import or_
from pathlib import Path
from typing import Any, BinaryIO, Generic, NamedTuple, TypeVar, get_type_hints

from dam.asking import open_new
from dam.errors import (
    CacheUnusableError,
    DamError,
    ItemError,
    MediaKindError,
    UnpackingSpaceError,
    UnsupportedPictureError,
    WorkerAnswerError,
    is_of_item,
    raise_host_limit,
)
from dam.media.file_type.recognition import HEAD_BYTES, media_type
from dam.media.image.entry import analyse_picture, thumbnail_of
from dam.media.image.jpeg_seal import has_seal, sealed
from dam.media.image.values import BITMAP_RECIPE, PerceptualHashes
from dam.media.kind import GENERIC_TYPES, MediaKind, kind_of
from dam.media.limits import MediaLimits
from dam.storage.caches.thumbnail_cache import ThumbnailCache
from dam.storage.content_store import ContentStore
from dam.storage.contents.archive_copies import copy_pages
from dam.storage.contents.checking import CheckedPlace, ExpectedContent, check_place
from dam.storage.contents.located import LocatedContent, local_archive, opened_content
from dam.storage.contents.open_archives import OpenArchives
from dam.storage.sources.file_state import FileState
from dam.tasks import archives as archive_tasks
from dam.tasks.archives import ArchiveContents

T = TypeVar("T")
Facts = TypeVar("Facts")
Kinds = tuple[MediaKind[Any], ...]

_LIMITS = MediaLimits()
_MOST_THUMBNAIL_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FileDescription(Generic[Facts]):
    """The description of a file, by its content.

    Attributes:
        media_type: `image/jpeg`, say.
        facts: What the media kind of the file says about it; None without a kind.
        failure: Why the kind could not describe the file, or a part of what it should say.
        state: The state in which the file has the bytes; None for a member of an archive.
    """

    media_type: str
    facts: Facts | None = None
    failure: DamError | None = None
    state: FileState | None = None


class CopiedReading(NamedTuple):
    """The contents of an archive, and whether its pages are in a copy now."""

    reading: ArchiveContents
    is_copied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysedPicture:
    """The hashes of a picture, as in `ImageAnalysis`; its thumbnail is in the cache.

    `hashes` is None if the kind of the file is not compared with others. `fault` says why they show
    only a part of it, and `cache_fault` why the thumbnail could not be written there; else both are
    None. `thumbnail` is the JPEG on its way from a worker to `keep_thumbnail`.
    """

    recipe_version: int
    hashes: PerceptualHashes | None
    has_structure: bool
    fault: ItemError | None = None
    cache_fault: CacheUnusableError | None = None
    thumbnail: bytes | None = None


UnpackingJob = tuple[LocatedContent, Sequence[tuple[bytes, Path]]]
"""An archive, and members of it: the name of each, and the file that it goes to."""

Picture = tuple[LocatedContent, str | None]
"""The content of a picture, and its media type; None if that is not known yet."""


def paths_of_members(job: UnpackingJob) -> list[Path]:
    """Return the files that members go to."""
    return [path for _, path in job[1]]


def preload(modules: Sequence[str]) -> None:
    """Import the modules that most files need, before the first file comes.

    A missing library is ignored here: the first file that needs it reports it.
    """
    for module in modules:
        with suppress(ImportError):
            importlib.import_module(module)


def keep_thumbnail(
    thumbnails: ThumbnailCache, picture: Picture, answer: AnalysedPicture
) -> AnalysedPicture:
    """Write a thumbnail to the cache; return the answer without it, maybe with a `cache_fault`.

    Workers cannot do that, because they may not write.

    Raises:
        WorkerAnswerError: The worker gave no small JPEG, or one of another picture or recipe.
    """
    jpeg, fault = answer.thumbnail or b"", None
    if len(jpeg) > _MOST_THUMBNAIL_BYTES or not has_seal(jpeg, picture[0].digest):
        raise WorkerAnswerError("expected a small JPEG as the thumbnail, sealed for its picture")
    if answer.recipe_version != BITMAP_RECIPE:
        version = answer.recipe_version
        raise WorkerAnswerError(f"expected the recipe {BITMAP_RECIPE}, found {version}")
    try:
        thumbnails.save(picture[0].digest, answer.recipe_version, jpeg)
    except OSError as error:
        fault = CacheUnusableError(thumbnails.root.parent, error)
    return replace(answer, thumbnail=None, cache_fault=fault)


@dataclass(frozen=True, slots=True)
class FileTasks:
    """The tasks on files of one world: a value that can be sent to workers.

    Attributes:
        store: The world's store.
        extra_digests: Names of the digests besides SHA-256.
        kinds: The media kinds of the world.
        limits: What a file may demand at most.
        archives: Each worker's own open archive; it is not sent along.
    """

    store: ContentStore
    extra_digests: tuple[str, ...]
    kinds: Kinds = ()
    limits: MediaLimits = _LIMITS
    archives: OpenArchives = field(default_factory=OpenArchives, compare=False)

    def analyse(self, picture: Picture) -> AnalysedPicture:
        """Decode a picture once; return its hashes and its thumbnail."""
        content, media_type = picture
        with _open_file(self, content) as file:
            answer = _analysis(self, file, media_type)
        return replace(answer, thumbnail=sealed(answer.thumbnail or b"", content.digest))

    def check(self, is_fast: bool, place: ExpectedContent) -> CheckedPlace:  # noqa: FBT001 - given by `partial`, which binds the first arguments
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

    def copy_content(self, job: tuple[LocatedContent, Path]) -> None:
        """Write the bytes of a content to a new file; they are those of its digest.

        Args:
            job: The content, and where the file goes.
        """
        content, path = job
        with opened_content(self.store, content, self.archives) as opened, opened.open() as file:
            try:
                with os.fdopen(open_new(path), "wb") as copy:
                    shutil.copyfileobj(file, copy)
            except OSError as error:
                raise UnpackingSpaceError(path.parent, error) from error

    def unpack_members(self, job: UnpackingJob) -> list[ItemError | None]:
        """Write members of an archive to new files; return the errors, None for each written.

        Args:
            job: The archive, and the name and the file of each member.
        """
        content, members = job
        return archive_tasks.unpack_members(self.store, content, self.archives, members)


@dataclass(frozen=True, slots=True)
class DescribeFile:
    """The task that returns the media type of a file, and what its kind says about it."""

    tasks: FileTasks

    @property
    def answer_type(self) -> Any:  # noqa: ANN401 - an annotation is any object
        """Return the type of the answers, with the facts of every kind."""
        facts = [_return_type(kind.describe) for kind in self.tasks.kinds]
        generic: Any = FileDescription
        return generic[reduce(or_, facts, type(None))]

    def __call__(self, content: LocatedContent) -> FileDescription[Any]:
        """Describe one file."""
        store, archives = self.tasks.store, self.tasks.archives
        with (
            opened_content(store, content, archives, is_read_in_part=True) as opened,
            opened.open() as file,
        ):
            return replace(_description(self.tasks, file), state=opened.state)


@dataclass(frozen=True, slots=True)
class OnFile(Generic[T]):
    """The task that calls a function with the open file of a content."""

    tasks: FileTasks
    fn: Callable[[BinaryIO], T]

    @property
    def answer_type(self) -> Any:  # noqa: ANN401 - an annotation is any object
        """Return the type of the answers, as the function's return annotation says."""
        fn: Any = self.fn
        while isinstance(fn, partial):
            fn = fn.func
        return _return_type(fn)

    def __call__(self, content: LocatedContent) -> T:
        """Call the function with one file."""
        with _open_file(self.tasks, content) as file:
            return self.fn(file)


@contextmanager
def _open_file(tasks: FileTasks, content: LocatedContent) -> Iterator[BinaryIO]:
    with opened_content(tasks.store, content, tasks.archives) as opened, opened.open() as file:
        yield file


@cache
def _return_type(fn: Callable[..., object]) -> Any:  # noqa: ANN401 - an annotation is any object
    return get_type_hints(fn)["return"]


def _description(tasks: FileTasks, file: BinaryIO) -> FileDescription[Any]:
    found, failure = _media_type(tasks.kinds, file)
    kind = kind_of(tasks.kinds, found)
    if kind is None or failure is not None:
        return FileDescription(found, failure=failure)
    try:
        file.seek(0)
        with _faults_named(kind):
            facts = kind.describe(file, found, tasks.limits)
        return FileDescription(found, facts, failure=getattr(facts, "failure", None))
    except DamError as error:
        _raise_if_not_of_file(error)
        return FileDescription(found, failure=error)


def _raise_if_not_of_file(error: DamError) -> None:
    raise_host_limit(error)
    if not is_of_item(error):
        raise error


def recognised_type(kinds: Kinds, file: BinaryIO) -> str:
    """Return the media type of a file."""
    return _media_type(kinds, file)[0]


def _media_type(kinds: Kinds, file: BinaryIO) -> tuple[str, DamError | None]:
    """Return the media type of a file, and the error of a kind that was asked to recognise it.

    Only files of a generic type are shown to the kinds; such a file keeps that type if they fail.
    """
    head = file.read(HEAD_BYTES)
    found = media_type(file, head)
    if found not in GENERIC_TYPES:
        return found, None
    failure: DamError | None = None
    for kind in kinds:
        file.seek(0)
        try:
            if own := _recognised(kind, head, file):
                return own, None
        except DamError as error:
            _raise_if_not_of_file(error)
            failure = error
    return found, failure


def _recognised(kind: MediaKind[Any], head: bytes, file: BinaryIO) -> str | None:
    if kind.recognise is None:
        return None
    with _faults_named(kind):
        found = kind.recognise(head, file)
        if found is not None and found not in kind.media_types:
            message = f"recognise returned {found!r}, which is not one of its media types"
            raise ValueError(message)
    return found


def _analysis(tasks: FileTasks, file: BinaryIO, known_type: str | None) -> AnalysedPicture:
    """Return the hashes of the picture of a file, if it is compared with others, and its JPEG."""
    found = known_type or _media_type(tasks.kinds, file)[0]
    kind = kind_of(tasks.kinds, found)
    if kind is None or kind.picture is None:
        raise UnsupportedPictureError(found)
    file.seek(0)
    with _faults_named(kind):
        picture = kind.picture(file, found, tasks.limits)
        if not (kind.is_hashed and picture.info.get("is_hashed", True)):
            return AnalysedPicture(
                recipe_version=BITMAP_RECIPE,
                hashes=None,
                has_structure=False,
                fault=picture.info.get("fault"),
                thumbnail=thumbnail_of(picture).content,
            )
        analysis = analyse_picture(picture)
    return AnalysedPicture(
        recipe_version=analysis.recipe_version,
        hashes=analysis.hashes,
        has_structure=analysis.has_structure,
        fault=analysis.fault,
        thumbnail=analysis.thumbnail.content,
    )


@contextmanager
def _faults_named(kind: MediaKind[Any]) -> Iterator[None]:
    """Raise what a function of a kind raises as an error of the file that names the kind."""
    try:
        yield
    except DamError:
        raise
    except (Exception, SystemExit) as error:  # a plugin's code
        raise_host_limit(error)
        if kind.describe.__module__.startswith("dam."):
            raise
        raise MediaKindError(kind.name, error) from error
