"""The rows of whole lives of assets written as fast as a script could: `sqlite3`, and COPY.

The same rows go into the same tables, in the same transactions as `asset_life` has for them;
markers come, are leased and go. Nothing is looked up or checked before.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime

import psycopg
from psycopg import sql

from dam.errors import display_path
from dam.services.content_service import HashedFile
from dam.storage.paths import path_bytes, path_digest
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
Rows = Mapping[str, Sequence[Row]]
Asset = tuple[int, HashedFile]

PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = NORMAL",
    "foreign_keys = ON",
    "cache_size = -32768",
)
_LEASE = ("a token of the usual length: 0123456789", 1_800_000_000.0)
_DESCRIBE = "component_needs_metadata_extraction"
_ANALYSE = "component_needs_content_analysis"
_HASHES = tuple(f"component_image_perceptual_{name}hash" for name in "pad")
_COLUMNS = {
    "entities": "id created_at",
    "component_content_hash_sha256": "entity_id digest",
    "component_file_properties": "entity_id size_bytes name name_text",
    "component_file_location": "entity_id storage",
    "component_original_source_info": (
        "entity_id path path_digest path_text size_bytes mtime_ns mode"
        " first_seen_at last_seen_at read_at"
    ),
    _DESCRIBE: "entity_id attempts",
    _ANALYSE: "entity_id attempts",
    "component_image_dimensions": "entity_id width height",
    "component_image_format": "entity_id format mode bit_depth has_alpha orientation",
    **dict.fromkeys(_HASHES, "entity_id recipe value revision"),
}


class SqliteLoader:
    """`executemany` of the standard library's driver, under the rules of `dam.core.database`."""

    def __init__(self, url: str) -> None:
        path = url.removeprefix("sqlite:///")
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")

    def close(self) -> None:
        self._connection.close()

    def time(self, moment: datetime) -> str:
        """Return a time as SQLAlchemy stores it."""
        return moment.replace(tzinfo=None).isoformat(" ", "microseconds")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        yield
        self._connection.execute("COMMIT")

    def insert(self, rows: Rows) -> None:
        for table, of_table in rows.items():
            columns = _COLUMNS[table].split()
            values = ", ".join("?" * len(columns))
            statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})"  # noqa: S608
            self._connection.executemany(statement, of_table)

    def lease(self, table: str, entity_ids: Sequence[int]) -> None:
        self._connection.executemany(
            f"UPDATE {table} SET lease_token = ?, lease_until = ? WHERE entity_id = ?",  # noqa: S608
            [(*_LEASE, entity_id) for entity_id in entity_ids],
        )

    def set_media_types(self, entity_ids: Sequence[int]) -> None:
        self._connection.executemany(
            "UPDATE component_file_properties SET media_type = ? WHERE entity_id = ?",
            [(MEDIA_TYPE, entity_id) for entity_id in entity_ids],
        )

    def delete(self, table: str, entity_ids: Sequence[int]) -> None:
        statement = f"DELETE FROM {table} WHERE entity_id = ?"  # noqa: S608 - a name of ours
        self._connection.executemany(statement, [(entity_id,) for entity_id in entity_ids])

    def count_revision(self, table: str, revision: int) -> None:
        statement = "INSERT OR REPLACE INTO component_revisions VALUES (?, ?)"
        self._connection.execute(statement, (table, revision))

    def count_entities(self, last_id: int) -> None:
        self._connection.execute("UPDATE entity_counter SET last_id = ?", (last_id,))


class PostgresLoader:
    """COPY in, and one statement for all rows that change or go."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)

    def close(self) -> None:
        self._connection.close()

    def time(self, moment: datetime) -> datetime:
        return moment

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._connection.transaction():
            yield

    def insert(self, rows: Rows) -> None:
        for table, of_table in rows.items():
            columns = sql.SQL(", ").join(map(sql.Identifier, _COLUMNS[table].split()))
            statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)
            with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
                for row in of_table:
                    copy.write_row(row)

    def lease(self, table: str, entity_ids: Sequence[int]) -> None:
        statement = sql.SQL(
            "UPDATE {} SET lease_token = %s, lease_until = %s WHERE entity_id = ANY(%s)"
        )
        values = (*_LEASE, list(entity_ids))
        self._connection.execute(statement.format(sql.Identifier(table)), values)

    def set_media_types(self, entity_ids: Sequence[int]) -> None:
        self._connection.execute(
            "UPDATE component_file_properties SET media_type = %s WHERE entity_id = ANY(%s)",
            (MEDIA_TYPE, list(entity_ids)),
        )

    def delete(self, table: str, entity_ids: Sequence[int]) -> None:
        statement = sql.SQL("DELETE FROM {} WHERE entity_id = ANY(%s)")
        self._connection.execute(statement.format(sql.Identifier(table)), (list(entity_ids),))

    def count_revision(self, table: str, revision: int) -> None:
        self._connection.execute(
            "INSERT INTO component_revisions VALUES (%s, %s) ON CONFLICT (table_name)"
            " DO UPDATE SET revision = EXCLUDED.revision",
            (table, revision),
        )

    def count_entities(self, last_id: int) -> None:
        self._connection.execute("SELECT setval('entity_id_seq', %s)", (last_id,))


Loader = SqliteLoader | PostgresLoader


def loader_for(url: str) -> Loader:
    """Return the loader for a database that has the schema."""
    return SqliteLoader(url) if url.startswith("sqlite") else PostgresLoader(url)


def live(url: str, files: Sequence[HashedFile]) -> None:
    """Write the rows of these files' assets into an empty database that has the schema."""
    assets = list(enumerate(files, start=1))
    with closing(loader_for(url)) as loader:
        now = loader.time(READ_AT)
        for batch in batches(assets, IMPORT_BATCH):
            with loader.transaction():
                loader.insert(_imported(batch, now))
        for batch in batches(assets, STAGE_BATCH):
            ids = [entity_id for entity_id, _ in batch]
            with loader.transaction():
                loader.lease(_DESCRIBE, ids)
            with loader.transaction():
                loader.delete(_DESCRIBE, ids)
                loader.set_media_types(ids)
                loader.insert(_described(ids))
        for revision, batch in enumerate(batches(assets, STAGE_BATCH), start=1):
            ids = [entity_id for entity_id, _ in batch]
            with loader.transaction():
                loader.lease(_ANALYSE, ids)
            with loader.transaction():
                loader.delete(_ANALYSE, ids)
                for table in _HASHES:
                    loader.count_revision(table, revision)
                loader.insert(_analysed(batch, revision))


def _imported(batch: Sequence[Asset], now: str | datetime) -> Rows:
    sources, names = [], []
    for entity_id, file in batch:
        raw, reading = path_bytes(file.path), file.stored.reading
        size_bytes, name = reading.size_bytes, file.path.name
        facts = (size_bytes, reading.mtime_ns, reading.mode, now, now, now)
        sources.append((entity_id, raw, path_digest(raw), display_path(file.path), *facts))
        names.append((entity_id, size_bytes, name.encode(), name))
    ids = [entity_id for entity_id, _ in batch]
    return {
        "entities": [(entity_id, now) for entity_id in ids],
        "component_content_hash_sha256": [(key, file.stored.sha256) for key, file in batch],
        "component_file_properties": names,
        "component_file_location": [(entity_id, "store") for entity_id in ids],
        "component_original_source_info": sources,
        _DESCRIBE: [(entity_id, 0) for entity_id in ids],
    }


def _described(ids: Sequence[int]) -> Rows:
    image = DESCRIPTION
    pixels = (image.format, image.mode, image.bit_depth, image.has_alpha, image.orientation)
    return {
        "component_image_dimensions": [(key, image.width_px, image.height_px) for key in ids],
        "component_image_format": [(entity_id, *pixels) for entity_id in ids],
        _ANALYSE: [(entity_id, 0) for entity_id in ids],
    }


def _analysed(batch: Sequence[Asset], revision: int) -> Rows:
    rows: dict[str, list[Row]] = {table: [] for table in _HASHES}
    for entity_id, file in batch:
        for of_table, value in zip(rows.values(), hashes_of(file.stored.sha256), strict=True):
            of_table.append((entity_id, RECIPE, value.to_bytes(8, "big"), revision))
    return rows
