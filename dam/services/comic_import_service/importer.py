"""Imports one comic: stores its files, reads it and records it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.new_entities import NewEntityMarkers
from dam.core.world import World
from dam.errors import DamError, NoPagesError, PagesUnreadableError, is_of_item
from dam.media.comic.info import ComicInfoPage
from dam.media.comic.info_pages import apply_page_list
from dam.services import content_service
from dam.services.comic_import_service.extraction import store_pages
from dam.services.comic_import_service.folder_remarks import (
    others_in_folder,
    remarks_on_inheritance,
    remarks_on_others,
    remarks_on_skipped,
)
from dam.services.comic_import_service.known import (
    FOLDER,
    AddedArchive,
    RecordedComic,
    comics_at,
    folder_comic,
    had_archives,
    had_comics,
    known_comics,
    link_known_comic,
    moved_folder,
)
from dam.services.comic_import_service.matching import ForeseenConcepts
from dam.services.comic_import_service.moves import ComicMoves, sources_of_pages
from dam.services.comic_import_service.outcome import (
    ComicOutcome,
    FailedPage,
    failed_comic,
    failed_page,
    imported_comic,
)
from dam.services.comic_import_service.reading import (
    ComicDocument,
    read_comic,
    read_document,
    read_stored_comic,
)
from dam.services.comic_import_service.records import (
    FolderState,
    ParsedComic,
    record_archive,
    record_comic_failure,
    record_folder,
    rehearse_comic,
)
from dam.services.comic_import_service.sources import BESIDE_ARCHIVES, MOVED_BEFORE, FolderSource
from dam.services.failure_service import IMPORT_COMIC, dismissed_failures
from dam.services.file_operations import FileOperationsResource
from dam.services.import_service import FileOutcome, FileStatus, ImportOptions, import_files
from dam.services.source_removal_service import note_removals
from dam.storage.content_store import ImportMode
from dam.storage.contents.located import LocatedContent
from dam.storage.sources.found_file import FoundFile
from dam.storage.sources.reference import Reference
from dam.storage.sources.selection import USUAL_SELECTION, FileSelection
from dam.tasks.sources import SourceRemoval

Turn = Callable[[], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class ComicImportOptions:
    """Options of an import of comics.

    Args:
        mode: What happens to the source files: archives, or the pictures of folders.
        is_recursive: Treat folders as libraries, also those without archives; see `find_comics`.
        is_as_one: Treat folders as one comic each, also if only subfolders have pictures.
        is_extracted: Store the pages of archives as files of their own.
        concept_entity_id: The concept of all the comics; None: the one that their facts match.
        is_dry_run: Read and look up, but write nothing.
        selection: Which files in folders are taken.
    """

    mode: ImportMode = "copy"
    is_recursive: bool = False
    is_as_one: bool = False
    is_extracted: bool = False
    concept_entity_id: EntityId | None = None
    is_dry_run: bool = False
    selection: FileSelection = USUAL_SELECTION


class ComicImporter:
    """Imports comics, several at once, and records them in the order in which they were started.

    So the first variant of a work does not depend on which comic is read faster. The caller passes
    a `turn` for each comic; it is awaited before the comic's rows are written.

    Args:
        world: The world that the comics become part of.
        options: Options for all comics.
        on_wait: Called when storing has to wait until another process has collected garbage.
    """

    def __init__(
        self, world: World, options: ComicImportOptions, on_wait: Callable[[], None] | None
    ) -> None:
        self._world = world
        self._files = world.resources.get(FileOperationsResource)
        self._options = options
        self._on_wait = on_wait
        self._foreseen = ForeseenConcepts()
        self._moves = ComicMoves(world, options.mode, is_dry_run=options.is_dry_run)

    async def add_archives(self, archives: Sequence[FoundFile]) -> dict[str, AddedArchive]:
        """Import as files all archives that can be comics; return every archive by its path."""
        added = await self._refused_archives(archives)
        files = await self._import_files([file for file in archives if file.path not in added])
        ids = {file.entity_id for file in files.values() if file.entity_id is not None}
        known = await self._world.read(known_comics, ids)
        dismissed = await self._world.read(dismissed_failures, ids, IMPORT_COMIC)
        located = await self._world.read(content_service.locate, ids)
        for path, file in files.items():
            content = located.get(file.entity_id or 0)
            if content is None and file.sha256 is not None:
                content = await asyncio.to_thread(_at_source, file)  # a dry run stores nothing
            added[path] = AddedArchive(
                file=file,
                known=known.get(file.entity_id or 0),
                content=content,
                is_dismissed=file.entity_id in dismissed,
            )
        return added

    async def _refused_archives(self, archives: Sequence[FoundFile]) -> dict[str, AddedArchive]:
        """Return files that cannot be comics and never were; their bytes are not stored."""
        answers = await self._files.look_into(archives)
        faults = {
            file.path: answer
            for file, answer in zip(archives, answers, strict=True)
            if isinstance(answer, DamError)  # the import meets and reports all other errors
        }
        before = await self._world.read(comics_at, list(faults))
        return {
            path: AddedArchive(file=_refused_file(path, error), known=None, content=None)
            for path, error in faults.items()
            if path not in before
        }

    async def import_archive(self, archive: AddedArchive, turn: Turn) -> ComicOutcome:
        """Import an archive as a comic.

        Raises:
            DamError: The archive cannot be read or recorded.
        """
        file, content, known = archive.file, archive.content, archive.known
        sources = self._moves.sources_at([file.path])
        # Extracted pages are committed last, so `record` must not note the removal earlier.
        noted = [] if self._options.is_extracted else sources
        if known is not None:
            known = await self._link(known)
            archive = replace(archive, known=known)
        if known is not None and not known.has_failure:
            outcome, noted = imported_comic(file.path, _known_status(file), known), []
        elif content is None:
            return ComicOutcome(
                path=file.path,
                status=file.status,
                error=file.error,
                message=file.message,
                hint=file.hint,
            )
        else:  # a new comic, or one whose failures must be reported again
            outcome = await self._read_archive(archive, content, noted, turn)
        if self._options.is_extracted and not self._options.is_dry_run and content is not None:
            assert file.entity_id is not None
            lost = map(failed_page, await store_pages(self._world, file.entity_id, content))
            outcome = replace(outcome, failed_pages=(*outcome.failed_pages, *lost))
        planned = 1 if file.error is None else 0
        return await self._moves.finish(outcome, sources, planned, are_noted=bool(noted))

    async def import_folder(self, folder: FolderSource, turn: Turn) -> ComicOutcome:
        """Import the pictures of a folder as a comic: all of them or, if one cannot be read, none.

        An unreadable picture is not recorded as a failure of the comic, unlike damage in an
        archive: the error says nothing of the picture's bytes.

        Raises:
            DamError: A picture cannot be read, or the comic cannot be recorded.
        """
        known = await self._world.read(folder_comic, Path(folder.path))
        # If an earlier move took archives from this folder, its pictures may be their covers.
        may_be_covers = self._options.mode == "move" and not self._options.is_as_one
        if known is None and may_be_covers and await self._world.read(had_archives, folder.path):
            return ComicOutcome(path=folder.path, status="skipped", message=BESIDE_ARCHIVES)
        is_moved = self._options.mode == "move" and not folder.names
        if is_moved and await self._world.read(had_comics, folder.path):
            return ComicOutcome(path=folder.path, status="skipped", message=MOVED_BEFORE)
        if not folder.names:
            raise NoPagesError("the folder")
        read_at = self._world.context.now()
        document = ComicDocument()
        if folder.comic_info is not None:
            document = await asyncio.to_thread(read_document, folder.comic_info)
        order = apply_page_list(folder.names, document.info)
        files = await self._import_files([folder.files[page.name] for page in order.pages])
        pages = [(page, files[folder.files[page.name].path]) for page in order.pages]
        sources = self._moves.sources_at(files)
        failed = [
            FailedPage(name=page.name, error=file.message or "", hint=file.hint)
            for page, file in pages
            if file.error is not None
        ]
        if failed and (known is None or len(failed) == len(pages)):
            lost = [(page.name, page.error) for page in failed]
            raise PagesUnreadableError(lost, len(pages) if known is None else None)
        remarks = [order.problem] if order.problem else []
        remarks += [*remarks_on_skipped(folder), *remarks_on_inheritance(files.values())]
        if known is not None:
            known = await self._link(known)
            others = await self._world.read(others_in_folder, folder, known, files)
            remarks += remarks_on_others(others, self._options.mode)
            is_restored = await self._restore(known)
            status: FileStatus = "restored" if is_restored else "unchanged"
            outcome = imported_comic(folder.path, status, known, failed, document, remarks)
            going = await self._world.read(sources_of_pages, known, sources)
            planned = len(pages) - len(failed) - len(others)
            return await self._moves.finish(outcome, going, planned, are_noted=False)
        concept = self._options.concept_entity_id
        comic = read_comic(document.info, Path(folder.path), FOLDER, concept)
        comic = replace(comic, info=order.info)
        read = FolderState(path=Path(folder.path), reading=folder.reading, read_at=read_at)
        entries = [(file.entity_id or 0, page.entry) for page, file in pages]
        await turn()
        recorded, going = await self._record_folder(read, comic, entries, sources)
        others = []
        if not recorded.is_new:
            others = await self._world.read(others_in_folder, folder, recorded, files)
            remarks += remarks_on_others(others, self._options.mode)
        remarks += comic.facts.problems
        is_restored = not recorded.is_new and await self._restore(recorded)
        status = "added" if recorded.is_new else "restored" if is_restored else "known"
        outcome = imported_comic(folder.path, status, recorded, (), document, remarks)
        planned = len(pages) - len(others)
        return await self._moves.finish(outcome, going, planned, are_noted=True)

    async def _record_folder(
        self,
        folder: FolderState,
        comic: ParsedComic,
        pages: Sequence[tuple[EntityId, ComicInfoPage | None]],
        sources: Sequence[SourceRemoval],
    ) -> tuple[RecordedComic, list[SourceRemoval]]:
        """Record a folder's comic; return also the sources whose removal was noted."""
        if self._options.is_dry_run:
            moved = await self._world.read(moved_folder, [entity_id for entity_id, _ in pages])
            foreseen = self._link(moved) if moved else self._foresee(comic, len(pages))
            return await foreseen, []

        async def record(session: AsyncSession) -> tuple[RecordedComic, list[SourceRemoval]]:
            now = self._world.context.now()
            recorded = await record_folder(session, folder, comic, pages, now=now)
            # Another process may have recorded the folder first, with fewer pages.
            going = await sources_of_pages(session, recorded, sources)
            await note_removals(session, going, now=now)
            return recorded, going

        return await self._moves.record(record)

    async def _read_archive(
        self,
        archive: AddedArchive,
        content: LocatedContent,
        sources: Sequence[SourceRemoval],
        turn: Turn,
    ) -> ComicOutcome:
        file, known = archive.file, archive.known
        try:
            concept = self._options.concept_entity_id
            read = await read_stored_comic(self._files, content, Path(file.path), concept)
        except DamError as error:
            await self._keep_failure(file, error)
            raise
        await turn()
        if self._options.is_dry_run:
            recorded = known or await self._foresee(
                read.comic, len(read.members), file.entity_id, Path(file.path)
            )
        else:
            entity_id, now = file.entity_id, self._world.context.now()
            assert entity_id is not None
            markers = self._world.resources.get(NewEntityMarkers)

            async def record(session: AsyncSession) -> RecordedComic:
                recorded = await record_archive(
                    session,
                    entity_id,
                    content.digest,
                    read.comic,
                    read.members,
                    markers,
                    now=now,
                )
                await record_comic_failure(session, entity_id, read.failure, now=now)
                return recorded

            recorded = await self._moves.record(record, sources)
        failed = list(map(failed_page, read.failed))
        status = "added" if recorded.is_new else _known_status(file)
        remarks = [*read.remarks, *remarks_on_inheritance([file])]
        return imported_comic(file.path, status, recorded, failed, read.document, remarks)

    async def _keep_failure(self, file: FileOutcome, error: DamError) -> None:
        """Record that an archive could not be read, so that it can be retried; its file stays."""
        is_kept = is_of_item(error) and not isinstance(error, NoPagesError)
        if is_kept and file.entity_id is not None and not self._options.is_dry_run:
            now = self._world.context.now()
            await self._world.run(record_comic_failure, file.entity_id, error, now=now)

    async def _import_files(self, found: Sequence[FoundFile]) -> dict[str, FileOutcome]:
        """Import files as `add-asset` does; return the outcome of each by its path."""
        outcomes: dict[str, FileOutcome] = {}

        def take(outcome: FileOutcome) -> None:
            outcomes[outcome.path] = outcome

        options = ImportOptions(mode=self._options.mode, is_dry_run=self._options.is_dry_run)
        await import_files(
            self._world, found, options, take, on_wait=self._on_wait, on_moved=self._moves.take
        )
        return outcomes

    async def _link(self, known: RecordedComic) -> RecordedComic:
        concept = self._options.concept_entity_id
        if concept is None:
            return known
        if self._options.is_dry_run:
            return await self._world.rehearse(link_known_comic, known, concept)
        return await self._moves.record(
            partial(link_known_comic, known=known, concept_entity_id=concept)
        )

    async def _restore(self, comic: RecordedComic) -> bool:
        """Take the variant of a folder out of the trash; return whether it was there."""
        if comic.variant_entity_id is None:
            return False
        ids = [comic.variant_entity_id]
        if self._options.is_dry_run:
            return bool(await self._world.read(content_service.trashed_among, ids))
        return bool(await self._world.run(content_service.bring_back, ids))

    async def _foresee(
        self,
        comic: ParsedComic,
        pages: int,
        entity_id: EntityId | None = None,
        path: Path | None = None,
    ) -> RecordedComic:
        """Return what recording a comic would give, if those before it were recorded too."""
        now = self._world.context.now()
        recorded = await self._world.rehearse(
            rehearse_comic, entity_id, comic, pages, now=now, path=path
        )
        if recorded.concept_created:
            recorded = replace(recorded, concept_created=self._foreseen.add(comic.facts))
        return recorded


def _refused_file(path: str, error: DamError) -> FileOutcome:
    comic = failed_comic(path, error)
    return FileOutcome(
        path=path, status="failed", error=comic.error, message=comic.message, hint=comic.hint
    )


def _at_source(file: FileOutcome) -> LocatedContent:
    assert file.sha256 is not None
    status = Path(file.path).stat()
    reference = Reference(
        path=Path(file.path), size_bytes=status.st_size, mtime_ns=status.st_mtime_ns
    )
    return LocatedContent(digest=file.sha256, is_stored=False, references=(reference,))


def _known_status(file: FileOutcome) -> FileStatus:
    """Return the status of an archive that was imported as a comic before."""
    return file.status if file.status in ("restored", "unchanged") else "known"
