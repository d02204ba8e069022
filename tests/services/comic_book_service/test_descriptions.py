"""What is known of comics is told: of concepts, variants, pages and the places of a picture."""

import pytest

from dam.core.ecs.components import ProcessingErrorComponent
from dam.core.world import World
from dam.errors import (
    ConceptNotVariantError,
    EntityNotFoundError,
    FactRefusedError,
    NoComicConceptError,
    NoComicVariantError,
)
from dam.models import (
    ComicBookTermComponent,
    ContentHashSHA256Component,
    FilePropertiesComponent,
    ImageDimensionsComponent,
)
from dam.services import ecs_service
from dam.services.comic_book_service import (
    ComicVariant,
    PageUse,
    create_comic_book_concept,
    describe_comic_concepts,
    describe_comic_variants,
    describe_page_uses,
    link_comic_variant_to_concept,
    unlink_comic_variant,
)
from dam.services.comic_edit_service import edit_comic_concept, edit_comic_variant
from dam.services.page_service import Page, PageFacts, set_pages
from dam.services.page_service.listing import describe_pages
from tests.services.comics import concept, entities, variant

DIGEST = bytes(range(32))


async def test_a_concept_has_its_facts_and_its_terms_by_kind(world: World) -> None:
    first = await world.run(create_comic_book_concept, "One", "Series", "1", publisher="P")
    second = await concept(world)
    for kind, name, position in (("Writer", "B", 1), ("Genre", "Noir", 0), ("Writer", "A", 0)):
        term = ComicBookTermComponent(kind=kind, name=name, position=position)
        await world.run(ecs_service.add_component, first, term)
    plain, described = await world.read(describe_comic_concepts, [second, first])
    assert (plain.entity_id, plain.name, dict(plain.terms)) == (second, "Amazing Fantasy", {})
    assert described.name == "Series #1"
    assert described.facts["publisher"] == "P"
    assert described.facts["volume"] is None
    assert described.terms == {"Genre": ("Noir",), "Writer": ("A", "B")}


async def test_a_variant_has_its_facts_and_how_many_pages(world: World) -> None:
    work, pages = await concept(world), await entities(world, 2)
    entity_id = await variant(world, work, [*pages, pages[0]])
    link = link_comic_variant_to_concept
    await world.run(link, entity_id, work, is_primary_variant=True, language="en")
    empty = await variant(world, work)
    first, second = await world.read(describe_comic_variants, [entity_id, empty])
    assert first == ComicVariant(
        entity_id=entity_id,
        concept_entity_id=work,
        is_primary_variant=True,
        facts={
            "language": "en",
            "format": None,
            "scan_quality": None,
            "variant_description": None,
            "scan_group": None,
            "reading_direction": None,
        },
        page_count=3,
    )
    assert (second.page_count, second.is_primary_variant) == (0, False)


async def test_pages_are_described_in_order(world: World) -> None:
    (bare,) = await entities(world, 1)
    known = await world.run(
        ecs_service.create_entity,
        ContentHashSHA256Component(digest=DIGEST),
        FilePropertiesComponent(size_bytes=1, name=b"1.png", name_text="1.png"),
        ImageDimensionsComponent(width=20, height=30),
        ProcessingErrorComponent(
            system="s", error="E", message="m", occurred_at=world.context.now()
        ),
    )
    owner = await variant(world, await concept(world))
    cover = Page(page_image_entity_id=known, page_type="FrontCover")
    wide = Page(page_image_entity_id=bare, is_double_page=True)
    await world.run(set_pages, owner, [cover, wide])
    assert await world.read(describe_pages, owner) == [
        PageFacts(
            page_number=1,
            entity_id=known,
            sha256=DIGEST,
            name="1.png",
            width=20,
            height=30,
            page_type="FrontCover",
            is_double_page=False,
        ),
        PageFacts(
            page_number=2,
            entity_id=bare,
            sha256=None,
            name=None,
            width=None,
            height=None,
            page_type=None,
            is_double_page=True,
        ),
    ]


async def test_every_place_of_a_picture_is_told(world: World) -> None:
    work, (image, other) = await concept(world), await entities(world, 2)
    first = await variant(world, work, [image, other, image])
    second = await variant(world, work, [image])
    await world.run(unlink_comic_variant, second)

    def use(owner: int, concept_id: int | None, number: int) -> PageUse:
        return PageUse(
            variant_entity_id=owner,
            concept_entity_id=concept_id,
            page_number=number,
            comic_title=None if concept_id is None else "Amazing Fantasy",
        )

    assert await world.read(describe_page_uses, image) == [
        use(first, work, 1),
        use(first, work, 3),
        use(second, None, 1),
    ]
    assert await world.read(describe_page_uses, first) == []


async def test_what_is_missing_or_of_another_kind_is_named(world: World) -> None:
    work = await concept(world)
    owner = await variant(world, work)
    with pytest.raises(NoComicConceptError, match=f"^entity {owner} is not a comic concept$"):
        await world.read(describe_comic_concepts, [work, owner])
    with pytest.raises(ConceptNotVariantError, match=f"^entity {work} is a comic concept"):
        await world.read(describe_comic_variants, [work, owner])
    (plain,) = await entities(world, 1)
    with pytest.raises(NoComicVariantError, match=f"^entity {plain} is not a comic variant$"):
        await world.read(describe_comic_variants, [plain, owner])
    for call in (
        world.read(describe_comic_concepts, [work, 999]),
        world.read(describe_comic_variants, [999]),
        world.read(describe_pages, 999),
        world.read(describe_page_uses, 999),
        world.run(edit_comic_concept, 999, volume=1),
        world.run(edit_comic_variant, 999, language="en"),
    ):
        with pytest.raises(EntityNotFoundError, match=r"^no entity 999$"):
            await call


async def test_facts_are_edited_and_the_others_stay(world: World) -> None:
    work = await world.run(create_comic_book_concept, "Title", "Series", "1", 1990, publisher="P")
    await world.run(edit_comic_concept, work, issue_number="2", publication_year=None)
    (edited,) = await world.read(describe_comic_concepts, [work])
    assert edited.name == "Series #2"
    assert (edited.facts["publisher"], edited.facts["publication_year"]) == ("P", None)
    owner = await variant(world, work)
    await world.run(edit_comic_variant, owner, language="en", scan_group="DCP")
    await world.run(edit_comic_variant, owner, language=None)
    await world.run(edit_comic_variant, owner)
    (changed,) = await world.read(describe_comic_variants, [owner])
    assert (changed.facts["language"], changed.facts["scan_group"]) == (None, "DCP")
    with pytest.raises(FactRefusedError):
        await world.run(edit_comic_variant, owner, language="x" * 65)


@pytest.mark.slow
async def test_more_variants_are_described_than_a_statement_has_values(world: World) -> None:
    entity_id = await variant(world, await concept(world))
    described = await world.read(describe_comic_variants, [entity_id] * 70_000)
    assert len(described) == 70_000
