"""Tasks on archives, for workers: plain functions, plain values, no database."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from dam.asking import open_new
from dam.errors import (
    ItemError,
    MemberMissingError,
    MemberUnreadableError,
    NoPagesError,
    UnpackingSpaceError,
    raise_host_limit,
)
from dam.media.archive.opening import ARCHIVE_FAULTS, Archive, Member, open_archive
from dam.media.archive.reader import ArchiveFormat
from dam.media.comic.members import comic_infos_of, pages_of
from dam.media.file_type.recognition import media_type
from dam.storage.content_store import ContentStore
from dam.storage.contents.located import LocatedContent, local_archive
from dam.storage.contents.open_archives import OpenArchives
from dam.storage.sources.found_file import FoundFile
from dam.storage.sources.reading import digest_chunks, open_source


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePage:
    """A page of an archive: a member whose name is that of a picture.

    Attributes:
        name: For people.
        raw_name: The bytes of the name in the archive.
        size_bytes, sha256: Of its bytes.
        extra_digests: By their names.
        is_picture: Its bytes are a picture, too.
    """

    name: str
    raw_name: bytes
    size_bytes: int
    sha256: bytes
    extra_digests: Mapping[str, bytes]
    is_picture: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFailure:
    """A member of an archive whose bytes cannot be read, and why."""

    name: str
    raw_name: bytes
    error: ItemError


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveContents:
    """The contents of an archive, without the bytes of its pages.

    Attributes:
        format: Told by its content, not by its name.
        pages: In natural reading order: `p2.jpg` before `p10.jpg`.
        comic_infos: The bytes of each member in `comic_infos_of`, or why they cannot be read.
    """

    format: ArchiveFormat
    pages: tuple[ArchivePage | MemberFailure, ...]
    comic_infos: tuple[bytes | MemberFailure, ...]


def look_into(file: FoundFile) -> None:
    """Raise unless a file can be a comic; reads only the archive's list of members.

    Raises:
        ItemError: The file is not an archive, cannot be read, has neither pictures nor a
            ComicInfo.xml, or is not the file that was found any more.
        OSError: The file cannot be opened.
    """
    path = Path(file.path)
    with open_source(path, file) as source:
        try:
            with open_archive(path) as archive:
                if not (pages_of(archive) or comic_infos_of(archive)):
                    raise NoPagesError("the archive")
        except ItemError:
            source.confirm()  # if the file was replaced meanwhile, report that instead
            raise


def read_archive(
    store: ContentStore,
    content: LocatedContent,
    archives: OpenArchives,
    extra_digests: Sequence[str],
) -> ArchiveContents:
    """Return the contents of an archive; every page is read and hashed.

    Args:
        store: Where the stored bytes are.
        content: The archive.
        archives: Keeps the archive open for the next task.
        extra_digests: Names of the digests of pages besides SHA-256.

    Raises:
        ItemError: It cannot be read, or the program that unpacks it is not installed.
        UnpackingSpaceError: There is no space for temporary files.
    """
    with local_archive(store, content, archives) as archive:
        return ArchiveContents(
            format=archive.format,
            pages=tuple(_page(archive, member, extra_digests) for member in pages_of(archive)),
            comic_infos=tuple(_bytes(archive, member) for member in comic_infos_of(archive)),
        )


def unpack_members(
    store: ContentStore,
    content: LocatedContent,
    archives: OpenArchives,
    members: Sequence[tuple[bytes, Path]],
) -> list[ItemError | None]:
    """Write members of an archive to new files; return the errors, None for each that is written.

    Args:
        store: Where the archive may be.
        content: The archive.
        archives: Keeps the archive open for the next task.
        members: The name of each member, and its file; the caller compares the digests.

    Raises:
        ItemError: The archive cannot be read.
        UnpackingSpaceError: There is no space for the files.
    """
    # Trusted, because the caller compares the digests of what is written.
    with local_archive(store, content, archives, is_trusted=True) as archive:
        return [_unpacked(archive, raw_name, path) for raw_name, path in members]


def _unpacked(archive: Archive, raw_name: bytes, path: Path) -> ItemError | None:
    try:
        found = _bytes(archive, archive.member(raw_name))
    except MemberMissingError as error:
        return error
    if isinstance(found, MemberFailure):
        return found.error
    try:
        with os.fdopen(open_new(path), "wb") as file:
            file.write(found)
    except OSError as error:
        raise UnpackingSpaceError(path.parent, error) from error
    return None


def _page(
    archive: Archive, member: Member, extra_digests: Sequence[str]
) -> ArchivePage | MemberFailure:
    found = _bytes(archive, member)
    if isinstance(found, MemberFailure):
        return found
    if not found:
        empty = MemberUnreadableError(member.name, "it is empty")
        return MemberFailure(name=member.name, raw_name=member.raw_name, error=empty)
    digests = digest_chunks([memoryview(found)], extra_digests)
    return ArchivePage(
        name=member.name,
        raw_name=member.raw_name,
        size_bytes=len(found),
        sha256=digests.sha256,
        extra_digests=digests.extra,
        is_picture=media_type(BytesIO(found)).startswith("image/"),
    )


def _bytes(archive: Archive, member: Member) -> bytes | MemberFailure:
    try:
        return archive.read(member)
    except ARCHIVE_FAULTS:
        raise
    except ItemError as error:
        raise_host_limit(error)
        return MemberFailure(name=member.name, raw_name=member.raw_name, error=error)
