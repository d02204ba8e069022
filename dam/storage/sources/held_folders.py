"""Folders that are kept open while a command works, to notice when others take their place."""

import os
from collections.abc import Sequence
from pathlib import Path

from dam.errors import StoreReplacedError, words_for


class HeldFolders:
    """The folders in which a store keeps its bytes.

    Invariant: a folder that was held stays open until `close`, so its inode number is not given to
    another folder meanwhile. Its disk cannot be unmounted by the way while it is held.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._held: dict[Path, int] = {}

    @property
    def is_held(self) -> bool:
        """Tell whether any folder is."""
        return bool(self._held)

    def hold(self) -> None:
        """Keep open the folders that are there and not held yet.

        Raises:
            OSError: One is there and cannot be opened.
        """
        if not hasattr(os, "O_DIRECTORY"):  # Windows, where nobody can unmount what is in use
            return
        for folder in self._folders:
            if folder not in self._held and folder.is_dir():
                self._held[folder] = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def require_same(self) -> None:
        """Look at what has the paths of the held folders now.

        Raises:
            StoreReplacedError: Another folder is in the place of one, or none.
        """
        for folder, fd in self._held.items():
            try:
                is_same = os.path.samestat(folder.stat(), os.fstat(fd))
            except OSError as error:
                raise StoreReplacedError(folder, words_for(error)) from error
            if not is_same:
                raise StoreReplacedError(folder, "another folder is in its place")

    def close(self) -> None:
        """Let go of all folders."""
        while self._held:
            os.close(self._held.popitem()[1])
