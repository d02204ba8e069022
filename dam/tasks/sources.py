"""Removes the sources of moves, or puts them back: plain functions, no database."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

from dam.errors import (
    ContentDamagedError,
    ContentMissingError,
    FileChangedError,
    FolderGoneError,
    InsideStoreError,
    ItemError,
    SourceReplacedError,
)
from dam.storage.content_store import ContentState, ContentStore, StoredFile
from dam.storage.paths import is_at_or_below, path_bytes
from dam.storage.sources.removal import (
    Source,
    UnlinkOutcome,
    new_aside_name,
    put_back_source,
    unlink_sources,
)
from dam.storage.sources.walk import absolute_path, inode_of

RemovalEnd = ItemError | Literal["removed", "gone"]
"""The outcome for a source: removed now, gone already, or the error that prevented its removal."""

# A folder's time may be this much earlier than the removal that set it: FAT counts in steps of 2 s.
_RACY_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRemoval(Source):
    """A source that is to be removed, because a move has stored its bytes.

    Args:
        machine_id: The machine on which its path is.
        entity_id: The asset that has its bytes.
        noted_at: When the removal was recorded; None in the run that records it.
    """

    machine_id: str
    entity_id: int
    noted_at: datetime | None = None

    @property
    def is_of_this_run(self) -> bool:
        """Whether this very run has read the file and has checked its stored copy."""
        return self.file is not None


def new_removal(machine_id: str, entity_id: int, path: Path, stored: StoredFile) -> SourceRemoval:
    """Return the removal of a file that was put into the store just now.

    Args:
        machine_id: Of this machine.
        entity_id: The asset that has the bytes.
        path: The file; absolute.
        stored: The outcome of its `put`.
    """
    found = stored.found
    return SourceRemoval(
        machine_id=machine_id,
        entity_id=entity_id,
        path=path,
        aside=new_aside_name(),
        size_bytes=stored.reading.size_bytes,
        mtime_ns=stored.reading.mtime_ns,
        sha256=stored.sha256,
        file=stored.reading.file,
        folder=None if found is None else found.folder,
        is_link=found is not None and found.is_link,
    )


def unlink_moved(
    store: ContentStore, removals: Sequence[SourceRemoval], is_stopped: Callable[[], bool]
) -> list[RemovalEnd]:
    """Remove files whose bytes the store has; return the outcome of each, in their order.

    First, each stored copy is checked. A copy of this run was read back when it was stored: only
    its size is compared. A copy of an earlier run may have been damaged since: it is hashed again.

    Args:
        store: Where the copies are.
        removals: The files.
        is_stopped: Asked repeatedly; once it returns True, the remaining files stay.

    Raises:
        StoreUnusableError: The store as a whole cannot be used; the files stay.
    """
    roots = [inode_of(root) for root in store.local_roots()]
    faults = [_why_it_stays(store, roots, one, is_stopped) for one in removals]
    wanted = [one for one, fault in zip(removals, faults, strict=True) if fault is None]
    done = iter(unlink_sources(wanted, is_stopped, partial(_has_copy, store)))
    return [fault or _end(next(done), one) for one, fault in zip(removals, faults, strict=True)]


def at_or_below(removals: Sequence[SourceRemoval], paths: Sequence[str]) -> list[SourceRemoval]:
    """Return the removals whose files are at or below these paths, as written or through links."""
    roots = {path_bytes(absolute_path(path)) for path in paths}
    roots |= {os.path.realpath(root) for root in roots if b"\0" not in root}
    folders = {one.path.parent for one in removals}
    real = {folder: Path(os.path.realpath(folder)) for folder in folders}
    return [
        one
        for one in removals
        if is_at_or_below(path_bytes(one.path), roots)
        or is_at_or_below(path_bytes(real[one.path.parent] / one.path.name), roots)
    ]


def gone_at(removals: Sequence[SourceRemoval], paths: Sequence[str]) -> dict[str, SourceRemoval]:
    """Return, by path, the removals of files that were at these paths, where nothing is now.

    A path may lead to the file through links to folders.
    """
    folders: dict[str, str] = {}

    def place(path: str) -> tuple[str, str]:
        folder, name = os.path.split(absolute_path(path))
        if folder not in folders:
            folders[folder] = os.path.realpath(folder)
        return folders[folder], name

    gone = {place(str(one.path)): one for one in removals}
    return {
        path: gone[place(path)]
        for path in paths
        if gone and "\0" not in path and place(path) in gone and not os.path.lexists(path)
    }


def gone(removals: Sequence[SourceRemoval]) -> list[SourceRemoval]:
    """Return those that their folders, which are there, have under neither of their names."""
    return [
        one
        for one in removals
        if all(_is_missing(one.path.with_name(name)) for name in (one.path.name, one.aside))
        and one.path.parent.is_dir()
        and not _is_other_folder(one)
    ]


def _is_missing(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return True
    except OSError:  # it cannot be told
        return False
    return False


def put_back(removals: Sequence[SourceRemoval]) -> list[tuple[SourceRemoval, Path | OSError]]:
    """Give files that a killed process has renamed aside their names back.

    Return each removal with the path where its file is now (its own path if it was never renamed),
    or with the error that prevented it.
    """
    return [(one, _put_back(one)) for one in removals]


def _put_back(removal: SourceRemoval) -> Path | OSError:
    try:
        if os.path.lexists(removal.path.with_name(removal.aside)):
            return put_back_source(removal.path, removal.aside)
    except OSError as error:
        return error
    return removal.path


def _why_it_stays(
    store: ContentStore,
    roots: Sequence[tuple[int, int] | None],
    removal: SourceRemoval,
    is_stopped: Callable[[], bool],
) -> ItemError | None:
    folder = Path(os.path.realpath(removal.path.parent))
    found = {inode_of(each) for each in (folder, *folder.parents)} - {None}
    if not found.isdisjoint(roots):
        return InsideStoreError(removal.path)
    try:
        state = _state(store, removal, is_stopped)
        if state == "missing":  # or the source is the copy, renamed aside by a killed move
            _put_back(removal)
            state = _state(store, removal, is_stopped)
        match state:
            case "missing":
                return ContentMissingError(removal.sha256)
            case "damaged":
                return ContentDamagedError(removal.sha256)
            case "ok":  # a folder of the store may also be mounted elsewhere, or be a link
                is_own = inode_of(store.local_path(removal.sha256).parent) in found
                return InsideStoreError(removal.path) if is_own else None
    except ItemError as error:
        return error


def _has_copy(store: ContentStore, source: Source) -> bool:
    try:
        return store.contains(source.sha256)
    except ItemError:  # it cannot be found out, so the source stays
        return False


def _state(
    store: ContentStore, removal: SourceRemoval, is_stopped: Callable[[], bool]
) -> ContentState:
    is_fast = removal.is_of_this_run
    return store.check(removal.sha256, removal.size_bytes, is_fast=is_fast, is_stopped=is_stopped)


def _end(done: UnlinkOutcome, removal: SourceRemoval) -> RemovalEnd:
    path = removal.path
    if isinstance(done.error, FileNotFoundError):
        return FolderGoneError(path.parent)
    if done.status == "gone":
        return FolderGoneError(path.parent) if _is_other_folder(removal) else "gone"
    fault = done.fault(path)
    if isinstance(fault, FileChangedError) and not removal.is_of_this_run:
        return SourceReplacedError(path)
    return fault or "removed"


def _is_other_folder(removal: SourceRemoval) -> bool:
    """Return whether the folder of a file seems to be another one than when the removal was noted.

    It is if it is empty and was last changed before that, as a mount point is whose disk is not
    mounted: to remove the file would have changed the folder's time.
    """
    if removal.noted_at is None:
        return False
    try:
        with os.scandir(removal.path.parent) as names:
            is_empty = next(names, None) is None
        changed_at_s = removal.path.parent.stat().st_mtime
    except OSError:
        return False
    return is_empty and changed_at_s < removal.noted_at.timestamp() - _RACY_S
