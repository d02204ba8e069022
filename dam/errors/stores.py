"""Faults of a content store that is not where it was, or not the one that was opened."""

from pathlib import Path

from dam.errors.base import EnvironmentFaultError, UsageError, display_path


class StoreNotThereError(EnvironmentFaultError):
    """The database knows stored files, and none of those that were looked for are in the store.

    Args:
        root: The folder in which the store was looked for.
        looked_for: How many files, chosen at random.
    """

    def __init__(self, root: Path, looked_for: int) -> None:
        self.root = root
        self.looked_for = looked_for
        files = "the one file" if looked_for == 1 else f"any of {looked_for} files"
        super().__init__(
            f"the store is not there: {display_path(root)} does not have {files} "
            "that the database knows to be in it",
            "mount its disk there, or set DAM_ASSET_STORAGE_PATH; "
            "if it is lost for good, `dam-cli doctor --store-is-lost`",
        )


class StoreNotLostError(UsageError):
    """Somebody says that a store is lost, and it is there, or nothing was ever stored."""

    def __init__(self, root: Path, files: int) -> None:
        self.root = root
        self.files = files
        found = "is there" if files else "never had a file of this world"
        super().__init__(
            f"the store {display_path(root)} is not lost: it {found}; nothing was done",
            "`dam-cli verify` lists what it lacks; add those files again" if files else None,
        )


class StoreAheadError(EnvironmentFaultError):
    """Another database of the same world has stored files since this one was last used.

    Args:
        root: Of the store.
        database: That may not judge what is garbage there.
    """

    def __init__(self, root: Path, database: str) -> None:
        self.root = root
        self.database = database
        super().__init__(
            f"{database} is an older copy: a newer database of this world has stored files "
            f"in {display_path(root)} since; nothing was removed",
            "use the newer database; if that is gone for good, save what you want of the store, "
            "then `dam-cli gc --force` removes what this one does not know",
        )


class StoreUnmarkedError(EnvironmentFaultError):
    """The store had files and no mark, so other worlds may keep bytes there, too."""

    def __init__(self, root: Path) -> None:
        self.root = root
        super().__init__(
            f"the store {display_path(root)} had files and no mark of this world; it may lack "
            "those of other worlds, too, so nothing was removed",
            "`dam-cli gc --force` if no other world keeps files there",
        )


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
