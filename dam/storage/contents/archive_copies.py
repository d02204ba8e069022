"""Temporary copies of archives that can only be unpacked as a whole, such as 7z files, and of RAR.

Without a copy, each worker would unpack all of a 7z file for the first page that it reads, and one
that decodes may have neither temporary files nor the program that unpacks RAR. So the file is
unpacked once, into an uncompressed zip file, and all workers read their pages from that. A member's
name in the copy is the SHA-256 of its name in the archive, which may hold any bytes.
"""

import hashlib
import os
import secrets
import shutil
import tempfile
import zipfile
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

from dam.asking import open_new
from dam.errors import ItemError, UnpackingSpaceError
from dam.media.archive.opening import ARCHIVE_FAULTS, Archive
from dam.media.comic.members import pages_of
from dam.storage.contents.located import LocatedContent
from dam.storage.locking import try_lock
from dam.storage.sources.reference import Reference

_PREFIX, _LOCK_NAME = "dam-archives-", "lock"
_MOST_BYTES = 2 << 30
_MOST_KNOWN = 10_000


class ArchiveCopies:
    """The latest copies, by the digests of their archives.

    They take at most 2 GiB, unless one alone is larger; at most 10,000 archives are remembered.
    They are in a temporary folder of this process; the folders of killed processes are removed. A
    copy may go at any time: it is an additional place for the bytes, never the only one.
    """

    def __init__(self) -> None:
        self._copies: OrderedDict[bytes, Reference | None] = OrderedDict()
        self._folder: Path | None = None
        self._held = ExitStack()
        self._has_cleared = False

    def clear_left(self) -> None:
        """Remove what killed processes have left; a second call does nothing. It blocks."""
        if not self._has_cleared:
            self._has_cleared = True
            remove_left_copies()

    def new_path(self) -> Path:
        """Return a path for the next copy; no path is returned twice.

        Raises:
            UnpackingSpaceError: The temporary folder cannot be made.
        """
        if self._folder is None:
            self.clear_left()
            try:
                while self._folder is None:
                    self._folder = _make_held_folder(self._held)
            except OSError as error:
                raise UnpackingSpaceError(Path(tempfile.gettempdir()), error) from error
        return self._folder / secrets.token_hex(8)

    def unknown(self, contents: Sequence[LocatedContent]) -> list[LocatedContent]:
        """Return the archives from which these contents must be read and that `keep` has not had.

        A content needs its archives only if it is neither stored nor referenced.
        """
        containers = {
            member.container.digest: member.container
            for content in contents
            if not content.is_stored and not content.references
            for member in content.members
        }
        return [containers[digest] for digest in containers if digest not in self._copies]

    def keep(self, digest: bytes, path: Path, *, is_copied: bool) -> None:
        """Keep a copy of an archive, or note that it needs none; remove the oldest if too many.

        Args:
            digest: Of the archive.
            path: From `new_path`.
            is_copied: What `copy_pages` returned; if False, the file at `path` is removed.
        """
        self._drop(digest)
        self._copies[digest] = _reference(path) if is_copied else None
        if not is_copied:
            path.unlink(missing_ok=True)
        while len(self._copies) > 1 and self._is_too_much():
            self._drop(next(iter(self._copies)))

    def with_copies(self, content: LocatedContent) -> LocatedContent:
        """Return the content with the copies of its archives before all its other members."""
        nearer = []
        for member in content.members:
            if reference := self._copies.get(member.container.digest):
                self._copies.move_to_end(member.container.digest)
                container = LocatedContent(
                    digest=member.container.digest, is_stored=False, references=(reference,)
                )
                name = _name_in_copy(member.raw_name).encode()
                nearer.append(replace(member, container=container, raw_name=name))
        return replace(content, members=(*nearer, *content.members)) if nearer else content

    def close(self) -> None:
        """Remove all copies."""
        self._copies.clear()
        self._held.close()
        self._folder = None

    def _drop(self, digest: bytes) -> None:
        if reference := self._copies.pop(digest, None):
            reference.path.unlink(missing_ok=True)

    def _is_too_much(self) -> bool:
        size_bytes = sum(reference.size_bytes for reference in self._copies.values() if reference)
        return size_bytes > _MOST_BYTES or len(self._copies) > _MOST_KNOWN


def copy_pages(archive: Archive, path: Path) -> bool:
    """Copy an archive's pages into a new zip file; return whether this was done.

    Pages that cannot be read are left out. Returns False for an archive that needs no copy, because
    any worker can read each page without the others, and where the copy fails: no space left, say.
    """
    if not archive.is_sequential and archive.format != "cbr":
        return False
    try:
        with os.fdopen(open_new(path), "w+b") as file, zipfile.ZipFile(file, "w") as copy:
            for page in pages_of(archive):
                try:
                    content = archive.read(page)
                except ARCHIVE_FAULTS:
                    raise
                except ItemError:
                    continue
                copy.writestr(_name_in_copy(page.raw_name), content)
    except (OSError, *ARCHIVE_FAULTS):  # without a copy, reading is only slower
        return False
    return True


def only_at(path: Path, content: LocatedContent) -> LocatedContent:
    """Return the content, with a file that has its bytes as the only place."""
    return LocatedContent(digest=content.digest, is_stored=False, references=(_reference(path),))


def _name_in_copy(raw_name: bytes) -> str:
    return hashlib.sha256(raw_name).hexdigest()


def _reference(path: Path) -> Reference:
    status = path.stat()
    return Reference(path=path, size_bytes=status.st_size, mtime_ns=status.st_mtime_ns)


def _make_held_folder(held: ExitStack) -> Path | None:
    """Return a new locked folder, which is removed when `held` is closed.

    None if another process's `remove_left_copies` removed it before it was locked.
    """
    with ExitStack() as making:
        folder = Path(making.enter_context(tempfile.TemporaryDirectory(prefix=_PREFIX)))
        try:
            lock = making.enter_context((folder / _LOCK_NAME).open("xb"))
            is_held = try_lock(lock.fileno(), is_exclusive=True)
        except FileNotFoundError:
            is_held = False
        if not is_held or not (folder / _LOCK_NAME).exists():
            return None
        held.enter_context(making.pop_all())
    return folder


def remove_left_copies(*, is_dry_run: bool = False) -> int:
    """Remove the folders that ended processes have left; return how many.

    Folders of living processes are locked, and those of other users cannot be opened: they stay.
    """
    count = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            count += _remove_if_left(folder, is_dry_run=is_dry_run)
    return count


def _remove_if_left(folder: Path, *, is_dry_run: bool) -> bool:
    """Remove a folder if no living process holds it; return whether none does."""
    with ExitStack() as stack:
        is_left = True
        try:
            lock = stack.enter_context((folder / _LOCK_NAME).open("r+b"))
            is_left = try_lock(lock.fileno(), is_exclusive=True)
        except FileNotFoundError:
            # Its process was killed, or another one that was removing the folder. Or its process is
            # about to make the lock file: then the folder is still empty, and `rmdir` fails as soon
            # as the lock file is there.
            names = [path.name for path in folder.iterdir()]
            if not names and not is_dry_run:
                folder.rmdir()
                return True
            is_left = _LOCK_NAME not in names
        if is_left and not is_dry_run:
            shutil.rmtree(folder)
        return is_left
