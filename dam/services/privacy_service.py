"""Tells what of a world others may read, and takes that right away."""

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
    """A file or folder of ours that is not for its user alone.

    Args:
        path: Which.
        mode: Its rights, in octal digits.
        is_closed: Others have none any more.
        message: Why these could not be taken away.
    """

    path: Path
    mode: str
    is_closed: bool = False
    message: str | None = None


def find_open_paths(config: WorldConfig, *, is_configured: bool) -> list[OpenPath]:
    """Return what others may read of what is ours.

    Ours are the SQLite file, what SQLite keeps beside it and the copies that `setup-db` saved; the
    folder of the store, or those in it where somebody keeps other things there, too; the folder of
    the cache; and the one in which the databases of worlds are that nobody configured. Whoever may
    not enter a folder gets at nothing in it.

    Args:
        config: The world's.
        is_configured: Somebody named its database, and so chose the folder that it is in.
    """
    found = ((path, open_to_others(path)) for path in _ours(config, is_configured=is_configured))
    return [OpenPath(path=path, mode=f"{mode:04o}") for path, mode in found if mode is not None]


def close_paths(found: Sequence[OpenPath]) -> list[OpenPath]:
    """Take the rights of others away; return what became of each path."""
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


def _ours(config: WorldConfig, *, is_configured: bool) -> Iterator[Path]:
    url = parse_database_url(config.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        # SQLite follows links, and has its files beside what they lead to.
        file = Path(url.database).resolve()
        if not is_configured:
            yield file.parent
        yield from _database_files(file)
    with suppress(DamError):  # of a kind that is not built in, which is told elsewhere
        for root in open_store(config.storage_url).local_roots():
            yield from _store_folders(root)
    yield config.cache_path


def _database_files(file: Path) -> Iterator[Path]:
    """Yield what may be there; it is only looked at: closing it would drop SQLite's locks."""
    yield file
    for suffix in _SIDE_FILES:
        yield file.with_name(file.name + suffix)
    if file.parent.is_dir():
        entries = sorted(file.parent.iterdir())
        yield from (path for path in entries if _is_copy_of(file, path))


def _is_copy_of(file: Path, path: Path) -> bool:
    return path.name.startswith(f"{file.name}.") and path.suffix == ".bak"


def _store_folders(root: Path) -> Iterator[Path]:
    """Yield the root where all in it is the store's, else the store's folders in it."""
    entries = sorted(root.iterdir()) if root.is_dir() else []
    ours = [path for path in entries if _STORE_NAME.fullmatch(path.name)]
    if len(ours) == len(entries):
        yield root
    else:
        yield from (path for path in ours if path.is_dir() and not path.is_symlink())
