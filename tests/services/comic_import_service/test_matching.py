"""Which concept a comic belongs to: however its title is spelt, and whatever became of it since."""

import unicodedata

import pytest

from dam.core.world import World
from dam.media.comic.facts import ComicFacts
from dam.services.comic_book_service import create_comic_book_concept
from dam.services.comic_edit_service import edit_comic_concept
from dam.services.comic_import_service.matching import create_concept, find_same_concept


@pytest.mark.parametrize(
    ("known", "other"),
    [
        ("Saga", "SAGA"),
        ("ÄON", "äon"),
        ("Été", unicodedata.normalize("NFD", "été")),
        ("Amazing Man", " Amazing  Man"),
        ("Straße", "STRASSE"),
        ("x" * 500, "X" * 500),
    ],
)
async def test_a_title_is_the_same_however_it_is_spelt(
    world: World, known: str, other: str
) -> None:
    series = await world.run(create_comic_book_concept, "Part One", known, "1")
    alone = await world.run(create_comic_book_concept, other)
    of_series = ComicFacts(series_title=other, issue_number="001")
    assert await world.read(find_same_concept, of_series) == series
    assert await world.read(find_same_concept, ComicFacts(comic_title=known)) == alone


async def test_facts_without_a_title_are_of_no_concept(world: World) -> None:
    await world.run(create_comic_book_concept, "Saga")
    assert await world.read(find_same_concept, ComicFacts(issue_number="1")) is None
    assert await world.read(find_same_concept, ComicFacts(comic_title=" ")) is None


async def test_the_oldest_of_several_is_taken(world: World) -> None:
    facts = ComicFacts(series_title="Saga", issue_number="1", publication_year=2012)
    oldest = await world.run(create_concept, facts, "a file")
    await world.run(create_concept, facts, "a file")
    assert await world.read(find_same_concept, facts) == oldest


async def test_an_edited_concept_is_found_by_what_it_is_called_now(world: World) -> None:
    concept = await world.run(create_comic_book_concept, "One", "Saga", "1")
    await world.run(edit_comic_concept, concept, series_title="Été", issue_number="7")
    now = ComicFacts(series_title="ÉTÉ", issue_number="7")
    assert await world.read(find_same_concept, now) == concept
    then = ComicFacts(series_title="Saga", issue_number="1")
    assert await world.read(find_same_concept, then) is None
    await world.run(edit_comic_concept, concept, series_title=None)
    alone = ComicFacts(comic_title="one", issue_number="7")
    assert await world.read(find_same_concept, alone) == concept
