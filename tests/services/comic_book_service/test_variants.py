"""Concepts and variants of comics: created, linked, made primary, unlinked, and found."""

import inspect
from functools import partial

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.changes import Change, undo
from dam.core.ecs.components import EntityId, table_of
from dam.core.ecs.rows import create_entities
from dam.core.world import World
from dam.errors import (
    ChangedSinceError,
    ConceptNotVariantError,
    DamError,
    EntityNotFoundError,
    FactRefusedError,
    NoComicConceptError,
    NoComicVariantError,
    OwnPartError,
    VariantLinkedError,
    VariantUnlinkedError,
)
from dam.models import ComicBookConceptComponent, ComicBookVariantComponent, TrashedComponent
from dam.services import comic_book_service, ecs_service
from dam.services.comic_book_service import (
    create_comic_book_concept,
    describe_comic_variants,
    describe_page_uses,
    get_comic_concept_for_variant,
    get_comic_variants_containing_image_as_page,
    get_ordered_pages_for_comic_variant,
    get_primary_variant_for_comic_concept,
    get_variants_for_comic_concept,
    link_comic_variant_to_concept,
    set_primary_comic_variant,
    unlink_comic_variant,
    update_page_order_for_comic_variant,
)
from dam.services.comic_edit_service import (
    edit_comic,
    link_variants,
    make_primary,
    unlink_variants,
    view_comic,
)
from dam.services.page_service import list_pages
from dam.services.trash_service import trash_assets
from tests.core.worlds import NOW
from tests.services.comics import concept, entities, variant

NAMES = """
create_comic_book_concept link_comic_variant_to_concept get_variants_for_comic_concept
get_comic_concept_for_variant find_comic_book_concepts set_primary_comic_variant
get_primary_variant_for_comic_concept unlink_comic_variant assign_page_to_comic_variant
remove_page_from_comic_variant remove_page_at_number_from_comic_variant
get_ordered_pages_for_comic_variant get_comic_variants_containing_image_as_page
update_page_order_for_comic_variant
"""
NOBODY = 999


async def component(world: World, entity_id: EntityId) -> ComicBookVariantComponent:
    found = await world.read(ecs_service.get_component, entity_id, ComicBookVariantComponent)
    assert found is not None
    return found


def test_the_service_has_the_names_that_users_know() -> None:
    assert set(NAMES.split()) <= set(comic_book_service.__all__)
    for name in NAMES.split():
        function = getattr(comic_book_service, name)
        assert inspect.iscoroutinefunction(function)
        assert next(iter(inspect.signature(function).parameters)) == "session"


async def test_a_concept_has_what_identifies_it_and_a_name_made_of_that(world: World) -> None:
    entity_id = await world.run(
        create_comic_book_concept,
        "Spider-Man!",
        "Amazing Spider-Man",
        "1",
        1963,
        volume=2,
        publisher="Marvel",
    )
    kind = ComicBookConceptComponent
    row = await world.read(ecs_service.get_component, entity_id, kind)
    assert row is not None
    assert row.name == "Amazing Spider-Man v2 #1 (1963)"
    assert (row.comic_title, row.publisher, row.imprint) == ("Spider-Man!", "Marvel", None)


async def test_a_concept_without_a_series_is_called_by_its_title(world: World) -> None:
    entity_id = await concept(world, "Watchmen")
    row = await world.read(ecs_service.get_component, entity_id, ComicBookConceptComponent)
    assert row is not None
    assert row.name == "Watchmen"


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"issue_number": "1" * 65}, "issue number is 65 characters long; expected at most 64"),
        ({"publisher": "a\0b"}, r"publisher is 'a\x00b'; expected Unicode text without NUL"),
        ({"publisher": "\udcff"}, r"publisher is '\udcff'; expected Unicode text without NUL"),
        (
            {"volume": 2**40},
            f"volume is {2**40}; expected a whole number from 0 to {2**31 - 1}",
        ),
        ({"volume": -7}, f"volume is -7; expected a whole number from 0 to {2**31 - 1}"),
        (
            {"publication_month": 13},
            "publication month is 13; expected a whole number from 1 to 12",
        ),
        (
            {"publication_year": 99999},
            "publication year is 99999; expected a whole number from 1 to 9999",
        ),
        (
            {"publication_year": -5},
            "publication year is -5; expected a whole number from 1 to 9999",
        ),
        ({"volume": True}, f"volume is True; expected a whole number from 0 to {2**31 - 1}"),
        ({"publisher": 5}, "publisher is 5; expected text"),
        ({"series_title": " "}, "series title is empty; expected a title"),
    ],
)
async def test_facts_that_no_database_or_document_can_keep_are_refused(
    world: World, facts: dict[str, object], message: str
) -> None:
    with pytest.raises(FactRefusedError) as raised:
        await world.run(create_comic_book_concept, "title", **facts)  # type: ignore[arg-type]  # as a caller without types
    assert raised.value.message == message


@pytest.mark.parametrize("title", [None, "", " \t"])
async def test_a_concept_needs_a_title(world: World, title: str | None) -> None:
    with pytest.raises(FactRefusedError) as raised:
        await world.run(create_comic_book_concept, title)  # type: ignore[arg-type]  # as a caller without types
    assert raised.value.message == "comic title is empty; expected a title"


async def test_a_reading_direction_is_one_of_two(world: World) -> None:
    (entity_id,) = await entities(world, 1)
    link, work = link_comic_variant_to_concept, await concept(world)
    with pytest.raises(FactRefusedError) as raised:
        await world.run(link, entity_id, work, reading_direction="up")
    assert raised.value.message == "reading direction is 'up'; expected ltr or rtl"


@pytest.mark.parametrize("name", ["foo", "title_key", "name", "entity_id"])
async def test_what_is_no_fact_is_a_mistake_of_the_program(world: World, name: str) -> None:
    with pytest.raises(TypeError, match=f"^no fact named '{name}'; known: age_rating, comic_"):
        await world.run(create_comic_book_concept, "title", **{name: 1})  # type: ignore[arg-type]  # as a caller without types
    (entity_id,) = await entities(world, 1)
    call = partial(link_comic_variant_to_concept, **{name: 1})  # type: ignore[arg-type]  # as a caller without types
    with pytest.raises(TypeError, match=f"^no fact named '{name}'; known: format, language, "):
        await world.run(call, entity_id, await concept(world))


async def test_a_concept_is_never_a_variant(world: World) -> None:
    one, two = await concept(world), await concept(world)
    error = ConceptNotVariantError(two)
    for call in (
        world.run(link_comic_variant_to_concept, two, one),
        world.run(unlink_comic_variant, two),
        world.run(set_primary_comic_variant, two),
        world.read(get_comic_concept_for_variant, two),
        world.read(describe_comic_variants, [two]),
    ):
        with pytest.raises(ConceptNotVariantError) as raised:
            await call
        assert (raised.value.message, raised.value.hint) == (error.message, error.hint)
    assert error.message == f"entity {two} is a comic concept, not a variant"
    assert error.hint == f"`dam-cli comic variants {two}` lists its variants"
    entity_id = await variant(world, one)
    with pytest.raises(NoComicConceptError):
        await world.run(link_comic_variant_to_concept, two, entity_id)


@pytest.mark.parametrize("nobody", [2**70, 2**63, -(2**70), 0])
async def test_a_number_that_is_no_id_is_nobody(world: World, nobody: int) -> None:
    work = await concept(world)
    for call in (
        world.run(link_comic_variant_to_concept, nobody, work),
        world.run(link_comic_variant_to_concept, work, nobody),
        world.run(unlink_comic_variant, nobody),
        world.run(set_primary_comic_variant, nobody),
        world.read(get_variants_for_comic_concept, nobody),
        world.read(get_primary_variant_for_comic_concept, nobody),
        world.read(get_comic_concept_for_variant, nobody),
        world.read(get_comic_variants_containing_image_as_page, nobody),
        world.read(describe_page_uses, nobody),
        world.read(list_pages, nobody),
        world.read(view_comic, nobody),
        world.run(edit_comic, nobody, {}),
    ):
        with pytest.raises(EntityNotFoundError, match=f"^no entity {nobody}$"):
            await call


async def test_variants_are_listed_primary_first(world: World) -> None:
    work = await concept(world)
    assert await world.read(get_variants_for_comic_concept, work) == []
    assert await world.read(get_primary_variant_for_comic_concept, work) is None
    one, two, three = [await variant(world, work) for _ in range(3)]
    await world.run(set_primary_comic_variant, two)
    assert await world.read(get_variants_for_comic_concept, work) == [two, one, three]
    assert await world.read(get_primary_variant_for_comic_concept, work) == two
    assert await world.read(get_comic_concept_for_variant, three) == work


async def test_linking_again_changes_the_given_facts_alone(world: World) -> None:
    work = await concept(world)
    (entity_id,) = await entities(world, 1)
    link = link_comic_variant_to_concept
    await world.run(link, entity_id, work, is_primary_variant=True, language="en", format="cbz")
    await world.run(link, entity_id, work, language="fr", scan_group="DCP")
    row = await component(world, entity_id)
    assert (row.language, row.format, row.scan_group) == ("fr", "cbz", "DCP")
    assert row.is_primary_variant


async def test_a_second_primary_variant_takes_the_place_of_the_first(world: World) -> None:
    work = await concept(world)
    first, second = await entities(world, 2)
    for entity_id in (first, second):
        await world.run(link_comic_variant_to_concept, entity_id, work, is_primary_variant=True)
    assert await world.read(get_primary_variant_for_comic_concept, work) == second
    assert not (await component(world, first)).is_primary_variant
    await world.run(set_primary_comic_variant, first)
    await world.run(set_primary_comic_variant, first)
    assert await world.read(get_primary_variant_for_comic_concept, work) == first


async def links(world: World) -> dict[EntityId, tuple[EntityId | None, bool]]:
    """Return the concept of each variant, and whether it is the primary one."""

    async def read(session: AsyncSession) -> dict[EntityId, tuple[EntityId | None, bool]]:
        rows = await session.scalars(select(ComicBookVariantComponent))
        return {row.entity_id: (row.conceptual_entity_id, row.is_primary_variant) for row in rows}

    return await world.read(read)


async def test_links_of_variants_can_be_undone(world: World) -> None:
    work = await concept(world)
    first, second = await variant(world, work), await variant(world, work)
    one, other = await entities(world, 2)
    await world.run(set_primary_comic_variant, first)

    async def link(session: AsyncSession) -> Change:
        ids = [one, other]
        linked = await link_variants(session, work, ids, has_primary=True, is_forced=True)
        return linked.change

    async def unlink(session: AsyncSession) -> Change:
        return (await unlink_variants(session, [second, first])).change

    async def choose(session: AsyncSession) -> Change:
        return (await make_primary(session, second)).change

    before = await links(world)
    for call in (link, unlink, choose):
        change = await world.run(call)
        after = await links(world)
        assert after != before
        undone = await world.run(undo, change)
        assert await links(world) == before
        await world.run(undo, undone)
        assert await links(world) == after
        await world.run(undo, change)


async def test_a_comic_that_a_link_took_out_of_the_trash_goes_back_by_undo(world: World) -> None:
    work = await concept(world)
    one, other = await entities(world, 2)
    await world.run(trash_assets, [work])
    change = await world.run(link_comic_variant_to_concept, one, work)
    later = await world.run(link_comic_variant_to_concept, other, work)
    with pytest.raises(ChangedSinceError, match=f"linked {one} to comic {work}"):
        await world.run(undo, change)
    assert await world.read(get_variants_for_comic_concept, work) == [one, other]
    await world.run(undo, later)
    await world.run(undo, change)
    assert await world.run(ecs_service.get_component, work, TrashedComponent) is not None
    assert await links(world) == {}


@pytest.mark.parametrize("call", ["trash", "unlink"])
async def test_undo_puts_no_variant_outside_the_trash_that_its_comic_is_in(
    world: World, call: str
) -> None:
    work = await concept(world)
    scan = await variant(world, work)
    if call == "trash":
        change = (await world.run(trash_assets, [scan])).change
    else:
        change = await world.run(unlink_comic_variant, scan)
    later = await world.run(trash_assets, [work])
    before = await links(world)
    with pytest.raises(ChangedSinceError, match=f"entity {work} changed since"):
        await world.run(undo, change)
    assert await links(world) == before
    await world.run(undo, later.change)
    await world.run(undo, change)
    assert await world.read(get_variants_for_comic_concept, work) == [scan]


@pytest.mark.parametrize("later", ["another is primary", "linked elsewhere", "concept deleted"])
async def test_unlinking_is_not_undone_over_what_was_done_later(world: World, later: str) -> None:
    work = await concept(world)
    first, second = await variant(world, work), await variant(world, work)
    await world.run(set_primary_comic_variant, first)
    change = await world.run(unlink_comic_variant, first)
    if later == "another is primary":
        await world.run(set_primary_comic_variant, second)
    elif later == "linked elsewhere":
        await world.run(link_comic_variant_to_concept, first, await concept(world))
    else:
        await world.run(unlink_comic_variant, second)
        await world.run(ecs_service.delete_entity, work)
    before = await links(world)
    with pytest.raises(ChangedSinceError, match=f"unlinked variant {first}"):
        await world.run(undo, change)
    assert await links(world) == before


async def test_the_database_refuses_two_primary_variants(world: World) -> None:
    work = await concept(world)

    async def write_two(session: AsyncSession) -> None:
        table = table_of(ComicBookVariantComponent)
        for entity_id in await create_entities(session, 2, now=NOW):
            row = {
                "entity_id": entity_id,
                "conceptual_entity_id": work,
                "is_primary_variant": True,
            }
            await session.execute(insert(table).values(row))

    with pytest.raises(IntegrityError):
        await world.run(write_two)


async def test_a_variant_of_another_concept_is_refused(world: World) -> None:
    mine, other = await concept(world), await concept(world)
    entity_id = await variant(world, mine)
    with pytest.raises(VariantLinkedError) as raised:
        await world.run(link_comic_variant_to_concept, entity_id, other)
    assert raised.value.message == f"entity {entity_id} is already a variant of concept {mine}"
    assert raised.value.hint == f"first run `dam-cli comic unlink {entity_id}`"


async def test_an_unlinked_variant_keeps_its_pages_and_its_facts(world: World) -> None:
    work, other = await concept(world), await concept(world)
    pages = await entities(world, 2)
    entity_id = await variant(world, work, pages)
    link = link_comic_variant_to_concept
    await world.run(link, entity_id, work, is_primary_variant=True, language="en")
    await world.run(unlink_comic_variant, entity_id)
    await world.run(unlink_comic_variant, entity_id)
    assert await world.read(get_variants_for_comic_concept, work) == []
    assert await world.read(get_comic_concept_for_variant, entity_id) is None
    assert await world.read(get_ordered_pages_for_comic_variant, entity_id) == pages
    with pytest.raises(VariantUnlinkedError) as raised:
        await world.run(set_primary_comic_variant, entity_id)
    assert raised.value.message == (
        f"entity {entity_id} is not linked to a concept; expected a linked variant"
    )
    await world.run(link, entity_id, other)
    row = await component(world, entity_id)
    assert (row.conceptual_entity_id, row.language) == (other, "en")
    assert not row.is_primary_variant


async def test_what_is_no_variant_or_no_concept_is_named(world: World) -> None:
    work = await concept(world)
    (plain,) = await entities(world, 1)
    no_concept, no_variant = NoComicConceptError(plain), NoComicVariantError(plain)
    nobody = EntityNotFoundError([NOBODY])
    cases: list[tuple[object, DamError]] = [
        (world.run(link_comic_variant_to_concept, work, plain), no_concept),
        (world.run(link_comic_variant_to_concept, plain, NOBODY), nobody),
        (world.run(link_comic_variant_to_concept, NOBODY, work), nobody),
        (world.run(link_comic_variant_to_concept, work, work), OwnPartError(work, "variant")),
        (world.read(get_variants_for_comic_concept, plain), no_concept),
        (world.read(get_variants_for_comic_concept, NOBODY), nobody),
        (world.read(get_primary_variant_for_comic_concept, plain), no_concept),
        (world.read(get_primary_variant_for_comic_concept, NOBODY), nobody),
        (world.read(get_comic_concept_for_variant, plain), no_variant),
        (world.read(get_comic_concept_for_variant, NOBODY), nobody),
        (world.run(set_primary_comic_variant, plain), no_variant),
        (world.run(set_primary_comic_variant, NOBODY), nobody),
        (world.run(unlink_comic_variant, plain), no_variant),
        (world.run(unlink_comic_variant, NOBODY), nobody),
        (world.read(get_comic_variants_containing_image_as_page, NOBODY), nobody),
    ]
    for call, error in cases:
        assert inspect.isawaitable(call)
        with pytest.raises(type(error)) as raised:
            await call
        assert raised.value.message == error.message
    assert no_variant.message == f"entity {plain} is not a comic variant"
    assert no_concept.message == f"entity {plain} is not a comic concept"


async def test_a_picture_knows_the_variants_that_it_is_a_page_of(world: World) -> None:
    image, other, album = await entities(world, 3)
    work = await concept(world)
    first, second = await variant(world, work, [image, other, image]), await variant(world, work)
    await world.run(update_page_order_for_comic_variant, second, [image])
    await world.run(update_page_order_for_comic_variant, album, [image])
    containing = get_comic_variants_containing_image_as_page
    assert await world.read(containing, image) == [first, second]
    assert await world.read(containing, other) == [first]
    assert await world.read(containing, album) == []
