"""The content of assets: the rows written for it, its names, and the places that hold it."""

from dam.services.content_service.contents import (
    ContentEntity,
    HashedContent,
    NewAsset,
    is_about_bytes,
    record_contents,
    stored_before,
)
from dam.services.content_service.file_states import LARGE_BYTES, statement_for
from dam.services.content_service.files import (
    KnownFile,
    RecordedFile,
    foresee_files,
    known_files,
    record_files,
    touch_sources,
)
from dam.services.content_service.locations import ShownLocation, locate, locate_marked, location_of
from dam.services.content_service.names import names_of
from dam.services.content_service.sources import HashedFile
from dam.services.content_service.times import times_of
from dam.services.content_service.touched import TouchedFile, note_touched
from dam.services.content_service.trashed import bring_back, trashed_among, with_companions

__all__ = [
    "LARGE_BYTES",
    "ContentEntity",
    "HashedContent",
    "HashedFile",
    "KnownFile",
    "NewAsset",
    "RecordedFile",
    "ShownLocation",
    "TouchedFile",
    "bring_back",
    "foresee_files",
    "is_about_bytes",
    "known_files",
    "locate",
    "locate_marked",
    "location_of",
    "names_of",
    "note_touched",
    "record_contents",
    "record_files",
    "statement_for",
    "stored_before",
    "times_of",
    "touch_sources",
    "trashed_among",
    "with_companions",
]
