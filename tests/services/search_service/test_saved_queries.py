"""Queries are saved under names, run by them, replaced and forgotten."""

import pytest

from dam.core.world import World
from dam.errors import MalformedQueryNameError, QuerySyntaxError, UnknownNameError
from dam.services.search_service import (
    forget_saved_query,
    list_saved_queries,
    parse_query,
    save_query,
)


async def saved(world: World) -> dict[str, str]:
    return {each.name: each.query for each in await world.run(list_saved_queries)}


async def test_a_saved_query_is_found_in_any_case_and_replaced_by_its_name(world: World) -> None:
    first = await world.run(save_query, " @Groß  und weit", "type:image width:>3000")
    assert first.replaced is None
    tree = await world.run(parse_query, '-@"GROSS UND WEIT"')
    assert tree.condition == (await world.run(parse_query, "-(type:image width:>3000)")).condition
    second = await world.run(save_query, "gross und weit", "width:>5000")
    assert second.replaced == first.saved
    assert await saved(world) == {"gross und weit": "width:>5000"}


async def test_they_are_listed_by_name_and_forgotten(world: World) -> None:
    for name in ("b", "A", "c"):
        await world.run(save_query, name, "x")
    assert list(await saved(world)) == ["A", "b", "c"]
    assert (await world.run(forget_saved_query, "@B")).name == "b"
    assert list(await saved(world)) == ["A", "c"]
    with pytest.raises(UnknownNameError) as caught:
        await world.run(forget_saved_query, "B")
    assert caught.value.message == "no saved query named 'B'; known: A, c"
    with pytest.raises(QuerySyntaxError):
        await world.run(parse_query, "@b")


async def test_one_that_would_name_itself_is_not_saved(world: World) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        await world.run(save_query, "a", "x @A")
    assert (caught.value.position, caught.value.found) == (2, "@A")
    await world.run(save_query, "a", "x")
    await world.run(save_query, "b", "y or @a")
    await world.run(save_query, "c", "-@b")
    with pytest.raises(QuerySyntaxError) as caught:
        await world.run(save_query, "a", "z @c")
    assert "@a > @c > @b > @a" in caught.value.message
    assert await saved(world) == {"a": "x", "b": "y or @a", "c": "-@b"}


@pytest.mark.parametrize("query", ["", " ", "width:x", "(", "a\0", "\udc80", "@unknown"])
async def test_what_is_no_query_is_not_saved(world: World, query: str) -> None:
    with pytest.raises(QuerySyntaxError):
        await world.run(save_query, "a", query)
    assert await saved(world) == {}


@pytest.mark.parametrize("name", ["", " @", "a\x1b[2J", "a\0", "\u202egnp", "\udc80", "a" * 101])
async def test_a_name_that_cannot_be_shown_is_refused(world: World, name: str) -> None:
    with pytest.raises(MalformedQueryNameError):
        await world.run(save_query, name, "x")


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE saved_queries; --", 'a"\\b', "%_", "ﷺ" * 10, "a:b"]
)
async def test_a_name_is_no_code(world: World, name: str) -> None:
    await world.run(save_query, name, "x")
    assert await saved(world) == {name: "x"}
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    assert (await world.run(parse_query, f'@"{quoted}"')).condition is not None
    await world.run(forget_saved_query, name)
    assert await saved(world) == {}
