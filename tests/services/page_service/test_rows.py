"""What no page can have: types that comics do not know, and numbers that there are not."""

import pytest

from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.errors import FactRefusedError, NoPageAtNumberError, PageNumberError
from dam.services.page_service import (
    Page,
    assign_page,
    change_page,
    get_pages,
    insert_pages,
    move_page,
    remove_page,
    remove_page_at_number,
    remove_pages_at_numbers,
    set_pages,
)
from tests.services.comics import entities


@pytest.fixture
async def ids(world: World) -> list[EntityId]:
    """An owner, which is a bare entity, and a picture."""
    return await entities(world, 2)


@pytest.mark.parametrize("page_type", ["Bogus", "", "z" * 500, "Story\0", "Story  Other", "story"])
async def test_a_type_that_comics_do_not_know_is_refused(
    world: World, ids: list[EntityId], page_type: str
) -> None:
    owner, image = ids
    await world.run(assign_page, owner, image, 1, page_type="Story Preview")
    page = Page(page_image_entity_id=image, page_type=page_type)
    for call in (
        world.run(assign_page, owner, image, 2, page_type=page_type),
        world.run(change_page, owner, 1, page_type=page_type, is_double_page=False),
        world.run(insert_pages, owner, [page]),
        world.run(set_pages, owner, [page]),
    ):
        with pytest.raises(FactRefusedError, match=r"^page type is .*; expected one of FrontCover"):
            await call
    (there,) = await world.read(get_pages, owner)
    assert there.page_type == "Story Preview"


@pytest.mark.parametrize("number", [2**70, -(2**70), 0])
async def test_at_a_number_that_no_page_has_is_no_page(
    world: World, ids: list[EntityId], number: int
) -> None:
    owner, image = ids
    await world.run(assign_page, owner, image, 1)
    for call in (
        world.run(remove_page_at_number, owner, number),
        world.run(remove_pages_at_numbers, owner, [1, number]),
        world.run(move_page, owner, number, 1),
        world.run(change_page, owner, number, page_type=None, is_double_page=False),
    ):
        with pytest.raises(NoPageAtNumberError):
            await call
    with pytest.raises(PageNumberError):
        await world.run(remove_page, owner, image, page_number=number)
