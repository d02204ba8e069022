"""Every query that the README explains is understood, and can be run."""

import re

from dam.core.world import World
from dam.services.search_service import parse_query, search_ids, text_of
from dam.services.search_service.patterns import read_pattern
from dam.services.search_service.query.names import CHOICES
from dam.services.search_service.query.special import PLACES, SPECIAL
from dam.services.search_service.query.tree import Glob
from tests.readme import TEXT
from tests.services.search_service.evaluator import answer
from tests.services.search_service.search_world import MadeUp

PAGE = TEXT.partition("### The query language\n")[2].partition("\n### ")[0]
QUERIES = re.findall(r"^\| `(.*?)` \|", PAGE, re.MULTILINE)


async def test_every_query_shown_finds_what_a_plain_look_finds(
    searched_world: World, searched: MadeUp
) -> None:
    assert len(QUERIES) > 30
    numbers = []
    for query in QUERIES:
        tree = await searched_world.run(parse_query, query)
        expected = answer(searched, tree)
        assert list(await searched_world.run(search_ids, query)) == expected, query
        assert list(await searched_world.run(search_ids, text_of(tree))) == expected, query
        numbers.append(len(expected))
    assert sum(number > 0 for number in numbers) > 25


async def test_the_path_shown_is_one_of_an_ordinary_file(searched_world: World) -> None:
    (query,) = (query for query in QUERIES if query.startswith("path:"))
    tree = await searched_world.run(parse_query, query)
    assert isinstance(tree.condition, Glob)
    assert read_pattern(tree.condition.pattern).matches("/home/ann/scans/old 2019.jpg")


def test_every_special_field_and_choice_is_shown() -> None:
    for name in SPECIAL.keys() - {"tags"}:
        assert re.search(rf"\b{name}:", PAGE), name
    for word in (*PLACES, *CHOICES["type"], *CHOICES["orientation"]):
        assert re.search(rf"\b{word}\b", PAGE), word
