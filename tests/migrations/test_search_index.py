"""The index of search is made, upgraded and dropped with the schema."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from dam.models import SCHEMA_REVISION, is_index_of_words, watched_tables
from dam.services.schema_service import migrations, setting_up
from tests.databases import world_config
from tests.migrations.schemas import (
    connected,
    execute,
    folder_with_made_up_migration,
    rows_of,
    run_alembic,
)

pytestmark = pytest.mark.slow

WATCHED = {
    "component_audio_tags",
    "component_comic_book_concept",
    "component_comic_book_term",
    "component_comic_book_variant",
    "component_content_hash_sha256",
    "component_document_text",
    "component_file_location",
    "component_file_properties",
    "component_original_source_info",
    "component_stated_text",
}


def watched(url: str) -> set[str]:
    with connected(url) as connection:
        return watched_tables(connection)


def objects(url: str) -> Mapping[str, str]:
    """Return what the database has besides tables and indexes, with its definition."""
    with connected(url) as connection:
        statement = (
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' OR name LIKE 'search_%'"
            if connection.dialect.name == "sqlite"
            else "SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'search_note%' UNION ALL "
            "SELECT tgname || tgrelid::regclass, pg_get_triggerdef(oid) FROM pg_trigger "
            "WHERE NOT tgisinternal"
        )
        return dict(connection.execute(text(statement)).all())


def words_found(url: str, word: str) -> list[int]:
    with connected(url) as connection:
        if connection.dialect.name == "sqlite":
            found = "SELECT rowid FROM search_words WHERE search_words MATCH :word"
        else:
            found = (
                "SELECT entity_id FROM component_search_entry WHERE array_to_tsvector(array_remove("
                "array_remove(string_to_array(words, ' '), ''), '|')) @@ CAST(:word AS tsquery)"
            )
        return list(connection.scalars(text(found), {"word": word}))


def test_a_new_schema_watches_what_entries_are_made_of(database_url: str) -> None:
    assert watched(database_url) == WATCHED


def test_the_index_goes_and_comes_with_its_revision(database_url: str) -> None:
    before = objects(database_url)
    assert len(before) > 20
    run_alembic(database_url, "downgrade", "0012")
    assert objects(database_url) == {}
    execute(database_url, "INSERT INTO entities VALUES (1, '2026-01-01 00:00:00')")
    run_alembic(database_url, "upgrade", "head")
    assert objects(database_url) == before


def test_assets_of_before_have_entries_and_wait_for_their_words(tmp_path: Path) -> None:
    file = tmp_path / "dam.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript((Path(__file__).parent / "0006.sql").read_text())
        for statement in (
            "UPDATE component_file_properties SET name_text = 'ÉtÉ.JPG' WHERE entity_id = 1",
            "UPDATE component_file_location SET storage = 'archive'",
            "UPDATE component_file_location SET storage = 'store' WHERE entity_id = 2",
            "DELETE FROM component_comic_book_variant WHERE entity_id < 3",
        ):
            connection.execute(statement)
        connection.commit()
    url = f"sqlite:///{file}"
    setting_up.set_up(world_config(url))
    rows = rows_of(url)
    found = [
        (row["words"], row["name_key"], bool(row["is_listed"]))
        for row in rows["component_search_entry"]
    ]
    assert found == [
        ("", "ÉtÉ.jpg", False),
        ("", "name_text-2", True),
        ("", "name_text-3", True),  # a variant
    ]
    assert [row["entity_id"] for row in rows["component_needs_search_entry"]] == [1, 2, 3]


def test_triggers_outlive_a_migration_that_rebuilds_their_table(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = objects(database_url)
    folder = folder_with_made_up_migration(tmp_path, SCHEMA_REVISION)
    migration = folder / "versions" / "9001_made_up.py"
    migration.write_text(migration.read_text().replace('"entities"', '"component_file_properties"'))
    monkeypatch.setattr(migrations, "migrations_folder", lambda: folder)
    run_alembic(database_url, "upgrade", "head")
    assert objects(database_url) == before
    assert "component_needs_search_entry" not in rows_of(database_url)


def test_a_reset_leaves_no_words(database_url: str) -> None:
    before = objects(database_url)
    execute(
        database_url,
        "INSERT INTO entities VALUES (1, '2026-01-01 00:00:00')",
        "INSERT INTO component_search_entry (entity_id, words, is_listed) VALUES (1, ' x ', true)",
    )
    assert words_found(database_url, "x") == [1]
    setting_up.set_up(world_config(database_url), reset=True)
    assert objects(database_url) == before
    execute(database_url, "INSERT INTO entities VALUES (1, '2026-01-01 00:00:00')")
    assert words_found(database_url, "x") == []


def test_the_index_is_told_from_other_names() -> None:
    assert is_index_of_words("search_words_data")
    assert not is_index_of_words("component_search_entry")
    assert not is_index_of_words("search_changes")
