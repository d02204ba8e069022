"""Errors about users' files, the content store, the cache and output folders."""

import errno
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from dam.errors.base import (
    EnvironmentFaultError,
    ItemError,
    display_path,
    words_for,
)
from dam.errors.host import raise_host_limit

_LONGEST_REQUIREMENT = 255  # characters; the column of a failure's row holds no more


class FileAccessError(ItemError):
    """A user's file could not be opened, read or removed.

    Constructing this error raises `HostLimitError` instead if a limit of the host is the cause,
    such as too many open files. The same holds for the store, cache and folder errors below.

    Args:
        action: The verb for the message, such as "read".
    """

    def __init__(self, path: Path, action: str, error: OSError) -> None:
        raise_host_limit(error)
        self.path = path
        self.action = action
        super().__init__(f"cannot {action} {display_path(path)}: {words_for(error)}")


class CurrentFolderGoneError(EnvironmentFaultError):
    """The current folder was removed, so relative paths have no meaning."""

    def __init__(self) -> None:
        super().__init__(
            "the current folder was removed", "change to another folder, or give absolute paths"
        )


class NotRegularFileError(ItemError):
    """A path is not a regular file: it has no content of its own, and opening it may block.

    Args:
        kind: What it is, with its article, such as "a FIFO".
    """

    def __init__(self, path: Path, kind: str) -> None:
        self.path = path
        self.kind = kind
        super().__init__(f"{display_path(path)} is {kind}, not a regular file")


class FileChangedError(ItemError):
    """A user's file was written to, replaced or removed while it was being read."""

    def __init__(self, path: Path, *, is_gone: bool = False) -> None:
        self.path = path
        self.is_gone = is_gone
        super().__init__(
            f"{display_path(path)} {'vanished' if is_gone else 'changed'} while it was read",
            "add it again when no other program is writing to it",
        )


class SourceLeftAsideError(ItemError):
    """A file that was set aside during a move cannot get its name back.

    It turned out not to be the source that was stored, and meanwhile another file has its name.

    Args:
        path: The name that it had.
        left_as: The hidden name under which it is now.
    """

    def __init__(self, path: Path, left_as: Path) -> None:
        self.path = path
        self.left_as = left_as
        super().__init__(
            f"{display_path(path)} changed twice while it was being removed; "
            f"the first of the new files is now {display_path(left_as)}",
            "keep both files, as neither is the one that was stored; rename the hidden one",
        )


class ReferenceChangedError(ItemError):
    """A file that is referenced in place has changed since it was added.

    Args:
        recorded: Its size in bytes and its modification time in ns when it was added.
        found: The same values now.
    """

    def __init__(self, path: Path, *, recorded: tuple[int, int], found: tuple[int, int]) -> None:
        self.path = path
        self.recorded_size_bytes, self.recorded_mtime_ns = recorded
        self.found_size_bytes, self.found_mtime_ns = found
        super().__init__(
            f"{display_path(path)} changed after it was added: "
            f"recorded {_file_state(*recorded)}, now {_file_state(*found)}",
            "add it again to record it as it is now",
        )


class FolderGoneError(ItemError):
    """The folder of a referenced file is gone or empty, as when its disk was unplugged.

    The message is the same for all files in that folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"{display_path(folder)} is not there, or empty",
            "mount its disk and try again; `dam-cli process` continues with the files in it",
        )
        address = folder.as_uri()
        if len(address) <= _LONGEST_REQUIREMENT:
            self.requirement = address


class SourceReplacedError(ItemError):
    """The source of a move was replaced or changed after it was stored, so it is not removed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{display_path(path)} changed after it was moved in, and is not removed",
            "add it again to keep it as it is now",
        )


class InsideStoreError(ItemError):
    """The path of the source of a move now leads into the store, so it is not removed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{display_path(path)} is inside the store, and is not removed")


class ContentMissingError(ItemError):
    """The store does not hold the bytes of a digest."""

    def __init__(self, digest: bytes) -> None:
        self.digest = digest
        super().__init__(
            f"the store has no content sha256:{digest.hex()}",
            "add a file with these bytes again with `add-asset --rehash`; "
            "`dam-cli verify` lists all missing files",
        )


class ContentDamagedError(ItemError):
    """The bytes in the store do not match the digest under which they are stored.

    Args:
        found: What is there instead of a file, with its article, such as "a folder". None if it is
            a file.
    """

    def __init__(self, digest: bytes, found: str | None = None) -> None:
        self.digest = digest
        self.found = found
        super().__init__(
            f"the stored bytes do not match sha256:{digest.hex()}"
            if found is None
            else f"the store has {found} in place of sha256:{digest.hex()}",
            "add a good copy of the file with `add-asset --rehash`; check the disk of the store",
        )


class StoreUnusableError(EnvironmentFaultError):
    """The content store as a whole cannot be read or written."""

    def __init__(self, root: Path, error: OSError) -> None:
        raise_host_limit(error)
        self.root = root
        self.errno = error.errno
        super().__init__(
            f"the store {display_path(root)} is not usable: {words_for(error)}",
            _STORE_HINTS.get(error.errno or 0, "check the disk and DAM_ASSET_STORAGE_PATH"),
        )


class StoreInUseError(EnvironmentFaultError):
    """A command needs the content store for itself while an import writes to it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        super().__init__(
            f"the store {display_path(root)} is in use by an import", "try again when it is done"
        )


class StoreSharedError(EnvironmentFaultError):
    """Garbage cannot be collected in a store in which other worlds keep files too.

    A copy of this world's database counts as another world: each copy may know of files that the
    other does not.

    Args:
        root: The folder of the store.
        found: The databases of the other worlds.
        expected: The database of this world, the only one that should use the store.
    """

    def __init__(self, root: Path, found: Sequence[str], expected: str) -> None:
        self.root = root
        self.found = tuple(found)
        self.expected = expected
        super().__init__(
            f"the store {display_path(root)} also holds files of {', '.join(found)}; "
            f"expected those of {expected} alone",
            "give each world its own DAM_ASSET_STORAGE_PATH; run `dam-cli gc --force` "
            "if the other database is gone for good, or is this one under a former name",
        )


class UnknownStoreError(EnvironmentFaultError):
    """The address of the configured store has a scheme that is not supported."""

    def __init__(self, scheme: str, known: tuple[str, ...]) -> None:
        self.scheme = scheme
        self.known = known
        super().__init__(
            f"no content store for {scheme}:// addresses; known: a folder, "
            + ", ".join(f"{name}://" for name in known),
            "set DAM_ASSET_STORAGE_PATH to a folder",
        )


_STORE_HINTS: dict[int, str] = {
    errno.ENOSPC: "free some space on that disk",
    errno.EDQUOT: "free some space, or ask for a larger quota",
    errno.EROFS: "mount the file system for writing, or set DAM_ASSET_STORAGE_PATH",
    errno.EACCES: "make the folder writable for you, or set DAM_ASSET_STORAGE_PATH",
}


def _file_state(size_bytes: int, mtime_ns: int) -> str:
    written = datetime.fromtimestamp(mtime_ns // 10**9, UTC)
    return f"{size_bytes} bytes of {written:%Y-%m-%d %H:%M:%S} UTC"


class ReferenceDamagedError(ItemError):
    """A referenced file has different bytes, although its size and time are as recorded."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{display_path(path)} has different bytes than when it was added",
            "check its disk; add it again to record it as it is now",
        )


class OutputFolderError(EnvironmentFaultError):
    """Files cannot be written to the folder that the user chose."""

    def __init__(self, folder: Path, error: OSError) -> None:
        raise_host_limit(error)
        self.folder = folder
        self.errno = error.errno
        message = f"cannot write to {display_path(folder)}: {words_for(error)}"
        if isinstance(error, FileExistsError):
            message = f"{display_path(folder)} is a file; expected a folder"
        super().__init__(
            message,
            "choose a writable folder with free space; files already written are complete",
        )


class CacheUnusableError(EnvironmentFaultError):
    """The cache, a folder for data that can be made again, cannot be read or written."""

    def __init__(self, folder: Path, error: OSError) -> None:
        raise_host_limit(error)
        self.folder = folder
        self.errno = error.errno
        super().__init__(
            f"the cache {display_path(folder)} is not usable: {words_for(error)}",
            "make the folder writable for you, and check that its disk is not full",
        )


class ImportStoppedError(ItemError):
    """An import was stopped before this file was stored."""

    def __init__(self) -> None:
        super().__init__(
            "the import was stopped before this file was stored", "run the same command again"
        )
