"""What comics are made of is not removed by mistake; by force, what is left is in order."""

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.ecs.rows import create_entities
from dam.core.world import World
from dam.models import IN_ARCHIVE, IN_STORE, ComicBookVariantComponent, FileLocationComponent
from dam.services import ecs_service
from dam.services.comic_book_service import (
    get_comic_concept_for_variant,
    get_ordered_pages_for_comic_variant,
    link_comic_variant_to_concept,
)
from dam.services.removal_service import Refusal, Removal, plan_removal, remove_assets
from tests.core.worlds import NOW
from tests.services.comics import concept, entities, numbered, variant


async def archive_of_two(session: AsyncSession) -> list[EntityId]:
    """Create an archive and two pictures that are members of it."""
    archive, *members = await create_entities(session, 3, now=NOW)
    for number, member in enumerate(members):
        location = FileLocationComponent(
            storage=IN_ARCHIVE,
            path=b"%d.png" % number,
            path_digest=bytes([number]) * 32,
            path_text=f"{number}.png",
            container_entity_id=archive,
        )
        await ecs_service.add_component(session, member, location)
    return [archive, *members]


def refused(entity_id: EntityId, *used_by: EntityId) -> Removal:
    return Removal(entity_ids=(), refused=(Refusal(entity_id=entity_id, used_by=used_by),))


async def test_a_page_is_refused_and_the_variants_that_have_it_are_named(world: World) -> None:
    image, other = await entities(world, 2)
    work = await concept(world)
    first, second = [
        await variant(world, work, pages) for pages in ([image, image], [other, image])
    ]
    assert await world.read(plan_removal, [image]) == refused(image, first, second)
    assert await remove_assets(world, [image]) == refused(image, first, second)
    assert await world.read(get_ordered_pages_for_comic_variant, second) == [other, image]


async def test_a_page_that_is_removed_by_force_leaves_its_number_free(world: World) -> None:
    one, two, three = await entities(world, 3)
    owner = await variant(world, await concept(world), [one, two, three, two])
    assert (await remove_assets(world, [two], is_forced=True)).entity_ids == (two,)
    assert await numbered(world, owner) == {1: one, 3: three}


async def test_a_variant_goes_with_its_links_and_its_pages_stay(world: World) -> None:
    work, (page,) = await concept(world), await entities(world, 1)
    owner = await variant(world, work, [page])
    assert (await remove_assets(world, [owner])).entity_ids == (owner,)
    assert (await remove_assets(world, [page])).entity_ids == (page,)


async def test_a_concept_is_refused_while_it_has_variants(world: World) -> None:
    work = await concept(world)
    owner = await variant(world, work)
    assert await remove_assets(world, [work]) == refused(work, owner)
    assert (await remove_assets(world, [work, owner])).refused == ()


async def test_a_concept_that_is_removed_by_force_leaves_its_variants_unlinked(
    world: World,
) -> None:
    work = await concept(world)
    owner = await variant(world, work)
    link = link_comic_variant_to_concept
    await world.run(link, owner, work, is_primary_variant=True, language="en")
    await remove_assets(world, [work], is_forced=True)
    assert await world.read(get_comic_concept_for_variant, owner) is None
    row = await world.read(ecs_service.get_component, owner, ComicBookVariantComponent)
    assert row is not None
    assert (row.language, row.is_primary_variant) == ("en", False)


async def test_an_archive_is_refused_while_pictures_are_in_it(world: World) -> None:
    archive, one, two = await world.run(archive_of_two)
    assert await remove_assets(world, [archive]) == refused(archive, one, two)
    assert (await remove_assets(world, [archive, one, two])).refused == ()


async def test_an_archive_that_is_removed_by_force_takes_the_places_in_it_along(
    world: World,
) -> None:
    archive, one, two = await world.run(archive_of_two)
    other = FileLocationComponent(storage=IN_STORE)
    await world.run(ecs_service.add_component, two, other)
    removal = await remove_assets(world, [archive], is_forced=True)
    assert removal == Removal(entity_ids=(archive,), without_content=(one,))
    places = await world.read(ecs_service.get_components_of_kind, [one], FileLocationComponent)
    assert places == {}
