"""Opens files for reading: a confined worker asks its parent, every other process opens them.

A confined worker (see `dam.workers.sandbox`) has no right to open files. This module imports as
little as possible, because each worker imports it as it starts.
"""

import os
from pathlib import Path
from typing import Protocol

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


class Parent(Protocol):
    """What a confined worker can ask its parent for. An `OSError` is that of the parent."""

    def open_for_reading(self, path: Path, *, follows_links: bool) -> int:
        """Return a descriptor of the file; `PermissionError` if this call may not have it."""
        ...

    def is_empty_folder(self, path: Path) -> bool:
        """Return whether a folder above such a file is empty."""
        ...


_parents: list[Parent] = []


def ask_from_now_on(parent: Parent) -> None:
    """Have the parent open all files from now on; called once in a confined worker."""
    _parents[:] = [parent]


def is_confined() -> bool:
    """Return whether this process opens no files itself."""
    return bool(_parents)


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
