"""Fields of comics by their names; what said the same goes on saying it."""

from pathlib import Path

import pytest

from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.errors import (
    ChangedSinceError,
    DamError,
    FactRefusedError,
    MalformedFieldError,
    SameConceptError,
    UnknownNameError,
)
from dam.services.comic_book_service import describe_comic_concepts, link_comic_variant_to_concept
from dam.services.comic_edit_service import (
    ConceptView,
    VariantView,
    edit_and_view,
    edit_comic,
    edit_comic_concept,
    edit_comic_variant,
    parse_changes,
    view_comic,
)
from dam.services.ecs_service import create_entity, undo
from tests.faults.state import dump
from tests.services.comic_files import import_one, make_cbz, pages
from tests.services.comics import concept, entities

INFO = """<Series>Saga</Series><Number>1</Number><Publisher>Image</Publisher>
  <Writer>A, B</Writer><LanguageISO>en</LanguageISO><Summary>Old</Summary>"""


@pytest.fixture
async def comic(world: World, home: Path) -> tuple[EntityId, EntityId]:
    outcome = await import_one(world, make_cbz(home / "a.cbz", pages(1), INFO))
    assert outcome.concept_entity_id is not None
    assert outcome.variant_entity_id is not None
    return outcome.concept_entity_id, outcome.variant_entity_id


async def said(world: World, variant: EntityId) -> dict[str, str]:
    view = await world.read(view_comic, variant)
    assert isinstance(view, VariantView)
    return dict(view.comic_info)


async def test_a_concept_and_the_documents_that_agreed_with_it_change(
    world: World, comic: tuple[EntityId, EntityId]
) -> None:
    work, variant = comic
    changes = parse_changes(["publisher=Norma", "publication_year=2012", "Writer=B,C , B"])
    view = (await world.run(edit_and_view, work, changes)).view
    assert isinstance(view, ConceptView)
    assert view.concept.facts.get("publisher") == "Norma"
    assert view.concept.name == "Saga #1 (2012)"
    assert view.concept.terms["Writer"] == ("B", "C")
    assert (await said(world, variant)) == {
        "Series": "Saga",
        "Number": "1",
        "Year": "2012",
        "Publisher": "Norma",
        "Writer": "B, C",
        "LanguageISO": "en",
        "Summary": "Old",
    }


async def test_a_document_that_said_something_of_its_own_goes_on_saying_it(
    world: World, comic: tuple[EntityId, EntityId]
) -> None:
    work, variant = comic
    await world.run(edit_comic, variant, {"Publisher": "Panini", "Summary": None})
    await world.run(edit_comic, work, {"publisher": "Norma", "description": "New"})
    assert (await said(world, variant))["Publisher"] == "Panini"
    assert "Summary" not in await said(world, variant)


async def test_a_variant_and_its_document_change(
    world: World, comic: tuple[EntityId, EntityId]
) -> None:
    _, variant = comic
    changes = parse_changes(["language=fr", "scan_quality=c2c", "reading_direction=rtl", "Notes=x"])
    view = (await world.run(edit_and_view, variant, changes)).view
    assert isinstance(view, VariantView)
    assert view.variant.facts.get("scan_quality") == "c2c"
    assert view.comic_info["LanguageISO"] == "fr"
    assert view.comic_info["Manga"] == "YesAndRightToLeft"
    assert view.comic_info["Notes"] == "x"


@pytest.mark.parametrize(
    ("which", "text", "kind", "message"),
    [
        (0, "nothing", MalformedFieldError, "not a valid change: 'nothing'; expected FIELD=VALUE"),
        (0, "foo=1", UnknownNameError, "no field named 'foo'; known: description, volume, issue"),
        (0, "volume=x", FactRefusedError, "volume is 'x'; expected a whole number"),
        (0, "publication_month=13", FactRefusedError, "publication month is 13; expected a whole"),
        (0, "comic_title=", FactRefusedError, "comic title is empty; expected a title"),
        (0, "comic_title=  ", FactRefusedError, "comic title is empty; expected a title"),
        (0, "publication_year=-3", FactRefusedError, "publication year is -3; expected a whole"),
        (1, "reading_direction=up", FactRefusedError, "reading direction is 'up'; expected ltr or"),
        (1, "Series2=1", UnknownNameError, "no field named 'Series2'; known: language, format,"),
        (1, "Year=soon", FactRefusedError, "Year is 'soon'; expected a whole number from"),
    ],
)
async def test_what_cannot_be_changed_is_named(
    world: World,
    comic: tuple[EntityId, EntityId],
    which: int,
    text: str,
    kind: type[DamError],
    message: str,
) -> None:
    before = await world.read(dump)
    with pytest.raises(kind) as caught:
        await world.run(edit_comic, comic[which], parse_changes([text]))
    assert str(caught.value).startswith(message)
    assert await world.read(dump) == before


async def test_what_is_no_comic_is_refused(world: World) -> None:
    entity = await world.run(create_entity)
    with pytest.raises(DamError) as caught:
        await world.run(edit_comic, entity, {"publisher": "x"})
    assert str(caught.value) == f"entity {entity} is not a comic variant"


async def test_a_rehearsal_answers_and_keeps_nothing(
    world: World, comic: tuple[EntityId, EntityId]
) -> None:
    before = await world.read(dump)
    view = (await world.rehearse(edit_and_view, comic[0], {"publisher": "Norma"})).view
    assert isinstance(view, ConceptView)
    assert view.concept.facts.get("publisher") == "Norma"
    assert await world.read(dump) == before


async def test_documents_follow_facts_that_are_changed_by_their_names_in_python(
    world: World, comic: tuple[EntityId, EntityId]
) -> None:
    work, variant = comic
    await world.run(edit_comic_concept, work, publisher="Norma", publication_month=3)
    await world.run(edit_comic_variant, variant, language="fr")
    document = await said(world, variant)
    assert (document["Publisher"], document["Month"]) == ("Norma", "3")
    assert document["LanguageISO"] == "fr"


@pytest.mark.parametrize("word", ["No", "Yes", "Unknown"])
async def test_a_word_that_no_direction_has_stays_in_the_document(
    world: World, home: Path, word: str
) -> None:
    manga = make_cbz(home / "m.cbz", pages(1), f"<Series>M</Series><Manga>{word}</Manga>")
    variant = (await import_one(world, manga)).variant_entity_id
    assert variant is not None
    await world.run(edit_comic, variant, {"reading_direction": "ltr"})
    assert (await said(world, variant))["Manga"] == word
    await world.run(edit_comic, variant, {"reading_direction": "rtl"})
    assert (await said(world, variant))["Manga"] == "YesAndRightToLeft"
    await world.run(edit_comic, variant, {"reading_direction": None})
    assert "Manga" not in await said(world, variant)


async def facts_of(world: World, variant: EntityId) -> dict[str, object]:
    view = await world.read(view_comic, variant)
    assert isinstance(view, VariantView)
    return {name: value for name, value in view.variant.facts.items() if value is not None}


async def test_the_facts_of_a_variant_follow_its_document_where_both_said_the_same(
    world: World, comic: tuple[EntityId, EntityId]
) -> None:
    _, variant = comic
    elements = {"LanguageISO": "pt-br", "Manga": "YesAndRightToLeft", "ScanInformation": "DCP"}
    await world.run(edit_comic, variant, elements)
    followed = {"language": "pt-BR", "reading_direction": "rtl", "scan_group": "DCP"}
    assert await facts_of(world, variant) == {"format": "cbz", **followed}
    await world.run(edit_comic, variant, {"Manga": "Yes", "ScanInformation": None, "Notes": "x"})
    assert await facts_of(world, variant) == {"format": "cbz", "language": "pt-BR"}


async def test_facts_that_are_said_otherwise_do_not_follow_the_document(
    world: World, comic: tuple[EntityId, EntityId]
) -> None:
    _, variant = comic
    await world.run(edit_comic, variant, {"language": "fr", "LanguageISO": "de"})
    assert (await facts_of(world, variant))["language"] == "fr"
    assert (await said(world, variant))["LanguageISO"] == "de"
    await world.run(edit_comic, variant, {"LanguageISO": "it", "reading_direction": "ltr"})
    await world.run(edit_comic, variant, {"Manga": "No"})
    facts = {"language": "fr", "reading_direction": "ltr"}
    assert await facts_of(world, variant) == {"format": "cbz", **facts}


async def test_facts_follow_a_document_that_begins_with_the_edit(world: World) -> None:
    (variant,) = await entities(world, 1)
    await world.run(link_comic_variant_to_concept, variant, await concept(world), language="en")
    await world.run(edit_comic, variant, {"LanguageISO": "fr"})
    assert await facts_of(world, variant) == {"language": "fr"}
    assert (await said(world, variant))["LanguageISO"] == "fr"


async def test_edits_are_undone_with_all_that_followed(
    world: World, comic: tuple[EntityId, EntityId]
) -> None:
    work, variant = comic

    async def state() -> list[object]:
        return [await said(world, variant)] + [
            await world.read(view_comic, entity_id) for entity_id in comic
        ]

    before = await state()
    first = await world.run(edit_comic, work, {"publisher": "Norma", "Writer": "C", "volume": "2"})
    between = await state()
    second = await world.run(edit_comic, variant, {"LanguageISO": "fr", "scan_group": "X"})
    await world.run(undo, second)
    assert await state() == between
    await world.run(undo, first)
    assert await state() == before


async def test_an_edit_is_not_undone_over_a_later_one(
    world: World, comic: tuple[EntityId, EntityId]
) -> None:
    work, _ = comic
    change = await world.run(edit_comic_concept, work, publisher="Norma")
    await world.run(edit_comic_concept, work, publisher="Panini")
    with pytest.raises(ChangedSinceError, match="edited the facts of comic"):
        await world.run(undo, change)


async def test_an_edit_that_makes_two_comics_one_is_refused(world: World) -> None:
    one, other = await concept(world, "Doom"), await concept(world, "Hulk")
    with pytest.raises(SameConceptError, match=f"comic {one}, Doom, has the same facts"):
        await world.run(edit_and_view, other, {"comic_title": "DOOM"})
    (described,) = await world.read(describe_comic_concepts, [other])
    assert described.name == "Hulk"
    await world.run(edit_and_view, other, {"comic_title": "DOOM"}, is_forced=True)
    await world.run(edit_and_view, other, {"description": "the same, by intent"})
