"""One place of some bytes, open for reading: what is handed out is what its digest says."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dam.errors import (
    ContentDamagedError,
    ContentMissingError,
    FileAccessError,
    FolderGoneError,
    ItemError,
    NotRegularFileError,
    ReferenceDamagedError,
)
from dam.storage.content_store import ContentStore
from dam.storage.sources.file_state import FileState
from dam.storage.sources.kept_files import open_kept
from dam.storage.sources.reading import digest_chunks, open_source, read_chunks
from dam.storage.sources.reference import Reference, check_reference, missing_folder


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file with the bytes that were asked for.

    Attributes:
        path: Opens the very file that was looked at, whatever has its name by now, where the system
            can do that; for reading only, and only as long as the file is open here.
        name: Its path for people, and for other programs.
        damage: Returns what to raise where its bytes turn out to be wrong.
        state: In this one its bytes are those of the digest; None for a member of an archive.
    """

    path: Path
    name: Path
    damage: Callable[[], ItemError]
    state: FileState | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an opened file must be.

    Attributes:
        digest: The SHA-256 of its bytes.
        vouched: States in which it has been hashed; in any other it is hashed before it is used.
        is_trusted: Open it without hashing it: whoever reads it compares the digest then.
    """

    digest: bytes
    vouched: tuple[FileState, ...] = ()
    is_trusted: bool = False


@contextmanager
def opened_stored(store: ContentStore, wanted: Wanted) -> Iterator[OpenedFile]:
    """Open what the store holds; its bytes are right before the block and after it.

    Raises:
        ContentMissingError, ContentDamagedError, FileAccessError: They cannot be had. Found out
            after the block, this takes the place of the block's own exception.
    """
    path = store.local_path(wanted.digest)
    try:
        fd = open_kept(path)
    except NotRegularFileError as error:
        raise ContentDamagedError(wanted.digest, error.kind) from error
    except FileNotFoundError as error:
        raise ContentMissingError(wanted.digest) from error
    except OSError as error:
        raise FileAccessError(path, "read", error) from error
    try:
        with _watched(fd, path, wanted, partial(ContentDamagedError, wanted.digest)) as opened:
            yield opened
    finally:
        os.close(fd)


@contextmanager
def opened_reference(reference: Reference, wanted: Wanted) -> Iterator[OpenedFile]:
    """Open a user's file in place; it is what was added before the block and after it.

    Raises:
        ReferenceChangedError, ReferenceDamagedError: It is not. Found out after the block, this
            takes the place of the block's own exception.
        FolderGoneError, FileAccessError: It cannot be reached.
    """
    damage = partial(ReferenceDamagedError, reference.path)
    try:
        check_reference(reference)
        with open_source(reference.path) as source:
            try:
                with _watched(source.fd, reference.path, wanted, damage) as opened:
                    yield opened
            except Exception:
                # What went wrong with a file that has changed comes of the change.
                check_reference(reference)
                raise
            check_reference(reference)
    except FileAccessError as error:
        if error.path == reference.path and (folder := missing_folder(reference.path)):
            raise FolderGoneError(folder) from error.__cause__
        raise


@contextmanager
def _watched(
    fd: int, name: Path, wanted: Wanted, damage: Callable[[], ItemError]
) -> Iterator[OpenedFile]:
    state = FileState.of(os.fstat(fd))
    if not wanted.is_trusted and state not in wanted.vouched:
        _require_digest(fd, name, wanted.digest, damage)

    def confirm() -> None:
        # Adding it again renews its times: the bytes decide.
        if not wanted.is_trusted and FileState.of(os.fstat(fd)) != state:
            _require_digest(fd, name, wanted.digest, damage)

    path = _by_descriptor(fd, name)
    try:
        yield OpenedFile(path, name, damage, state)
    except FileAccessError as error:
        confirm()
        if error.path == path and isinstance(error.__cause__, OSError):
            raise FileAccessError(name, error.action, error.__cause__) from error.__cause__
        raise
    except Exception:
        confirm()
        raise
    confirm()


def _require_digest(fd: int, name: Path, digest: bytes, damage: Callable[[], ItemError]) -> None:
    try:
        os.lseek(fd, 0, os.SEEK_SET)
        found = digest_chunks(read_chunks(fd, os.fstat(fd).st_size)).sha256
    except OSError as error:
        raise FileAccessError(name, "read", error) from error
    if found != digest:
        raise damage()


def _by_descriptor(fd: int, name: Path) -> Path:
    path = f"/proc/self/fd/{fd}"
    return Path(path) if os.path.exists(path) else name  # noqa: PTH110 - for each file there is
