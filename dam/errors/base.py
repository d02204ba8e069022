"""What every fault is, and the words for what the system says."""

import errno
import os
from enum import IntEnum
from pathlib import Path
from typing import Any, ClassVar

from dam.errors.secrets import text_without_passwords


class ExitCode(IntEnum):
    """What the process says to its caller; scripts depend on these numbers."""

    OK = 0
    NOTHING_FOUND = 1
    USAGE = 2
    ITEMS_FAILED = 3
    DAMAGE = 4
    ENVIRONMENT = 5
    BUG = 70
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


class DamError(Exception):
    """A fault outside the program: one message, at most one hint, one exit code."""

    exit_code: ClassVar[ExitCode] = ExitCode.ENVIRONMENT
    json_fields: ClassVar[tuple[str, ...]] = ()  # attributes that `--json` shows beside the message
    details: tuple[str, ...] = ()
    """Lines that people need beside the message, which is one line itself."""

    requirement: str | None = None
    """What must be installed, by its name, or be there, by its `file:` address, before another try
    makes sense."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        message, hint = text_without_passwords(message), hint and text_without_passwords(hint)
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        if not self.details:
            return self.message
        return f"{self.message}:\n  " + "\n  ".join(self.details)

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


def is_of_item(error: DamError) -> bool:
    """Tell whether an error is of one item, while others can go on.

    What is not installed is wanted by some of them alone.
    """
    return not isinstance(error, EnvironmentFaultError) or error.requirement is not None


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


def display_path(path: str | Path) -> str:
    """Return a path as one printable line; what is not printable or not UTF-8 is escaped."""
    text = os.fsencode(path).decode(errors="backslashreplace")
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
