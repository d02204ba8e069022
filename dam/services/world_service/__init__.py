"""Identifies a world by its UUID, and knows its folder in the cache."""

from dam.services.world_service.cache import WorldCache
from dam.services.world_service.identity import (
    begin_edition,
    found_owner,
    hold_to_identity,
    new_store,
    note_new_store,
    store_owner,
    world_uuid,
)

__all__ = [
    "WorldCache",
    "begin_edition",
    "found_owner",
    "hold_to_identity",
    "new_store",
    "note_new_store",
    "store_owner",
    "world_uuid",
]
