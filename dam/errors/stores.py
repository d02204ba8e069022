"""Faults of a content store that is not where it was, or not the one that was opened."""

from pathlib import Path

from dam.errors.base import EnvironmentFaultError, display_path


class StoreReplacedError(EnvironmentFaultError):
    """The store's folder was unmounted, moved or replaced while a command worked with it."""

    def __init__(self, root: Path, found: str) -> None:
        self.root = root
        self.found = found
        super().__init__(
            f"the store {display_path(root)} went away while the command worked: {found}; "
            "no source was removed after that",
            "mount its disk or put the folder back, then run the same command again",
        )
