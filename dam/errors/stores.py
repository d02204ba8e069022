"""Errors about a content store that is missing, shared, replaced, or newer than the database."""

from pathlib import Path

from dam.errors.base import EnvironmentFaultError, UsageError, display_path


class StoreNotThereError(EnvironmentFaultError):
    """The store has none of the files of a random sample that the database expects in it.

    Args:
        root: The folder of the store.
        looked_for: The number of files in the sample.
    """

    def __init__(self, root: Path, looked_for: int) -> None:
        self.root = root
        self.looked_for = looked_for
        files = "the one file" if looked_for == 1 else f"any of {looked_for} files"
        super().__init__(
            f"the store is not there: {display_path(root)} does not have {files} "
            "that the database expects in it",
            "mount its disk there, or set DAM_ASSET_STORAGE_PATH; "
            "if it is lost for good, run `dam-cli doctor --store-is-lost`",
        )


class StoreNotLostError(UsageError):
    """The user says that a store is lost, but it is there, or nothing was ever stored in it.

    Args:
        root: The folder of the store.
        files: The number of stored files that the database knows; 0 if nothing was ever stored.
    """

    def __init__(self, root: Path, files: int) -> None:
        self.root = root
        self.files = files
        found = "is there" if files else "never had a file of this world"
        super().__init__(
            f"the store {display_path(root)} is not lost: it {found}; nothing was done",
            "`dam-cli verify` lists what it lacks; add those files again" if files else None,
        )


class StoreAheadError(EnvironmentFaultError):
    """The store was used by a newer database of the same world since this one was last used.

    The database may not decide what is garbage in the store.

    Args:
        root: The folder of the store.
        database: The address of this database.
    """

    def __init__(self, root: Path, database: str) -> None:
        self.root = root
        self.database = database
        super().__init__(
            f"{database} is an older copy: a newer database of this world has stored files in "
            f"{display_path(root)} since then; nothing was removed",
            "use the newer database; if it is gone for good, save the files you want from the "
            "store, then run `dam-cli gc --force` to remove what this database does not know",
        )


class StoreUnmarkedError(EnvironmentFaultError):
    """The store had files but no mark, so the marks of other worlds may be missing too.

    Those worlds may keep files there, and removing garbage could remove them.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        super().__init__(
            f"the store {display_path(root)} had files but no mark of this world, and may lack the "
            "marks of other worlds; nothing was removed",
            "run `dam-cli gc --force` if only this world uses the store",
        )


class StoreReplacedError(EnvironmentFaultError):
    """The store's folder was unmounted, moved or replaced while a command was using it.

    Args:
        found: What is in its place, or why it cannot be opened.
    """

    def __init__(self, root: Path, found: str) -> None:
        self.root = root
        self.found = found
        super().__init__(
            f"the store {display_path(root)} went away while the command worked: {found}; "
            "no source was removed after that",
            "mount its disk or put the folder back, then run the same command again",
        )
