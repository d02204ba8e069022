"""Imports comics: an archive or a folder of pictures becomes a variant with pages and a concept."""

from dam.services.comic_import_service.importer import ComicImportOptions
from dam.services.comic_import_service.importing import (
    OnComic,
    add_comics,
    count_comics,
    import_comics,
)
from dam.services.comic_import_service.outcome import ComicOutcome, FailedPage
from dam.services.comic_import_service.retrying import import_failed_comics

__all__ = [
    "ComicImportOptions",
    "ComicOutcome",
    "FailedPage",
    "OnComic",
    "add_comics",
    "count_comics",
    "import_comics",
    "import_failed_comics",
]
