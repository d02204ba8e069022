"""Systems are given the components of their marked entities."""

from collections import defaultdict
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from dam.core.database.database import Database
from dam.core.ecs.components import EntityId
from dam.core.ecs.rows import write_rows
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, system
from dam.core.systems.params import (
    Components,
    MarkedEntityList,
    WorldSession,
    read_components,
)
from dam.models import (
    FileLocationComponent,
    ImageDimensionsComponent,
    NeedsMetadataExtractionComponent,
)
from tests.core.worlds import OpenWorld, failures, new_entities, widths

Describe = NeedsMetadataExtractionComponent
STAGE = SystemStage.METADATA_EXTRACTION


async def describe_some(session: WorldSession) -> None:
    """Create four marked entities: two with a size, and of these one with two places."""
    first, second, _third, _fourth = await new_entities(session, 4, Describe)
    sizes = [{"entity_id": key, "width": 10 * key, "height": 1} for key in (first, second)]
    await write_rows(session, ImageDimensionsComponent, sizes, replace=False)
    places = [
        {"entity_id": second, "storage": "reference", "path_text": text} for text in ("b", "a")
    ]
    await write_rows(session, FileLocationComponent, places, replace=False)


async def test_they_are_those_of_the_batch(open_world: OpenWorld) -> None:
    sizes_of: list[dict[EntityId, int]] = []
    places_of: list[dict[EntityId, list[str | None]]] = []

    @system(stage=STAGE, batch_size=3)
    async def look(
        assets: MarkedEntityList[Describe],
        sizes: Components[ImageDimensionsComponent],
        places: Components[FileLocationComponent],
        commands: Commands,
    ) -> None:
        sizes_of.append({key: size.width for key, size in sizes.items()})
        places_of.append({key: [place.path_text for place in places[key]] for key in places})
        for asset in assets:
            if (size := sizes.get(asset)) is not None:
                commands.update(asset, ImageDimensionsComponent, width=size.width + 1)

    async with open_world(look) as world:
        await world.run(describe_some)
        await world.scheduler.run_until_idle()
        assert await world.read(failures) == {}
        assert await world.read(widths) == {1: 11, 2: 21}
    assert sizes_of == [{1: 10, 2: 20}, {}]
    assert places_of == [{1: [], 2: ["b", "a"], 3: []}, {4: []}]


async def test_in_a_session_they_belong_to_it(open_world: OpenWorld) -> None:
    @system(stage=STAGE)
    async def widen(
        assets: MarkedEntityList[Describe],
        sizes: Components[ImageDimensionsComponent],
        session: WorldSession,
    ) -> None:
        for asset in assets:
            if asset in sizes:
                assert sizes[asset] in session
                sizes[asset].width += 1

    async with open_world(widen) as world:
        await world.run(describe_some)
        await world.scheduler.run_until_idle()
        assert await world.read(failures) == {}
        assert await world.read(widths) == {1: 11, 2: 21}


async def test_an_entity_that_is_tried_alone_has_its_own(open_world: OpenWorld) -> None:
    calls: list[list[EntityId]] = []

    @system(stage=STAGE)
    async def look(
        assets: MarkedEntityList[Describe], sizes: Components[ImageDimensionsComponent]
    ) -> None:
        calls.append(list(sizes))
        for asset in assets:
            assert sizes[asset].height == 1

    async with open_world(look) as world:
        await world.run(describe_some)
        await world.scheduler.run_until_idle()
        assert list(await world.read(failures)) == [3, 4]
    assert calls == [[1, 2], [1], [2], [], []]


@pytest.mark.parametrize("kind", [ImageDimensionsComponent, FileLocationComponent])
async def test_they_are_read_in_one_statement(database: Database, kind: Any) -> None:
    await database.write(describe_some)
    statements: dict[str, int] = defaultdict(int)

    def count(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        statements[kind.__tablename__] += kind.__tablename__ in statement

    event.listen(Engine, "before_cursor_execute", count)
    try:
        found = await database.read(read_components, kind, [1, 2, 3, 4])
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    assert 2 in found
    assert statements[kind.__tablename__] == 1
