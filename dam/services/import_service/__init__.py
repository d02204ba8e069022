"""Files in: stored, recorded, and worked on by systems."""

from dam.services.import_service.adding import add_files, failures_of_run
from dam.services.import_service.importing import (
    ImportOptions,
    OnOutcome,
    count_files,
    import_files,
)
from dam.services.import_service.outcome import FileOutcome, FileStatus, ImportReport, moved_before

__all__ = [
    "FileOutcome",
    "FileStatus",
    "ImportOptions",
    "ImportReport",
    "OnOutcome",
    "add_files",
    "count_files",
    "failures_of_run",
    "import_files",
    "moved_before",
]
