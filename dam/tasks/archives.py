"""Tasks on archives, for workers: plain functions, plain values, no database."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from dam.errors import (
    ItemError,
    MemberMissingError,
    MemberUnreadableError,
    NoPagesError,
    raise_host_limit,
)
from dam.media.archive.opening import ARCHIVE_FAULTS, Archive, Member, open_archive
from dam.media.archive.reader import ArchiveFormat
from dam.media.comic.members import comic_infos_of, pages_of
from dam.media.file_type.recognition import media_type
from dam.storage.content_store import ContentStore, StoredFile
from dam.storage.contents.located import LocatedContent, local_archive, temporary_file
from dam.storage.contents.open_archives import OpenArchives
from dam.storage.sources.found_file import FoundFile
from dam.storage.sources.reading import digest_chunks, open_source

_MOST_BYTES = 64 << 20  # of members in memory at once, unless one alone is larger


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


def store_members(
    store: ContentStore,
    content: LocatedContent,
    archives: OpenArchives,
    raw_names: Sequence[bytes],
) -> list[StoredFile | ItemError]:
    """Put members of an archive into the store; return the outcome of each, in their order.

    At most 64 MiB of members are in memory at once, unless one alone is larger.

    Args:
        store: Where the members go, and where the archive may be.
        content: The archive.
        archives: Keeps the archive open for the next task.
        raw_names: Of the members; the caller compares the digests of the outcomes.

    Raises:
        ItemError: The archive cannot be read.
        StoreUnusableError: The store cannot be used: its disk is full, say.
        UnpackingSpaceError: There is no space for temporary files.
    """
    outcomes: list[StoredFile | ItemError] = []
    # Trusted, because the caller compares the digests of what is stored.
    with local_archive(store, content, archives, is_trusted=True) as archive:
        for part in _parts(archive, raw_names):
            outcomes += _stored(store, archive, part)
    return outcomes


def _parts(archive: Archive, raw_names: Sequence[bytes]) -> Iterator[list[Member | ItemError]]:
    """Yield the members of these names, in parts that may be in memory at once."""
    part: list[Member | ItemError] = []
    part_bytes = 0
    for raw_name in raw_names:
        try:
            member = archive.member(raw_name)
        except MemberMissingError as error:
            part.append(error)
            continue
        if part and part_bytes + member.size_bytes > _MOST_BYTES:
            yield part
            part, part_bytes = [], 0
        part.append(member)
        part_bytes += member.size_bytes
    yield part


def _stored(
    store: ContentStore, archive: Archive, part: Sequence[Member | ItemError]
) -> list[StoredFile | ItemError]:
    paths: list[Path] = []
    errors: dict[int, ItemError] = {}
    with ExitStack() as files:
        for place, member in enumerate(part):
            found = _bytes(archive, member) if isinstance(member, Member) else member
            if isinstance(found, bytes):
                paths.append(files.enter_context(temporary_file(found)))
            else:
                errors[place] = found.error if isinstance(found, MemberFailure) else found
        # The caller will no longer rely on the archive for these bytes. So bytes that the store has
        # already are hashed again.
        stored = iter(store.put_many(paths, "copy", is_rehash=True))
    return [errors[place] if place in errors else next(stored) for place in range(len(part))]


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
