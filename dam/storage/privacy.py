"""Files and folders for the user alone, whatever the umask; and how a group shares them on purpose.

What we make is 0600, folders 0700. In a folder of ours that somebody has opened to its group for
writing, what is new is for the group as well, so that the folder stays of use to all of it. Nothing
is ever made for everybody.
"""

import os
import stat
from pathlib import Path
from typing import IO

FILE_MODE, FOLDER_MODE = 0o600, 0o700
_GROUP_FILE, _GROUP_FOLDER = 0o060, 0o070
_OTHERS = 0o077


def make_private_folder(path: Path, *, inside: Path | None = None) -> None:
    """Make a folder, and those above it, where they are missing.

    Args:
        path: Where.
        inside: The folder of ours in which a new one is shared as the one around it is.
    """
    if path.is_dir():
        return
    if not path.parent.exists():
        make_private_folder(path.parent, inside=inside)
    try:
        path.mkdir(mode=FOLDER_MODE)
    except FileExistsError:  # somebody else was quicker
        if not path.is_dir():
            raise
        return
    if inside is not None and path.is_relative_to(inside) and path != inside:
        _share_like(path, path.parent, _GROUP_FOLDER)


def make_private_file(path: Path) -> None:
    """Make an empty file where there is none, before a library makes one by the umask.

    A library follows a symbolic link, also one that leads to nothing yet.
    """
    target = os.path.realpath(path)
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))
    except FileExistsError:
        return


def open_private(path: Path) -> IO[bytes]:
    """Open a new file for writing, shared as its folder is; that folder is one of ours."""
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), FILE_MODE)
    share_like_folder(fd, path.parent)
    return os.fdopen(fd, "wb")


def share_like_folder(fd: int, folder: Path) -> None:
    """Let the group use a new file of ours where it may use its folder."""
    _share_like(fd, folder, _GROUP_FILE)


def copy_mode(path: Path) -> int:
    """Return the mode for a copy of a file: for the group, too, where that may change the file."""
    return FILE_MODE | (_GROUP_FILE if path.stat().st_mode & stat.S_IWGRP else 0)


def open_to_others(path: Path) -> int | None:
    """Return the mode of a file or folder that is not for its user alone, else None.

    By its own rights: a closed folder above it may be opened, and a backup keeps the mode.
    """
    if os.name != "posix":
        return None
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:  # not there, or not ours to see
        return None
    return mode if mode & _OTHERS else None


def close_to_others(path: Path) -> None:
    """Take the rights of everybody else away; raise `OSError` where that is not ours to do."""
    path.chmod(stat.S_IMODE(path.stat().st_mode) & ~_OTHERS)


def _share_like(new: Path | int, folder: Path, rights: int) -> None:
    if folder.stat().st_mode & stat.S_IWGRP:
        os.chmod(new, stat.S_IMODE(os.stat(new).st_mode) | rights)  # noqa: PTH101, PTH116 - or a descriptor
