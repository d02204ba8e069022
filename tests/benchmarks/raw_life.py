"""The rows of whole lives of assets written as fast as a script could: `sqlite3`, and COPY.

The same rows in the same tables, in as many transactions as `asset_life` has for them; nothing is
looked up, claimed or checked before.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC
from pathlib import Path

import psycopg
from psycopg import sql

from dam.services.import_records import ReadFile
from tests.benchmarks.asset_life import (
    DESCRIPTION,
    IMPORT_BATCH,
    MEDIA_TYPE,
    READ_AT,
    RECIPE,
    STAGE_BATCH,
    batches,
    hashes_of,
)

Row = tuple[object, ...]
Asset = tuple[int, ReadFile]

_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = NORMAL",
    "foreign_keys = ON",
    "cache_size = -32768",
)
_DESCRIBE, _ANALYSE = (
    "component_needs_metadata_extraction",
    "component_needs_content_analysis",
)
_MARKER = ("entity_id", "attempts")
_COLUMNS: dict[str, tuple[str, ...]] = {
    "entities": ("id", "created_at"),
    "component_content_hash_sha256": ("entity_id", "digest"),
    "component_file_properties": ("entity_id", "size_bytes", "name", "name_text"),
    "component_file_location": ("entity_id", "storage", "is_shared"),
    "component_original_source_info": (
        "entity_id",
        "path",
        "path_digest",
        "path_text",
        "size_bytes",
        "mtime_ns",
        "mode",
        "first_seen_at",
        "last_seen_at",
        "read_at",
    ),
    _DESCRIBE: _MARKER,
    _ANALYSE: _MARKER,
    "component_image_dimensions": ("entity_id", "width", "height"),
    "component_image_format": (
        "entity_id",
        "format",
        "mode",
        "bit_depth",
        "has_alpha",
        "orientation",
    ),
    "component_image_perceptual_phash": ("entity_id", "recipe", "value", "revision"),
    "component_image_perceptual_ahash": ("entity_id", "recipe", "value", "revision"),
    "component_image_perceptual_dhash": ("entity_id", "recipe", "value", "revision"),
}
