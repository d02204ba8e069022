"""How many statements a search takes, and that none is run twice."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from dam.core.world import World
from dam.services.search_service import explain, search_page
from dam.services.search_service.query.parsing import parse
from tests.services.search_service.evaluator import answer
from tests.services.search_service.search_world import NOW, MadeUp


@contextmanager
def _noted(world: World) -> Iterator[list[str]]:
    """Note the statements that ask for components."""
    asked: list[str] = []

    def note(*of_statement: object) -> None:
        asked.extend(str(each) for each in of_statement[2:3] if "component_" in str(each))

    readers = world.database._readers.sync_engine
    event.listen(readers, "before_cursor_execute", note)
    yield asked
    event.remove(readers, "before_cursor_execute", note)


@pytest.mark.parametrize("words", ["beach", '"red cat"', "holiday"])  # the last one is a tag, too
async def test_postgresql_reads_its_index_of_words_once(
    searched_world: World, searched: MadeUp, words: str
) -> None:
    tree = parse(f"{words} tag:rating>=2", now=NOW)
    with _noted(searched_world) as asked:
        page = await searched_world.read(search_page, tree, limit=2)

    assert page.entity_ids
    assert list(page.entity_ids) == answer(searched, tree)[:2]
    assert sum("@@" in each for each in asked) <= 1


async def test_the_uses_of_tags_are_counted_along_with_their_names(searched_world: World) -> None:
    with _noted(searched_world) as asked:
        page = await searched_world.read(search_page, "tag:dog tag:rating>=2")

    assert page.entity_ids
    assert len(asked) == 2, "the names, and the page"


async def test_a_tag_that_is_counted_is_also_an_alternative(
    searched_world: World, searched: MadeUp
) -> None:
    tree = parse("tag:dog (tag:dog or holiday) (tag:dog or beach)", now=NOW)
    page = await searched_world.read(search_page, tree, limit=1000)

    assert list(page.entity_ids) == answer(searched, tree)


async def test_sqlite_reads_the_table_of_a_condition_that_few_meet(
    searched_world: World, searched: MadeUp
) -> None:
    query = "width:>100000 -tag:dog"
    how = await searched_world.read(explain, query)
    page = await searched_world.read(search_page, query)

    assert how.index == ("width:" if searched_world.database.is_sqlite else None)
    assert list(page.entity_ids) == answer(searched, parse(query, now=NOW))[:100]


async def test_what_all_but_few_assets_have_is_no_place_to_begin_with(
    searched_world: World, searched: MadeUp
) -> None:
    query = "added:>1990 height:>=0 -tag:dog"
    page = await searched_world.read(search_page, query, limit=1000)

    assert list(page.entity_ids) == answer(searched, parse(query, now=NOW))[:1000]


@pytest.mark.parametrize("tag", ["tag:dog", "tag:rating>=2"])
async def test_one_asset_is_one_result_however_often_its_rows_are_joined(
    searched_world: World, searched: MadeUp, tag: str
) -> None:
    tree = parse(" ".join([tag, "tag:cat", "width:>0", "added:>1990"] * 20), now=NOW)
    page = await searched_world.read(search_page, tree, limit=1000)

    assert page.entity_ids
    assert list(page.entity_ids) == answer(searched, tree)[:1000]
