"""Exports comics as a CBZ, a PDF or a folder."""

from dam.services.comic_export_service.exporting import ExportedComic, export_comic

__all__ = ["ExportedComic", "export_comic"]
