"""The folders of a local store: each content file is `<root>/<ab>/<cd>/<sha256>`.

`<ab>` and `<cd>` are the first four hex digits of the SHA-256; these folders are called shards.
"""

import contextlib
import errno
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

_SHARD_NAME = re.compile(r"[0-9a-f]{2}")
_DIGEST_NAME = re.compile(r"[0-9a-f]{64}")
_FOLDER_MODE = 0o700
_DIGEST_BYTES = 32
# Not empty, or not any more (ENOTEMPTY, EEXIST); gone (ENOENT); a mount point (EBUSY).
_NOT_EMPTY = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.EBUSY})


def content_path(root: Path, digest: bytes) -> Path:
    """Return the path of the content file for a SHA-256; raise `ValueError` unless it is one."""
    if len(digest) != _DIGEST_BYTES:
        raise ValueError(f"a SHA-256 has {_DIGEST_BYTES} bytes, not {len(digest)}")
    name = digest.hex()
    return root / f"{name[:2]}/{name[2:4]}/{name}"


def make_root(root: Path) -> None:
    """Make the store's folder and its missing parents, so that they survive a power cut."""
    if not root.is_dir():
        make_root(root.parent)
        root.mkdir(mode=_FOLDER_MODE, exist_ok=True)
        sync_folders([root.parent])


def make_shard(path: Path) -> None:
    """Make the shards for a content file, even while a collection removes empty ones."""
    is_made = False
    while not is_made:
        path.parent.parent.mkdir(mode=_FOLDER_MODE, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # its parent has just been removed
            path.parent.mkdir(mode=_FOLDER_MODE, exist_ok=True)
            is_made = True


def folders_to(root: Path, path: Path) -> set[Path]:
    """Return the folders to sync so that a content file is still found after a power cut.

    These are all folders from the root on, not only new ones: another process that has just made
    one may not have synced the folder above it yet.
    """
    return {root, path.parent.parent, path.parent}


def sync_folders(folders: Iterable[Path]) -> None:
    """Wait until the entries of these folders are on the disk."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows cannot, and writes them through
        return
    for folder in sorted(folders):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def remove_empty_shards(root: Path) -> None:
    """Remove the shards that are empty."""
    for first in _entries(root, _SHARD_NAME):
        for second in _entries(Path(first.path), _SHARD_NAME):
            _remove_empty(Path(second.path))
        _remove_empty(Path(first.path))


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError as error:
        if error.errno not in _NOT_EMPTY:
            raise


def content_files(root: Path) -> Iterator[os.DirEntry[str]]:
    """Yield every content file, in ascending order of digests; lists one shard at a time."""
    for first in _entries(root, _SHARD_NAME):
        for second in _entries(Path(first.path), _SHARD_NAME):
            yield from _entries(Path(second.path), _DIGEST_NAME)


def _entries(folder: Path, pattern: re.Pattern[str]) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        found = [entry for entry in entries if pattern.fullmatch(entry.name)]
    return sorted(found, key=lambda entry: entry.name)
