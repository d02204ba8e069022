"""Exports comics as a CBZ, a PDF or a folder."""

from dam.services.comic_export_service.exporting import ConvertedPage, ExportedComic, export_comic

__all__ = ["ConvertedPage", "ExportedComic", "export_comic"]
