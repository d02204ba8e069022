"""Checks that bytes are still where they were put, and still the same."""

from dataclasses import dataclass

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
from dam.storage.contents.located import ArchiveMember, container_path, read_member
from dam.storage.contents.open_archives import OpenArchives
from dam.storage.sources.reading import digest_chunks, open_source
from dam.storage.sources.reference import Reference, check_reference


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


def check_place(
    store: ContentStore, place: ExpectedContent, archives: OpenArchives, *, is_fast: bool
) -> ContentState:
    """Return whether the bytes are there and right.

    A user's file with another time than recorded is `damaged`, even if its bytes are the same,
    because it is not read any more.

    Args:
        store: Where the stored bytes are.
        place: The place to check.
        archives: Keeps the archive open for the next member.
        is_fast: Compare only sizes and times. Of an archive's member, only see whether the archive
            is there.

    Raises:
        MissingUnpackerError: The program that unpacks the archive is not installed.
    """
    if place.member is not None:
        return _check_member(store, place.digest, place.member, archives, is_fast=is_fast)
    if place.reference is not None:
        return _check_file(place.reference, place.digest, is_fast=is_fast)
    try:
        size_bytes = store.size_of(place.digest) if place.size_bytes is None else place.size_bytes
    except ContentMissingError:
        return "missing"
    return store.check(place.digest, size_bytes, is_fast=is_fast)


def _check_file(reference: Reference, digest: bytes, *, is_fast: bool) -> ContentState:
    try:
        check_reference(reference)
        if is_fast:
            return "ok"
        with open_source(reference.path) as source:
            is_same = digest_chunks(source.chunks()).sha256 == digest
    except ItemError as error:
        return _state_for(error)
    return "ok" if is_same else "damaged"


def _check_member(
    store: ContentStore,
    digest: bytes,
    member: ArchiveMember,
    archives: OpenArchives,
    *,
    is_fast: bool,
) -> ContentState:
    try:
        if is_fast:
            container_path(store, member.container)
            return "ok"
        read_member(store, digest, member, archives)
    except MissingUnpackerError:
        raise
    except ItemError as error:
        return _state_for(error)
    return "ok"


def _state_for(error: ItemError) -> ContentState:
    raise_host_limit(error)
    if isinstance(error, FileAccessError):
        is_gone = isinstance(error.__cause__, FileNotFoundError | NotADirectoryError)
    elif isinstance(error, FileChangedError):
        is_gone = error.is_gone
    else:
        is_gone = isinstance(error, ContentMissingError | FolderGoneError | MemberMissingError)
    return "missing" if is_gone else "damaged"
