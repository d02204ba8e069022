"""Whether bytes are still where they were put, and still the same."""

from dataclasses import dataclass

from dam.errors import ContentMissingError, FileAccessError, FileChangedError, ItemError
from dam.storage.content_store import ContentState, ContentStore
from dam.storage.located import Reference
from dam.storage.reading import digest_chunks, open_source
from dam.storage.reference import check_reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the bytes of a digest should be: in the store, or, with a reference, in a user's file.

    `size_bytes` is None where nobody has recorded the size.
    """

    digest: bytes
    size_bytes: int | None
    reference: Reference | None = None


def check_place(store: ContentStore, place: Place, *, is_fast: bool) -> ContentState:
    """Return whether the bytes are there and right; fast looks at sizes and times alone.

    A user's file whose time differs is damaged, whatever its bytes: nothing reads it any more.
    """
    if place.reference is not None:
        return _check_file(place.reference, place.digest, is_fast=is_fast)
    try:
        size_bytes = store.size_of(place.digest) if place.size_bytes is None else place.size_bytes
    except ContentMissingError:
        return "missing"
    return store.check(place.digest, size_bytes, is_fast=is_fast)


def _check_file(reference: Reference, digest: bytes, *, is_fast: bool) -> ContentState:
    try:
        check_reference(
            reference.path, size_bytes=reference.size_bytes, mtime_ns=reference.mtime_ns
        )
        if is_fast:
            return "ok"
        with open_source(reference.path) as source:
            is_same = digest_chunks(source.chunks()).sha256 == digest
    except FileAccessError as error:
        is_gone = isinstance(error.__cause__, FileNotFoundError | NotADirectoryError)
        return "missing" if is_gone else "damaged"
    except FileChangedError as error:
        return "missing" if error.is_gone else "damaged"
    except ItemError:
        return "damaged"
    return "ok" if is_same else "damaged"
