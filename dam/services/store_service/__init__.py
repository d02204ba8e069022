"""Checks the store for commands that write: it exists, is this world's, and is not swapped."""

from dam.services.store_service.access import (
    held_store,
    own_paths,
    require_opened_files,
    require_same_places,
    require_store,
    tell_missing_store,
)
from dam.services.store_service.judgement import count_stored, judge_store, last_place_id

__all__ = [
    "count_stored",
    "held_store",
    "judge_store",
    "last_place_id",
    "own_paths",
    "require_opened_files",
    "require_same_places",
    "require_store",
    "tell_missing_store",
]
