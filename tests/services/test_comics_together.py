"""Two people who change one comic at once: nothing is lost, and nobody gets an error."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from dam.app import build_world
from dam.core.ecs import EntityId
from dam.core.world import World
from dam.services.comic_book_service import (
    assign_page_to_comic_variant,
    get_primary_variant_for_comic_concept,
    get_variants_for_comic_concept,
    link_comic_variant_to_concept,
    remove_page_at_number_from_comic_variant,
    set_primary_comic_variant,
    unlink_comic_variant,
    update_page_order_for_comic_variant,
)
from dam.services.comic_description_service import describe_comic_concepts
from dam.services.comic_edit_service import edit_comic_concept
from dam.services.page_service import get_ordered_pages, move_page
from tests.databases import world_config
from tests.services.comics import concept, entities, numbered, variant

COUNT = 24

pytestmark = pytest.mark.slow

Edit = Callable[[World], Awaitable[object]]


@pytest.fixture
async def worlds(world: World, database_url: str) -> AsyncIterator[tuple[World, World]]:
    """One database opened twice."""
    other = await build_world(world_config(database_url, worker_kind="thread"), plugins=False)
    yield world, other
    await other.close()


async def at_once(worlds: tuple[World, World], edits: list[Edit]) -> None:
    await asyncio.gather(*(edit(worlds[at % 2]) for at, edit in enumerate(edits)))


def inserting(owner: EntityId, image: EntityId) -> Edit:
    return lambda world: world.run(assign_page_to_comic_variant, owner, image, 1, is_inserted=True)


async def test_pages_inserted_at_once_are_all_there(worlds: tuple[World, World]) -> None:
    images = await entities(worlds[0], COUNT)
    owner = await variant(worlds[0], await concept(worlds[0]))
    await at_once(worlds, [inserting(owner, image) for image in images])
    pages = await numbered(worlds[0], owner)
    assert list(pages) == list(range(1, COUNT + 1))
    assert sorted(pages.values()) == images


async def test_pages_moved_at_once_are_all_there(worlds: tuple[World, World]) -> None:
    images = await entities(worlds[0], COUNT)
    owner = await variant(worlds[0], await concept(worlds[0]), images)
    chance = random.Random(5)  # noqa: S311 - no secret

    def moving(number: int, to_number: int) -> Edit:
        return lambda world: world.run(move_page, owner, number, to_number)

    moves = [moving(*chance.sample(range(1, COUNT + 1), 2)) for _ in range(COUNT)]
    await at_once(worlds, moves)
    pages = await numbered(worlds[0], owner)
    assert list(pages) == list(range(1, COUNT + 1))
    assert sorted(pages.values()) == images


async def test_pages_removed_by_number_at_once_are_those_that_were_meant(
    worlds: tuple[World, World],
) -> None:
    images = await entities(worlds[0], COUNT)
    owner = await variant(worlds[0], await concept(worlds[0]), images)

    def removing(number: int) -> Edit:
        return lambda world: world.run(remove_page_at_number_from_comic_variant, owner, number)

    await at_once(worlds, [removing(number) for number in range(1, COUNT + 1, 2)])
    assert await worlds[0].read(get_ordered_pages, owner) == images[1::2]


async def test_orders_set_at_once_leave_one_of_them_whole(worlds: tuple[World, World]) -> None:
    images = await entities(worlds[0], COUNT)
    owner = await variant(worlds[0], await concept(worlds[0]))
    orders = [images[at:] + images[:at] for at in range(8)]

    def ordering(order: list[EntityId]) -> Edit:
        return lambda world: world.run(update_page_order_for_comic_variant, owner, order)

    await at_once(worlds, [ordering(order) for order in orders])
    assert await worlds[0].read(get_ordered_pages, owner) in orders


async def test_of_variants_made_primary_at_once_one_is(worlds: tuple[World, World]) -> None:
    work = await concept(worlds[0])
    variants = [await variant(worlds[0], work) for _ in range(8)]

    def choosing(entity_id: EntityId) -> Edit:
        return lambda world: world.run(set_primary_comic_variant, entity_id)

    await at_once(worlds, [choosing(entity_id) for entity_id in variants * 2])
    primary = await worlds[0].read(get_primary_variant_for_comic_concept, work)
    assert primary in variants


async def test_variants_linked_as_primary_and_unlinked_at_once(
    worlds: tuple[World, World],
) -> None:
    work = await concept(worlds[0])
    leaving = [await variant(worlds[0], work) for _ in range(6)]
    coming = await entities(worlds[0], 6)

    def linking(entity_id: EntityId) -> Edit:
        return lambda world: world.run(
            link_comic_variant_to_concept, entity_id, work, is_primary_variant=True
        )

    def unlinking(entity_id: EntityId) -> Edit:
        return lambda world: world.run(unlink_comic_variant, entity_id)

    edits = [
        edit
        for pair in zip(leaving, coming, strict=True)
        for edit in (unlinking(pair[0]), linking(pair[1]))
    ]
    await at_once(worlds, edits)
    assert sorted(await worlds[0].read(get_variants_for_comic_concept, work)) == coming
    assert await worlds[0].read(get_primary_variant_for_comic_concept, work) in coming


async def test_different_facts_of_a_concept_edited_at_once_are_all_kept(
    worlds: tuple[World, World],
) -> None:
    work = await concept(worlds[0])
    edits: list[Edit] = [
        lambda world: world.run(edit_comic_concept, work, series_title="Series"),
        lambda world: world.run(edit_comic_concept, work, issue_number="7"),
        lambda world: world.run(edit_comic_concept, work, publication_year=1999),
    ]
    await at_once(worlds, edits)
    (described,) = await worlds[0].read(describe_comic_concepts, [work])
    assert described.name == "Series #7 (1999)"
