"""The faults that a user, a file or a disk can cause, each with its words and its exit code.

Everything that is not a `DamError` is a bug of ours. A subclass takes the facts as arguments,
keeps them as attributes and renders `message` (what was found, what was expected) and `hint`
(what to do).
"""

import errno
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Any, ClassVar


class ExitCode(IntEnum):
    """What the process says to its caller; scripts depend on these numbers."""

    OK = 0
    NOTHING_FOUND = 1
    USAGE = 2
    ITEMS_FAILED = 3
    DAMAGE = 4
    ENVIRONMENT = 5
    BUG = 70
    INTERRUPTED = 130


class DamError(Exception):
    """A fault outside the program: one message, at most one hint, one exit code."""

    exit_code: ClassVar[ExitCode] = ExitCode.ENVIRONMENT
    json_fields: ClassVar[tuple[str, ...]] = ()  # attributes that `--json` shows beside the message
    requirement: str | None = None
    """The name of what must be installed before another try makes sense."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Workers send errors home. The default calls the subclass with `args`, which does not fit.
        return _restore, (type(self), self.args, self.__dict__)


def _restore(kind: type[DamError], args: tuple[Any, ...], state: dict[str, Any]) -> DamError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class UsageError(DamError):
    """The call itself is wrong; nothing was done."""

    exit_code = ExitCode.USAGE


class EnvironmentFaultError(DamError):
    """A database, disk, setting or optional package is not as needed; nothing can be done."""


class ItemError(DamError):
    """One file or entity could not be handled; the rest goes on."""

    exit_code = ExitCode.ITEMS_FAILED


_WORDS: dict[int, str] = {
    errno.EACCES: "permission denied",
    errno.EPERM: "not permitted",
    errno.ENOENT: "no such file",
    errno.ENOSPC: "no space left on the disk",
    errno.EDQUOT: "disk quota exceeded",
    errno.EROFS: "the file system is read-only",
    errno.EIO: "input/output error of the disk",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EISDIR: "is a folder",
    errno.ENOTDIR: "a part of the path is not a folder",
    errno.ELOOP: "too many symbolic links",
    errno.EMFILE: "too many open files",
}


def words_for(error: OSError) -> str:
    """Return what went wrong with a file in plain words, without the path."""
    if error.errno in _WORDS:
        return _WORDS[error.errno]
    return (error.strerror or str(error)).lower()


def display_path(path: Path) -> str:
    """Return a path as one printable line; what is not printable or not UTF-8 is escaped."""
    text = os.fsencode(path).decode(errors="backslashreplace")
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class DatabaseError(EnvironmentFaultError):
    """The database cannot be used as it is."""

    def __init__(self, url: str, reason: str, hint: str | None = None) -> None:
        self.url = url
        self.reason = reason
        super().__init__(
            f"the database {url} failed: {reason}", hint or "check its disk and rights"
        )


class DatabaseLockedError(DatabaseError):
    """Another program holds the write lock of a SQLite file."""

    def __init__(self, url: str, waited_s: float) -> None:
        self.waited_s = waited_s
        super().__init__(
            url,
            f"another program kept it locked for {waited_s:g} s",
            "close the program that has it open, then run the command again",
        )


class DatabaseCorruptError(DatabaseError):
    """The SQLite file is damaged, or is no SQLite file."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason, "restore it from a backup; the stored files are not touched")


class DatabaseUnreachableError(DatabaseError):
    """The database file or server cannot be reached."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason, "check DAM_DATABASE_URL and that the server runs")


class DatabaseUrlError(EnvironmentFaultError):
    """The database URL is of no kind that is known."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(
            f"no database can be opened at {url!r}; expected sqlite:///FILE or postgresql://…",
            "set DAM_DATABASE_URL",
        )


class NotSetUpError(EnvironmentFaultError):
    """A configured database has no schema of ours."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(f"the database {url} is not set up", "run `dam-cli setup-db`")


class DatabaseOutdatedError(EnvironmentFaultError):
    """The schema is older than the program."""

    def __init__(self, url: str, found: str, expected: str) -> None:
        self.url, self.found, self.expected = url, found, expected
        super().__init__(
            f"the database {url} has schema {found}; this program needs {expected}",
            "run `dam-cli setup-db`; it saves a copy first",
        )


class DatabaseTooNewError(EnvironmentFaultError):
    """The schema is one that this program does not know."""

    def __init__(self, url: str, found: str, expected: str) -> None:
        self.url, self.found, self.expected = url, found, expected
        super().__init__(
            f"the database {url} has schema {found}; this program knows up to {expected}",
            "a newer version has made it: upgrade ecs-dam",
        )


class MissingExtraError(EnvironmentFaultError):
    """An optional part of the distribution is not installed."""

    def __init__(self, extra: str, purpose: str) -> None:
        self.extra = extra
        self.purpose = purpose
        self.requirement = extra
        super().__init__(
            f"{purpose} needs the extra {extra!r}, which is not installed",
            f'pip install "ecs-dam[{extra}]"',
        )


class NoContentError(ItemError):
    """An entity without bytes of its own was to be read."""

    def __init__(self, entity_id: int) -> None:
        self.entity_id = entity_id
        super().__init__(f"entity {entity_id} has no content")


class QueryPictureError(EnvironmentFaultError):
    """The picture to search for cannot be used; nothing can be found with it."""

    def __init__(self, query: str, reason: str) -> None:
        self.query = query
        self.reason = reason
        super().__init__(f"cannot search with {query}: {reason}")


class FolderGivenError(UsageError):
    """Folders were named where files are taken."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{display_path(path)} is a folder; expected files", "add -r to go into folders"
        )


class NestedWriterError(Exception):
    """A bug: a writing transaction was opened inside another one, which would wait for itself."""

    def __init__(self) -> None:
        super().__init__("a writer was opened inside a writer; use the session that is open")


class MissingResourceError(DamError):
    """A resource was asked for that the world does not have."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(f"no resource {name}; known: {', '.join(known) or 'none'}")


class RepeatedDeathError(ItemError):
    """Whatever worked on an entity alone was killed every time."""

    def __init__(self, deaths: int) -> None:
        self.deaths = deaths
        super().__init__(f"given up: {deaths} processes died while working on it alone")


class NotSettledError(DamError):
    """Systems mark entities for each other without end."""

    exit_code = ExitCode.BUG

    def __init__(self, systems: Sequence[str]) -> None:
        self.systems = tuple(systems)
        super().__init__(
            f"the work does not settle; still marking: {', '.join(systems)}",
            "a system must not mark again what it was given",
        )


@dataclass(frozen=True)
class BuildFault:
    """One thing that is wrong with a system: where it is, what was found, what to do."""

    file: str
    line: int
    function: str
    found: str
    hint: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.function}: {self.found}; {self.hint}"


class WorldBuildError(DamError):
    """The systems of a world do not fit together; every fault is listed."""

    exit_code = ExitCode.BUG

    def __init__(self, faults: Sequence[BuildFault]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"  {fault}" for fault in faults)
        super().__init__(f"the world cannot be built, {len(faults)} faults:\n{lines}")


class PluginLoadError(EnvironmentFaultError):
    """A plugin's package is installed but does not load."""

    def __init__(self, name: str, error: Exception) -> None:
        self.name = name
        super().__init__(
            f"plugin {name!r} does not load: {type(error).__name__}: {error}",
            "uninstall or repair it, or leave plugins out with --no-plugins",
        )


class FileAccessError(ItemError):
    """A user's file could not be opened, read or removed."""

    def __init__(self, path: Path, action: str, error: OSError) -> None:
        self.path = path
        self.action = action
        super().__init__(f"cannot {action} {display_path(path)}: {words_for(error)}")


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


class ContentMissingError(ItemError):
    """The store does not hold the bytes of a digest."""

    def __init__(self, digest: bytes) -> None:
        self.digest = digest
        super().__init__(
            f"the store has no content sha256:{digest.hex()}",
            "add a file with these bytes again; `verify` lists all that is missing",
        )


class ContentDamagedError(ItemError):
    """The store holds other bytes under a digest than the digest says."""

    def __init__(self, digest: bytes) -> None:
        self.digest = digest
        super().__init__(
            f"the stored bytes do not match sha256:{digest.hex()}",
            "check the disk of the store, then run `verify`",
        )


class StoreUnusableError(EnvironmentFaultError):
    """The content store as a whole cannot be read or written."""

    def __init__(self, root: Path, error: OSError) -> None:
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


class WorkerDiedError(ItemError):
    """The process that worked on an item ended in the middle of it.

    Args:
        exit_code: The process's, or minus the number of the signal that killed it.
    """

    def __init__(self, exit_code: int) -> None:
        self.exit_code_of_worker = exit_code
        how = f"ended with exit code {exit_code}"
        if exit_code < 0:
            how = f"was killed by {_signal_name(-exit_code)}"
        hint = "the system may be short of memory" if how.endswith("SIGKILL") else None
        super().__init__(f"the worker process {how}", hint)


class WorkerTimeoutError(ItemError):
    """An item took longer than its time limit, and the process that worked on it was stopped."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        super().__init__(f"took longer than {limit_s:g} s and was stopped")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class UnsupportedPictureError(ItemError):
    """No decoder of this program makes a bitmap of files of this type."""

    def __init__(self, media_type: str) -> None:
        self.media_type = media_type
        super().__init__(f"files of type {media_type} cannot be decoded as pictures")


class MissingDecoderError(ItemError):
    """The picture can be decoded once an optional package is installed."""

    def __init__(self, media_type: str, package: str) -> None:
        self.media_type = media_type
        self.package = package
        super().__init__(
            f"no decoder for {media_type} is installed", f"pip install {package}, then retry"
        )


class UnreadablePictureError(ItemError):
    """A picture is truncated, corrupt, or uses a feature of its format that is not decoded."""

    def __init__(self, picture_format: str, reason: str) -> None:
        self.picture_format = picture_format
        self.reason = reason
        super().__init__(f"unreadable {picture_format} picture: {reason}")


class MediaLimitError(ItemError):
    """A file is larger inside than it may be; hostile files are, honest ones hardly ever."""

    def __init__(self, what: str, found: int | None, limit: int) -> None:
        self.what = what
        self.found = found
        self.limit = limit
        amount = f"{found:,} {what}" if found is not None else f"too many {what}"
        super().__init__(f"{amount}; at most {limit:,} are accepted")


class EntityNotFoundError(UsageError):
    """An id that no entity of this world has."""

    def __init__(self, entity_ids: Sequence[int]) -> None:
        self.entity_ids = tuple(entity_ids)
        noun = "entity" if len(self.entity_ids) == 1 else "entities"
        super().__init__(f"no {noun} {', '.join(map(str, self.entity_ids))}")


class EntityInUseError(ItemError):
    """An entity that others need, so it cannot be deleted."""

    def __init__(self, entity_id: int, users: Sequence[int]) -> None:
        self.entity_id = entity_id
        self.users = tuple(users)
        noun = "entity" if len(self.users) == 1 else "entities"
        super().__init__(
            f"entity {entity_id} is used by {noun} {', '.join(map(str, self.users))}",
            "delete what uses it first",
        )
