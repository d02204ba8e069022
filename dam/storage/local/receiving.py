"""Takes batches of users' files into a local store: copies, links, moves or only hashes them."""

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

# Errors of `rename` that concern one file: its final name is a folder in use, or a mount point.
_STAYING = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.EISDIR, errno.EBUSY})


@dataclass(frozen=True, slots=True)
class _DraftedFile:
    """A file that was read into a draft, which does not have its final name yet."""

    reading: FileStat
    digests: DigestSet
    draft: Draft


class Receiver:
    """Takes one batch of files into the store at `root`.

    Invariant: a file that has its final name is complete and on the disk. This follows from the
    order of the steps: sync the content, link it to its final name, sync the folder. Each step is
    done for all files of the batch before the next one, so that the disk works on many at once.

    Raises plain `OSError` for faults of the store; a fault of one file is that file's outcome.
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
        """Take the files in; return the outcome of each, in their order."""
        if self._mode == "move":
            self._found |= _find_files(path for path in paths if path not in self._found)
        with self._open:
            taken = [self._take_in(path) for path in paths]
            drafts = [each.draft for each in taken if isinstance(each, _DraftedFile)]
            for draft in drafts:
                draft.finish()
            for draft in drafts:
                draft.sync()
            outcomes = [
                self._store_draft(each) if isinstance(each, _DraftedFile) else each
                for each in taken
            ]
            sync_folders(self._changed_folders)
        if self._mode != "move":
            return outcomes
        return [self._read_back(*pair) for pair in zip(paths, outcomes, strict=True)]

    def _take_in(self, path: Path) -> StoredFile | _DraftedFile | ItemError:
        try:
            if self._mode == "reference":
                return self._look_at(path)
            if self._mode == "hardlink" and (stored := self._link(path)):
                return stored
            return self._copy(path)
        except ItemError as error:
            return error
        except OSError as error:
            if error.errno == errno.EFBIG:  # this file is too large for the store's file system
                return FileAccessError(path, "store", error)
            raise

    def _open_source(self, path: Path) -> AbstractContextManager[SourceFile]:
        return open_source(path, self._found.get(path))

    def _look_at(self, path: Path) -> StoredFile:
        with self._open_source(path) as source:
            digests = digest_chunks(self._unless_stopped(source.chunks()), self._extra)
        outcome = _outcome(source.reading, digests, "reference", is_new=False)
        return replace(outcome, state=source.state)

    def _link(self, path: Path) -> StoredFile | None:
        """Hard-link the user's file into the store; return None where it must be copied instead."""
        with self._open_source(path) as source:
            if source.reading.device != self._root.stat().st_dev:
                return None
            digests = digest_chunks(self._unless_stopped(source.chunks()), self._extra)
            if known := self._renew_stored(source.reading, digests, "hardlink"):
                return known
            final = self._final_path(digests)
            try:
                os.fsync(source.fd)
                with linked_draft(self._root, path.resolve(), source.fd) as draft:
                    # Compared before it gets its final name, on which other processes rely.
                    if not FileStat.of(draft.lstat()).is_same_state(source.reading):
                        raise FileChangedError(path)
                    os.link(draft, final)
                status = os.fstat(source.fd)
            except OSError:
                # Name taken, too many links, not permitted: a copy follows, and meets any real
                # fault itself.
                return None
        outcome = _outcome(source.reading, digests, "hardlink", is_new=True)
        is_same = FileStat.of(status).is_same_state(source.reading)
        return replace(outcome, state=FileState.of(status) if is_same else None)

    def _copy(self, path: Path) -> StoredFile | _DraftedFile:
        mode: ImportMode = "move" if self._mode == "move" else "copy"
        with self._open_source(path) as source:
            if source.reading.size_bytes <= CHUNK_BYTES:
                content = b"".join(map(bytes, self._unless_stopped(source.chunks())))
                digests = digest_chunks([memoryview(content)], self._extra)
                if known := self._renew_stored(source.reading, digests, mode):
                    return known  # nothing was written
                draft = self._draft()
                draft.write(memoryview(content))
            else:
                draft = self._draft()
                digests = self._copy_large(source, draft)
                if known := self._renew_stored(source.reading, digests, mode):
                    draft.close()
                    return known
        return _DraftedFile(source.reading, digests, draft)

    def _copy_large(self, source: SourceFile, draft: Draft) -> DigestSet:
        if draft.clone_from(source.fd):
            # The clone is hashed, not the source: no program can change the clone.
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

    def _store_draft(self, taken: _DraftedFile) -> StoredFile | ItemError:
        """Give a synced draft its final name, unless another process has just stored the same."""
        mode: ImportMode = "move" if self._mode == "move" else "copy"
        final = self._final_path(taken.digests)
        is_mended = False
        try:
            _publish(taken.draft, final)
        except FileExistsError:
            if known := self._renew_stored(taken.reading, taken.digests, mode):
                return known
            try:
                _remove_empty_folder(final)
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

    def _final_path(self, digests: DigestSet) -> Path:
        """Return the final path; make its folder, and have it synced at the end of the batch."""
        final = content_path(self._root, digests.sha256)
        if not final.parent.is_dir():
            make_shard(final)
        self._changed_folders |= folders_to(self._root, final)
        return final

    def _renew_stored(
        self, reading: FileStat, digests: DigestSet, mode: ImportMode
    ) -> StoredFile | None:
        """Renew the stored file with this digest; return None unless it is there and right."""
        final = content_path(self._root, digests.sha256)
        try:
            is_renewed = self._renew_if_right(final, reading.size_bytes, digests.sha256, mode)
        except OSError as error:
            # Missing, unreadable, or a hard link to another user's file, which only that user may
            # renew: a copy replaces it.
            if isinstance(error, FileNotFoundError) or error.errno in UNREADABLE_ERRNOS:
                return None
            raise
        if not is_renewed:
            return None
        # The process that stored it may not have synced the folders yet, but this call must not
        # return before they are synced.
        self._changed_folders |= folders_to(self._root, final)
        return _outcome(reading, digests, mode, is_new=False)

    def _renew_if_right(
        self, final: Path, size_bytes: int, sha256: bytes, mode: ImportMode
    ) -> bool:
        """Renew the file that has the final name, if it is right; return whether it is."""
        status = final.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size != size_bytes:
            return False
        if self._is_rehash or is_shared(status) or mode == "move":
            if not _has_digest(final, sha256):
                return False
            status = final.lstat()  # its second name may have been a draft's, which is gone now
        _renew(final, status)
        return True

    def _read_back(self, path: Path, outcome: StoredFile | ItemError) -> StoredFile | ItemError:
        """Read a copy back from the disk, because its source will be removed."""
        if isinstance(outcome, ItemError):
            return outcome
        final = content_path(self._root, outcome.sha256)
        if outcome.is_new and not _has_digest(final, outcome.sha256):
            final.unlink()
            return ContentDamagedError(outcome.sha256)
        return replace(outcome, found=self._found.get(path))


def _find_files(paths: Iterable[Path]) -> dict[Path, FoundFile]:
    found: dict[Path, FoundFile] = {}
    for path in paths:
        with suppress(OSError):  # reported when the file is opened
            found[path] = find_file(path)
    return found


def _publish(draft: Draft, final: Path) -> None:
    """Give a draft its final name, even while a collection removes empty folders."""
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
    """Return whether a stored file is, or may be, a user's file as well.

    It may be one if it has a second name or is writable; the store makes its own files with one
    name and read-only.
    """
    return status.st_nlink > 1 or bool(status.st_mode & 0o222)


def _has_digest(final: Path, sha256: bytes) -> bool:
    """Return whether a stored file can be read and has this SHA-256."""
    try:
        return digest_of_kept(final) == sha256
    except NotRegularFileError:
        return False
    except OSError as error:
        if error.errno not in UNREADABLE_ERRNOS:
            raise
        return False


def _remove_empty_folder(final: Path) -> None:
    """Remove an empty folder that has the final name; a file there is replaced by the rename."""
    with suppress(NotADirectoryError, FileNotFoundError):
        final.rmdir()


def _renew(final: Path, status: os.stat_result) -> None:
    """Make the file count as put just now, so that a collection that began before keeps it."""
    if is_shared(status):
        # Keep the modification time, which is the user's; this sets only the time of change.
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
