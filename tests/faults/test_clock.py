"""A clock that was set back by an hour while a process that is gone had work on lease."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.config import LONGEST_LEASE_S
from dam.core.database.column_types import unix_now
from dam.core.database.database import Database
from dam.core.ecs.components import table_of
from dam.models import NeedsMetadataExtractionComponent
from tests.command_line import DamCli
from tests.core.worlds import CONTEXT
from tests.faults.state import make_folder

pytestmark = pytest.mark.slow

SET_BACK_S = 3600.0


async def lease_before_the_clock_was_set_back(session: AsyncSession) -> int:
    table = table_of(NeedsMetadataExtractionComponent)
    until = unix_now() + (SET_BACK_S + LONGEST_LEASE_S)
    leased = update(table).values(lease_token="dead", lease_until=until)  # noqa: S106 - of a lease
    return len((await session.execute(leased.returning(table.c.entity_id))).all())


def test_it_holds_up_nobody(dam_cli: DamCli, home: Path, database_url: str) -> None:
    make_folder(home / "folder")
    command = dam_cli.with_settings(DAM_DATABASE_URL=database_url, DAM_ASSET_STORAGE_PATH="store")
    assert command("add-asset", "-r", home / "folder", "--no-process").returncode == 0

    async def lease() -> int:
        database = Database(database_url, CONTEXT)
        try:
            return await database.write(lease_before_the_clock_was_set_back)
        finally:
            await database.close()

    held = asyncio.run(lease())
    done = command("process", "--json")
    assert (done.returncode, done.stderr) == (0, "")  # it does not even say that it waits
    assert done.json["processed"]["extract_metadata"] == held > 0
