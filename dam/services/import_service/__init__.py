"""Imports files (bytes and rows), or adds them (imports and processes them)."""

from typing import TYPE_CHECKING

from dam.services.import_service.importing import (
    ImportOptions,
    OnOutcome,
    count_files,
    import_files,
)
from dam.services.import_service.outcome import FileOutcome, FileStatus, ImportReport, moved_before
from dam.storage.sources.selection import FileSelection, left_out_text

if TYPE_CHECKING:
    from dam.services.import_service.adding import add_files, failures_of_run
else:  # at first use: every command imports this module, and few need `process_service`, too

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from dam.services.import_service import adding  # noqa: PLC0415 - see above

        return getattr(adding, name)


__all__ = [
    "FileOutcome",
    "FileSelection",
    "FileStatus",
    "ImportOptions",
    "ImportReport",
    "OnOutcome",
    "add_files",
    "count_files",
    "failures_of_run",
    "import_files",
    "left_out_text",
    "moved_before",
]
