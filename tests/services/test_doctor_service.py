"""The doctor finds what is wrong, also where no world can be opened, and makes nothing."""

import shutil
import sqlite3
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
from tests.databases import world_config
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


async def test_a_storage_of_an_unknown_kind_is_a_fault(home: Path) -> None:
    config = world_config(f"sqlite:///{home}/dam.db", storage_url="s3://bucket")
    found = await examine(config, is_configured=False)
    assert (found.ok, found.storage.path) == (False, "s3://bucket")
