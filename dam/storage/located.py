"""Where an asset's bytes can be read: the store, the user's file in place, an archive's member."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from dam.errors import (
    ContentMissingError,
    ItemError,
    MemberDamagedError,
    UnpackingSpaceError,
)
from dam.media.archive import Archive
from dam.storage.archives import OpenArchives
from dam.storage.content_store import ContentStore
from dam.storage.reference import Reference, check_reference


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedContent:
    """The bytes of one asset, wherever they are."""

    digest: bytes
    is_stored: bool
    references: tuple[Reference, ...] = ()
    members: tuple["ArchiveMember", ...] = ()


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
    """Yield a file with the bytes, for reading only; a referenced one is unchanged afterwards too.

    What is only in an archive is in a temporary file meanwhile, and sure to match its digest.

    Args:
        store: Where the stored bytes are.
        content: What to read.
        archives: Keeps the archive open for the next one; without, it is opened for this one alone.

    Raises:
        ContentMissingError: No place has the bytes.
        ReferenceChangedError: The only place is a user's file that is not what was added, before or
            after the block; also in place of the block's own exception, which then comes of that.
        FileAccessError: The same, and it cannot be reached.
        ItemError: The only place is an archive, and the bytes cannot be had from there.
    """
    with ExitStack() as opened:
        yield _opened(opened, store, content, archives)


@contextmanager
def local_archive(
    store: ContentStore, container: LocatedContent, archives: OpenArchives
) -> Iterator[Archive]:
    """Yield an archive for reading; a referenced one is unchanged afterwards too.

    Raises:
        ItemError: Its bytes are not there, or no archive that can be read.
        UnpackingSpaceError: There is no room for temporary files.
    """
    with own_file(store, container) as path, archives.open(path) as archive:
        yield archive


def read_member(
    store: ContentStore, digest: bytes, member: ArchiveMember, archives: OpenArchives
) -> bytes:
    """Return the bytes of a member, which match the digest; raise as `local_archive` does."""
    with local_archive(store, member.container, archives) as archive:
        found = archive.member(member.raw_name)
        content = archive.read(found)
    if hashlib.sha256(content).digest() != digest:
        raise MemberDamagedError(found.name, digest)
    return content


def member_path(store: ContentStore, member: ArchiveMember) -> Path:
    """Return how to show people where a member is: the path of its archive, then its name."""
    name = os.fsdecode(member.raw_name)
    try:
        with own_file(store, member.container) as container:
            return Path(f"{container}/{name}")
    except ItemError:
        return Path(name)


@contextmanager
def own_file(store: ContentStore, content: LocatedContent) -> Iterator[Path]:
    """Do as `local_file`, without looking into archives."""
    if content.is_stored and (store.contains(content.digest) or not content.references):
        yield store.local_path(content.digest)
        return
    if not content.references:
        raise ContentMissingError(content.digest)
    reference = _usable(content.references)
    try:
        yield reference.path
    except Exception:
        # What went wrong with a file that has changed comes of the change.
        check_reference(reference)
        raise
    check_reference(reference)


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


def _opened(
    opened: ExitStack,
    store: ContentStore,
    content: LocatedContent,
    archives: OpenArchives | None,
) -> Path:
    if content.is_stored or content.references or not content.members:
        try:
            return opened.enter_context(own_file(store, content))
        except ItemError:
            if not content.members:
                raise
    if archives is None:
        archives = opened.enter_context(OpenArchives())
    *others, last = content.members
    for member in others:
        try:
            found = read_member(store, content.digest, member, archives)
        except ItemError:  # another archive may do; the last one says what is wrong
            continue
        return opened.enter_context(temporary_file(found))
    found = read_member(store, content.digest, last, archives)
    return opened.enter_context(temporary_file(found))


def _usable(references: tuple[Reference, ...]) -> Reference:
    *others, last = references
    for reference in others:
        try:
            check_reference(reference)
        except ItemError:  # another place may do; the last one says what is wrong
            continue
        return reference
    check_reference(last)
    return last
