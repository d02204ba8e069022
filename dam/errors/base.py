"""`DamError`, the base of all errors, its exit codes, and plain words for errors of the system."""

import errno
import os
import re
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from dam.errors.secrets import text_without_passwords

_LONGEST_ECHO = 60
_KEPT = re.compile("((?<=[^\0-\x7f\u200c\u200d])[\u200c\u200d](?=[^\0-\x7f])|\u3000)")


class TextPlace(NamedTuple):
    """The character of a text, such as a query, at which it is wrong; counted from 0."""

    text: str
    position: int


class ExitCode(IntEnum):
    """Exit code of the process; scripts depend on these numbers."""

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
    """An error whose cause is outside the program: one message, at most one hint, one exit code."""

    exit_code: ClassVar[ExitCode] = ExitCode.ENVIRONMENT
    json_fields: ClassVar[tuple[str, ...]] = ()  # attributes that `--json` shows beside the message
    details: tuple[str, ...] = ()
    """Further lines for people; the message itself is always one line."""

    text_place: TextPlace | None = None
    """Where the fault is in a text that people wrote; `--json` has its `position`."""

    requirement: str | None = None
    """The thing that must be there before another try makes sense: the name of what must be
    installed, or the `file:` address of what must exist. Examples: "pillow", "file:///mnt/nas"."""

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
        # Workers pickle errors. The default would call the subclass with `args`, which do not fit.
        return _restore, (type(self), self.args, self.__dict__)


def _restore(kind: type[DamError], args: tuple[Any, ...], state: dict[str, Any]) -> DamError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class UsageError(DamError):
    """The command or call itself is wrong; nothing was done."""

    exit_code = ExitCode.USAGE


class EnvironmentFaultError(DamError):
    """A database, disk, setting or optional package is not usable, so the whole command fails."""


class ItemError(DamError):
    """One file or entity could not be handled; the command continues with the rest."""

    exit_code = ExitCode.ITEMS_FAILED


def is_of_item(error: DamError) -> bool:
    """Tell whether an error concerns one item, so that the other items can still be handled.

    A missing package (an error with a `requirement`) counts as such: only some items need it.
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
    """Return the reason of a system error in plain words, without the path."""
    if error.errno in _WORDS:
        return _WORDS[error.errno]
    return (error.strerror or str(error)).lower()


def echoed(text: str) -> str:
    """Return a text that people wrote in quotes, printable, and at most 60 characters of it."""
    short = text if len(text) <= _LONGEST_ECHO else f"{text[:_LONGEST_ECHO]}…"
    return repr(short)


def display_path(path: str | Path) -> str:
    """Return a path as one printable line; bytes that are not printable UTF-8 are escaped."""
    return printable_text(os.fsencode(path).decode(errors="backslashreplace"))


def printable_text(text: str, escape: Callable[[str], str] = lambda c: ascii(c)[1:-1]) -> str:
    """Return text as one line in which each character that is not printable is escaped.

    The space of Japanese names stays, and what joins emoji, or letters of Persian and Indian
    scripts.

    Args:
        text: Any text.
        escape: Makes something printable of a character.
    """
    if text.isprintable():
        return text
    parts = _KEPT.split(text)  # every second one is kept
    parts[::2] = ["".join(c if c.isprintable() else escape(c) for c in part) for part in parts[::2]]
    return "".join(parts)
