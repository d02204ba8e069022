"""Finds comic variants that share pages."""

from dam.services.comic_overlap_service.comparing import VariantOverlap, find_duplicates, overlap_of

__all__ = ["VariantOverlap", "find_duplicates", "overlap_of"]
