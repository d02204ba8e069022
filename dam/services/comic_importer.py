"""One comic on its way in: its file, its reading, its rows."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dam.core.ecs import EntityId
from dam.core.plugins import NewEntityMarkers
from dam.core.world import World
from dam.errors import NoPagesError, PagesUnreadableError
from dam.media.comic_info_pages import OrderedPage, apply_page_list
from dam.services import content_service
from dam.services.archive_tasks import MemberFailure
from dam.services.comic_extract_service import extract_pages
from dam.services.comic_match_service import find_same_concept
from dam.services.comic_reading import (
    NO_DOCUMENT,
    ComicDocument,
    read_archive_comic,
    read_comic,
    read_document,
)
from dam.services.comic_records import (
    ReadComic,
    ReadFolder,
    RecordedComic,
    folder_comic,
    known_comics,
    record_archive,
    record_folder,
)
from dam.services.comic_sources import FolderSource
from dam.services.file_operations import FileOperationsResource
from dam.services.import_service import FileOutcome, FileStatus, ImportOptions, import_files
from dam.services.page_service import get_ordered_pages
from dam.storage.content_store import ImportMode
from dam.storage.located import LocatedContent, Reference

Turn = Callable[[], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class ComicImportOptions:
    """How comics are to be imported.

    Args:
        mode: What happens to the bytes of the archive, or of a folder's pictures.
        is_recursive: Take every archive in folders.
        is_extracted: Store the pages of archives on their own.
        concept_entity_id: What they are variants of; None: what their files say.
        is_dry_run: Read and look up, write nothing.
    """

    mode: ImportMode = "copy"
    is_recursive: bool = False
    is_extracted: bool = False
    concept_entity_id: EntityId | None = None
    is_dry_run: bool = False


@dataclass(frozen=True, kw_only=True)
class FailedPage:
    """A page whose bytes cannot be had."""

    name: str
    error: str


@dataclass(frozen=True, kw_only=True)
class ComicOutcome:
    """What became of one comic.

    Args:
        status: `added` is a new variant; `known` one whose archive came under another path;
            `unchanged` one of the same path.
        pages: How many it has.
        error: What is wrong with the whole, or with its ComicInfo.xml alone.
        message: The words for that, or a remark.
    """

    path: str
    status: FileStatus
    variant_entity_id: EntityId | None = None
    concept_entity_id: EntityId | None = None
    concept_created: bool = False
    pages: int = 0
    failed_pages: tuple[FailedPage, ...] = ()
    error: str | None = None
    message: str | None = None

    @property
    def is_failure(self) -> bool:
        """Whether something of it could not be had."""
        return self.error is not None or bool(self.failed_pages)


@dataclass(frozen=True, kw_only=True)
class AddedArchive:
    """An archive that was imported as a file.

    Args:
        file: What became of it.
        known: The comic that it is already.
        content: Where its bytes are; None where they cannot be had.
    """

    file: FileOutcome
    known: RecordedComic | None
    content: LocatedContent | None


class ComicImporter:
    """Imports comics, a few at once, and yet has them written in the order of their beginning.

    So which variant is the first of its work does not depend on which one is read sooner. Whoever
    begins one gives it a `turn`, to be awaited before its rows are written.

    Args:
        world: Where to.
        options: How.
        on_wait: Called when nothing can be stored before another process collects no more garbage.
    """

    def __init__(
        self, world: World, options: ComicImportOptions, on_wait: Callable[[], None] | None
    ) -> None:
        self._world = world
        self._files = world.resources.get(FileOperationsResource)
        self._options = options
        self._on_wait = on_wait

    async def add_archives(self, paths: Sequence[str]) -> dict[str, AddedArchive]:
        """Import archives as files; return each by its path."""
        files = await self._import_files(paths)
        ids = {file.entity_id for file in files.values() if file.entity_id is not None}
        known = await self._world.read(known_comics, ids)
        located = await self._world.read(content_service.locate, ids)
        added: dict[str, AddedArchive] = {}
        for path, file in files.items():
            content = located.get(file.entity_id or 0)
            if content is None and file.sha256 is not None:
                content = await asyncio.to_thread(_in_place, file)  # a plan; nothing was stored
            added[path] = AddedArchive(
                file=file, known=known.get(file.entity_id or 0), content=content
            )
        return added

    async def import_archive(self, archive: AddedArchive, turn: Turn) -> ComicOutcome:
        """Import an archive as a comic.

        Raises:
            DamError: It cannot be.
        """
        file, content, known = archive.file, archive.content, archive.known
        if known is not None and not known.has_failure:
            outcome = _outcome(file.path, _again(file), known)
        elif content is None:
            return ComicOutcome(
                path=file.path, status=file.status, error=file.error, message=file.message
            )
        else:  # new, or its failures are to be told again
            outcome = await self._read_archive(archive, content, turn)
        if self._options.is_extracted and not self._options.is_dry_run and content is not None:
            assert file.entity_id is not None
            lost = await extract_pages(self._world, file.entity_id, content)
            failed = (*outcome.failed_pages, *map(_failed_page, lost))
            outcome = replace(outcome, failed_pages=failed)
        return outcome

    async def import_folder(self, folder: FolderSource, turn: Turn) -> ComicOutcome:
        """Import the pictures of a folder as a comic.

        Raises:
            DamError: They cannot be.
        """
        known = await self._world.read(folder_comic, Path(folder.path))
        if not folder.names:
            raise NoPagesError("the folder")
        read_at = self._world.context.now()
        document = ComicDocument()
        if folder.comic_info is not None:
            document = await asyncio.to_thread(read_document, Path(folder.comic_info))
        order = apply_page_list(folder.names, document.info)
        files = await self._import_files([_path(folder, page) for page in order.pages])
        arrived = [page for page in order.pages if files[_path(folder, page)].error is None]
        failed = [
            FailedPage(name=page.name, error=files[_path(folder, page)].message or "")
            for page in order.pages
            if page not in arrived
        ]
        if not arrived:
            raise PagesUnreadableError(len(failed))
        said = [order.problem] if order.problem else []
        if known is not None:
            said += await self._left_out(folder, known, files)
            return _outcome(folder.path, "unchanged", known, failed, document, said)
        concept = self._options.concept_entity_id
        comic = read_comic(document.info, Path(folder.path), "folder", concept)
        if self._options.is_dry_run:
            recorded = await self._foresee(comic, len(arrived))
        else:
            await turn()
            recorded = await self._world.run(
                record_folder,
                ReadFolder(path=Path(folder.path), reading=folder.reading, read_at=read_at),
                comic,
                [(files[_path(folder, page)].entity_id or 0, page.entry) for page in arrived],
                now=self._world.context.now(),
            )
        said += comic.facts.problems
        return _outcome(folder.path, "added", recorded, failed, document, said)

    async def _read_archive(
        self, archive: AddedArchive, content: LocatedContent, turn: Turn
    ) -> ComicOutcome:
        file, known = archive.file, archive.known
        reading = await self._files.read_archive(content)
        if isinstance(reading, Exception):
            raise reading
        concept = self._options.concept_entity_id
        read = await asyncio.to_thread(read_archive_comic, reading, Path(file.path), concept)
        if self._options.is_dry_run:
            recorded = known or await self._foresee(read.comic, len(read.members))
        else:
            assert file.entity_id is not None
            await turn()
            recorded = await self._world.run(
                record_archive,
                file.entity_id,
                content.digest,
                read.comic,
                read.members,
                self._world.resources.get(NewEntityMarkers),
                failure=read.failure,
                now=self._world.context.now(),
            )
        failed = list(map(_failed_page, read.failed))
        status = "added" if recorded.is_new else _again(file)
        return _outcome(file.path, status, recorded, failed, read.document, read.remarks)

    async def _left_out(
        self, folder: FolderSource, known: RecordedComic, files: Mapping[str, FileOutcome]
    ) -> list[str]:
        """Return a remark on the pictures of a folder that are no pages of the comic that it is."""
        assert known.variant_entity_id is not None
        pages = set(await self._world.read(get_ordered_pages, known.variant_entity_id))
        others = [
            name
            for name in folder.names
            if (file := files[f"{folder.path.rstrip('/')}/{name}"]).error is None
            and file.entity_id not in pages
        ]
        if not others:
            return []
        what = "picture in it is" if len(others) == 1 else "pictures in it are"
        return [f"{len(others)} {what} no page of it; the first: {others[0]}"]

    async def _import_files(self, paths: Sequence[str]) -> dict[str, FileOutcome]:
        """Import files as `add-asset` does; return what became of each."""
        outcomes: dict[str, FileOutcome] = {}

        def take(outcome: FileOutcome) -> None:
            outcomes[outcome.path] = outcome

        options = ImportOptions(mode=self._options.mode, is_dry_run=self._options.is_dry_run)
        await import_files(self._world, paths, options, take, on_wait=self._on_wait)
        return outcomes

    async def _foresee(self, comic: ReadComic, pages: int) -> RecordedComic:
        """Return what recording the comic would come to."""
        concept = comic.concept_entity_id
        if concept is None:
            concept = await self._world.read(find_same_concept, comic.facts)
        return RecordedComic(
            variant_entity_id=None,
            concept_entity_id=concept,
            pages=pages,
            is_new=True,
            concept_created=concept is None,
        )


def _in_place(file: FileOutcome) -> LocatedContent:
    assert file.sha256 is not None
    status = Path(file.path).stat()
    reference = Reference(
        path=Path(file.path), size_bytes=status.st_size, mtime_ns=status.st_mtime_ns
    )
    return LocatedContent(digest=file.sha256, is_stored=False, references=(reference,))


def _path(folder: FolderSource, page: OrderedPage) -> str:
    return f"{folder.path.rstrip('/')}/{page.name}"


def _again(file: FileOutcome) -> FileStatus:
    """Return the status of an archive that is a comic already."""
    return "unchanged" if file.status == "unchanged" else "known"


def _failed_page(failure: MemberFailure) -> FailedPage:
    return FailedPage(name=failure.name, error=failure.error.message)


def _outcome(
    path: str,
    status: FileStatus,
    comic: RecordedComic,
    failed: Sequence[FailedPage] = (),
    document: ComicDocument = NO_DOCUMENT,
    said: Sequence[str] = (),
) -> ComicOutcome:
    error = document.error
    return ComicOutcome(
        path=path,
        status=status,
        variant_entity_id=comic.variant_entity_id,
        concept_entity_id=comic.concept_entity_id,
        concept_created=comic.concept_created,
        pages=comic.pages,
        failed_pages=tuple(failed),
        error=type(error).__name__ if error else None,
        message=error.message if error else "; ".join(said) or None,
    )
