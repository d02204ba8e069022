"""Checks that bytes are still where they were put, and still the same."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from dam.errors import (
    ContentMissingError,
    FileAccessError,
    FileChangedError,
    FolderGoneError,
    ItemError,
    MemberMissingError,
    MissingUnpackerError,
    raise_host_limit,
)
from dam.storage.content_store import ContentState, ContentStore
from dam.storage.contents.located import (
    ArchiveMember,
    LocatedContent,
    container_path,
    paths_of,
    read_member,
)
from dam.storage.contents.open_archives import OpenArchives
from dam.storage.sources.kept_files import DISK_ERRNOS
from dam.storage.sources.reading import digest_chunks, open_source
from dam.storage.sources.reference import Reference, as_it_is_now, missing_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedContent:
    """A place that should have the bytes of a digest.

    It is a user's file if `reference` is given, an archive's member if `member` is given, else the
    store. `size_bytes` is None if no size is recorded.
    """

    digest: bytes
    size_bytes: int | None
    reference: Reference | None = None
    member: ArchiveMember | None = None


@dataclass(frozen=True, slots=True)
class CheckedPlace:
    """The state of a place.

    Attributes:
        state: `touched`: a user's file with another time than recorded has the right bytes.
            `missing`: the bytes are gone, but their folder is there. `not reachable`: nobody can
            say, because the folder is missing or empty, or the file must not be read.
        touched_mtime_ns: The time that a touched file has now.
        reason: Why the place is not reachable.
    """

    state: ContentState | Literal["touched", "not reachable"]
    touched_mtime_ns: int | None = None
    reason: str | None = None


_OK, _DAMAGED, _MISSING = CheckedPlace("ok"), CheckedPlace("damaged"), CheckedPlace("missing")


def check_place(
    store: ContentStore, place: ExpectedContent, archives: OpenArchives, *, is_fast: bool
) -> CheckedPlace:
    """Return whether the bytes are there and right.

    Args:
        store: Where the stored bytes are.
        place: The place to check.
        archives: Keeps the archive open for the next member.
        is_fast: Compare only sizes and times; read a user's file only if its time alone is another
            one. Of an archive's member, only see whether the archive is there.

    Raises:
        MissingUnpackerError: The program that unpacks the archive is not installed.
    """
    reference, member = place.reference, place.member
    if member is not None:
        return _checked(lambda: _check_member(store, place.digest, member, archives, is_fast))
    if reference is not None:
        return _checked(lambda: _check_file(reference, place.digest, is_fast), reference)
    try:
        size_bytes = store.size_of(place.digest) if place.size_bytes is None else place.size_bytes
    except ContentMissingError:
        return _MISSING
    return CheckedPlace(store.check(place.digest, size_bytes, is_fast=is_fast))


def paths_to_check(store: ContentStore, place: ExpectedContent) -> list[str]:
    """Return all files that are opened to check a place, and the store's folder."""
    if place.member is not None:
        return paths_of(store, place.member.container)
    references = () if place.reference is None else (place.reference,)
    return paths_of(
        store,
        LocatedContent(digest=place.digest, is_stored=not references, references=references),
    )


def _check_file(reference: Reference, digest: bytes, is_fast: bool) -> CheckedPlace:  # noqa: FBT001
    is_touched = as_it_is_now(reference) != reference
    if is_fast and not is_touched:
        return _OK
    with open_source(reference.path) as source:
        if digest_chunks(source.chunks()).sha256 != digest:
            return _DAMAGED
        return CheckedPlace("touched", source.reading.mtime_ns) if is_touched else _OK


def _check_member(
    store: ContentStore,
    digest: bytes,
    member: ArchiveMember,
    archives: OpenArchives,
    is_fast: bool,  # noqa: FBT001 - private
) -> CheckedPlace:
    if is_fast:
        container_path(store, member.container)
    else:
        read_member(store, digest, member, archives)
    return _OK


def _checked(check: Callable[[], CheckedPlace], reference: Reference | None = None) -> CheckedPlace:
    """Return the state that a check finds, or that its error stands for."""
    try:
        return check()
    except MissingUnpackerError:
        raise
    except ItemError as error:
        raise_host_limit(error)
        if isinstance(error, FileAccessError):
            return _state_without_access(error, reference)
        if isinstance(error, FolderGoneError):
            return CheckedPlace("not reachable", reason=error.message)
        is_gone = isinstance(error, FileChangedError) and error.is_gone
        if is_gone or isinstance(error, ContentMissingError | MemberMissingError):
            return _MISSING
        return _DAMAGED


def _state_without_access(error: FileAccessError, reference: Reference | None) -> CheckedPlace:
    cause = error.__cause__
    if isinstance(cause, FileNotFoundError):
        folder = missing_folder(reference.path) if reference else None
        if folder is None:
            return _MISSING
        return CheckedPlace("not reachable", reason=FolderGoneError(folder).message)
    if isinstance(cause, NotADirectoryError):
        return _MISSING
    if isinstance(cause, OSError) and cause.errno in DISK_ERRNOS:
        return _DAMAGED
    return CheckedPlace("not reachable", reason=error.message)
