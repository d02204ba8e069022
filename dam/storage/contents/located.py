"""Where an asset's bytes can be read: the store, the user's file in place, an archive's member.

Whatever is handed out here has the digest that was asked for. Places are tried in this order; where
one has other bytes by now, or none, the next one serves.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
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
from dam.storage.content_store import ContentStore
from dam.storage.contents.open_archives import OpenArchives
from dam.storage.contents.opened import OpenedFile, Wanted, opened_reference, opened_stored
from dam.storage.sources.file_state import FileState
from dam.storage.sources.reference import Reference

T = TypeVar("T")
_Opening = Callable[[], AbstractContextManager[OpenedFile]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedContent:
    """The bytes of one asset, wherever they are.

    Attributes:
        vouched: States in which a file was hashed, in this run, and had these bytes.
        recorded: The same by what the database says, of large files alone; it is enough for who
            reads a small part of them.
    """

    digest: bytes
    is_stored: bool
    references: tuple[Reference, ...] = ()
    members: tuple["ArchiveMember", ...] = ()
    vouched: tuple[FileState, ...] = ()
    recorded: tuple[FileState, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveMember:
    """A member of an archive, which is an asset itself; by the bytes of its name there."""

    container: LocatedContent
    raw_name: bytes
    size_bytes: int


@contextmanager
def local_file(
    store: ContentStore, content: LocatedContent, archives: OpenArchives | None = None
) -> Iterator[Path]:
    """Yield a file with the bytes, for reading only; they are those of the digest afterwards too.

    What is only in an archive is in a temporary file meanwhile.

    Args:
        store: Where the stored bytes are.
        content: What to read.
        archives: Keeps the archive open for the next one; without, it is opened for this one alone.

    Raises:
        ContentMissingError: No place has the bytes.
        ContentDamagedError, ReferenceDamagedError: The only place has wrong bytes, before or after
            the block; then in place of the block's own exception, which comes of that.
        ReferenceChangedError: So has a user's file, as its size or time is another.
        FileAccessError: The only place cannot be reached.
        ItemError: The only place is an archive, and the bytes cannot be had from there.
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
    """Do as `local_file`, and say in which state the bytes are right.

    `is_read_in_part` takes what the database says of a large file for a proof.
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
    """Return what `use` makes of the first place for which it raises no `ItemError`.

    Nobody has compared these bytes with the digest before: `use` does that while it reads them.

    Raises:
        ItemError: As `local_file`.
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
    raise _to_tell(content, errors)


@contextmanager
def local_archive(
    store: ContentStore,
    container: LocatedContent,
    archives: OpenArchives,
    *,
    is_trusted: bool = False,
) -> Iterator[Archive]:
    """Yield an archive for reading; it is the one asked for before the block and after it.

    With `is_trusted` it may be another: for who compares what is read from it with digests.

    Raises:
        ItemError: Its bytes are not there, or no archive that can be read.
        UnpackingSpaceError: There is no room for temporary files.
    """
    wanted = Wanted(container.digest, container.vouched, is_trusted=is_trusted)
    with ExitStack() as stack:
        opened = _enter_first(stack, container, _own_openings(store, container, wanted))
        # By its name: the programs that unpack know no descriptors of ours.
        archive = stack.enter_context(archives.open(opened.name))
        _require_name(opened)
        yield archive
        _require_name(opened)


def read_member(
    store: ContentStore, digest: bytes, member: ArchiveMember, archives: OpenArchives
) -> bytes:
    """Return the bytes of a member, which match the digest; raise as `local_archive` does."""

    def read(path: Path) -> bytes:
        with archives.open(path) as archive:
            found = archive.member(member.raw_name)
            content = archive.read(found)
        if hashlib.sha256(content).digest() != digest:
            raise MemberDamagedError(found.name, digest)
        return content

    wanted = Wanted(member.container.digest, is_trusted=True)  # what comes of it is compared
    errors: list[ItemError] = []
    for opening in _own_openings(store, member.container, wanted):
        try:
            with opening() as opened:
                return read(opened.name)
        except ItemError as error:
            errors.append(error)
    raise _to_tell(member.container, errors)


def container_path(store: ContentStore, container: LocatedContent) -> Path:
    """Return where an archive is, whatever its bytes are.

    Raises:
        ItemError: It cannot be had.
    """
    with ExitStack() as stack:
        wanted = Wanted(container.digest, is_trusted=True)
        return _enter_first(stack, container, _own_openings(store, container, wanted)).name


def member_path(store: ContentStore, member: ArchiveMember) -> Path:
    """Return how to show people where a member is: the path of its archive, then its name."""
    name = os.fsdecode(member.raw_name)
    try:
        return Path(f"{container_path(store, member.container)}/{name}")
    except ItemError:
        return Path(name)


@contextmanager
def temporary_file(content: bytes) -> Iterator[Path]:
    """Yield a file with these bytes; nothing of it stays, even if the process is killed.

    Raises:
        UnpackingSpaceError: There is no room for it.
    """
    try:
        file, path = _created()
    except OSError as error:
        raise UnpackingSpaceError(Path(tempfile.gettempdir()), error) from error
    with file:
        try:
            file.write(content)
            file.flush()
        except OSError as error:
            raise UnpackingSpaceError(Path(tempfile.gettempdir()), error) from error
        yield path


def _created() -> tuple[IO[bytes], Path]:
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("member", os.MFD_CLOEXEC)
        return os.fdopen(fd, "wb"), Path(f"/proc/self/fd/{fd}")
    named = tempfile.NamedTemporaryFile()  # noqa: SIM115 - the caller closes it
    return cast("IO[bytes]", named), Path(named.name)


def _openings(
    store: ContentStore, content: LocatedContent, wanted: Wanted, archives: OpenArchives | None
) -> Iterator[_Opening]:
    """Yield how to open each place that should have the bytes, best first."""
    yield from _own_openings(store, content, wanted)
    for member in content.members:
        assert archives is not None
        yield partial(_opened_member, store, content.digest, member, archives)


def _own_openings(
    store: ContentStore, content: LocatedContent, wanted: Wanted
) -> Iterator[_Opening]:
    """Do as `_openings`, without looking into archives."""
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
    """Open the first place that has the bytes, until the stack is closed."""
    errors: list[ItemError] = []
    for opening in openings:
        try:
            return stack.enter_context(opening())
        except ItemError as error:  # another place may do
            errors.append(error)
    raise _to_tell(content, errors)


def _require_name(opened: OpenedFile) -> None:
    """Raise `FileChangedError` unless the name still leads to the file that was opened."""
    try:
        is_same = opened.name.samefile(opened.path)
    except OSError as error:
        raise FileChangedError(opened.name, is_gone=True) from error
    if not is_same:
        raise FileChangedError(opened.name)


def _to_tell(content: LocatedContent, errors: list[ItemError]) -> ItemError:
    """Return what is wrong where no place serves: damage first, else what the last one says."""
    if not errors:
        return ContentMissingError(content.digest)
    return next((error for error in errors if isinstance(error, ContentDamagedError)), errors[-1])
