"""The doctor finds what is wrong, also where no world can be opened, and makes nothing."""

import asyncio
import shutil
import sqlite3
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.config import WorldContext
from dam.core.database.database import Database
from dam.errors import TablesMissingError
from dam.media.decoder import Decoder
from dam.media.image.kind import IMAGE
from dam.models import SCHEMA_REVISION
from dam.services.doctor_service import examine
from dam.services.schema_service import set_up
from tests.databases import PostgresServer, reading_role, world_config
from tests.migrations.schemas import with_a_lost_page


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_a_kind_that_cannot_tell_its_decoders_is_named(database_url: str) -> None:
    kinds = [
        replace(IMAGE, name="broken", decoders=lambda: {"x": cast("Decoder", 1 / 0)}),
        replace(IMAGE, name="odd", decoders=lambda: {"x": cast("Decoder", "there")}),
        IMAGE,
    ]
    found = await examine(world_config(database_url), is_configured=True, kinds=kinds)
    assert not found.ok
    assert found.decoders["pillow"].available
    broken, odd = found.plugin_faults
    assert "decoders= of the media kind 'broken' of tests.services" in broken.message
    assert "'x' is 'there', expected a dam.media.decoder.Decoder" in odd.message


async def test_a_sound_world_is_well(database_url: str) -> None:
    found = await examine(world_config(database_url), is_configured=True, kinds=[IMAGE])
    assert found.ok
    assert (found.database.message, found.database.hint) == ("set up and writable", None)
    assert found.storage.message == "does not exist yet; created on first use"
    assert found.storage.free_bytes
    assert found.decoders["pillow"].available


async def test_a_configured_database_must_be_set_up(empty_database_url: str) -> None:
    found = await examine(world_config(empty_database_url), is_configured=True)
    assert not found.ok
    assert not found.database.ok
    assert found.database.message.endswith(" is not set up")
    assert found.database.hint == "run `dam-cli setup-db`"


@pytest.mark.parametrize("is_configured", [True, False])
async def test_a_table_that_somebody_dropped_is_a_fault(
    database_url: str, *, is_configured: bool
) -> None:
    config = world_config(database_url)
    database = Database(database_url, WorldContext(world_name="test", run_id="test"))
    await database.write(drop_locations)
    url = database.safe_url
    await database.close()

    found = (await examine(config, is_configured=is_configured)).database
    assert (found.ok, found.message, found.hint) == (
        False,
        f"the database {url} lacks tables of its schema {SCHEMA_REVISION}: component_file_location",
        "restore it from a backup; the stored files are not touched",
    )
    with pytest.raises(TablesMissingError) as caught:
        set_up(config)
    assert caught.value.tables == ("component_file_location",)
    assert set_up(config, reset=True).created
    assert (await examine(config, is_configured=is_configured)).database.ok


async def drop_locations(session: AsyncSession) -> None:
    await session.execute(text("DROP TABLE component_file_location"))


async def test_a_world_that_nobody_configured_may_be_absent_and_stays_so(home: Path) -> None:
    config = world_config(f"sqlite:///{home}/new/dam.db")
    found = await examine(config, is_configured=False)
    assert found.ok
    assert found.database.message == "does not exist yet; created on first use"
    assert names_in(home) == []


async def test_a_file_that_is_no_database_is_a_fault(home: Path) -> None:
    (home / "dam.db").write_bytes(b"no database at all, but long enough" * 100)
    found = await examine(world_config(f"sqlite:///{home}/dam.db"), is_configured=False)
    assert (found.ok, found.database.ok) == (False, False)
    assert found.database.message.endswith("file is not a database")


async def test_a_file_that_is_malformed_inside_is_a_fault(
    home: Path, sqlite_template: Path
) -> None:
    url = f"sqlite:///{with_a_lost_page(sqlite_template, home / 'dam.db')}"
    found = await examine(world_config(url), is_configured=True)
    assert (found.ok, found.database.ok) == (False, False)
    assert found.database.hint == "restore it from a backup; the stored files are not touched"


async def test_a_server_that_does_not_answer_is_a_fault_without_its_password(home: Path) -> None:
    url = f"postgresql://me:secret@/dam?host={home}"
    found = await examine(world_config(url), is_configured=True)
    assert not found.database.ok
    assert "secret" not in repr(found)
    assert found.database.hint == "check DAM_DATABASE_URL, and that the server is running"


@pytest.mark.slow
async def test_a_database_that_is_kept_locked_is_a_fault(home: Path, sqlite_template: Path) -> None:
    shutil.copyfile(sqlite_template, home / "dam.db")
    holder = sqlite3.connect(home / "dam.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    found = await examine(world_config(f"sqlite:///{home}/dam.db"), is_configured=True)
    holder.close()
    assert not found.database.ok
    assert "kept it locked for 2 s" in found.database.message


async def test_a_storage_that_is_no_folder_is_a_fault(home: Path) -> None:
    (home / "store").write_text("a file")
    found = await examine(world_config(f"sqlite:///{home}/dam.db"), is_configured=False)
    assert (found.ok, found.database.ok, found.storage.ok) == (False, True, False)
    assert found.storage.message == "not writable: a part of the path is not a folder"


@pytest.fixture
def read_only_folder(other_file_system: Path) -> Path:
    subprocess.run(["mount", "-o", "remount,ro", str(other_file_system)], check=True)
    return other_file_system


@pytest.mark.parametrize("is_configured", [True, False])
async def test_places_that_first_use_cannot_make_are_faults(
    read_only_folder: Path, *, is_configured: bool
) -> None:
    config = world_config(
        f"sqlite:///{read_only_folder}/new/dam.db",
        storage_url=str(read_only_folder / "store"),
        cache_path=read_only_folder / "a" / "cache",
    )
    found = await examine(config, is_configured=is_configured)
    reason = (
        f"does not exist, and cannot be made in {read_only_folder}: the file system is read-only"
    )
    folder = f"{read_only_folder}/new"
    assert (found.ok, found.database.ok, found.storage.ok, found.cache.ok) == (False,) * 4
    assert found.database.message == f"does not exist yet; its folder {folder}: {reason}"
    assert found.database.hint == "set DAM_DATABASE_URL to a file in a writable folder"
    assert (found.storage.message, found.cache.message) == (reason, reason)
    assert found.storage.path == f"{read_only_folder}/store"


async def test_a_database_in_a_folder_that_cannot_be_written_to_is_a_fault(
    read_only_folder: Path,
) -> None:
    config = world_config(f"sqlite:///{read_only_folder}/dam.db")
    found = await examine(config, is_configured=False)
    assert (found.ok, found.storage.ok, found.cache.ok) == (False, True, True)
    assert found.database.message == (
        f"does not exist yet; its folder {read_only_folder}: "
        "not writable: the file system is read-only"
    )


async def test_a_read_only_file_is_a_fault_and_all_else_is_told(
    sqlite_template: Path, other_file_system: Path
) -> None:
    shutil.copyfile(sqlite_template, other_file_system / "dam.db")
    await asyncio.to_thread(
        subprocess.run, ["mount", "-o", "remount,ro", str(other_file_system)], check=True
    )
    found = await examine(world_config(f"sqlite:///{other_file_system}/dam.db"), is_configured=True)
    assert (found.ok, found.database.ok, found.storage.ok) == (False, False, True)
    assert found.database.message.endswith(
        f" is read-only: {other_file_system}/dam.db cannot be written to"
    )


async def test_a_role_that_may_only_read_is_a_fault(postgres: PostgresServer) -> None:
    url = postgres.create_database(with_schema=True)
    with reading_role(url) as reading_url:
        found = await examine(world_config(reading_url), is_configured=True)
    postgres.drop_database(url)
    assert (found.ok, found.database.ok, found.storage.ok) == (False, False, True)
    assert "is read-only: for this user: permission denied" in found.database.message


async def test_a_storage_of_an_unknown_kind_is_a_fault(home: Path) -> None:
    config = world_config(f"sqlite:///{home}/dam.db", storage_url="s3://bucket")
    found = await examine(config, is_configured=False)
    assert (found.ok, found.storage.path) == (False, "s3://bucket")
