"""Opens files: a confined worker asks its parent for each, every other process opens them itself.

A confined worker (see `dam.sandbox`) has no right to open files. This module imports as
little as possible, because each worker imports it as it starts.
"""

import os
from pathlib import Path
from typing import NamedTuple, Protocol

# Without NONBLOCK, open() waits for a FIFO's writer; without NOCTTY, a terminal becomes this
# process's own. Windows has neither.
OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
NEW_FLAGS = (
    os.O_RDWR
    | os.O_CREAT
    | os.O_EXCL
    | NO_LINKS
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class Printed(NamedTuple):
    """What a program has printed: a descriptor of the file that holds it, and its exit code."""

    fd: int
    exit_code: int


class Parent(Protocol):
    """What a confined worker can ask its parent for. An `OSError` is that of the parent."""

    def open_for_reading(self, path: Path, *, follows_links: bool) -> int:
        """Return a descriptor of the file; `PermissionError` if this call may not have it."""
        ...

    def is_empty_folder(self, path: Path) -> bool:
        """Return whether a folder above such a file is empty."""
        ...

    def open_new(self, path: Path) -> int:
        """Return a descriptor of a new file; `PermissionError` if this call may not make it."""
        ...

    def open_temporary(self) -> int:
        """Return a descriptor of a new file without a name; `PermissionError` as above."""
        ...

    def print_members(self, fd: int, size_bytes: int) -> Printed:
        """Have a program print the members of an open RAR file; `PermissionError` as above."""
        ...


_parents: list[Parent] = []


def ask_from_now_on(parent: Parent) -> None:
    """Have the parent open all files from now on; called once in a confined worker."""
    _parents[:] = [parent]


def parent() -> Parent | None:
    """Return the parent to ask for files; None if this process opens them itself."""
    return _parents[0] if _parents else None


def open_for_reading(path: Path, *, follows_links: bool = True) -> int:
    """Open a file for reading without ever waiting, and return its descriptor.

    Raises:
        OSError: It cannot be opened; `ELOOP` for a link if `follows_links` is False.
    """
    for parent in _parents:
        return parent.open_for_reading(path, follows_links=follows_links)
    return os.open(path, OPEN_FLAGS if follows_links else OPEN_FLAGS | NO_LINKS)


def is_empty_folder(path: Path) -> bool:
    """Return whether a folder has nothing in it.

    Raises:
        OSError: There is no such folder, or it cannot be read.
    """
    for parent in _parents:
        return parent.is_empty_folder(path)
    with os.scandir(path) as entries:
        return next(entries, None) is None


def open_new(path: Path) -> int:
    """Make a file for its user alone, open for reading and writing; return its descriptor.

    Raises:
        OSError: It cannot be made; `FileExistsError` if something has its name.
    """
    for parent in _parents:
        return parent.open_new(path)
    return os.open(path, NEW_FLAGS, 0o600)
