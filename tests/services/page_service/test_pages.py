"""Pages: assigned, inserted, removed, moved and ordered anew, and every way this is refused."""

from collections.abc import Awaitable, Callable, Iterator

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.changes import Change, undo
from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.errors import (
    ChangedSinceError,
    EntityNotFoundError,
    NoPageAtNumberError,
    NotAPageError,
    OwnPartError,
    PageNumberError,
    PageNumberTakenError,
    PagesChangedError,
)
from dam.services import ecs_service
from dam.services.page_service import (
    MAX_PAGE_NUMBER,
    Page,
    assign_page,
    change_page,
    get_ordered_pages,
    get_pages,
    insert_pages,
    move_page,
    remove_page,
    remove_page_at_number,
    remove_pages_at_numbers,
    set_pages,
    update_page_order,
)
from tests.services.comics import entities, numbered
from tests.services.likeness_worlds import chance_of

NOBODY = 999


@pytest.fixture
async def ids(world: World) -> list[EntityId]:
    """An owner, which is a bare entity, and six pictures."""
    return await entities(world, 7)


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """What databases are told from now on."""
    told: list[str] = []

    def note(*call: object) -> None:
        told.append(str(call[2]))

    event.listen(Engine, "before_cursor_execute", note)
    yield told
    event.remove(Engine, "before_cursor_execute", note)


async def test_pages_come_in_the_order_of_their_numbers(world: World, ids: list[EntityId]) -> None:
    owner, one, two, ten, *_ = ids
    for image, number in ((ten, 10), (one, 1), (two, 2)):
        await world.run(assign_page, owner, image, number)
    assert await world.read(get_ordered_pages, owner) == [one, two, ten]
    assert await numbered(world, owner) == {1: one, 2: two, 10: ten}


async def test_a_picture_may_be_a_page_of_many_owners_and_many_times_of_one(
    world: World, ids: list[EntityId]
) -> None:
    owner, other, image, *_ = ids
    await world.run(update_page_order, owner, [image, image])
    await world.run(assign_page, owner, image, 3)
    await world.run(assign_page, other, image, 1)
    assert await world.read(get_ordered_pages, owner) == [image, image, image]
    assert await world.read(get_ordered_pages, other) == [image]


async def test_a_taken_number_is_refused(world: World, ids: list[EntityId]) -> None:
    owner, one, two, *_ = ids
    await world.run(assign_page, owner, one, 1)
    for image in (one, two):
        with pytest.raises(PageNumberTakenError) as raised:
            await world.run(assign_page, owner, image, 1)
        assert raised.value.message == f"page 1 of entity {owner} is already entity {one}"
        assert raised.value.hint == "insert the new page there, or remove the old one first"
    assert await numbered(world, owner) == {1: one}


async def test_inserting_moves_the_page_there_and_all_that_follow(
    world: World, ids: list[EntityId]
) -> None:
    owner, one, two, seven, new, *_ = ids
    await world.run(update_page_order, owner, [one, two])
    await world.run(assign_page, owner, seven, 7)
    await world.run(assign_page, owner, new, 2, is_inserted=True)
    assert await numbered(world, owner) == {1: one, 2: new, 3: two, 8: seven}
    await world.run(assign_page, owner, new, 5, is_inserted=True)
    assert await numbered(world, owner) == {1: one, 2: new, 3: two, 5: new, 8: seven}


@pytest.mark.parametrize("number", [0, -1, MAX_PAGE_NUMBER + 1, 2**70])
async def test_numbers_are_1_to_a_million(world: World, ids: list[EntityId], number: int) -> None:
    with pytest.raises(PageNumberError) as raised:
        await world.run(assign_page, ids[0], ids[1], number)
    assert raised.value.message == f"not a valid page number: {number}; expected 1 to 1000000"


async def test_no_page_moves_beyond_the_highest_number(world: World, ids: list[EntityId]) -> None:
    owner, one, last, *_ = ids
    await world.run(assign_page, owner, one, 1)
    await world.run(assign_page, owner, last, MAX_PAGE_NUMBER)
    with pytest.raises(PageNumberError):
        await world.run(assign_page, owner, last, 1, is_inserted=True)
    assert await numbered(world, owner) == {1: one, MAX_PAGE_NUMBER: last}


async def test_many_are_inserted_as_one_after_the_other_would_be(
    world: World, ids: list[EntityId]
) -> None:
    owner, one, three, ten, *new = ids
    for image, number in ((one, 1), (three, 3), (ten, 10)):
        await world.run(assign_page, owner, image, number)
    inserted = [Page(page_image_entity_id=image, page_type="Story") for image in new]
    assert [*(await world.run(insert_pages, owner, inserted, at=2)).images] == [*range(2, 5)]
    assert await numbered(world, owner) == {1: one, **dict(enumerate(new, 2)), 5: three, 12: ten}
    assert [*(await world.run(insert_pages, owner, inserted, at=6)).images] == [*range(6, 9)]
    assert (await numbered(world, owner))[12] == ten
    assert [*(await world.run(insert_pages, owner, inserted[:1])).images] == [*range(13, 14)]
    assert (await world.read(get_pages, owner))[-1] == inserted[0]
    assert not (await world.run(insert_pages, owner, [])).images


@pytest.mark.parametrize("at", [0, MAX_PAGE_NUMBER, 2**70])
async def test_not_one_is_inserted_if_some_have_no_number(
    world: World, ids: list[EntityId], at: int
) -> None:
    owner, *images = ids
    pages = [Page(page_image_entity_id=image) for image in images]
    with pytest.raises(PageNumberError):
        await world.run(insert_pages, owner, pages, at=at)
    assert await world.read(get_ordered_pages, owner) == []


async def test_many_are_removed_by_the_numbers_of_before(world: World, ids: list[EntityId]) -> None:
    owner, a, b, c, d, e, f = ids
    await world.run(update_page_order, owner, [a, b, c, d, e])
    await world.run(assign_page, owner, f, 9)
    removed = await world.run(remove_pages_at_numbers, owner, [4, 1, 4], closes_gaps=True)
    assert removed.images == {1: a, 4: d}
    assert await numbered(world, owner) == {1: b, 2: c, 3: e, 7: f}
    await world.run(remove_pages_at_numbers, owner, [2, 7])
    assert await numbered(world, owner) == {1: b, 3: e}
    with pytest.raises(NoPageAtNumberError) as raised:
        await world.run(remove_pages_at_numbers, owner, [1, 2])
    assert raised.value.message == f"entity {owner} has no page 2"
    assert await numbered(world, owner) == {1: b, 3: e}
    assert not (await world.run(remove_pages_at_numbers, owner, [], closes_gaps=True)).images


async def test_removing_a_picture_takes_every_place_and_leaves_the_other_numbers(
    world: World, ids: list[EntityId]
) -> None:
    owner, one, twice, last, *_ = ids
    await world.run(update_page_order, owner, [twice, one, twice, last])
    assert [*(await world.run(remove_page, owner, twice)).images] == [1, 3]
    assert await numbered(world, owner) == {2: one, 4: last}


async def test_removing_can_close_the_gaps(world: World, ids: list[EntityId]) -> None:
    owner, one, twice, last, *_ = ids
    await world.run(update_page_order, owner, [twice, one, twice, last])
    await world.run(remove_page, owner, twice, closes_gap=True)
    assert await numbered(world, owner) == {1: one, 2: last}
    assert (await world.run(remove_page_at_number, owner, 1, closes_gap=True)).images == {1: one}
    assert await numbered(world, owner) == {1: last}


async def test_a_picture_is_removed_at_one_number_alone(world: World, ids: list[EntityId]) -> None:
    owner, one, twice, *_ = ids
    await world.run(update_page_order, owner, [twice, one, twice])
    assert [*(await world.run(remove_page, owner, twice, page_number=3)).images] == [3]
    assert await numbered(world, owner) == {1: twice, 2: one}
    with pytest.raises(NotAPageError) as raised:
        await world.run(remove_page, owner, twice, page_number=2)
    assert raised.value.message == f"entity {twice} is not page 2 of entity {owner}"


async def test_removing_at_a_number_returns_the_picture(world: World, ids: list[EntityId]) -> None:
    owner, one, two, *_ = ids
    await world.run(update_page_order, owner, [one, two])
    assert (await world.run(remove_page_at_number, owner, 1)).images == {1: one}
    assert await numbered(world, owner) == {2: two}
    with pytest.raises(NoPageAtNumberError) as raised:
        await world.run(remove_page_at_number, owner, 1)
    assert raised.value.message == f"entity {owner} has no page 1"
    assert raised.value.hint == f"`dam-cli comic pages {owner}` lists its pages"


async def test_what_is_no_page_cannot_be_removed(world: World, ids: list[EntityId]) -> None:
    for image in (ids[1], NOBODY):
        with pytest.raises(NotAPageError) as raised:
            await world.run(remove_page, ids[0], image)
        assert raised.value.message == f"entity {image} is not a page of entity {ids[0]}"


async def test_a_page_moves_and_those_between_make_room(world: World, ids: list[EntityId]) -> None:
    owner, a, b, c, d, *_ = ids
    await world.run(update_page_order, owner, [a, b, c, d])
    for source, target, expected in (
        (4, 2, [a, d, b, c]),
        (1, 3, [d, b, a, c]),
        (2, 2, [d, b, a, c]),
        (1, 4, [b, a, c, d]),
    ):
        await world.run(move_page, owner, source, target)
        assert list((await numbered(world, owner)).values()) == expected
    await world.run(move_page, owner, 1, 9)
    assert await numbered(world, owner) == {1: a, 2: c, 3: d, 9: b}
    with pytest.raises(NoPageAtNumberError):
        await world.run(move_page, owner, 5, 1)


async def test_a_new_order_replaces_all_and_keeps_what_is_said_of_pages_that_stay(
    world: World, ids: list[EntityId]
) -> None:
    owner, cover, story, advert, new, *_ = ids
    front = Page(page_image_entity_id=cover, page_type="FrontCover", attributes={"Key": "k"})
    wide = Page(page_image_entity_id=story, is_double_page=True)
    inner = Page(page_image_entity_id=cover, page_type="InnerCover")
    await world.run(
        set_pages, owner, [front, wide, inner, Page(page_image_entity_id=advert, page_type="Other")]
    )
    await world.run(update_page_order, owner, [new, cover, cover, story, cover])
    plain = [Page(page_image_entity_id=image) for image in (new, cover)]
    assert await world.read(get_pages, owner) == [plain[0], front, inner, wide, plain[1]]
    assert list(await numbered(world, owner)) == [1, 2, 3, 4, 5]
    await world.run(update_page_order, owner, [])
    assert await world.read(get_ordered_pages, owner) == []


async def test_an_order_comes_from_anything_that_yields_pictures(
    world: World, ids: list[EntityId]
) -> None:
    owner, *images = ids

    async def reverse(session: AsyncSession) -> None:
        await update_page_order(session, owner, reversed(images))
        await update_page_order(session, owner, (image for image in images))

    await world.run(reverse)
    assert await world.read(get_ordered_pages, owner) == images
    await world.run(set_pages, owner, (Page(page_image_entity_id=image) for image in images[:2]))
    await world.run(insert_pages, owner, (Page(page_image_entity_id=i) for i in images[2:]), at=1)
    assert await world.read(get_ordered_pages, owner) == [*images[2:], *images[:2]]


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ((1, 2, 3), "there are 3; expected 2"),
        ((1,), "there are 1; expected 2"),
        ((1, 3, 2), "number 2 is entity {3}; expected {2}"),
    ],
)
async def test_an_order_of_pages_that_have_changed_is_refused(
    world: World, ids: list[EntityId], others: tuple[int, ...], message: str
) -> None:
    owner, one, two, *_ = ids
    seen, there = [one, two], [ids[at] for at in others]
    await world.run(update_page_order, owner, there)
    with pytest.raises(PagesChangedError) as raised:
        await world.run(update_page_order, owner, [two, one], expected=seen)
    error = raised.value
    assert (error.expected, error.found) == (tuple(seen), tuple(there))
    assert error.message == f"the pages of entity {owner} have changed: {message.format(*ids)}"
    assert error.hint == "list the pages again, then repeat the change"
    assert await world.read(get_ordered_pages, owner) == there
    await world.run(update_page_order, owner, [two, one], expected=tuple(there))
    assert await world.read(get_ordered_pages, owner) == [two, one]


async def test_what_is_said_of_a_page_can_be_changed(world: World, ids: list[EntityId]) -> None:
    owner, image, *_ = ids
    await world.run(assign_page, owner, image, 1, page_type="Story", is_double_page=True)
    (page,) = await world.read(get_pages, owner)
    assert page == Page(page_image_entity_id=image, page_type="Story", is_double_page=True)
    await world.run(change_page, owner, 1, page_type="Preview", is_double_page=False)
    (page,) = await world.read(get_pages, owner)
    assert page == Page(page_image_entity_id=image, page_type="Preview")


@pytest.mark.parametrize("nobody", [999, 2**70])
async def test_nobody_has_no_pages(world: World, ids: list[EntityId], nobody: int) -> None:
    for call in (
        world.read(get_ordered_pages, nobody),
        world.read(get_pages, nobody),
        world.run(assign_page, nobody, ids[1], 1),
        world.run(assign_page, ids[0], nobody, 1),
        world.run(remove_page, nobody, ids[1]),
        world.run(remove_page_at_number, nobody, 1),
        world.run(insert_pages, nobody, []),
        world.run(remove_pages_at_numbers, nobody, []),
        world.run(move_page, nobody, 1, 2),
        world.run(update_page_order, ids[0], [nobody]),
        world.run(update_page_order, nobody, [ids[1]]),
        world.run(change_page, nobody, 1, page_type=None, is_double_page=False),
    ):
        with pytest.raises(EntityNotFoundError, match=f"^no entity {nobody}$"):
            await call


async def test_an_order_that_names_nobody_changes_nothing(
    world: World, ids: list[EntityId]
) -> None:
    owner, one, two, *_ = ids
    await world.run(update_page_order, owner, [one, two])
    with pytest.raises(EntityNotFoundError):
        await world.run(update_page_order, owner, [two, NOBODY])
    assert await world.read(get_ordered_pages, owner) == [one, two]


async def test_nothing_is_a_page_of_itself(world: World, ids: list[EntityId]) -> None:
    for call in (
        world.run(assign_page, ids[0], ids[0], 1),
        world.run(update_page_order, ids[0], [ids[1], ids[0]]),
    ):
        with pytest.raises(OwnPartError) as raised:
            await call
        assert raised.value.message == f"entity {ids[0]} cannot be a page of itself"


@pytest.mark.slow
async def test_whatever_is_done_pages_are_what_a_plain_list_would_have(
    world: World, ids: list[EntityId]
) -> None:
    owner, *images = ids
    chance = chance_of(11)
    expected: list[EntityId] = []
    for _ in range(30):
        image, count = chance.choice(images), len(expected)
        number, other = chance.randint(1, count + 1), chance.randint(1, count or 1)
        before = dict(enumerate(expected, 1))
        if number > count or chance.random() < 0.5:
            change = await world.run(assign_page, owner, image, number, is_inserted=True)
            expected.insert(number - 1, image)
        elif chance.random() < 0.5:
            change = await world.run(move_page, owner, number, other)
            expected.insert(other - 1, expected.pop(number - 1))
        elif expected.count(image) == 1:
            change = (await world.run(remove_page, owner, image, closes_gap=True)).change
            expected.remove(image)
        else:
            removed = await world.run(remove_page_at_number, owner, number, closes_gap=True)
            change = removed.change
            expected.pop(number - 1)
        assert await numbered(world, owner) == dict(enumerate(expected, 1))
        undone = await world.run(undo, change)
        assert await numbered(world, owner) == before
        await world.run(undo, undone)
        assert await numbered(world, owner) == dict(enumerate(expected, 1))


async def test_new_orders_and_facts_of_pages_can_be_undone(
    world: World, ids: list[EntityId]
) -> None:
    owner, one, two, three, *_ = ids
    await world.run(set_pages, owner, [Page(page_image_entity_id=one, page_type="FrontCover")])
    await world.run(assign_page, owner, two, 5)
    pages, numbers = await world.read(get_pages, owner), await numbered(world, owner)
    calls: list[Callable[[World], Awaitable[Change]]] = [
        lambda world: world.run(update_page_order, owner, [three, two, one, one]),
        lambda world: world.run(set_pages, owner, [Page(page_image_entity_id=three)]),
        lambda world: world.run(change_page, owner, 1, page_type="Story", is_double_page=True),
        lambda world: world.run(update_page_order, owner, []),
    ]
    for call in calls:
        change = await call(world)
        assert await world.read(get_pages, owner) != pages
        await world.run(undo, change)
        assert await world.read(get_pages, owner) == pages
        assert await numbered(world, owner) == numbers


@pytest.mark.parametrize("later", ["taken", "moved", "deleted"])
async def test_pages_are_not_undone_over_what_was_done_later(
    world: World, ids: list[EntityId], later: str
) -> None:
    owner, one, two, three, *_ = ids
    await world.run(update_page_order, owner, [one, two, three])
    change = (await world.run(remove_page_at_number, owner, 1, closes_gap=True)).change
    if later == "taken":
        await world.run(assign_page, owner, one, 3)
    elif later == "moved":
        await world.run(move_page, owner, 1, 2)
    else:
        await world.run(ecs_service.delete_entity, one)
    before = await numbered(world, owner)
    with pytest.raises(ChangedSinceError, match=rf"changed pages of entity {owner}"):
        await world.run(undo, change)
    assert await numbered(world, owner) == before


@pytest.mark.slow
async def test_as_many_pages_as_anybody_has(world: World, ids: list[EntityId]) -> None:
    wanted = ids[1:] * 2_000
    await world.run(update_page_order, ids[0], wanted)
    await world.run(assign_page, ids[0], ids[1], 1, is_inserted=True)
    assert await world.read(get_ordered_pages, ids[0]) == [ids[1], *wanted]
    odd = range(1, len(wanted) + 2, 2)
    await world.run(remove_pages_at_numbers, ids[0], odd, closes_gaps=True)
    assert await world.read(get_ordered_pages, ids[0]) == wanted[::2]


@pytest.mark.slow
async def test_many_pages_take_as_many_statements_as_few(
    world: World, ids: list[EntityId], statements: list[str]
) -> None:
    owner, *images = ids

    async def count(times: int) -> tuple[int, int]:
        await world.run(update_page_order, owner, images * times)
        pages = [Page(page_image_entity_id=image) for image in images * times]
        statements.clear()
        await world.run(insert_pages, owner, pages, at=2)
        inserting = len(statements)
        numbers = range(1, len(images) * times, 2)
        await world.run(remove_pages_at_numbers, owner, numbers, closes_gaps=True)
        return inserting, len(statements)

    assert await count(100) == await count(1)
