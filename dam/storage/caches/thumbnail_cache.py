"""Keeps thumbnails in a folder; a missing one is made again, so none needs to survive a crash."""

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dam.storage.privacy import (
    FILE_MODE,
    make_private_folder,
    open_private,
    share_like_folder,
)

_NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ThumbnailCache:
    """JPEG thumbnails, by the digest of the asset's bytes and the version of the recipe."""

    root: Path

    def find(self, digest: bytes, recipe: int) -> Path | None:
        """Return the file of a thumbnail, or None if there is none."""
        path = self._path(digest, recipe)
        return path if path.is_file() else None

    def save(self, digest: bytes, recipe: int, content: bytes) -> Path:
        """Keep a thumbnail and return its file."""
        path = self._path(digest, recipe)
        try:
            _write(path, content)
        except FileNotFoundError:
            make_private_folder(path.parent, inside=self.root)
            _write(path, content)
        return path

    def digests(self) -> Iterator[bytes]:
        """Yield the digests of all assets with a thumbnail, each once, in ascending order."""
        for shard in range(256):
            files = self.root.glob(f"v*/{shard:02x}/*")
            names = {path.stem for path in files if _NAME.fullmatch(path.stem)}
            yield from map(bytes.fromhex, sorted(names))

    def remove(self, digest: bytes) -> None:
        """Remove the thumbnails of one asset, of all versions of the recipe."""
        name = digest.hex()
        for recipe in self.root.glob("v*"):
            path = recipe / name[:2] / f"{name}.jpg"
            try:
                path.unlink(missing_ok=True)
            except IsADirectoryError:
                _put_away(path)

    def _path(self, digest: bytes, recipe: int) -> Path:
        name = digest.hex()
        return self.root / f"v{recipe}" / name[:2] / f"{name}.jpg"


def _write(path: Path, content: bytes) -> None:
    """Write a file; it gets its name only when it is complete."""
    if not os.path.lexists(path) and _write_nameless(path, content):
        return
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open_private(temporary) as file:
            file.write(content)
        try:
            temporary.replace(path)
        except IsADirectoryError:
            _put_away(path)
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _put_away(folder: Path) -> None:
    """Move a folder that has a thumbnail's name out of the way; keep its files, which a user made.

    An empty folder is removed.
    """
    try:
        folder.rmdir()
    except OSError:
        folder.rename(folder.with_name(f".{folder.name}.{secrets.token_hex(4)}"))


def _write_nameless(path: Path, content: bytes) -> bool:
    """Write a file without a temporary name; return False where the file system cannot do that.

    A process that is killed meanwhile leaves nothing behind.
    """
    if not hasattr(os, "O_TMPFILE"):
        return False
    try:
        fd = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, FILE_MODE)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.EISDIR):
            return False
        raise
    with os.fdopen(fd, "wb") as file:
        share_like_folder(fd, path.parent)
        file.write(content)
        file.flush()
        with suppress(FileExistsError):  # another process has just made the same
            # `src_dir_fd` makes Python call `linkat`, which can follow the link below /proc.
            os.link(f"/proc/self/fd/{fd}", path, src_dir_fd=fd, follow_symlinks=True)
    return True
