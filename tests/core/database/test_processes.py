"""Several processes at once on one database: nothing is lost, nothing is done twice."""

from collections import Counter

import pytest
from sqlalchemy import func, select

from dam.core.database.database import Database
from dam.core.ecs.components import Entity, table_of
from dam.models import (
    ContentHashSHA256Component,
    FileLocationComponent,
    ImageDimensionsComponent,
    NeedsContentAnalysisComponent,
    NeedsMetadataExtractionComponent,
)
from tests.core.processes import (
    LEASE_S,
    analyse,
    describe,
    run_together,
    wait_until_alone,
)
from tests.core.worlds import (
    OpenWorld,
    all_entities,
    failures,
    marked,
    new_entities,
    rows_of,
    widths,
)

pytestmark = pytest.mark.slow


async def test_no_id_is_given_out_twice(database: Database, database_url: str) -> None:
    run_together(database_url, *["create"] * 4)
    async with database.reader() as session:
        created = await session.scalar(select(func.count()).select_from(Entity))
    assert created == 4 * sum(count % 5 + 1 for count in range(1, 31))


async def test_no_update_is_lost(database: Database, database_url: str) -> None:
    async with database.writer() as session:
        (entity_id,) = await new_entities(session, 1)
        row = {"entity_id": entity_id, "width": 0, "height": 1}
        await session.execute(table_of(ImageDimensionsComponent).insert(), row)
    run_together(database_url, *["increment"] * 4)
    assert await database.read(widths) == {entity_id: 600}


async def test_a_digest_has_one_entity_whoever_comes_first(
    database: Database, database_url: str
) -> None:
    run_together(database_url, *["take_digests"] * 2)
    async with database.reader() as session:
        hashes = await rows_of(session, ContentHashSHA256Component)
        entities = await all_entities(session)
    assert len({row.digest for row in hashes}) == len(hashes) == 400
    assert [row.entity_id for row in hashes] == entities


async def test_who_is_killed_at_any_moment_leaves_no_row_twice(
    open_world: OpenWorld, database_url: str
) -> None:
    run_together(database_url, "die_often", "die_often")
    if database_url.startswith("postgresql"):
        wait_until_alone(database_url)
    async with open_world(describe, analyse, lease_s=LEASE_S) as world:
        ids = await world.read(all_entities)
        await world.scheduler.run_until_idle()
        given_up = await world.read(failures)
        places = await world.read(rows_of, FileLocationComponent)
        assert await world.read(marked, NeedsMetadataExtractionComponent) == []
        assert await world.read(marked, NeedsContentAnalysisComponent) == []
    assert {error for _system, error, *_ in given_up.values()} <= {"RepeatedDeathError"}
    rows = Counter((row.entity_id, row.storage) for row in places)
    assert set(rows.values()) <= {1}  # on a busy machine all may have died too early for a row
    done = {key for key in ids if rows[key, "store"] and rows[key, "reference"]}
    assert done == set(ids) - given_up.keys()
