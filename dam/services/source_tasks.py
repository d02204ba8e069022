"""What is done to the sources of moves: plain functions, no database."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from dam.errors import (
    ContentDamagedError,
    ContentMissingError,
    FileChangedError,
    FolderGoneError,
    InsideStoreError,
    ItemError,
    SourceReplacedError,
)
from dam.services.source_removal_rows import SourceRemoval
from dam.storage.content_store import ContentStore
from dam.storage.paths import is_at_or_below, path_bytes
from dam.storage.source_removal import Removal, Source, put_back_source
from dam.storage.source_removal import remove_sources as remove_files
from dam.storage.walk import absolute_path, inode_of


def remove_sources(
    store: ContentStore, removals: Sequence[SourceRemoval], is_stopped: Callable[[], bool]
) -> list[ItemError | None]:
    """Remove files whose bytes the store has; return what hindered each, None where it is gone.

    `is_stopped` is asked again and again; once it says yes, the rest stays.

    Raises:
        StoreUnusableError: The store as a whole cannot be used; they stay.
    """
    roots = [inode_of(root) for root in store.local_roots()]
    faults = [_why_it_stays(store, roots, one) for one in removals]
    wanted = [one for one, fault in zip(removals, faults, strict=True) if fault is None]
    done = iter(remove_files([_source(one) for one in wanted], is_stopped))
    return [fault or _fault(next(done), one) for one, fault in zip(removals, faults, strict=True)]


def at_or_below(removals: Sequence[SourceRemoval], paths: Sequence[str]) -> list[SourceRemoval]:
    """Return those whose files are at or below these paths, by their names or through links."""
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


def put_back(removals: Sequence[SourceRemoval]) -> list[tuple[SourceRemoval, Path | OSError]]:
    """Give files their names again that a killed process has set aside.

    Return where each is now, also one that was never aside, or why that could not be done.
    """
    return [(one, _put_back(one)) for one in removals]


def _put_back(removal: SourceRemoval) -> Path | OSError:
    try:
        if os.path.lexists(removal.path.with_name(removal.aside_name)):
            return put_back_source(removal.path, removal.aside_name)
    except OSError as error:
        return error
    return removal.path


def _why_it_stays(
    store: ContentStore, roots: Sequence[tuple[int, int] | None], removal: SourceRemoval
) -> ItemError | None:
    folder = Path(os.path.realpath(removal.path.parent))
    found = {inode_of(each) for each in (folder, *folder.parents)} - {None}
    if not found.isdisjoint(roots):
        return InsideStoreError(removal.path)
    try:
        match store.check(removal.sha256, removal.size_bytes, is_fast=True):
            case "missing":
                return ContentMissingError(removal.sha256)
            case "damaged":
                return ContentDamagedError(removal.sha256)
            case "ok":
                return None
    except ItemError as error:
        return error


def _source(removal: SourceRemoval) -> Source:
    reading, found = removal.reading, removal.found
    return Source(
        path=removal.path,
        aside=removal.aside_name,
        size_bytes=removal.size_bytes,
        mtime_ns=removal.mtime_ns,
        sha256=removal.sha256,
        file=None if reading is None else reading.file,
        folder=None if found is None else found.folder,
        is_link=found is not None and found.is_link,
    )


def _fault(done: Removal, removal: SourceRemoval) -> ItemError | None:
    path = removal.path
    if isinstance(done.error, FileNotFoundError):
        return FolderGoneError(path.parent)
    fault = done.fault(path)
    if isinstance(fault, FileChangedError) and removal.reading is None:  # not of this run
        return SourceReplacedError(path)
    return fault
