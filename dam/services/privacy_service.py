"""Finds files of a world that other users of the machine can read, and closes them."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dam.core.config import WorldConfig
from dam.core.database.url import parse_database_url
from dam.errors import DamError, FileAccessError
from dam.storage.addresses import open_store
from dam.storage.privacy import close_to_others, open_to_others

_SIDE_FILES = ("-wal", "-shm")
_STORE_NAME = re.compile(r"[0-9a-f]{2}|\.(?:lock|worlds|draft-.*)")


@dataclass(frozen=True, kw_only=True)
class OpenPath:
    """A file or folder of the world that other users can access.

    Args:
        path: The file or folder.
        mode: Its permissions before it was closed, in octal digits, such as "0644".
        is_closed: Other users' permissions were removed.
        message: The error that prevented removing them.
    """

    path: Path
    mode: str
    is_closed: bool = False
    message: str | None = None


def find_open_paths(config: WorldConfig, *, is_configured: bool) -> list[OpenPath]:
    """Return the world's files and folders that other users can access.

    Checked are:

    - the SQLite file, the files SQLite keeps beside it, and the copies that `setup-db` saved
    - the folder of the store, or only the store's folders in it if it has other things, too
    - the folder of the cache
    - the folder of the database, unless the user chose it

    The contents of folders are not checked: a user who cannot enter a folder cannot read its files.

    Args:
        config: The world's configuration.
        is_configured: The user chose the database, and so the folder that it is in.
    """
    found = (
        (path, open_to_others(path)) for path in _own_paths(config, is_configured=is_configured)
    )
    return [OpenPath(path=path, mode=f"{mode:04o}") for path, mode in found if mode is not None]


def close_paths(found: Sequence[OpenPath]) -> list[OpenPath]:
    """Remove other users' permissions; return each path with the result."""
    closed = []
    for one in found:
        message = None
        try:
            close_to_others(one.path)
        except OSError as error:
            message = FileAccessError(one.path, "close", error).message
        closed.append(
            OpenPath(path=one.path, mode=one.mode, is_closed=message is None, message=message)
        )
    return closed


def _own_paths(config: WorldConfig, *, is_configured: bool) -> Iterator[Path]:
    url = parse_database_url(config.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        # SQLite follows links, and keeps its files beside the target.
        file = Path(url.database).resolve()
        if not is_configured:
            yield file.parent
        yield from _database_files(file)
    with suppress(DamError):  # an unknown kind of store, which `doctor` reports elsewhere
        for root in open_store(config.storage_url).local_roots():
            yield from _store_folders(root)
    yield config.cache_path


def _database_files(file: Path) -> Iterator[Path]:
    """Yield the files of a SQLite database, which may be absent.

    None is opened, because closing a file again would drop SQLite's locks on it.
    """
    yield file
    for suffix in _SIDE_FILES:
        yield file.with_name(file.name + suffix)
    yield from (path for path in _entries(file.parent) if _is_copy_of(file, path))


def _entries(folder: Path) -> list[Path]:
    """Return what is in a folder; nothing if it is absent or must not be looked into."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _is_copy_of(file: Path, path: Path) -> bool:
    return path.name.startswith(f"{file.name}.") and path.suffix == ".bak"


def _store_folders(root: Path) -> Iterator[Path]:
    """Yield the root if everything in it belongs to the store, else the store's folders in it."""
    entries = _entries(root)
    ours = [path for path in entries if _STORE_NAME.fullmatch(path.name)]
    if len(ours) == len(entries):
        yield root
    else:
        yield from (path for path in ours if path.is_dir() and not path.is_symlink())
