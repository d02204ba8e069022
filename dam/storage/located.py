"""Where an asset's bytes can be read: from the store, or from the user's file in place."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dam.errors import ContentMissingError, ItemError
from dam.storage.content_store import ContentStore
from dam.storage.reference import check_reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A user's file in place, and what it was when it was read."""

    path: Path
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedContent:
    """The bytes of one asset, wherever they are."""

    digest: bytes
    is_stored: bool
    references: tuple[Reference, ...] = ()


@contextmanager
def local_file(store: ContentStore, content: LocatedContent) -> Iterator[Path]:
    """Yield a file with the bytes, for reading only; a referenced one is unchanged afterwards too.

    Raises:
        ContentMissingError: No place has the bytes.
        ReferenceChangedError: The only place is a user's file that is not what was added.
        FileAccessError: The same, and it cannot be reached.
    """
    if content.is_stored and (store.contains(content.digest) or not content.references):
        yield store.local_path(content.digest)
        return
    if not content.references:
        raise ContentMissingError(content.digest)
    reference = _usable(content.references)
    yield reference.path
    _check(reference)


def _usable(references: tuple[Reference, ...]) -> Reference:
    *others, last = references
    for reference in others:
        try:
            _check(reference)
        except ItemError:  # another place may do; the last one says what is wrong
            continue
        return reference
    _check(last)
    return last


def _check(reference: Reference) -> None:
    check_reference(reference.path, size_bytes=reference.size_bytes, mtime_ns=reference.mtime_ns)
