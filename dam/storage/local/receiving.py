"""The way of a batch of user's files into a local store."""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from dam.errors import (
    ContentDamagedError,
    FileAccessError,
    FileChangedError,
    ImportStoppedError,
    ItemError,
    NotRegularFileError,
)
from dam.storage.content_store import ImportMode, StoredFile
from dam.storage.local.draft import Draft, linked_draft
from dam.storage.local.layout import content_path, folders_to, make_shard, sync_folders
from dam.storage.sources.file_state import FileState
from dam.storage.sources.found_file import FoundFile, find_file
from dam.storage.sources.kept_files import UNREADABLE_ERRNOS, digest_of_kept
from dam.storage.sources.reading import (
    CHUNK_BYTES,
    DigestSet,
    FileStat,
    SourceFile,
    digest_chunks,
    open_source,
    read_chunks,
)
from dam.storage.sources.sparse import writing

# What is in the way of one file alone: a folder with something in it, something mounted there.
_STAYING = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.EISDIR, errno.EBUSY})


@dataclass(frozen=True, slots=True)
class _Taken:
    """A file that was read into a draft, not yet under its final name."""

    reading: FileStat
    digests: DigestSet
    draft: Draft


class Receiver:
    """Takes one batch of files into the store at `root`.

    The order is the guarantee: content synced, then linked to its name, then the folder synced. A
    batch does each step for all its files before the next, so that the disk works on many at once.
    Raises plain `OSError` for the store's own faults; what concerns one file is its outcome.
    """

    def __init__(
        self,
        root: Path,
        mode: ImportMode,
        extra_digests: Sequence[str],
        is_stopped: Callable[[], bool],
        found: Mapping[Path, FoundFile],
        *,
        is_rehash: bool = False,
    ) -> None:
        self._root = root
        self._mode = mode
        self._extra = extra_digests
        self._is_stopped = is_stopped
        self._found = dict(found)
        self._is_rehash = is_rehash
        self._open = ExitStack()
        self._changed_folders: set[Path] = set()

    def receive(self, paths: Sequence[Path]) -> list[StoredFile | ItemError]:
        """Return what became of each file."""
        if self._mode == "move":
            self._found |= _found_now(path for path in paths if path not in self._found)
        with self._open:
            taken = [self._take(path) for path in paths]
            drafts = [each.draft for each in taken if isinstance(each, _Taken)]
            for draft in drafts:
                draft.finish()
            for draft in drafts:
                draft.sync()
            outcomes = [self._settle(each) if isinstance(each, _Taken) else each for each in taken]
            sync_folders(self._changed_folders)
        if self._mode != "move":
            return outcomes
        return [self._proven(*pair) for pair in zip(paths, outcomes, strict=True)]

    def _take(self, path: Path) -> StoredFile | _Taken | ItemError:
        try:
            if self._mode == "reference":
                return self._look_at(path)
            if self._mode == "hardlink" and (stored := self._link(path)):
                return stored
            return self._copy(path)
        except ItemError as error:
            return error
        except OSError as error:
            if error.errno == errno.EFBIG:  # of the file systems, this one cannot hold this one
                return FileAccessError(path, "store", error)
            raise

    def _opened(self, path: Path) -> AbstractContextManager[SourceFile]:
        return open_source(path, self._found.get(path))

    def _look_at(self, path: Path) -> StoredFile:
        with self._opened(path) as source:
            digests = digest_chunks(self._unless_stopped(source.chunks()), self._extra)
        outcome = _outcome(source.reading, digests, "reference", is_new=False)
        return replace(outcome, state=source.state)

    def _link(self, path: Path) -> StoredFile | None:
        """Make the user's file the stored one; nothing where only a copy can serve."""
        with self._opened(path) as source:
            if source.reading.device != self._root.stat().st_dev:
                return None
            digests = digest_chunks(self._unless_stopped(source.chunks()), self._extra)
            if known := self._known(source.reading, digests, "hardlink"):
                return known
            final = self._final(digests)
            try:
                os.fsync(source.fd)
                with linked_draft(self._root, path.resolve(), source.fd) as draft:
                    # Compared before it has its final name, under which others rely on it.
                    if not FileStat.of(draft.lstat()).is_same_state(source.reading):
                        raise FileChangedError(path)
                    os.link(draft, final)
                status = os.fstat(source.fd)
            except OSError:
                # Taken, too many links, not permitted: the copy that follows finds its own faults.
                return None
        outcome = _outcome(source.reading, digests, "hardlink", is_new=True)
        is_same = FileStat.of(status).is_same_state(source.reading)
        return replace(outcome, state=FileState.of(status) if is_same else None)

    def _copy(self, path: Path) -> StoredFile | _Taken:
        mode: ImportMode = "move" if self._mode == "move" else "copy"
        with self._opened(path) as source:
            if source.reading.size_bytes <= CHUNK_BYTES:
                content = b"".join(map(bytes, self._unless_stopped(source.chunks())))
                digests = digest_chunks([memoryview(content)], self._extra)
                if known := self._known(source.reading, digests, mode):
                    return known  # without having written anything
                draft = self._draft()
                draft.write(memoryview(content))
            else:
                draft = self._draft()
                digests = self._copy_large(source, draft)
                if known := self._known(source.reading, digests, mode):
                    draft.close()
                    return known
        return _Taken(source.reading, digests, draft)

    def _copy_large(self, source: SourceFile, draft: Draft) -> DigestSet:
        if draft.clone_from(source.fd):
            # What is hashed is the clone, which no program can change any more.
            chunks = self._unless_stopped(read_chunks(draft.fd, CHUNK_BYTES))
            digests = digest_chunks(chunks, self._extra)
            source.confirm()
            return digests
        digests = DigestSet(self._extra)
        with writing(draft.write, draft.skip, leaves_holes=source.has_holes) as write:
            for chunk in self._unless_stopped(source.chunks()):
                write(chunk)
                digests.update(chunk)
        return digests

    def _unless_stopped(self, chunks: Iterable[memoryview]) -> Iterator[memoryview]:
        for chunk in chunks:
            if self._is_stopped():
                raise ImportStoppedError
            yield chunk

    def _draft(self) -> Draft:
        draft = Draft(self._root)
        self._open.callback(draft.close)
        return draft

    def _settle(self, taken: _Taken) -> StoredFile | ItemError:
        """Give a synced draft its final name, unless another process has just stored the same."""
        mode: ImportMode = "move" if self._mode == "move" else "copy"
        final = self._final(taken.digests)
        is_mended = False
        try:
            _publish(taken.draft, final)
        except FileExistsError:
            if known := self._known(taken.reading, taken.digests, mode):
                return known
            try:
                _make_way(final)
                taken.draft.replace(final)
            except OSError as error:
                if error.errno not in _STAYING:
                    raise
                return FileAccessError(final, "replace", error)
            is_mended = True
        finally:
            taken.draft.close()
        outcome = _outcome(taken.reading, taken.digests, mode, is_new=True)
        return replace(outcome, is_mended=is_mended, state=taken.draft.state)

    def _final(self, digests: DigestSet) -> Path:
        """Return the final name, its folder there and due to be synced."""
        final = content_path(self._root, digests.sha256)
        if not final.parent.is_dir():
            make_shard(final)
        self._changed_folders |= folders_to(self._root, final)
        return final

    def _known(self, reading: FileStat, digests: DigestSet, mode: ImportMode) -> StoredFile | None:
        """Renew what the store already holds under this digest, if it can still be trusted."""
        final = content_path(self._root, digests.sha256)
        try:
            is_renewed = self._is_renewed(final, reading.size_bytes, digests.sha256, mode)
        except OSError as error:
            # Not there, unreadable, or linked from another user, who alone may do this: a copy
            # takes its place.
            if isinstance(error, FileNotFoundError) or error.errno in UNREADABLE_ERRNOS:
                return None
            raise
        if not is_renewed:
            return None
        # Who stored it may not have synced the folders yet; our promise must not wait for that.
        self._changed_folders |= folders_to(self._root, final)
        return _outcome(reading, digests, mode, is_new=False)

    def _is_renewed(self, final: Path, size_bytes: int, sha256: bytes, mode: ImportMode) -> bool:
        """Return whether what has the final name is right, and renewed."""
        status = final.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size != size_bytes:
            return False
        if self._is_rehash or is_shared(status) or mode == "move":
            if not _has_digest(final, sha256):
                return False
            status = final.lstat()  # the other name may have been that of a draft
        _renew(final, status)
        return True

    def _proven(self, path: Path, outcome: StoredFile | ItemError) -> StoredFile | ItemError:
        """Read a copy back from the disk, because its source is about to go."""
        if isinstance(outcome, ItemError):
            return outcome
        final = content_path(self._root, outcome.sha256)
        if outcome.is_new and not _has_digest(final, outcome.sha256):
            final.unlink()
            return ContentDamagedError(outcome.sha256)
        return replace(outcome, found=self._found.get(path))


def _found_now(paths: Iterable[Path]) -> dict[Path, FoundFile]:
    found: dict[Path, FoundFile] = {}
    for path in paths:
        with suppress(OSError):  # as who opens it will see
            found[path] = find_file(path)
    return found


def _publish(draft: Draft, final: Path) -> None:
    """Give a draft its final name, also while a collection removes empty folders."""
    is_published = False
    while not is_published:
        try:
            draft.publish(final)
            is_published = True
        except FileNotFoundError:
            if not draft.path.exists():
                raise
            make_shard(final)


def is_shared(status: os.stat_result) -> bool:
    """Return whether a stored file is, or may be, a user's file as well."""
    return status.st_nlink > 1 or bool(status.st_mode & 0o222)


def _has_digest(final: Path, sha256: bytes) -> bool:
    """Return whether a stored file can be read and is what its name says."""
    try:
        return digest_of_kept(final) == sha256
    except NotRegularFileError:
        return False
    except OSError as error:
        if error.errno not in UNREADABLE_ERRNOS:
            raise
        return False


def _make_way(final: Path) -> None:
    """Remove a folder that has a file's name, if nothing is in it; a file gives way by itself."""
    with suppress(NotADirectoryError, FileNotFoundError):
        final.rmdir()


def _renew(final: Path, status: os.stat_result) -> None:
    """Let the file count as just put, so that no collection that began before takes it away."""
    if is_shared(status):
        # The modification time is the user's; this changes nothing but the time of the change.
        final.chmod(stat.S_IMODE(status.st_mode))
    else:
        os.utime(final)


def _outcome(
    reading: FileStat, digests: DigestSet, mode: ImportMode, *, is_new: bool
) -> StoredFile:
    return StoredFile(
        sha256=digests.sha256,
        extra_digests=digests.extra,
        size_bytes=reading.size_bytes,
        reading=reading,
        import_mode=mode,
        is_new=is_new,
    )
