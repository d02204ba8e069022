"""The migrations make what the models say, and keep what is in a database."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from dam.core.ecs.components import Base
from dam.media.comic.name import title_key
from dam.models import SCHEMA_REVISION
from dam.services.schema_service import checks, migrations, migrations_folder, setting_up
from dam.storage.paths import stem_digest
from tests.conftest import PROJECT
from tests.databases import create_schema, world_config
from tests.migrations.populate import ROWS, populate
from tests.migrations.schemas import (
    connected,
    drift,
    execute,
    folder_with_made_up_migration,
    rows_of,
    run_alembic,
    tables_of,
)

FROZEN = Path(__file__).parent

pytestmark = pytest.mark.slow


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """One more migration, after the newest, which rebuilds `entities`."""
    folder = folder_with_made_up_migration(tmp_path, SCHEMA_REVISION)
    monkeypatch.setattr(migrations, "migrations_folder", lambda: folder)
    for module in (checks, setting_up):
        monkeypatch.setattr(module, "SCHEMA_REVISION", "9001")
    return "9001"


def test_there_is_one_head_and_the_program_knows_it() -> None:
    scripts = ScriptDirectory(str(migrations_folder()))
    assert scripts.get_heads() == [SCHEMA_REVISION]


def test_an_upgrade_from_nothing_equals_the_models(database_url: str) -> None:
    assert drift(database_url) == []
    assert tables_of(database_url) == {*Base.metadata.tables, "alembic_version"}


def test_postgresql_has_the_sequence_that_ids_come_from(database_url: str) -> None:
    with connected(database_url) as connection:
        if connection.dialect.name == "postgresql":
            assert "entity_id_seq" in inspect(connection).get_sequence_names()
        else:
            assert rows_of(database_url)["entity_counter"] == [{"id": 1, "last_id": 0}]


def test_up_down_and_up_again(database_url: str) -> None:
    populate(database_url)
    run_alembic(database_url, "downgrade", "base")
    assert tables_of(database_url) == {"alembic_version"}
    with connected(database_url) as connection:
        if connection.dialect.name == "postgresql":
            assert inspect(connection).get_sequence_names() == []
    run_alembic(database_url, "upgrade", "head")
    assert drift(database_url) == []


def test_a_database_in_use_is_upgraded_with_its_rows(database_url: str, made_up: str) -> None:
    populate(database_url)
    before = rows_of(database_url)
    done = setting_up.set_up(world_config(database_url))
    after = rows_of(database_url)
    assert (done.revision, done.created) == (made_up, False)
    assert [row.pop("note") for row in after["entities"]] == ["none yet"] * ROWS
    assert after.pop("alembic_version") == [{"version_num": made_up}]
    assert before.pop("alembic_version") == [{"version_num": SCHEMA_REVISION}]
    assert after == before


def test_paths_of_files_get_the_digest_of_their_stem(database_url: str) -> None:
    run_alembic(database_url, "downgrade", "0015")
    paths = {1: b"/a.b/c.d.jpg", 2: b"/a.b/folder", 3: b"/a/\xff.xmp", 4: b"/a/.xmp"}
    rows = [{"id": number, "path": path} for number, path in paths.items()]
    time = "'2026-01-01 00:00:00'"
    with connected(database_url) as connection:
        created = f"INSERT INTO entities (id, created_at) VALUES (:id, {time})"  # noqa: S608
        connection.execute(text(created), rows)
        seen = (
            "INSERT INTO component_original_source_info (id, entity_id, path, path_digest,"  # noqa: S608
            " path_text, size_bytes, mtime_ns, mode, first_seen_at, last_seen_at, read_at)"
            f" VALUES (:id, :id, :path, :path, '', 0, 0, 0, {time}, {time}, {time})"
        )
        connection.execute(text(seen), rows)
        hashed = "INSERT INTO component_content_hash_sha256 (entity_id, digest) VALUES (:id, :path)"
        connection.execute(text(hashed), [row for row in rows if row["id"] != 2])
    run_alembic(database_url, "upgrade", "head")
    found = {
        row["id"]: row["stem_digest"]
        for row in rows_of(database_url)["component_original_source_info"]
    }
    expected = {number: stem_digest(path) for number, path in paths.items() if number != 2}
    assert found == {**expected, 2: None}


def test_concepts_of_before_get_their_keys(database_url: str) -> None:
    run_alembic(database_url, "downgrade", "0002")
    titles = {1: ("E\u0301TE\u0301", "x"), 2: ("Two  Words", "x"), 3: (None, "STRAẞE")}
    titles |= dict.fromkeys(range(4, 2100), ("x" * 500, "y"))  # more than two pages
    rows = [
        {"id": number, "series": series, "title": title}
        for number, (series, title) in titles.items()
    ]
    with connected(database_url) as connection:
        created = "INSERT INTO entities (id, created_at) VALUES (:id, '2026-01-01 00:00:00')"
        connection.execute(text(created), rows)
        named = (
            "INSERT INTO component_comic_book_concept (entity_id, name, comic_title, series_title)"
            " VALUES (:id, :title, :title, :series)"
        )
        connection.execute(text(named), rows)
    run_alembic(database_url, "upgrade", "head")
    keys = {
        row["entity_id"]: row["title_key"]
        for row in rows_of(database_url)["component_comic_book_concept"]
    }
    assert keys == {number: title_key(*both) for number, both in titles.items()}
    assert (keys[1], keys[2], keys[3]) == ("été", "two words", "strasse")


def test_the_rows_would_be_lost_with_foreign_keys_on(tmp_path: Path, made_up: str) -> None:
    """The trap against which `set_up` guards, so that the test above is known to see it."""
    url = f"sqlite:///{tmp_path / 'dam.sqlite'}"
    run_alembic(url, "upgrade", SCHEMA_REVISION)
    populate(url)
    assert len(rows_of(url)["component_image_dimensions"]) == ROWS
    with connected(url) as connection:  # what is needed elsewhere holds the table by itself
        connection.execute(text("DELETE FROM page_links"))
        connection.execute(text("DELETE FROM component_search_entry"))
        connection.execute(text("DELETE FROM component_comic_book_variant"))
        connection.execute(text("DELETE FROM component_file_location"))
    run_alembic(url, "upgrade", made_up, foreign_keys=True)
    assert "component_image_dimensions" not in rows_of(url)


def test_a_migration_that_loses_a_parent_is_rolled_back(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'dam.sqlite')}"
    populate(url)
    before = rows_of(url)
    folder = folder_with_made_up_migration(tmp_path, SCHEMA_REVISION)
    migration = folder / "versions" / "9001_made_up.py"
    harm = '\n    op.execute("DELETE FROM entities WHERE id = 2")\n\n\ndef downgrade'
    migration.write_text(migration.read_text().replace("\n\ndef downgrade", harm))
    monkeypatch.setattr(migrations, "migrations_folder", lambda: folder)
    for module in (checks, setting_up):
        monkeypatch.setattr(module, "SCHEMA_REVISION", "9001")
    with pytest.raises(AssertionError, match="a migration left rows without their parent"):
        setting_up.set_up(world_config(url))
    assert rows_of(url) == before


@pytest.mark.parametrize("dump", sorted(FROZEN.glob("*.sql")), ids=lambda dump: dump.stem)
def test_a_frozen_database_of_each_release_comes_up_to_date(dump: Path, tmp_path: Path) -> None:
    file = tmp_path / "dam.sqlite"
    connection = sqlite3.connect(file)
    connection.executescript(dump.read_text())
    connection.close()
    url = f"sqlite:///{file}"
    before = rows_of(url)
    assert before["alembic_version"] == [{"version_num": dump.stem}]
    setting_up.set_up(world_config(url))
    after = rows_of(url)
    assert drift(url) == []
    assert after["alembic_version"] == [{"version_num": SCHEMA_REVISION}]
    kept = {name for name in before if name.startswith(("component_", "entities"))}
    assert {name: len(after[name]) for name in kept} == dict.fromkeys(kept, ROWS)


def test_pictures_of_before_kinds_are_not_described_again(tmp_path: Path) -> None:
    file = tmp_path / "dam.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript((FROZEN / "0006.sql").read_text())
        for statement in (
            "UPDATE component_file_properties SET description_recipe = 1",
            "UPDATE component_file_properties SET media_type = 'image/jpeg'",
            "UPDATE component_file_properties SET media_type = 'text/plain' WHERE entity_id = 3",
            "DELETE FROM component_image_dimensions WHERE entity_id = 2",
        ):
            connection.execute(statement)
        connection.commit()
    url = f"sqlite:///{file}"
    setting_up.set_up(world_config(url))
    files = rows_of(url)["component_file_properties"]
    found = [(row["described_by"], row["picture_version"]) for row in files]
    assert found == [("image 1", 1), ("image 1", None), (None, None)]


def test_alembic_check_finds_what_the_migrations_lack(database_url: str) -> None:
    check = [sys.executable, "-m", "alembic.config", "-x", f"url={database_url}", "check"]
    subprocess.run(check, cwd=PROJECT, check=True)
    execute(database_url, "DROP TABLE component_content_successor")
    lacking = subprocess.run(check, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert lacking.returncode != 0
    assert "component_content_successor" in lacking.stderr + lacking.stdout


def test_every_release_has_its_frozen_database() -> None:
    scripts = ScriptDirectory(str(migrations_folder()))
    released = {script.revision for script in scripts.walk_revisions()}
    assert {dump.stem for dump in FROZEN.glob("*.sql")} == released


def test_the_hand_driven_way_makes_the_same_schema(tmp_path: Path) -> None:
    by_hand, by_service = (f"sqlite:///{tmp_path / name}" for name in ("hand.db", "service.db"))
    run_alembic(by_hand, "upgrade", "head")
    create_schema(by_service)
    assert tables_of(by_hand) == tables_of(by_service)
    execute(by_hand, "DROP TABLE entity_counter")
    assert drift(by_hand) != []
