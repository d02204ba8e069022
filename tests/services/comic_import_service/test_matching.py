"""Which concept a comic belongs to: however its title is spelt, and whatever became of it since."""

import csv
import unicodedata
from itertools import combinations
from pathlib import Path

import pytest

from dam.core.world import World
from dam.media.comic.facts import ComicFacts
from dam.media.comic.identity import Likeness, comic_keys, compare_comics
from dam.services.comic_book_service import create_comic_book_concept
from dam.services.comic_edit_service import edit_comic_concept
from dam.services.comic_import_service.matching import FoundConcepts, create_concept, find_concepts
from dam.services.comic_import_service.reading import read_comic

NAMES = Path(__file__).parents[2] / "media/comic/names.csv"


@pytest.mark.parametrize(
    ("known", "other"),
    [
        ("Saga", "SAGA"),
        ("ÄON", "äon"),
        ("Été", unicodedata.normalize("NFD", "été")),
        ("Amazing Man", " Amazing  Man"),
        ("Straße", "STRASSE"),
        ("x" * 500, "X" * 500),
        ("Spider-Man", "Spider\u2010Man"),
        ("Batman '66", "Batman \u201966"),
    ],
)
async def test_a_title_is_the_same_however_it_is_spelt(
    world: World, known: str, other: str
) -> None:
    series = await world.run(create_comic_book_concept, "Part One", known, "1")
    alone = await world.run(create_comic_book_concept, other)
    of_series = ComicFacts(series_title=other, issue_number="001")
    assert (await world.read(find_concepts, of_series)).same == series
    assert (await world.read(find_concepts, ComicFacts(comic_title=known))).same == alone


async def test_facts_without_a_title_are_of_no_concept(world: World) -> None:
    await world.run(create_comic_book_concept, "Saga")
    assert await world.read(find_concepts, ComicFacts(issue_number="1")) == FoundConcepts()
    assert await world.read(find_concepts, ComicFacts(comic_title=" ")) == FoundConcepts()


async def test_the_oldest_of_several_is_taken(world: World) -> None:
    facts = ComicFacts(series_title="Saga", issue_number="1", publication_year=2012)
    oldest = await world.run(create_concept, facts, "a file")
    await world.run(create_concept, facts, "a file")
    assert (await world.read(find_concepts, facts)).same == oldest


async def test_an_edited_concept_is_found_by_what_it_is_called_now(world: World) -> None:
    concept = await world.run(create_comic_book_concept, "One", "Saga", "1")
    await world.run(edit_comic_concept, concept, series_title="Été", issue_number="7")
    now = ComicFacts(series_title="ÉTÉ", issue_number="7")
    assert (await world.read(find_concepts, now)).same == concept
    then = ComicFacts(series_title="Saga", issue_number="1")
    assert await world.read(find_concepts, then) == FoundConcepts()
    await world.run(edit_comic_concept, concept, series_title=None)
    alone = ComicFacts(comic_title="one", issue_number="7")
    assert (await world.read(find_concepts, alone)).same == concept


def test_names_of_one_work_are_one_comic_and_of_two_works_two() -> None:
    with NAMES.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    read = [
        (row["work"] or row["name"], read_comic(None, Path(row["name"]), "cbz", None).facts)
        for row in rows
    ]
    wrong = [
        (work, other)
        for (work, facts), (other, others) in combinations(read, 2)
        if (work == other) is not _is_one(facts, others)
    ]
    assert wrong == []


def _is_one(one: ComicFacts, other: ComicFacts) -> bool:
    is_found = not set(comic_keys(one)).isdisjoint(comic_keys(other))
    return is_found and compare_comics(one, other) is Likeness.SAME
