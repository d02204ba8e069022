"""Finds the files of settings: `config.toml` of the user, and the nearest `.env`."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from dam.errors import display_path

ENV_NAME = ".env"
_OURS = re.compile(rb"^\W*(?:export\s+)?DAM_", re.IGNORECASE | re.MULTILINE)


def config_file() -> Path:
    """Return the path of the user's `config.toml`, whether or not it exists."""
    return platformdirs.user_config_path("dam") / "config.toml"


def nearest_env_file() -> Path | None:
    """Return the `.env` in the current folder or nearest above it that has lines about `DAM_…`.

    Above the current folder, a file of another user is passed over, unless it is root's: anybody
    may put one into `/tmp`. So is a file that cannot be read.

    Raises:
        OSError: The file in the current folder cannot be read.
    """
    try:
        here = Path.cwd()
    except FileNotFoundError:  # the folder is gone
        return None
    if _is_ours(here / ENV_NAME):
        return here / ENV_NAME
    return next(_usable_above(here), None)


def shown_path(path: Path) -> str:
    """Return how an error names a file of settings: by its name if it is in the current folder."""
    is_here = path.name == ENV_NAME and os.path.realpath(path.parent) == os.path.realpath(".")
    return path.name if is_here else display_path(path)


def _usable_above(folder: Path) -> Iterator[Path]:
    for parent in folder.parents:
        path = parent / ENV_NAME
        try:
            if _is_ours(path) and _is_trusted(path):
                yield path
        except OSError:
            continue


def _is_ours(path: Path) -> bool:
    if not path.is_file():  # a folder with this name is often a virtual environment
        return False
    # Without the zero bytes of UTF-16, so that such a file is found, and refused with an error.
    return _OURS.search(path.read_bytes().replace(b"\0", b"")) is not None


def _is_trusted(path: Path) -> bool:
    return not hasattr(os, "getuid") or path.stat().st_uid in (os.getuid(), 0)
