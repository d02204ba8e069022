"""Outcomes of an import: one for each path, and how many there were of each status."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Literal

from dam.core.ecs.components import EntityId
from dam.errors import DamError, ItemError
from dam.services.content_service import HashedFile, RecordedFile
from dam.storage.sources.walk import SkippedPath
from dam.tasks.sources import SourceRemoval

FileStatus = Literal["added", "restored", "known", "unchanged", "skipped", "failed"]
"""Added: a new asset. Restored: the asset was in the trash. Known: an asset has these bytes.
Unchanged: also imported from this path."""


@dataclass(frozen=True, kw_only=True)
class FileOutcome:
    """The outcome of one path. `error`, `message` and `hint` are set if something went wrong.

    `inherited_from` is the asset that had the path before, if this one took over its tags or its
    places in comics.
    """

    path: str
    status: FileStatus
    entity_id: EntityId | None = None
    sha256: bytes | None = None
    size_bytes: int = 0
    inherited_from: EntityId | None = None
    error: str | None = None
    message: str | None = None
    hint: str | None = None


@dataclass
class ImportReport:
    """Number of paths by status.

    Args:
        counts: The number of paths with each status.
        size_bytes: The total size of new content.
        inherited: The number of files that took over what was said of the bytes before them.
        left_out: The number of files and folders that each rule of the selection left out.
    """

    counts: Counter[FileStatus] = field(default_factory=Counter)
    size_bytes: int = 0
    inherited: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    def count(self, outcome: FileOutcome) -> None:
        """Count one outcome."""
        self.counts[outcome.status] += 1
        self.inherited += outcome.inherited_from is not None
        if outcome.status == "added":
            self.size_bytes += outcome.size_bytes


def skipped_path(item: SkippedPath) -> FileOutcome:
    """Return the outcome of a path that the walk skipped or could not read."""
    return FileOutcome(
        path=item.path,
        status="failed" if item.is_failure else "skipped",
        error="FileAccessError" if item.is_failure else None,
        message=item.reason,
    )


def recorded_file(file: HashedFile, recorded: RecordedFile) -> FileOutcome:
    """Return the outcome of a file whose rows were written."""
    return FileOutcome(
        path=str(file.path),
        status=recorded.status,
        entity_id=recorded.entity_id,
        sha256=file.stored.sha256,
        size_bytes=file.stored.size_bytes,
        inherited_from=recorded.inherited_from,
    )


def moved_before(path: str, removal: SourceRemoval) -> FileOutcome:
    """Return the outcome of a path whose file an earlier move has imported."""
    return FileOutcome(
        path=path,
        status="known",
        entity_id=removal.entity_id,
        sha256=removal.sha256,
        size_bytes=removal.size_bytes,
    )


def still_there(outcome: FileOutcome, error: ItemError) -> FileOutcome:
    """Return the outcome of a moved file with the error that kept its source from being removed."""
    return replace(outcome, error=type(error).__name__, message=error.message, hint=error.hint)


def failed_file(path: str, error: Exception) -> FileOutcome:
    """Return the outcome of a file that could not be read; raise an error that is a bug of ours."""
    if not isinstance(error, DamError):
        raise error
    return FileOutcome(
        path=path,
        status="failed",
        error=type(error).__name__,
        message=error.message,
        hint=error.hint,
    )
