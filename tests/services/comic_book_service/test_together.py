"""Two people who change one comic at once: nothing is lost, and nobody gets an error."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from dam.app import build_world
from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.errors import PagesChangedError, PagesLeftOutError, VariantLinkedError
from dam.services.comic_book_service import (
    assign_page_to_comic_variant,
    describe_comic_concepts,
    get_comic_concept_for_variant,
    get_primary_variant_for_comic_concept,
    get_variants_for_comic_concept,
    link_comic_variant_to_concept,
    remove_page_at_number_from_comic_variant,
    set_primary_comic_variant,
    unlink_comic_variant,
    update_page_order_for_comic_variant,
)
from dam.services.comic_edit_service import (
    VariantView,
    edit_comic,
    link_variants,
    list_variants,
    unlink_variants,
    view_comic,
)
from dam.services.page_service import get_ordered_pages, move_page, reorder_pages
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


def editing(entity_id: EntityId, **changes: str | None) -> Edit:
    return lambda world: world.run(edit_comic, entity_id, changes)


async def said(world: World, variant_entity_id: EntityId) -> dict[str, str]:
    view = await world.read(view_comic, variant_entity_id)
    assert isinstance(view, VariantView)
    return dict(view.comic_info)


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


async def test_of_new_orders_of_what_both_have_seen_the_later_one_is_refused(
    worlds: tuple[World, World],
) -> None:
    first, second, new = await entities(worlds[0], 3)
    owner = await variant(worlds[0], await concept(worlds[0]), [first, second])
    seen = [await world.read(get_ordered_pages, owner) for world in worlds]

    async def order(world: World, order: list[EntityId], expected: list[EntityId]) -> bool:
        try:
            await world.run(update_page_order_for_comic_variant, owner, order, expected=expected)
        except PagesChangedError:
            return False
        return True

    orders = [[first, second, new], [second, first]]
    done = await asyncio.gather(*map(order, worlds, orders, seen))
    assert sorted(done) == [False, True]
    assert await worlds[0].read(get_ordered_pages, owner) == orders[done.index(True)]


async def test_a_page_that_came_meanwhile_is_not_lost_to_a_new_order(
    worlds: tuple[World, World],
) -> None:
    one, two, new = await entities(worlds[0], 3)
    owner = await variant(worlds[0], await concept(worlds[0]), [one, two])
    seen = await worlds[0].read(get_ordered_pages, owner)
    await worlds[1].run(assign_page_to_comic_variant, owner, new, 3, page_type="BackCover")
    order = update_page_order_for_comic_variant
    with pytest.raises(PagesChangedError):
        await worlds[0].run(order, owner, seen[::-1], expected=seen)
    with pytest.raises(PagesLeftOutError) as raised:
        await worlds[0].run(reorder_pages, owner, seen[::-1])
    assert raised.value.pages == {3: new}
    assert await worlds[0].read(get_ordered_pages, owner) == [one, two, new]


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
    edits = [
        editing(work, series_title="Series"),
        editing(work, issue_number="7"),
        editing(work, publication_year="1999"),
        editing(work, Writer="Moore"),
        editing(work, Genre="Noir"),
    ]
    await at_once(worlds, edits)
    (described,) = await worlds[0].read(describe_comic_concepts, [work])
    assert described.name == "Series #7 (1999)"
    assert described.terms == {"Writer": ("Moore",), "Genre": ("Noir",)}


async def test_one_fact_of_a_concept_edited_at_once_is_said_alike_by_its_documents(
    worlds: tuple[World, World], retried: Callable[[], bool]
) -> None:
    work = await concept(worlds[0])
    variants = [await variant(worlds[0], work) for _ in range(2)]
    for entity_id in variants:
        await worlds[0].run(edit_comic, entity_id, {"Notes": "a document"})
    for at in range(5):
        edits = [
            editing(work, publisher=f"{at} {name}", Writer=f"{at} {name}") for name in "abcdef"
        ]
        await at_once(worlds, edits)
        (described,) = await worlds[0].read(describe_comic_concepts, [work])
        for entity_id in variants:
            document = await said(worlds[0], entity_id)
            assert document["Publisher"] == described.facts["publisher"]
            assert (document["Writer"],) == described.terms["Writer"]
    assert not retried()


async def test_a_document_begun_while_its_concept_is_edited_says_the_same(
    worlds: tuple[World, World],
) -> None:
    work = await concept(worlds[0])
    variants = [await variant(worlds[0], work) for _ in range(COUNT)]
    edits = [editing(entity_id, Notes="a document") for entity_id in variants]
    await at_once(worlds, [*edits[::2], editing(work, publisher="new"), *edits[1::2]])
    for entity_id in variants:
        assert (await said(worlds[0], entity_id))["Publisher"] == "new"


async def test_one_fact_of_a_variant_edited_at_once_is_said_alike_by_its_document(
    worlds: tuple[World, World], retried: Callable[[], bool]
) -> None:
    work = await concept(worlds[0])
    entity_id = await variant(worlds[0], work)
    await worlds[0].run(edit_comic, entity_id, {"Notes": "a document"})
    for languages in (["en", "fr", "de", "it"], ["nl", "es", "pt", "ja"]):
        await at_once(worlds, [editing(entity_id, language=language) for language in languages])
        (described,) = await worlds[0].read(list_variants, work)
        document = await said(worlds[0], entity_id)
        assert document["LanguageISO"] == described.facts["language"]
    assert not retried()


async def test_a_concept_is_edited_while_its_variants_come_go_and_lead(
    worlds: tuple[World, World], retried: Callable[[], bool]
) -> None:
    work = await concept(worlds[0])
    variants = [await variant(worlds[0], work) for _ in range(12)]
    (coming,) = await entities(worlds[0], 1)
    for entity_id in variants:
        await worlds[0].run(edit_comic, entity_id, {"Notes": "a document"})

    def choosing(entity_id: EntityId) -> Edit:
        return lambda world: world.run(set_primary_comic_variant, entity_id)

    def linking(entity_id: EntityId) -> Edit:
        return lambda world: world.run(link_comic_variant_to_concept, entity_id, work)

    edits: list[Edit] = [
        editing(work, publisher="a"),
        choosing(variants[5]),
        linking(variants[0]),
        choosing(variants[-2]),
        editing(variants[1], language="fr"),
        lambda world: world.run(unlink_comic_variant, variants[-1]),
        editing(work, publisher="b"),
        linking(coming),
    ]
    await at_once(worlds, edits * 3)
    linked = await worlds[0].read(get_variants_for_comic_concept, work)
    assert sorted(linked) == sorted([*variants[:-1], coming])
    assert linked[0] in {variants[5], variants[-2]}
    assert not retried()


async def test_lists_are_linked_and_unlinked_at_once_in_any_order(
    worlds: tuple[World, World], retried: Callable[[], bool]
) -> None:
    first, second = await concept(worlds[0]), await concept(worlds[0])
    mine, others = await entities(worlds[0], COUNT), await entities(worlds[0], COUNT)

    def linking(work: EntityId, listed: list[EntityId]) -> Edit:
        return lambda world: world.run(
            link_variants, work, listed, has_primary=True, is_forced=True
        )

    def unlinking(listed: list[EntityId]) -> Edit:
        return lambda world: world.run(unlink_variants, listed)

    links = [linking(first, mine), linking(second, others)]
    await at_once(worlds, [*links, linking(first, mine[::-1]), linking(second, others[::-1])])
    assert sorted(await worlds[0].read(get_variants_for_comic_concept, first)) == mine
    assert await worlds[0].read(get_primary_variant_for_comic_concept, second) in {
        others[0],
        others[-1],
    }
    leaving = [
        [one for pair in zip(mine, others, strict=True) for one in pair],
        [one for pair in zip(others, mine, strict=True) for one in pair],
    ]
    await at_once(worlds, [unlinking(listed) for listed in leaving * 2])
    assert await worlds[0].read(get_variants_for_comic_concept, first) == []
    assert await worlds[0].read(get_variants_for_comic_concept, second) == []
    assert not retried()


async def test_of_two_concepts_that_take_one_variant_at_once_one_has_it(
    worlds: tuple[World, World],
) -> None:
    works = [await concept(worlds[0]), await concept(worlds[0])]
    (entity_id,) = await entities(worlds[0], 1)

    async def link(world: World, work: EntityId) -> EntityId | None:
        try:
            await world.run(link_comic_variant_to_concept, entity_id, work)
        except VariantLinkedError:
            return None
        return work

    linked = await asyncio.gather(*(link(*pair) for pair in zip(worlds, works, strict=True)))
    (owner,) = [work for work in linked if work is not None]
    assert await worlds[0].read(get_comic_concept_for_variant, entity_id) == owner
