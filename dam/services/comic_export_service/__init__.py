"""Exports comics as a CBZ, a PDF or a folder."""

from dam.services.comic_export_service.exporting import (
    ConvertedPage,
    ExportedComic,
    UnshownPage,
    export_comic,
)

__all__ = ["ConvertedPage", "ExportedComic", "UnshownPage", "export_comic"]
