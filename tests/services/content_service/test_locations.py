"""The places of many assets are looked up, not searched for; assets without content fail."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert

from dam.core.ecs.components import EntityId, table_of
from dam.core.ecs.rows import create_entities
from dam.core.systems.params import MarkedEntityList, WorldReader
from dam.core.world import World
from dam.models import (
    IN_STORE,
    ContentHashSHA256Component,
    FileLocationComponent,
    NeedsMetadataExtractionComponent,
)
from dam.services.content_service import locations
from tests.core.worlds import new_entities
from tests.services.conftest import Add

_ASSETS = 20_000
_BATCH = 512


@pytest.fixture
async def assets(world: World) -> list[EntityId]:
    """So many assets in the store that reading a table costs more than looking a batch up."""
    async with world.database.writer() as session:
        ids = await create_entities(session, _ASSETS, now=datetime.now(UTC))
        digests = [{"entity_id": i, "digest": i.to_bytes(32, "big")} for i in ids]
        await session.execute(insert(table_of(ContentHashSHA256Component)), digests)
        places = [{"entity_id": i, "storage": IN_STORE} for i in ids]
        await session.execute(insert(table_of(FileLocationComponent)), places)
    return list(ids)


async def test_a_batch_is_looked_up_before_the_database_knows_its_tables(
    world: World, assets: list[EntityId]
) -> None:
    batch = assets[_BATCH : 2 * _BATCH]

    def plan_of(connection: Connection) -> str:
        statement = locations._PLACES.params(entity_ids=batch, first_id=batch[0], last_id=batch[-1])
        literal = statement.compile(
            dialect=connection.dialect, compile_kwargs={"literal_binds": True}
        )
        how = "EXPLAIN QUERY PLAN" if world.database.is_sqlite else "EXPLAIN"
        return "\n".join(row[-1] for row in connection.exec_driver_sql(f"{how} {literal}"))

    async with world.database.reader() as session:
        plan = await (await session.connection()).run_sync(plan_of)
    assert "component_file_location" in plan
    assert "Seq Scan" not in plan
    assert "SCAN" not in plan
    assert len(await world.read(locations.locate, batch)) == _BATCH


async def test_marked_entities_without_content_fail(world: World, tmp_path: Path, add: Add) -> None:
    (tmp_path / "a.txt").write_text("a")
    whole = await add(tmp_path / "a.txt")
    (bare,) = await world.run(new_entities, 1)
    marked = MarkedEntityList[NeedsMetadataExtractionComponent]([whole, bare])
    contents = await locations.locate_marked(WorldReader(world.database), marked)
    assert list(contents) == [whole]
    assert {key: str(error) for key, error in marked.failures.items()} == {
        bare: f"entity {bare} has no content"
    }
