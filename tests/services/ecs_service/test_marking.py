"""Many entities are marked page by page."""

import pytest
from sqlalchemy import select

from dam.core.ecs.components import Entity, EntityId
from dam.core.world import World
from dam.models import NeedsContentAnalysisComponent
from dam.services.ecs_service import mark_in_pages, marking
from tests.core.worlds import marked, new_entities

Analyse = NeedsContentAnalysisComponent
ALL = select(Entity.id)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marking, "_PAGE", 2)


@pytest.mark.parametrize("count", [0, 2, 5])
async def test_all_that_are_selected_are_marked(world: World, count: int) -> None:
    ids = await world.run(new_entities, count)
    assert await mark_in_pages(world, Analyse, ALL) == count
    assert await world.read(marked, Analyse) == ids


async def test_only_who_is_meant_is_marked(world: World) -> None:
    ids = await world.run(new_entities, 5)
    some = ids[1:4]
    assert await mark_in_pages(world, Analyse, ALL, is_meant=some.__contains__) == 3
    assert await world.read(marked, Analyse) == some


async def test_a_dry_run_only_counts(world: World) -> None:
    await world.run(new_entities, 5)
    assert await mark_in_pages(world, Analyse, ALL, is_dry_run=True) == 5
    assert await world.read(marked, Analyse) == []


async def test_a_page_is_kept_before_the_next_one_is_read(world: World) -> None:
    ids = await world.run(new_entities, 5)

    def is_meant(entity_id: EntityId) -> bool:
        if entity_id == ids[2]:
            raise ZeroDivisionError
        return True

    with pytest.raises(ZeroDivisionError):
        await mark_in_pages(world, Analyse, ALL, is_meant=is_meant)
    assert await world.read(marked, Analyse) == ids[:2]
