"""Opens one place of an asset's bytes for reading, and makes sure that they match their digest."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

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
from dam.storage.sources.reference import (
    Reference,
    as_it_is_now,
    change_of,
    check_reference,
    missing_folder,
)


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """An open file with the bytes that were asked for.

    Attributes:
        path: For reading in this process while the file is open here. On Linux it leads to the very
            file that was opened (`/proc/self/fd/7`), even if another file has its name now.
        name: The ordinary path, for people and for other programs.
        damage: Makes the error to raise if its bytes turn out to be wrong.
        state: The state in which the file has these bytes; None for a member of an archive.
        is_touched: It is a user's file with another time than recorded.
        fd: The descriptor of the open file; None if `path` can be opened by any process.
    """

    path: Path
    name: Path
    damage: Callable[[], ItemError]
    state: FileState | None
    is_touched: bool = False
    fd: int | None = None

    def open(self) -> BinaryIO:
        """Return the file, open for reading from its beginning; its `name` is the `path`.

        It is not opened once more, which a confined worker may not do.
        """
        fd = self.fd
        if fd is None:
            return self.path.open("rb")
        os.lseek(fd, 0, os.SEEK_SET)
        return open(self.path, "rb", opener=lambda _path, _flags: os.dup(fd))


@dataclass(frozen=True, slots=True)
class Wanted:
    """The requirements for a file that is opened.

    Attributes:
        digest: The SHA-256 that its bytes must have.
        vouched: States in which the file had these bytes; in any other state it is hashed first.
        is_trusted: Open the file without hashing it; the caller compares the digest itself.
    """

    digest: bytes
    vouched: tuple[FileState, ...] = ()
    is_trusted: bool = False


@contextmanager
def opened_stored(store: ContentStore, wanted: Wanted) -> Iterator[OpenedFile]:
    """Open the stored file with a digest; its bytes are checked before the block and after it.

    An error found after the block replaces an exception of the block.

    Raises:
        ContentMissingError: The store has no such file.
        ContentDamagedError: The file has wrong bytes.
        FileAccessError: The file cannot be read.
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
    """Open a user's file in place; it is checked before the block and after it.

    A file with another time than recorded serves as well, if it has the same bytes. An error found
    after the block replaces an exception of the block.

    Raises:
        ReferenceChangedError: Its size is not the recorded one, its time is not and its bytes are
            not either, or it was written to during the block.
        ReferenceDamagedError: Its bytes are not those that were added.
        FolderGoneError: The file is missing because a folder is: an unmounted disk, say.
        FileAccessError: The file cannot be read.
    """
    try:
        found = as_it_is_now(reference)
        damage: Callable[[], ItemError] = partial(ReferenceDamagedError, reference.path)
        if is_touched := found != reference:
            damage = partial(change_of, reference, found)
        with open_source(reference.path) as source:
            try:
                with _watched(source.fd, reference.path, wanted, damage) as opened:
                    yield replace(opened, is_touched=is_touched)
            except Exception:
                # If the file has changed, this is why the block failed: report the change.
                check_reference(found)
                raise
            check_reference(found)
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
        # Another state need not mean other bytes: adding the file again renews its times.
        if not wanted.is_trusted and FileState.of(os.fstat(fd)) != state:
            _require_digest(fd, name, wanted.digest, damage)

    path = _descriptor_path(fd, name)
    try:
        yield OpenedFile(path, name, damage, state, fd=fd)
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


def _descriptor_path(fd: int, name: Path) -> Path:
    path = f"/proc/self/fd/{fd}"
    return Path(path) if os.path.exists(path) else name  # noqa: PTH110 - quicker, for every file
