"""The content store in a local folder."""

import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from dam.asking import is_empty_folder
from dam.errors import (
    ContentMissingError,
    FileAccessError,
    ItemError,
    NotRegularFileError,
    StoreInUseError,
    StoreSharedError,
    StoreUnusableError,
)
from dam.storage.content_store import (
    BegunAnew,
    Collected,
    ContentState,
    ImportMode,
    StoredContent,
    StoredFile,
    StoreMark,
    StoreOwner,
)
from dam.storage.local.draft import sweep_drafts
from dam.storage.local.layout import content_files, content_path, make_root, remove_empty_shards
from dam.storage.local.owners import forget_owner, mark_of, mark_owner, owners, take_over
from dam.storage.local.receiving import Receiver, is_shared
from dam.storage.locking import exclusive_lock, shared_lock
from dam.storage.sources.found_file import FoundFile
from dam.storage.sources.kept_files import DISK_ERRNOS, digest_of_kept

_LOCK_NAME = ".lock"
_FILES_AT_ONCE = 32
_DIGESTS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class LocalContentStore:
    """`ContentStore` in the folder `root`: `<ab>/<cd>/<sha256>`, files read-only, folders 0700.

    Invariant: a file that has its final name is complete and on the disk. A file that is read-only
    and has only one name is the store's own. Any other may be a hard link to a user's file, which
    the user may change: it is hashed each time before it is relied upon.
    """

    root: Path

    def put(self, path: Path, mode: ImportMode, *, extra_digests: Sequence[str] = ()) -> StoredFile:
        """Store one file; see `ContentStore.put`."""
        (outcome,) = self.put_many([path], mode, extra_digests=extra_digests)
        if isinstance(outcome, ItemError):
            raise outcome
        return outcome

    def put_many(
        self,
        paths: Sequence[Path],
        mode: ImportMode,
        *,
        extra_digests: Sequence[str] = (),
        is_stopped: Callable[[], bool] = lambda: False,
        is_rehash: bool = False,
        found: Mapping[Path, FoundFile] = MappingProxyType({}),
    ) -> list[StoredFile | ItemError]:
        """Store many files, in batches of 32; see `ContentStore.put_many`."""
        outcomes: list[StoredFile | ItemError] = []
        with self._faults():
            for start in range(0, len(paths), _FILES_AT_ONCE):
                some = paths[start : start + _FILES_AT_ONCE]
                seen = {path: found[path] for path in some if path in found}
                receiver = Receiver(
                    self.root, mode, extra_digests, is_stopped, seen, is_rehash=is_rehash
                )
                outcomes += receiver.receive(some)
        return outcomes

    def make(self) -> None:
        """Make the folder and its missing parents."""
        with self._faults():
            make_root(self.root)

    def mark(self, owner: StoreOwner, *, anew: BegunAnew | None = None) -> None:
        """Write the mark of a world; see `ContentStore.mark`."""
        with self._faults():
            mark_owner(self.root, owner, anew=anew)

    def mark_of(self, uuid: str) -> StoreMark | None:
        """Return the mark of a world, or None; see `ContentStore.mark_of`."""
        with self._faults():
            return mark_of(self.root, uuid)

    def contains(self, digest: bytes) -> bool:
        """Return whether the store has an entry for the digest."""
        with self._faults(digest):
            return content_path(self.root, digest).is_file()

    def size_of(self, digest: bytes) -> int:
        """Return the size in bytes of the stored file."""
        with self._faults(digest):
            return content_path(self.root, digest).stat().st_size

    def local_path(self, digest: bytes) -> Path:
        """Return the stored file itself."""
        path = self.expected_path(digest)
        with self._faults(digest):
            path.lstat()
        return path

    def expected_path(self, digest: bytes) -> Path:
        """Return the path that the stored file has, or would have."""
        return content_path(self.root, digest)

    def local_roots(self) -> Sequence[Path]:
        """Return the store's folder, the only one."""
        return [self.root]

    def check(
        self,
        digest: bytes,
        size_bytes: int,
        *,
        is_fast: bool = False,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> ContentState:
        """Return the state of the stored file; `damaged` also if the disk fails to deliver it."""
        path = content_path(self.root, digest)
        with self._faults(digest):
            try:
                status = path.lstat()
                is_right = stat.S_ISREG(status.st_mode) and status.st_size == size_bytes
                if is_right and not is_fast:
                    is_right = digest_of_kept(path, is_stopped) == digest
            except FileNotFoundError:
                return "missing"
            except NotRegularFileError:
                is_right = False
            except OSError as error:
                if error.errno not in DISK_ERRNOS:
                    raise
                is_right = False
        return "ok" if is_right else "damaged"

    def entries(self) -> Iterator[StoredContent]:
        """Yield every entry, in ascending order of digests."""
        with self._faults():
            if not self.root.is_dir():
                return
            for entry in content_files(self.root):
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError as error:
                    if isinstance(error, FileNotFoundError) or error.errno in DISK_ERRNOS:
                        continue
                    raise
                if stat.S_ISDIR(status.st_mode):  # a folder in the place of a file is no entry
                    continue
                # The user sets the modification time of a shared file; `_renew` sets its ctime.
                renewed_at_s = status.st_ctime if is_shared(status) else status.st_mtime
                yield StoredContent(bytes.fromhex(entry.name), status.st_size, renewed_at_s)

    def remove(self, digest: bytes) -> None:
        """Remove the file's name from the store."""
        with self._faults():
            content_path(self.root, digest).unlink(missing_ok=True)

    @contextmanager
    def importing(
        self,
        owner: StoreOwner,
        *,
        on_wait: Callable[[], None] | None = None,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> Iterator[None]:
        """Hold the store while files are put and their rows committed; see `ContentStore`."""
        with ExitStack() as held:
            with self._faults():
                held.enter_context(shared_lock(self.root / _LOCK_NAME, on_wait, is_stopped))
                sweep_drafts(self.root)
                mark_owner(self.root, owner)
            try:
                yield
            finally:
                with self._faults():
                    sweep_drafts(self.root)

    def forget_owner(self, uuid: str) -> None:
        """Remove the mark of a world."""
        with self._faults():
            forget_owner(self.root, uuid)

    def collect(
        self,
        is_referenced: Callable[[Sequence[bytes]], set[bytes]],
        *,
        owner: StoreOwner,
        older_than_s: float,
        now_s: float,
        is_forced: bool = False,
        is_dry_run: bool = False,
    ) -> Collected:
        """Remove old entries that nothing refers to; see `ContentStore.collect`."""
        if not self.root.is_dir():
            return Collected(removed=0, freed_bytes=0)
        removed = freed_bytes = 0
        young: list[StoredContent] = []
        renewed_before_s = now_s - older_than_s
        with self._held_exclusively():
            others = self._other_owners(owner)
            if others and not is_forced:
                raise StoreSharedError(
                    self.root, [other.database for other in others], owner.database
                )
            with self._faults():
                drafts = sweep_drafts(self.root, is_dry_run=is_dry_run)
            for batch in self._batches():
                kept = is_referenced([entry.sha256 for entry in batch])
                for entry in batch:
                    if entry.sha256 in kept:
                        continue
                    if entry.renewed_at_s >= renewed_before_s:
                        young.append(entry)
                        continue
                    if not is_dry_run:
                        self.remove(entry.sha256)
                    removed += 1
                    freed_bytes += entry.size_bytes
            if not is_dry_run:
                with self._faults():
                    if is_forced:
                        take_over(self.root, owner)
                    remove_empty_shards(self.root)
        return Collected(
            removed,
            freed_bytes + sum(drafts),
            len(drafts),
            kept=len(young),
            kept_bytes=sum(entry.size_bytes for entry in young),
            kept_until_s=max((one.renewed_at_s + older_than_s for one in young), default=None),
        )

    @contextmanager
    def _held_exclusively(self) -> Iterator[None]:
        with ExitStack() as held:
            with self._faults():
                if not held.enter_context(exclusive_lock(self.root / _LOCK_NAME)):
                    raise StoreInUseError(self.root)
            yield

    def _other_owners(self, owner: StoreOwner) -> list[StoreOwner]:
        with self._faults():
            mine = owner.uuid, owner.database
            return [other for other in owners(self.root) if (other.uuid, other.database) != mine]

    def _batches(self) -> Iterator[list[StoredContent]]:
        entries = self.entries()
        while batch := list(islice(entries, _DIGESTS_AT_ONCE)):
            yield batch

    @contextmanager
    def _faults(self, digest: bytes | None = None) -> Iterator[None]:
        """Translate `OSError`: into a fault of the digest's file, if one is given, or of the store.

        With a digest, a missing file is `ContentMissingError`; another fault is `FileAccessError`
        as long as the store's folder can be read, else `StoreUnusableError`.
        """
        try:
            yield
        except FileNotFoundError as error:
            if digest is None:
                raise StoreUnusableError(self.root, error) from error
            raise ContentMissingError(digest) from error
        except OSError as error:
            if digest is not None and self._is_readable():
                raise FileAccessError(content_path(self.root, digest), "read", error) from error
            raise StoreUnusableError(self.root, error) from error

    def _is_readable(self) -> bool:
        """Return whether the store's folder can be read."""
        try:
            is_empty_folder(self.root)
        except OSError:
            return False
        return True
