"""Comics are found by what they are called, and come in the order in which people count."""

import pytest

from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.services.comic_book_service import create_comic_book_concept, find_comic_book_concepts

Found = dict[str, EntityId]


@pytest.fixture
async def comics(world: World) -> Found:
    """Concepts by names for the test."""
    make = create_comic_book_concept
    return {
        "ten": await world.run(make, "Ten", "Batman", "10", 1941, publisher="DC"),
        "two": await world.run(make, "Two", "Batman", "002", 1940, publisher="DC"),
        "half": await world.run(make, "A half", "Batman", "½", 1940, publisher="DC"),
        "again": await world.run(make, "One", "Batman", "1", 2011, volume=2, publisher="DC"),
        "gaul": await world.run(make, "Le Ciel", "Astérix", "33", 2005, publisher="Les 100%_"),
        "alone": await world.run(make, "ZOË & Batman"),
        "street": await world.run(make, "Nowhere", "Lange  Straße"),
    }


async def find(world: World, comics: Found, **wanted: object) -> list[str]:
    names = {entity_id: name for name, entity_id in comics.items()}
    found = await world.read(find_comic_book_concepts, **wanted)  # type: ignore[arg-type]  # any of its arguments
    return [names[entity_id] for entity_id in found]


async def test_all_come_by_series_volume_and_number(world: World, comics: Found) -> None:
    expected = ["gaul", "half", "two", "ten", "again", "street", "alone"]
    assert await find(world, comics) == expected
    assert await find(world, comics, limit=2) == expected[:2]
    assert await find(world, comics, limit=2, offset=3) == expected[3:5]
    assert await find(world, comics, offset=5) == expected[5:]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"title": "batman"}, ["half", "two", "ten", "again", "alone"]),
        ({"series_title": "BAT"}, ["half", "two", "ten", "again"]),
        ({"title": "zoë"}, ["alone"]),
        ({"title": "ZOE\u0308"}, ["alone"]),
        ({"title": "zoe"}, ["alone"]),
        ({"title": "\uff5aoE"}, ["alone"]),
        ({"series_title": "asterix"}, ["gaul"]),
        ({"series_title": "TERI"}, ["gaul"]),
        ({"series_title": "e strass"}, ["street"]),
        ({"series_title": "ASTÉRIX"}, ["gaul"]),
        ({"series_title": "lange STRASSE"}, ["street"]),
        ({"series_title": "nowhere"}, []),
        ({"title": "nowhere"}, ["street"]),
        ({"publisher": "100%_"}, ["gaul"]),
        ({"publisher": "%"}, ["gaul"]),
        ({"publisher": "_"}, ["gaul"]),
        ({"publisher": "\\"}, []),
        ({"issue_number": "2"}, ["two"]),
        ({"issue_number": "0010"}, ["ten"]),
        ({"issue_number": "½"}, ["half"]),
        ({"publication_year": 1940}, ["half", "two"]),
        ({"publication_year": 1940, "issue_number": "2", "title": "two"}, ["two"]),
        ({"series_title": "batman", "publication_year": 1999}, []),
    ],
)
async def test_they_are_found_by(
    world: World, comics: Found, wanted: dict[str, object], expected: list[str]
) -> None:
    assert await find(world, comics, **wanted) == expected


@pytest.mark.parametrize("name", ["title", "series_title", "publisher", "issue_number"])
@pytest.mark.parametrize(
    "text",
    ["\0", "Bat\0man", "\ud800", "x" * 60_000, "é" * 60_000, "%" * 60_000, "9" * 60_000],
    ids=ascii,
)
async def test_a_text_that_no_comic_can_have_is_found_nowhere(
    world: World, comics: Found, name: str, text: str
) -> None:
    assert await find(world, comics, **{name: text}) == []


@pytest.mark.parametrize("year", [2**31, 2**63, 2**70, -(2**70)])
async def test_a_year_that_no_comic_can_have_is_found_nowhere(
    world: World, comics: Found, year: int
) -> None:
    assert await find(world, comics, publication_year=year) == []
