"""Removes the sources of moved files, and knows which ones are still to be removed."""

from dam.services.source_removal_service.removing import (
    BegunImport,
    ImportPath,
    WorkedOff,
    begin_import,
    end_removals,
    keep_sources,
    keep_sources_of,
    this_machine,
    work_off_removals,
)
from dam.services.source_removal_service.rows import note_removals

__all__ = [
    "BegunImport",
    "ImportPath",
    "WorkedOff",
    "begin_import",
    "end_removals",
    "keep_sources",
    "keep_sources_of",
    "note_removals",
    "this_machine",
    "work_off_removals",
]
