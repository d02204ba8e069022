"""Faults of users' files, of the content store and of other folders."""

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

_LONGEST_REQUIREMENT = 255  # of a failure's row


class FileAccessError(ItemError):
    """A user's file could not be opened, read or removed.

    As of the store, cache and folders below, there is none for a limit of the host: to make one
    raises `HostLimitError`.
    """

    def __init__(self, path: Path, action: str, error: OSError) -> None:
        raise_host_limit(error)
        self.path = path
        self.action = action
        super().__init__(f"cannot {action} {display_path(path)}: {words_for(error)}")


class CurrentFolderGoneError(EnvironmentFaultError):
    """Relative paths mean nothing, because the folder that they start from was removed."""

    def __init__(self) -> None:
        super().__init__("the current folder was removed", "go to another one, or give whole paths")


class NotRegularFileError(ItemError):
    """Something that has no content of its own, and may block whoever opens it."""

    def __init__(self, path: Path, kind: str) -> None:
        self.path = path
        self.kind = kind
        super().__init__(f"{display_path(path)} is {kind}, not a regular file")


class FileChangedError(ItemError):
    """A user's file was written to, replaced or removed while it was looked at."""

    def __init__(self, path: Path, *, is_gone: bool = False) -> None:
        self.path = path
        self.is_gone = is_gone
        super().__init__(
            f"{display_path(path)} {'vanished' if is_gone else 'changed'} while it was read",
            "add it again when no other program works on it",
        )


class SourceLeftAsideError(ItemError):
    """What was taken for the source of a move has lost its name to another file meanwhile."""

    def __init__(self, path: Path, left_as: Path) -> None:
        self.path = path
        self.left_as = left_as
        super().__init__(
            f"{display_path(path)} changed twice while it was being removed; "
            f"what was there first is now {display_path(left_as)}",
            "both are there, and neither is the file that was stored; rename the hidden one",
        )


class ReferenceChangedError(ItemError):
    """A file that is referenced in place is no longer what was added."""

    def __init__(self, path: Path, *, recorded: tuple[int, int], found: tuple[int, int]) -> None:
        self.path = path
        self.recorded_size_bytes, self.recorded_mtime_ns = recorded
        self.found_size_bytes, self.found_mtime_ns = found
        super().__init__(
            f"{display_path(path)} changed since added: "
            f"recorded {_file_state(*recorded)}, now {_file_state(*found)}",
            "add it again to record it as it is now",
        )


class FolderGoneError(ItemError):
    """The folder of a referenced file is gone as a whole, as when its disk was pulled.

    The message is the same for all files that wait for it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"{display_path(folder)} is not there, or empty",
            "mount its disk and try again; `dam-cli process` goes on with what waits for it",
        )
        address = folder.as_uri()
        if len(address) <= _LONGEST_REQUIREMENT:
            self.requirement = address


class SourceReplacedError(ItemError):
    """What has the path of a file that was moved in is not that file, or not as it was."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{display_path(path)} is not as it was when it was moved in, and stays",
            "add it, if it is to be kept as it is now",
        )


class InsideStoreError(ItemError):
    """The path of a file that was moved in leads into the store by now."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{display_path(path)} is inside the store, and stays")


class ContentMissingError(ItemError):
    """The store does not hold the bytes of a digest."""

    def __init__(self, digest: bytes) -> None:
        self.digest = digest
        super().__init__(
            f"the store has no content sha256:{digest.hex()}",
            "add a file with these bytes again, with --rehash; `verify` lists all that is missing",
        )


class ContentDamagedError(ItemError):
    """The store holds other bytes under a digest than the digest says.

    `found` says what is there in place of a file, with its article.
    """

    def __init__(self, digest: bytes, found: str | None = None) -> None:
        self.digest = digest
        self.found = found
        super().__init__(
            f"the stored bytes do not match sha256:{digest.hex()}"
            if found is None
            else f"the store has {found} in the place of sha256:{digest.hex()}",
            "`add-asset --rehash` a good copy of the file, and check the disk of the store",
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
    """The content store is needed alone while imports write to it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        super().__init__(
            f"the store {display_path(root)} is in use by an import", "try again when it is done"
        )


class StoreSharedError(EnvironmentFaultError):
    """A world may not judge what is garbage in a store where others keep bytes, too.

    Another database of the same world, a copy of this one, counts as another: each may know of
    files that the other does not.

    Args:
        root: Of the store.
        found: The databases of the other worlds.
        expected: The database of the only world that was expected there.
    """

    def __init__(self, root: Path, found: Sequence[str], expected: str) -> None:
        self.root = root
        self.found = tuple(found)
        self.expected = expected
        super().__init__(
            f"the store {display_path(root)} also holds files of {', '.join(found)}; "
            f"expected those of {expected} alone",
            "give each world a DAM_ASSET_STORAGE_PATH of its own; "
            "if the other is gone for good or this one under its former name, `dam-cli gc --force`",
        )


class UnknownStoreError(EnvironmentFaultError):
    """The configured store is of a kind that is not built in."""

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
    errno.EDQUOT: "free some space or ask for a larger quota",
    errno.EROFS: "mount the file system for writing or set DAM_ASSET_STORAGE_PATH",
    errno.EACCES: "make the folder yours and writable or set DAM_ASSET_STORAGE_PATH",
}


def _file_state(size_bytes: int, mtime_ns: int) -> str:
    written = datetime.fromtimestamp(mtime_ns // 10**9, UTC)
    return f"{size_bytes} bytes of {written:%Y-%m-%d %H:%M:%S} UTC"


class ReferenceDamagedError(ItemError):
    """A referenced file has the size and time that were recorded, and yet other bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{display_path(path)} has other bytes than when it was added",
            "check its disk; add it again to record it as it is now",
        )


class OutputFolderError(EnvironmentFaultError):
    """Files cannot be written to the folder that was chosen for them."""

    def __init__(self, folder: Path, error: OSError) -> None:
        raise_host_limit(error)
        self.folder = folder
        self.errno = error.errno
        message = f"cannot write to {display_path(folder)}: {words_for(error)}"
        if isinstance(error, FileExistsError):
            message = f"{display_path(folder)} is a file; expected a folder"
        super().__init__(
            message,
            "choose a folder that is there, yours and not full; files written before are complete",
        )


class CacheUnusableError(EnvironmentFaultError):
    """The folder for what can be made again cannot be read or written."""

    def __init__(self, folder: Path, error: OSError) -> None:
        raise_host_limit(error)
        self.folder = folder
        self.errno = error.errno
        super().__init__(
            f"the cache {display_path(folder)} is not usable: {words_for(error)}",
            "make the folder yours and writable, and see that its disk is not full",
        )


class ImportStoppedError(ItemError):
    """An import was given up before this file was stored."""

    def __init__(self) -> None:
        super().__init__("the import was stopped before", "run the same command again")
