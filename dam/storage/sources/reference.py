"""Files that stay where the user keeps them, good as long as they are what was added."""

import os
from dataclasses import dataclass
from pathlib import Path

from dam.errors import FileAccessError, ReferenceChangedError, raise_host_limit
from dam.storage.sources.reading import FileStat


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A user's file in place, and what it was when it was read."""

    path: Path
    size_bytes: int
    mtime_ns: int


def check_reference(reference: Reference) -> None:
    """Raise unless a referenced file still has the size and time recorded; opens nothing.

    Raises:
        ReferenceChangedError: It has others.
        FileAccessError: It cannot be reached.
    """
    try:
        status = FileStat.of(reference.path.stat())
    except OSError as error:
        raise FileAccessError(reference.path, "read", error) from error
    recorded = (reference.size_bytes, reference.mtime_ns)
    found = (status.size_bytes, status.mtime_ns)
    if recorded != found:
        raise ReferenceChangedError(reference.path, recorded=recorded, found=found)


def missing_folder(path: Path) -> Path | None:
    """Return the folder for want of which a file is not there, or None if only the file is gone.

    It is the topmost that is not there; or, as a mount point without its disk is, one with nothing
    in it.
    """
    missing = None
    for folder in path.parents:
        try:
            with os.scandir(folder) as entries:
                is_empty = next(entries, None) is None
        except PermissionError:
            return missing
        except OSError as error:
            raise_host_limit(error)
            missing = folder
            continue
        return folder if is_empty else missing
    return missing


def is_there(folder: Path) -> bool:
    """Return whether a folder that was missing has something in it now."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is not None
    except OSError:
        return False
