"""Files on their way into a local store: written under a temporary name, held by a lock."""

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
    """A temporary file in the store's root that belongs to this process while it is open.

    Its lock tells the living from the dead: a file that nobody holds was left by a killed process.
    All its methods raise plain `OSError`; they concern the store, never the source. `state` is that
    in which `close` left the file.
    """

    state: FileState

    def __init__(self, root: Path) -> None:
        self.path, self.fd = _create_held(root)
        self._is_open = True

    def clone_from(self, source_fd: int) -> bool:
        """Return whether the file now shares the source's blocks, copied on write."""
        try:
            import fcntl  # noqa: PLC0415 - not on every platform

            fcntl.ioctl(self.fd, _FICLONE, source_fd)
        except (ImportError, OSError):
            return False
        return True

    def write(self, chunk: memoryview) -> None:
        """Append all the bytes."""
        while chunk:
            chunk = chunk[os.write(self.fd, chunk) :]

    def skip(self, size_bytes: int) -> None:
        """Leave a hole, before what is written next."""
        os.lseek(self.fd, size_bytes, os.SEEK_CUR)

    def finish(self) -> None:
        """Make the file read-only, for its user alone, as others may enter the store's folder.

        And let the disk begin, so that the syncs of a batch overlap. A change of the mode between
        two syncs would have each wait for a commit of its own.
        """
        os.fchmod(self.fd, 0o400)
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self.fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def sync(self) -> None:
        """Wait until all of it is on the disk."""
        os.fsync(self.fd)

    def publish(self, final: Path) -> None:
        """Give the file its final name; raise `FileExistsError` where that is taken."""
        try:
            os.link(self.path, final)
        except (FileExistsError, FileNotFoundError):
            raise
        except OSError as error:
            # No hard links here. What another process may rename in between has the same bytes.
            if final.exists():
                raise FileExistsError from error
            self.path.rename(final)

    def replace(self, final: Path) -> None:
        """Put the file in the place of one whose bytes turned out to be wrong."""
        self.path.replace(final)

    def close(self) -> None:
        """Take the temporary name away and let go of the file; a second time does nothing."""
        if self._is_open:
            self._is_open = False
            self.path.unlink(missing_ok=True)
            self.state = FileState.of(os.fstat(self.fd))
            os.close(self.fd)


@contextlib.contextmanager
def linked_draft(root: Path, source: Path, source_fd: int) -> Iterator[Path]:
    """Yield a temporary name in the store for a user's file, which is open; raise `OSError`."""
    # Where somebody else has locked the file, a sweep may take the name away; its use fails then.
    try_lock(source_fd, is_exclusive=False)
    path = _new_path(root)
    os.link(source, path)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def sweep_drafts(root: Path, *, is_dry_run: bool = False) -> list[int]:
    """Remove the drafts that no living process holds; return how many bytes went with each.

    What cannot be opened stays, and so does what is no file; nobody waits for either.
    """
    sizes = []
    for entry in root.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError, NotRegularFileError):
            # For reading: a draft that is ready, and many a user's file, is for nothing else.
            fd = open_kept(entry)
            try:
                if not try_lock(fd, is_exclusive=True):
                    continue
                status = os.fstat(fd)
                if not is_dry_run:
                    entry.unlink()
                # With another name it is also a user's file, or one that is stored.
                sizes.append(status.st_size if status.st_nlink == 1 else 0)
            finally:
                os.close(fd)
    return sizes


def _create_held(root: Path) -> tuple[Path, int]:
    while True:
        path = _new_path(root)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _COMMON_FLAGS, 0o600)
        # Between the two calls a sweep may have found the file unheld and taken it.
        if try_lock(fd, is_exclusive=True) and os.fstat(fd).st_nlink:
            return path, fd
        os.close(fd)


def _new_path(root: Path) -> Path:
    return root / f"{_PREFIX}{secrets.token_hex(8)}"
