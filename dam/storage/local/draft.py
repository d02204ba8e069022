"""Drafts: files on their way into a local store, under a temporary name and held by a lock."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from dam.errors import NotRegularFileError
from dam.storage.locking import try_lock
from dam.storage.sources.file_state import FileState
from dam.storage.sources.kept_files import open_kept

_PREFIX = ".draft-"
_FICLONE = 0x40049409  # linux/fs.h: _IOW(0x94, 9, int)
_COMMON_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Draft:
    """A temporary file in the store's root that this process holds while it is open.

    A draft is locked as long as its process lives. So a draft without a lock was left by a killed
    process, and may be removed. All methods raise plain `OSError`, which concerns the store, never
    the source. `state` is the state of the file after `close`.
    """

    state: FileState

    def __init__(self, root: Path) -> None:
        self.path, self.fd = _create_held(root)
        self._is_open = True

    def clone_from(self, source_fd: int) -> bool:
        """Try to share the source's blocks, copied on write; return whether the file now does."""
        try:
            import fcntl  # noqa: PLC0415 - not on every platform

            fcntl.ioctl(self.fd, _FICLONE, source_fd)
        except (ImportError, OSError):
            return False
        return True

    def write(self, chunk: memoryview) -> None:
        """Append all bytes of the chunk."""
        while chunk:
            chunk = chunk[os.write(self.fd, chunk) :]

    def skip(self, size_bytes: int) -> None:
        """Leave a hole of this size before the next bytes."""
        os.lseek(self.fd, size_bytes, os.SEEK_CUR)

    def finish(self) -> None:
        """Make the file read-only for its user alone, and let the disk begin to write it.

        For its user alone, because others may be allowed to enter the store's folder. Call it for
        all files of a batch before the first `sync`: then the disk writes them at the same time. A
        change of mode between two syncs would make each sync wait for a commit of its own.
        """
        os.fchmod(self.fd, 0o400)
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self.fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def sync(self) -> None:
        """Wait until the whole file is on the disk."""
        os.fsync(self.fd)

    def publish(self, final: Path) -> None:
        """Give the file its final name; raise `FileExistsError` if the name is taken."""
        try:
            os.link(self.path, final)
        except (FileExistsError, FileNotFoundError):
            raise
        except OSError as error:
            # No hard links here. A file that another process puts there between these two calls
            # has the same bytes.
            if final.exists():
                raise FileExistsError from error
            self.path.rename(final)

    def replace(self, final: Path) -> None:
        """Give the file the final name of one that has wrong bytes, which is replaced."""
        self.path.replace(final)

    def close(self) -> None:
        """Remove the temporary name and close the file; a second call does nothing."""
        if self._is_open:
            self._is_open = False
            self.path.unlink(missing_ok=True)
            self.state = FileState.of(os.fstat(self.fd))
            os.close(self.fd)


@contextlib.contextmanager
def linked_draft(root: Path, source: Path, source_fd: int) -> Iterator[Path]:
    """Yield a temporary name in the store, a hard link to a user's file that is open.

    Args:
        root: The store's folder.
        source: The path of the file, not of a link to it.
        source_fd: A descriptor of the file.

    Raises:
        OSError: The link cannot be made.
    """
    # If another program has locked the file, a sweep may remove the name; using it fails then.
    try_lock(source_fd, is_exclusive=False)
    path = _new_path(root)
    os.link(source, path)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def sweep_drafts(root: Path, *, is_dry_run: bool = False) -> list[int]:
    """Remove the drafts that no living process holds; return how many bytes each of them freed.

    Drafts that cannot be opened stay, and so does anything that is not a regular file. Never waits.
    """
    sizes = []
    for entry in root.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError, NotRegularFileError):
            # Opened for reading: a finished draft and many a user's file are read-only.
            fd = open_kept(entry)
            try:
                if not try_lock(fd, is_exclusive=True):
                    continue
                status = os.fstat(fd)
                if not is_dry_run:
                    entry.unlink()
                # A second name: it is also a user's file or a stored one, so no bytes are freed.
                sizes.append(status.st_size if status.st_nlink == 1 else 0)
            finally:
                os.close(fd)
    return sizes


def _create_held(root: Path) -> tuple[Path, int]:
    while True:
        path = _new_path(root)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _COMMON_FLAGS, 0o600)
        # Before the lock was taken, a sweep may have found the file without one and removed it.
        if try_lock(fd, is_exclusive=True) and os.fstat(fd).st_nlink:
            return path, fd
        os.close(fd)


def _new_path(root: Path) -> Path:
    return root / f"{_PREFIX}{secrets.token_hex(8)}"
