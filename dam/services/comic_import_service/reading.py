"""What a comic's files say of it: ComicInfo.xml first, the file's name for the rest."""

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
    """The ComicInfo.xml of a comic, where there is one; `error` says why it cannot be read."""

    info: ComicInfo | None = None
    error: ItemError | None = None


NO_DOCUMENT = ComicDocument()


@dataclass(frozen=True, kw_only=True)
class ArchiveComic:
    """An archive as a comic: what it is, its pages in reading order, and what was wrong.

    Args:
        comic: What it says of itself.
        members: The pages whose bytes were read.
        failed: The other ones.
        document: Its ComicInfo.xml.
        remarks: What is odd and does no harm.
    """

    comic: ParsedComic
    members: tuple[ParsedPage, ...]
    failed: tuple[MemberFailure, ...]
    document: ComicDocument
    remarks: tuple[str, ...]

    @property
    def failure(self) -> ItemError | None:
        """What of it could not be had."""
        if not self.failed:
            return self.document.error
        return LostPagesError([(page.name, page.error.message) for page in self.failed])


def read_document(file: FoundFile) -> ComicDocument:
    """Return what a ComicInfo.xml says.

    Raises:
        ItemError: It cannot be read now, which says nothing of what is in it.
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
    """Return an archive as a comic, every page read and hashed; `path` is where it was found.

    Raises:
        DamError: It cannot be read, or as `read_archive_comic`.
    """
    reading = await files.read_archive(content)
    if isinstance(reading, Exception):
        raise reading
    return await asyncio.to_thread(read_archive_comic, reading, path, concept_entity_id)


def read_archive_comic(
    reading: ArchiveContents, path: Path, concept_entity_id: EntityId | None
) -> ArchiveComic:
    """Return an archive as a comic.

    Raises:
        NoPagesError: It holds no pictures, and no ComicInfo.xml either.
        PagesUnreadableError: None of its pages can be read.
    """
    document = _document(reading)
    if not reading.pages and document.info is None:
        raise NoPagesError("the archive")
    order = apply_page_list([page.name for page in reading.pages], document.info)
    members: list[ParsedPage] = []
    failed: list[MemberFailure] = []
    for ordered in order.pages:
        page = reading.pages[ordered.index]
        if isinstance(page, ArchivePage):
            members.append(_member(page, ordered.entry))
        else:
            failed.append(page)
    if failed and not members:
        raise PagesUnreadableError([(page.name, page.error.message) for page in failed])
    comic = read_comic(document.info, path, reading.format, concept_entity_id)
    if not failed:  # else what the document says of its pages is of others than there are
        comic = replace(comic, info=order.info)
    return ArchiveComic(
        comic=comic,
        members=tuple(members),
        failed=tuple(failed),
        document=document,
        remarks=(*comic.facts.problems, *_oddities(order.problem, reading.pages)),
    )


def _oddities(problem: str | None, pages: Iterable[ArchivePage | MemberFailure]) -> Iterator[str]:
    if problem:
        yield problem
    others = [page for page in pages if isinstance(page, ArchivePage) and not page.is_picture]
    if others:
        one, many = "page is no picture, by its content", "pages are no pictures, by their content"
        yield f"{len(others)} {one if len(others) == 1 else many}; the first: {others[0].name}"


def read_comic(
    info: ComicInfo | None, path: Path, comic_format: str, concept_entity_id: EntityId | None
) -> ParsedComic:
    """Return what a comic's ComicInfo.xml says of it, and the name of its file for the rest."""
    name = os.fsencode(path.name).decode(errors="replace")
    said = parse_comic_name(name)
    return ParsedComic(
        name=PurePosixPath(name).stem,
        format=comic_format,
        info=info,
        facts=_with_name(comic_facts(info) if info else ComicFacts(), said),
        scan_quality=said.scan_quality,
        concept_entity_id=concept_entity_id,
    )


def _document(reading: ArchiveContents) -> ComicDocument:
    """Return the ComicInfo.xml that counts the pages that there are, or else the outermost one."""
    found = [
        _parsed(item) if isinstance(item, bytes) else ComicDocument(error=item.error)
        for item in reading.comic_infos
    ]
    readable = [document for document in found if document.info]
    counting = [document for document in readable if _counts(document, len(reading.pages))]
    return next(iter([*counting, *readable, *found]), NO_DOCUMENT)


def _counts(document: ComicDocument, pages: int) -> bool:
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


def _with_name(facts: ComicFacts, name: ComicName) -> ComicFacts:
    """Return facts, and where they say nothing what the file's name says."""
    said: dict[str, Any] = {
        "series_title": name.series,
        "issue_number": name.issue_number,
        "volume": name.volume,
        "issue_count": name.issue_count,
        "publication_year": name.year,
        "publication_month": name.month,
        "publication_day": name.day,
        "publisher": name.publisher,
        "language": name.language,
        "scan_group": name.scan_group,
    }
    if not (facts.series_title or facts.comic_title):
        said["comic_title"] = name.title
    if facts.publication_year:  # a date is said as a whole or not at all
        del said["publication_month"], said["publication_day"]
    known = {field.name: getattr(facts, field.name) for field in fields(ComicFacts)}
    return replace(facts, **{key: value for key, value in said.items() if known[key] is None})
