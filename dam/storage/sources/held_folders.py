"""Held folders: kept open while a command works, to notice when another folder replaces one."""

import os
from collections.abc import Sequence
from pathlib import Path

from dam.errors import StoreReplacedError, words_for


class HeldFolders:
    """The folders in which a store keeps its bytes.

    Invariant: a held folder stays open until `close`, so no other folder can get its inode number
    meanwhile. As a side effect, its disk cannot be unmounted while it is held.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._held: dict[Path, int] = {}

    @property
    def is_held(self) -> bool:
        """Return whether any folder is held."""
        return bool(self._held)

    def hold(self) -> None:
        """Open, and keep open, the folders that exist and are not held yet.

        Raises:
            OSError: A folder exists and cannot be opened.
        """
        if not hasattr(os, "O_DIRECTORY"):  # Windows, where a disk in use cannot be unmounted
            return
        for folder in self._folders:
            if folder not in self._held and folder.is_dir():
                self._held[folder] = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def require_same(self) -> None:
        """Raise unless the path of each held folder still leads to this folder.

        Raises:
            StoreReplacedError: A path leads to another folder, or to none.
        """
        for folder, fd in self._held.items():
            try:
                is_same = os.path.samestat(folder.stat(), os.fstat(fd))
            except OSError as error:
                raise StoreReplacedError(folder, words_for(error)) from error
            if not is_same:
                raise StoreReplacedError(folder, "another folder is in its place")

    def close(self) -> None:
        """Close all held folders."""
        while self._held:
            os.close(self._held.popitem()[1])
