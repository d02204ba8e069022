"""Copies of archives that can only be unpacked as a whole, for while their pages are read.

Of a 7z file every worker would have to unpack all for its first page. So it is unpacked once, into
a zip file with nothing packed, from which all of them read; the members are named there by the
digests of their names, which may be anything.
"""

import hashlib
import secrets
import shutil
import tempfile
import zipfile
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

from dam.errors import ItemError, UnpackingSpaceError
from dam.media.archive.opening import ARCHIVE_FAULTS, Archive
from dam.storage.contents.located import LocatedContent
from dam.storage.locking import try_lock
from dam.storage.sources.reference import Reference

_PREFIX, _LOCK_NAME = "dam-archives-", "lock"
_MOST_BYTES = 2 << 30
_MOST_KNOWN = 10_000


class ArchiveCopies:
    """The latest copies, by the digests of their archives, as far as there is room.

    They are in a folder of this process's own; those that killed processes left are cleared away.
    A copy may go at any time: it is one more place for the bytes, never the only one.
    """

    def __init__(self) -> None:
        self._copies: OrderedDict[bytes, Reference | None] = OrderedDict()
        self._folder: Path | None = None
        self._held = ExitStack()
        self._has_cleared = False

    def clear_left(self) -> None:
        """Remove what processes that are gone have left; again does nothing. It blocks."""
        if not self._has_cleared:
            self._has_cleared = True
            remove_left_copies()

    def new_path(self) -> Path:
        """Return where the next copy may be written, under a name that is never used again.

        Raises:
            UnpackingSpaceError: There can be no folder for it.
        """
        if self._folder is None:
            self.clear_left()
            try:
                while self._folder is None:
                    self._folder = _held_folder(self._held)
            except OSError as error:
                raise UnpackingSpaceError(Path(tempfile.gettempdir()), error) from error
        return self._folder / secrets.token_hex(8)

    def unknown(self, contents: Sequence[LocatedContent]) -> list[LocatedContent]:
        """Return the archives that must be read for these, and of which nothing is known here."""
        containers = {
            member.container.digest: member.container
            for content in contents
            if not content.is_stored and not content.references
            for member in content.members
        }
        return [containers[digest] for digest in containers if digest not in self._copies]

    def keep(self, digest: bytes, path: Path, *, is_copied: bool) -> None:
        """Keep a copy, or that there is none to make; forget the oldest where they grow many."""
        self._drop(digest)
        self._copies[digest] = _reference(path) if is_copied else None
        if not is_copied:
            path.unlink(missing_ok=True)
        while len(self._copies) > 1 and self._is_too_much():
            self._drop(next(iter(self._copies)))

    def with_copies(self, content: LocatedContent) -> LocatedContent:
        """Return the content with the copies of its archives as the first places for its bytes."""
        nearer = []
        for member in content.members:
            if reference := self._copies.get(member.container.digest):
                self._copies.move_to_end(member.container.digest)
                container = LocatedContent(
                    digest=member.container.digest, is_stored=False, references=(reference,)
                )
                name = _name(member.raw_name).encode()
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
    """Return whether the pages are in the file now; none are if each can be read without others."""
    if not archive.is_sequential:
        return False
    try:
        with zipfile.ZipFile(path, "w") as copy:
            for page in archive.pages:
                try:
                    content = archive.read(page)
                except ARCHIVE_FAULTS:
                    raise
                except ItemError:
                    continue
                copy.writestr(_name(page.raw_name), content)
    except (OSError, *ARCHIVE_FAULTS):  # no room, say: it would only have been quicker
        return False
    return True


def _name(raw_name: bytes) -> str:
    return hashlib.sha256(raw_name).hexdigest()


def _reference(path: Path) -> Reference:
    status = path.stat()
    return Reference(path=path, size_bytes=status.st_size, mtime_ns=status.st_mtime_ns)


def _held_folder(held: ExitStack) -> Path | None:
    """Return a new folder, which is gone when it is not held any more.

    None where another process's `remove_left_copies` came between making and holding it.
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
    """Remove the folders of processes that are gone, however they ended; return how many.

    Those of the living are held; those of other users cannot be opened.
    """
    count = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            count += _remove_if_left(folder, is_dry_run=is_dry_run)
    return count


def _remove_if_left(folder: Path, *, is_dry_run: bool) -> bool:
    """Return whether no living process holds a folder, which is removed then."""
    with ExitStack() as stack:
        is_left = True
        try:
            lock = stack.enter_context((folder / _LOCK_NAME).open("r+b"))
            is_left = try_lock(lock.fileno(), is_exclusive=True)
        except FileNotFoundError:
            # Its process, or one that was removing it, was killed. Or it is about to lock it: then
            # the folder is empty, and either this or the making of the lock comes first.
            names = [path.name for path in folder.iterdir()]
            if not names and not is_dry_run:
                folder.rmdir()
                return True
            is_left = _LOCK_NAME not in names
        if is_left and not is_dry_run:
            shutil.rmtree(folder)
        return is_left
