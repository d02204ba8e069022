"""What workers do with archives: plain functions, plain values, no database."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from dam.errors import ItemError, MissingUnpackerError
from dam.media.archive import Archive, ArchiveFormat, Member
from dam.storage.archives import OpenArchives
from dam.storage.content_store import ContentStore, StoredFile
from dam.storage.located import LocatedContent, local_archive, temporary_file
from dam.storage.reading import digest_chunks


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReading:
    """A page of an archive, by its bytes."""

    name: str
    raw_name: bytes
    size_bytes: int
    sha256: bytes
    extra_digests: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFailure:
    """A member of an archive whose bytes cannot be had, and why."""

    name: str
    raw_name: bytes
    error: ItemError


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveReading:
    """What is in an archive; no bytes of pages.

    Attributes:
        format: By content.
        pages: In natural reading order.
        documents: XML, JSON and YAML files by their names, in natural order.
        failed_documents: Those that cannot be read, or are too large.
        comment: The archive's own comment, which some programs keep metadata in.
    """

    format: ArchiveFormat
    pages: tuple[PageReading | MemberFailure, ...]
    documents: Mapping[str, bytes]
    failed_documents: tuple[MemberFailure, ...]
    comment: bytes


def read_archive(
    store: ContentStore,
    content: LocatedContent,
    archives: OpenArchives,
    extra_digests: Sequence[str],
) -> ArchiveReading:
    """Return what is in an archive, every page read and hashed.

    Raises:
        ItemError: It cannot be read, or what unpacks it is not installed.
        UnpackingSpaceError: There is no room for temporary files.
    """
    with local_archive(store, content, archives) as archive:
        pages = [_page(archive, member, extra_digests) for member in archive.pages]
        documents: dict[str, bytes] = {}
        failed = []
        for member in archive.documents:
            found = _bytes(archive, member)
            if isinstance(found, MemberFailure):
                failed.append(found)
            else:
                documents[member.name] = found
        return ArchiveReading(
            format=archive.format,
            pages=tuple(pages),
            documents=documents,
            failed_documents=tuple(failed),
            comment=archive.comment,
        )


def store_members(
    store: ContentStore,
    content: LocatedContent,
    archives: OpenArchives,
    raw_names: Sequence[bytes],
) -> list[StoredFile | ItemError]:
    """Put members of an archive into the store; return each one's outcome.

    Raises:
        ItemError: The archive cannot be read.
        StoreUnusableError, UnpackingSpaceError: There is no room, say.
    """
    with ExitStack() as files, local_archive(store, content, archives) as archive:
        found = [_named_bytes(archive, raw_name) for raw_name in raw_names]
        paths = [
            files.enter_context(temporary_file(item)) for item in found if isinstance(item, bytes)
        ]
        stored = iter(store.put_many(paths, "copy"))
    return [next(stored) if isinstance(item, bytes) else item for item in found]


def _page(
    archive: Archive, member: Member, extra_digests: Sequence[str]
) -> PageReading | MemberFailure:
    found = _bytes(archive, member)
    if isinstance(found, MemberFailure):
        return found
    digests = digest_chunks([memoryview(found)], extra_digests)
    return PageReading(
        name=member.name,
        raw_name=member.raw_name,
        size_bytes=len(found),
        sha256=digests.sha256,
        extra_digests=digests.extra,
    )


def _bytes(archive: Archive, member: Member) -> bytes | MemberFailure:
    try:
        return archive.read(member)
    except MissingUnpackerError:  # no fault of this member's
        raise
    except ItemError as error:
        return MemberFailure(name=member.name, raw_name=member.raw_name, error=error)


def _named_bytes(archive: Archive, raw_name: bytes) -> bytes | ItemError:
    try:
        return archive.read(archive.member(raw_name))
    except MissingUnpackerError:
        raise
    except ItemError as error:
        return error
