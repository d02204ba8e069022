"""Makes files and folders that only the user can read, whatever the umask.

Files get the mode 0600, folders 0700. A user may share one of dam's folders on purpose, by giving
its group the right to write there. Then new files and folders in it are for the group as well, so
that all of the group can go on using it. Nothing is ever made for everybody.
"""

import os
import stat
from pathlib import Path
from typing import IO

FILE_MODE, FOLDER_MODE = 0o600, 0o700
_GROUP_FILE, _GROUP_FOLDER = 0o060, 0o070
_OTHERS = 0o077


def make_private_folder(path: Path, *, inside: Path | None = None) -> None:
    """Make a folder and its missing parents, for the user alone.

    Args:
        path: The folder.
        inside: One of dam's folders: each new folder below it is shared with the group if its
            parent is.
    """
    if path.is_dir():
        return
    if not path.parent.exists():
        make_private_folder(path.parent, inside=inside)
    try:
        path.mkdir(mode=FOLDER_MODE)
    except FileExistsError:  # another process was quicker
        if not path.is_dir():
            raise
        return
    if inside is not None and path.is_relative_to(inside) and path != inside:
        _share_like(path, path.parent, _GROUP_FOLDER)


def make_private_file(path: Path) -> None:
    """Make an empty file if there is none, before a library makes one with the umask's rights.

    A symbolic link is followed, as the library will do, even if its target does not exist yet.
    """
    target = os.path.realpath(path)
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))
    except FileExistsError:
        return


def open_private(path: Path) -> IO[bytes]:
    """Open a new file for writing; it is shared with the group if its folder, one of dam's, is."""
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), FILE_MODE)
    share_like_folder(fd, path.parent)
    return os.fdopen(fd, "wb")


def share_like_folder(fd: int, folder: Path) -> None:
    """Let the group use an open new file if the group may write to its folder."""
    _share_like(fd, folder, _GROUP_FILE)


def copy_mode(path: Path) -> int:
    """Return the mode for a copy of a file: 0660 if its group may write to the file, else 0600."""
    return FILE_MODE | (_GROUP_FILE if path.stat().st_mode & stat.S_IWGRP else 0)


def open_to_others(path: Path) -> int | None:
    """Return the mode of a file or folder that others may use, or None if only its user may.

    Looks at its own rights only, not at the folders above it: a closed folder may be opened later,
    and a backup keeps the mode of the file alone.
    """
    if os.name != "posix":
        return None
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:  # missing, or the user may not see it
        return None
    return mode if mode & _OTHERS else None


def close_to_others(path: Path) -> None:
    """Take all rights of group and others away; raise `OSError` if the user may not do that."""
    path.chmod(stat.S_IMODE(path.stat().st_mode) & ~_OTHERS)


def _share_like(new: Path | int, folder: Path, rights: int) -> None:
    if folder.stat().st_mode & stat.S_IWGRP:
        os.chmod(new, stat.S_IMODE(os.stat(new).st_mode) | rights)  # noqa: PTH101, PTH116 - or a descriptor
