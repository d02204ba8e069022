"""References: user's files that stay in place.

A file that has the recorded size and time is unchanged. One that only has another time was touched:
its bytes decide. Summer time on FAT, `touch`, and copies over a network all move times alone.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from dam.asking import is_empty_folder
from dam.errors import FileAccessError, ReferenceChangedError, raise_host_limit
from dam.storage.sources.reading import FileStat


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A user's file that stays in place, with its size and time when it was read."""

    path: Path
    size_bytes: int
    mtime_ns: int


def check_reference(reference: Reference) -> None:
    """Raise unless a referenced file still has the recorded size and time; opens nothing.

    Raises:
        ReferenceChangedError: Its size or time is different.
        FileAccessError: The file cannot be reached.
    """
    try:
        status = FileStat.of(reference.path.stat())
    except OSError as error:
        raise FileAccessError(reference.path, "read", error) from error
    if (reference.size_bytes, reference.mtime_ns) != (status.size_bytes, status.mtime_ns):
        found = replace(reference, size_bytes=status.size_bytes, mtime_ns=status.mtime_ns)
        raise change_of(reference, found)


def as_it_is_now(reference: Reference) -> Reference:
    """Return the reference with the time that its file has now; opens nothing.

    Raises:
        ReferenceChangedError: The file has another size, so its bytes are others, too.
        FileAccessError: The file cannot be reached.
    """
    try:
        check_reference(reference)
    except ReferenceChangedError as error:
        if error.found_size_bytes != reference.size_bytes:
            raise
        return replace(reference, mtime_ns=error.found_mtime_ns)
    return reference


def change_of(recorded: Reference, found: Reference) -> ReferenceChangedError:
    """Return the error to raise for a file that is not the recorded one."""
    return ReferenceChangedError(
        recorded.path,
        recorded=(recorded.size_bytes, recorded.mtime_ns),
        found=(found.size_bytes, found.mtime_ns),
    )


def missing_folder(path: Path) -> Path | None:
    """Return the folder whose absence explains a missing file, or None if only the file is gone.

    It is the topmost folder that does not exist; or the folder above that, or above the file, if
    it is empty, as a mount point without its disk is. Example for `/mnt/usb/2024/a.jpg`:
    `/mnt/usb/2024` if `/mnt/usb` has other files, `/mnt/usb` if it is empty.
    """
    missing = None
    for folder in path.parents:
        try:
            is_empty = is_empty_folder(folder)
        except PermissionError:
            return missing
        except OSError as error:
            raise_host_limit(error)
            missing = folder
            continue
        return folder if is_empty else missing
    return missing


def is_there(folder: Path) -> bool:
    """Return whether a folder exists and has something in it."""
    try:
        return not is_empty_folder(folder)
    except OSError:
        return False
