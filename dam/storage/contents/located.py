"""Located contents: the places where an asset's bytes can be read, and functions that read them.

Places are tried in this order: the store, the user's files in place, the members of archives. A
place that is missing or has wrong bytes is skipped. Bytes that are returned or yielded always have
the digest that was asked for, unless a function says that its caller compares them.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TypeVar, cast

from dam.errors import (
    ContentDamagedError,
    ContentMissingError,
    FileChangedError,
    ItemError,
    MemberDamagedError,
    UnpackingSpaceError,
)
from dam.media.archive.opening import Archive
from dam.media.archive.spool import temporary_folder
from dam.storage.content_store import ContentStore
from dam.storage.contents.open_archives import OpenArchives
from dam.storage.contents.opened import OpenedFile, Wanted, opened_reference, opened_stored
from dam.storage.sources.file_state import FileState
from dam.storage.sources.reference import Reference

T = TypeVar("T")
_Opening = Callable[[], AbstractContextManager[OpenedFile]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedContent:
    """The bytes of one asset, and all places that should have them.

    Attributes:
        digest: Their SHA-256.
        is_stored: The store has them.
        references: User's files in place that have them.
        members: Members of archives that have them.
        vouched: States in which a file was hashed in this run and had these bytes.
        recorded: Such states from the database, of large files only. They are trusted only to read
            a small part of a file, for which hashing all of it would take too long.
    """

    digest: bytes
    is_stored: bool
    references: tuple[Reference, ...] = ()
    members: tuple["ArchiveMember", ...] = ()
    vouched: tuple[FileState, ...] = ()
    recorded: tuple[FileState, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveMember:
    """A member of an archive.

    Attributes:
        container: The archive, which is an asset itself.
        raw_name: The bytes of the member's name in the archive.
        size_bytes: Of the member.
    """

    container: LocatedContent
    raw_name: bytes
    size_bytes: int


def paths_of(store: ContentStore, content: LocatedContent) -> list[str]:
    """Return all files that are opened to read a content, the first one first; the store's folder.

    Nothing is looked up: it is called for each file that a worker opens.
    """
    paths = [os.fspath(reference.path) for reference in content.references]
    if content.is_stored:
        own = (store.expected_path(content.digest), *store.local_roots())
        paths = [*map(os.fspath, own), *paths]
    for member in content.members:
        paths += paths_of(store, member.container)
    return paths


def largest_bytes(store: ContentStore, content: LocatedContent) -> int:
    """Return how many bytes at most are read to get at a content, of all its places."""
    sizes = [reference.size_bytes for reference in content.references]
    sizes += [one.size_bytes + largest_bytes(store, one.container) for one in content.members]
    if content.is_stored:
        with suppress(ItemError):
            sizes.append(store.size_of(content.digest))
    return max(sizes, default=0)


def own_bytes(store: ContentStore, content: LocatedContent) -> int:
    """Return how many bytes a content has at most, as its places say, without archives around it.

    Of the archives around it, which may be a thousand times as large, only its part is read.
    """
    sizes = [reference.size_bytes for reference in content.references]
    sizes += [member.size_bytes for member in content.members]
    if content.is_stored:
        with suppress(ItemError):
            sizes.append(store.size_of(content.digest))
    return max(sizes, default=0)


@contextmanager
def local_file(
    store: ContentStore, content: LocatedContent, archives: OpenArchives | None = None
) -> Iterator[Path]:
    """Yield a file with the bytes, for reading only; they are checked before the block and after.

    Bytes that are only in an archive are unpacked to a temporary file until the end of the block.
    An error found after the block replaces an exception of the block, which it explains.

    Args:
        store: Where the stored bytes are.
        content: What to read.
        archives: Keeps the archive open for the next content; None closes it after the block.

    Raises:
        ContentMissingError: No place has the bytes.
        ContentDamagedError, ReferenceDamagedError: The only place has wrong bytes.
        ReferenceChangedError: The only place is a user's file that was changed since it was added.
        FileAccessError: The only place cannot be reached.
        ItemError: The only place is an archive, and the bytes cannot be read from it.
    """
    with opened_content(store, content, archives) as opened:
        yield opened.path


@contextmanager
def opened_content(
    store: ContentStore,
    content: LocatedContent,
    archives: OpenArchives | None = None,
    *,
    is_read_in_part: bool = False,
) -> Iterator[OpenedFile]:
    """Do as `local_file`, and say in which state the file has the right bytes.

    With `is_read_in_part`, the states from the database (`recorded`) are trusted as well.
    """
    vouched = content.vouched + content.recorded if is_read_in_part else content.vouched
    wanted = Wanted(content.digest, vouched)
    with ExitStack() as stack:
        if archives is None and content.members:
            archives = stack.enter_context(OpenArchives())
        yield _enter_first(stack, content, _openings(store, content, wanted, archives))


def from_first_good(
    store: ContentStore,
    content: LocatedContent,
    use: Callable[[OpenedFile], T],
    archives: OpenArchives | None = None,
) -> T:
    """Call `use` with one place after the other; return the first result.

    A place for which `use` raises an `ItemError` is skipped.

    Args:
        store: Where the stored bytes are.
        content: What to read.
        use: Reads the bytes and compares them with the digest, which was not done before.
        archives: As for `local_file`.

    Raises:
        ItemError: As of `local_file`.
    """
    wanted = Wanted(content.digest, is_trusted=True)
    errors: list[ItemError] = []
    with ExitStack() as stack:
        if archives is None and content.members:
            archives = stack.enter_context(OpenArchives())
        for opening in _openings(store, content, wanted, archives):
            try:
                with opening() as opened:
                    return use(opened)
            except ItemError as error:
                errors.append(error)
    raise _error_to_report(content, errors)


@contextmanager
def local_archive(
    store: ContentStore,
    container: LocatedContent,
    archives: OpenArchives,
    *,
    is_trusted: bool = False,
) -> Iterator[Archive]:
    """Yield an archive for reading; its bytes are checked before the block and after it.

    Args:
        store: Where the stored bytes are.
        container: The archive.
        archives: Keeps the archive open for the next content.
        is_trusted: Do not check its bytes: the caller compares what it reads with digests.

    Raises:
        ItemError: The bytes are missing, or they are not an archive that can be read.
        UnpackingSpaceError: There is no space for temporary files.
    """
    wanted = Wanted(container.digest, container.vouched, is_trusted=is_trusted)
    with ExitStack() as stack:
        opened = _enter_first(stack, container, _openings_of_files(store, container, wanted))
        # By its name: the programs that unpack cannot use this process's descriptors.
        archive = stack.enter_context(archives.open(opened.name))
        _require_same_file(opened)
        yield archive
        _require_same_file(opened)


def read_member(
    store: ContentStore, digest: bytes, member: ArchiveMember, archives: OpenArchives
) -> bytes:
    """Return the bytes of a member, compared with the digest; raise as `local_archive` does.

    Args:
        store: Where the stored bytes are.
        digest: The SHA-256 of the member.
        member: What to read.
        archives: Keeps the archive open for the next member.
    """

    def read(path: Path) -> bytes:
        with archives.open(path) as archive:
            found = archive.member(member.raw_name)
            content = archive.read(found)
        if hashlib.sha256(content).digest() != digest:
            raise MemberDamagedError(found.name, digest)
        return content

    wanted = Wanted(member.container.digest, is_trusted=True)  # `read` compares the member
    errors: list[ItemError] = []
    for opening in _openings_of_files(store, member.container, wanted):
        try:
            with opening() as opened:
                return read(opened.name)
        except ItemError as error:
            errors.append(error)
    raise _error_to_report(member.container, errors)


def container_path(store: ContentStore, container: LocatedContent) -> Path:
    """Return the path of an archive, without checking its bytes.

    Raises:
        ItemError: The archive cannot be reached.
    """
    with ExitStack() as stack:
        wanted = Wanted(container.digest, is_trusted=True)
        return _enter_first(stack, container, _openings_of_files(store, container, wanted)).name


def member_path(store: ContentStore, member: ArchiveMember) -> Path:
    """Return a path to show to people: that of the archive, then the member's name.

    Example: `/comics/Amazing 001.cbz/p01.jpg`; only `p01.jpg` if the archive cannot be reached.
    """
    name = os.fsdecode(member.raw_name)
    try:
        return Path(f"{container_path(store, member.container)}/{name}")
    except ItemError:
        return Path(name)


@contextmanager
def temporary_file(content: bytes) -> Iterator[Path]:
    """Yield a file with these bytes until the end of the block.

    On Linux it is in memory, so nothing stays even if the process is killed.

    Raises:
        UnpackingSpaceError: There is no space for it.
    """
    try:
        file, path = _create_temporary()
    except OSError as error:
        raise UnpackingSpaceError(temporary_folder(), error) from error
    with file:
        try:
            file.write(content)
            file.flush()
        except OSError as error:
            raise UnpackingSpaceError(temporary_folder(), error) from error
        yield path


def _create_temporary() -> tuple[IO[bytes], Path]:
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("member", os.MFD_CLOEXEC)
        return os.fdopen(fd, "wb"), Path(f"/proc/self/fd/{fd}")
    named = tempfile.NamedTemporaryFile()  # noqa: SIM115 - the caller closes it
    return cast("IO[bytes]", named), Path(named.name)


def _openings(
    store: ContentStore, content: LocatedContent, wanted: Wanted, archives: OpenArchives | None
) -> Iterator[_Opening]:
    """Yield, for each place that should have the bytes, a function that opens it; best first."""
    yield from _openings_of_files(store, content, wanted)
    for member in content.members:
        assert archives is not None
        yield partial(_opened_member, store, content.digest, member, archives)


def _openings_of_files(
    store: ContentStore, content: LocatedContent, wanted: Wanted
) -> Iterator[_Opening]:
    """Do as `_openings`, but leave out the members of archives."""
    if content.is_stored:
        yield partial(opened_stored, store, wanted)
    for reference in content.references:
        yield partial(opened_reference, reference, wanted)


@contextmanager
def _opened_member(
    store: ContentStore, digest: bytes, member: ArchiveMember, archives: OpenArchives
) -> Iterator[OpenedFile]:
    with temporary_file(read_member(store, digest, member, archives)) as path:
        name = os.fsdecode(member.raw_name)
        yield OpenedFile(path, path, partial(MemberDamagedError, name, digest), None)


def _enter_first(
    stack: ExitStack, content: LocatedContent, openings: Iterator[_Opening]
) -> OpenedFile:
    """Open the first place that has the bytes; it stays open until the stack is closed."""
    errors: list[ItemError] = []
    for opening in openings:
        try:
            return stack.enter_context(opening())
        except ItemError as error:  # another place may do
            errors.append(error)
    raise _error_to_report(content, errors)


def _require_same_file(opened: OpenedFile) -> None:
    """Raise `FileChangedError` unless the name still leads to the file that was opened."""
    try:
        is_same = opened.name.samefile(opened.path)
    except OSError as error:
        raise FileChangedError(opened.name, is_gone=True) from error
    if not is_same:
        raise FileChangedError(opened.name)


def _error_to_report(content: LocatedContent, errors: list[ItemError]) -> ItemError:
    """Return the error to report if no place has the bytes: damage, else the last place's error."""
    if not errors:
        return ContentMissingError(content.digest)
    return next((error for error in errors if isinstance(error, ContentDamagedError)), errors[-1])
