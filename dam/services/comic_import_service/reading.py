"""Reads comics: their pages, and facts from ComicInfo.xml or else from the file's name."""

import asyncio
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path, PurePosixPath
from typing import Any

from dam.core.ecs.components import EntityId
from dam.errors import (
    ItemError,
    LostPagesError,
    MediaLimitError,
    NoPagesError,
    PagesUnreadableError,
)
from dam.media.archive.names import parts, true_name
from dam.media.comic.facts import ComicFacts, comic_facts
from dam.media.comic.info import ComicInfo, ComicInfoPage
from dam.media.comic.info_pages import apply_page_list
from dam.media.comic.info_xml import parse_comic_info
from dam.media.comic.name import ComicName, parse_comic_name
from dam.media.limits import MediaLimits
from dam.services.comic_import_service.records import ParsedComic, ParsedPage
from dam.services.content_service import HashedContent
from dam.services.file_operations import FileOperationsResource
from dam.storage.contents.located import LocatedContent
from dam.storage.sources.found_file import FoundFile
from dam.storage.sources.reading import open_source
from dam.tasks.archives import ArchiveContents, ArchivePage, MemberFailure


@dataclass(frozen=True, kw_only=True)
class ComicDocument:
    """The ComicInfo.xml of a comic, or the error of reading it; neither if there is none."""

    info: ComicInfo | None = None
    error: ItemError | None = None


NO_DOCUMENT = ComicDocument()


@dataclass(frozen=True, kw_only=True)
class ArchiveComic:
    """An archive that was read as a comic.

    Args:
        comic: Its facts.
        members: The pages whose bytes were read, in reading order.
        failed: The pages whose bytes cannot be read, in reading order.
        document: Its ComicInfo.xml.
        remarks: Oddities that do no harm, for the user.
    """

    comic: ParsedComic
    members: tuple[ParsedPage, ...]
    failed: tuple[MemberFailure, ...]
    document: ComicDocument
    remarks: tuple[str, ...]

    @property
    def failure(self) -> ItemError | None:
        """The error of its pages or else of its document; None if all could be read."""
        if not self.failed:
            return self.document.error
        return LostPagesError([(page.name, page.error.message) for page in self.failed])


def read_document(file: FoundFile) -> ComicDocument:
    """Return the ComicInfo.xml in a file; one that is too large or malformed has an `error`.

    Raises:
        ItemError: The file cannot be read at present; a later import may succeed.
        MissingExtraError: The extra `comics` is not installed.
    """
    most = MediaLimits().max_document_bytes
    with open_source(Path(file.path), file) as source:
        size_bytes = source.reading.size_bytes
        if size_bytes > most:
            error = MediaLimitError("bytes of ComicInfo.xml", size_bytes, most)
            return ComicDocument(error=error)
        return _parsed(b"".join(map(bytes, source.chunks())))


async def read_stored_comic(
    files: FileOperationsResource,
    content: LocatedContent,
    path: Path,
    concept_entity_id: EntityId | None = None,
) -> ArchiveComic:
    """Read an archive as a comic; every page is read and hashed.

    Args:
        files: Runs the reading in a worker.
        content: The place of the archive's bytes.
        path: The path where the archive was found; its name completes the facts.
        concept_entity_id: The concept that the user named.

    Raises:
        DamError: The archive cannot be read, or as for `read_archive_comic`.
    """
    archive = await files.read_archive(content)
    if isinstance(archive, Exception):
        raise archive
    return await asyncio.to_thread(read_archive_comic, archive, path, concept_entity_id)


def read_archive_comic(
    archive: ArchiveContents, path: Path, concept_entity_id: EntityId | None
) -> ArchiveComic:
    """Return the comic that the contents of an archive make.

    Raises:
        NoPagesError: The archive holds neither pictures nor a readable ComicInfo.xml.
        PagesUnreadableError: None of its pages can be read.
    """
    document = _document(archive)
    if not archive.pages and document.info is None:
        raise NoPagesError("the archive")
    order = apply_page_list([page.name for page in archive.pages], document.info)
    members: list[ParsedPage] = []
    failed: list[MemberFailure] = []
    for ordered in order.pages:
        page = archive.pages[ordered.index]
        if isinstance(page, ArchivePage):
            members.append(_member(page, ordered.entry))
        else:
            failed.append(page)
    if failed and not members:
        raise PagesUnreadableError([(page.name, page.error.message) for page in failed])
    comic = read_comic(document.info, path, archive.format, concept_entity_id)
    if not failed:  # with pages missing, the document's list of pages no longer fits
        comic = replace(comic, info=order.info)
    return ArchiveComic(
        comic=comic,
        members=tuple(members),
        failed=tuple(failed),
        document=document,
        remarks=(*comic.facts.problems, *_page_remarks(order.problem, archive.pages)),
    )


def _page_remarks(
    problem: str | None, pages: Iterable[ArchivePage | MemberFailure]
) -> Iterator[str]:
    if problem:
        yield problem
    others = [page for page in pages if isinstance(page, ArchivePage) and not page.is_picture]
    if others:
        what = "page is not a picture" if len(others) == 1 else "pages are not pictures"
        yield f"{len(others)} {what}, judging by content; the first: {others[0].name}"


def read_comic(
    info: ComicInfo | None, path: Path, comic_format: str, concept_entity_id: EntityId | None
) -> ParsedComic:
    """Return a comic's facts: from its ComicInfo.xml, and for what it lacks from the file's name.

    Args:
        info: Its ComicInfo.xml, if it has a readable one.
        path: Its archive or folder.
        comic_format: `cbz`, `cbr`, `cb7`, `cbt`, `pdf` or `folder`.
        concept_entity_id: The concept that the user named.
    """
    name = os.fsencode(path.name).decode(errors="replace")
    from_name = parse_comic_name(name)
    return ParsedComic(
        name=PurePosixPath(name).stem,
        format=comic_format,
        info=info,
        facts=_completed(comic_facts(info) if info else ComicFacts(), from_name),
        scan_quality=from_name.scan_quality,
        concept_entity_id=concept_entity_id,
    )


def _document(archive: ArchiveContents) -> ComicDocument:
    """Return the ComicInfo.xml of an archive that has several.

    Preferred: a readable one whose PageCount is right, then any readable one, then any; of equal
    ones the outermost.
    """
    found = [
        _parsed(item) if isinstance(item, bytes) else ComicDocument(error=item.error)
        for item in archive.comic_infos
    ]
    readable = [document for document in found if document.info]
    fitting = [document for document in readable if _has_page_count(document, len(archive.pages))]
    return next(iter([*fitting, *readable, *found]), NO_DOCUMENT)


def _has_page_count(document: ComicDocument, pages: int) -> bool:
    assert document.info is not None
    return document.info.text("PageCount") == str(pages)


def _parsed(xml: bytes) -> ComicDocument:
    try:
        return ComicDocument(info=parse_comic_info(xml))
    except ItemError as error:
        return ComicDocument(error=error)


def _member(page: ArchivePage, entry: ComicInfoPage | None) -> ParsedPage:
    base_name = parts(true_name(page.raw_name, page.name))[-1]
    content = HashedContent(page.sha256, page.size_bytes, base_name, page.extra_digests)
    return ParsedPage(content=content, raw_name=page.raw_name, name=page.name, entry=entry)


def _completed(facts: ComicFacts, name: ComicName) -> ComicFacts:
    """Return facts whose missing values come from the file's name."""
    from_name: dict[str, Any] = {
        "series_title": name.series,
        "issue_number": name.issue_number,
        "volume": name.volume,
        "volume_text": name.volume_text,
        "publication_format": name.format,
        "issue_count": name.issue_count,
        "publication_year": name.year,
        "publication_month": name.month,
        "publication_day": name.day,
        "publisher": name.publisher,
        "language": name.language,
        "scan_group": name.scan_group,
    }
    if not (facts.series_title or facts.comic_title):
        from_name["comic_title"] = name.title or name.single_title
    if facts.volume is not None or facts.volume_text:
        del from_name["volume"], from_name["volume_text"]
    if facts.publication_year:  # month and day must not come from another date
        del from_name["publication_month"], from_name["publication_day"]
    known = {field.name: getattr(facts, field.name) for field in fields(ComicFacts)}
    return replace(facts, **{key: value for key, value in from_name.items() if known[key] is None})
