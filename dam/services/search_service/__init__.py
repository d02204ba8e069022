"""Finds assets by queries."""

from dam.services.search_service.entries import (
    bring_entries_up_to_date,
    count_unindexed,
    note_search_changes,
)

__all__ = ["bring_entries_up_to_date", "count_unindexed", "note_search_changes"]
