"""Searches that ask for odd or bad things find nothing wrong, on both databases."""

import time
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.world import World
from dam.errors import (
    CursorError,
    EntityNotFoundError,
    QueryTooLargeError,
    TagValueError,
    UnknownFieldError,
)
from dam.services.search_service import (
    Cursor,
    Query,
    count,
    explain,
    facets,
    list_search_fields,
    read_fields,
    search_ids,
    search_page,
    unknown_tags,
)
from dam.services.search_service.cursor import Key
from dam.services.search_service.patterns import read_pattern
from dam.services.search_service.query.names import TYPES
from dam.services.search_service.query.tree import (
    And,
    Comparison,
    Condition,
    Glob,
    Interval,
    Not,
    Or,
    Span,
    Tagged,
    Word,
)
from tests.services.search_service.evaluator import answer
from tests.services.search_service.search_world import NOW, MadeUp

AT = Span(0, 0)
ONE_THAT_BECOMES_18 = "\ufdfa"


@pytest.mark.parametrize(
    "query",
    [
        '"\'; DROP TABLE entities; --"',
        "name:\"%' OR '1'='1\"",
        'path:"\\"; DELETE FROM entities"',
        'tag:"x\'); DROP TABLE entities; --"',
        "name:%",
        "name:_",
        "ext:'",
        'FilePropertiesComponent.name_text:"%s %(x)s :y ?"',
        "sha256:00",
    ],
)
async def test_what_looks_like_sql_is_text(searched_world: World, query: str) -> None:
    found = await searched_world.read(search_ids, query)
    everything = await searched_world.read(count, "")

    assert len(found) < everything
    assert await searched_world.read(count, "") == everything > 0


async def _deepest(session: AsyncSession, depth: int) -> int:
    query = "cat"
    for at in range(depth):
        query = f"({query} {'or' if at % 2 else 'and'} {'-' if at % 3 else ''}red)"
    return await count(session, query)


async def test_brackets_may_be_a_hundred_deep(searched_world: World, searched: MadeUp) -> None:
    condition: Condition = Word("cat", AT)
    for at in range(100):
        other: Condition = Word("red", AT) if at % 3 == 0 else Not(Word("red", AT))
        condition = Or((condition, other)) if at % 2 else And((condition, other))

    assert await searched_world.read(_deepest, 100) == len(answer(searched, Query("", condition)))


async def test_ten_thousand_tags_are_one_condition(searched_world: World, searched: MadeUp) -> None:
    query = " or ".join(["tag:cat", *(f"tag:t{at}" for at in range(9_999))])

    cats = Query("", Tagged("cat", AT))
    assert list(await searched_world.read(search_ids, query)) == answer(searched, cats)


@pytest.mark.parametrize("joint", [" ", " or "])
async def test_ten_thousand_words_are_too_many(searched_world: World, joint: str) -> None:
    with pytest.raises(QueryTooLargeError) as caught:
        await searched_world.read(count, joint.join(f"w{at}" for at in range(10_000)))

    assert caught.value.message == "the query has more than 200 conditions"
    assert caught.value.text_place is not None
    text, position = caught.value.text_place
    assert text[position:].split()[0] == "w200"
    assert caught.value.hint == (
        "split it into several queries, or tag what you look for and ask for the tag"
    )


async def test_two_hundred_words_are_not_too_many(searched_world: World) -> None:
    words = [f"w{at}" for at in range(199)]

    assert await searched_world.read(count, " or ".join([*words, "cat"])) > 0
    assert await searched_world.read(count, " ".join([*words, "cat"])) == 0


async def test_alternative_words_are_asked_for_together(searched_world: World) -> None:
    asked: list[str] = []

    @event.listens_for(searched_world.database._readers.sync_engine, "before_cursor_execute")
    def note(*of_statement: object) -> None:
        asked.append(str(of_statement[2]))

    words = [f"w{at}" for at in range(199)]
    page = await searched_world.read(search_page, " or ".join([*words, "cat"]))
    event.remove(searched_world.database._readers.sync_engine, "before_cursor_execute", note)

    assert page.entity_ids
    assert len(asked) < 10, "some for each word"


@pytest.mark.parametrize("field", ["name", "path", "ext", "tag"])
async def test_a_pattern_full_of_wildcards_ends(searched_world: World, field: str) -> None:
    started = time.process_time()

    await searched_world.read(count, f"{field}:{'*a' * 500}*b")
    assert not read_pattern("*a" * 500 + "*b").matches("a" * 5_000)

    assert time.process_time() - started < 60, "it would take years"


async def test_a_pattern_may_not_be_longer_than_databases_take(searched_world: World) -> None:
    with pytest.raises(QueryTooLargeError, match="more than 10,000 characters in a pattern"):
        await searched_world.read(count, f"name:={'a' * 20_000}")


@pytest.mark.parametrize(
    "condition",
    [
        Comparison("width", "=", "300", AT),
        Comparison("width", "=", value=True, span=AT),
        Comparison("added_at", ">", 3, AT),
        Comparison("name", ">", "a", AT),
        Comparison("name", "=", 3, AT),
        Interval("name", "a", "b", AT),
    ],
)
async def test_a_value_of_the_wrong_type_is_refused(
    searched_world: World, condition: Condition
) -> None:
    with pytest.raises(TypeError):
        await searched_world.read(count, Query("", condition))


async def test_an_unknown_field_is_named(searched_world: World) -> None:
    with pytest.raises(UnknownFieldError, match="no field 'widht'"):
        await searched_world.read(count, Query("", Glob("widht", "*", AT)))
    with pytest.raises(UnknownFieldError, match="no field 'nmae'"):
        await searched_world.read(read_fields, [1], ["nmae"])
    with pytest.raises(UnknownFieldError, match="no field 'camera'"):
        await searched_world.read(facets, "", ["camera"])


@pytest.mark.parametrize("text_", ["", "x", "W10", "é", "W1sxXSwxXQ", "W1t7ImEiOjF9XSwxLDFd"])
def test_a_text_that_is_no_cursor_is_refused(text_: str) -> None:
    with pytest.raises(CursorError) as caught:
        Cursor.parse(text_)

    assert caught.value.message == f"{text_!r} is no cursor of this query"


async def test_a_cursor_of_another_order_is_refused(searched_world: World) -> None:
    page = await searched_world.read(search_page, "sort:name", limit=1)

    for query in ("", "sort:size", "sort:-name", "sort:name sort:size"):
        with pytest.raises(CursorError):
            await searched_world.read(search_page, query, after=page.next)


@pytest.mark.parametrize(
    ("order", "key"),
    [
        *(("name", "a\0"), ("name", "\udc80"), ("name", 3), ("name", b"a"), ("type", 3)),
        *(("sha256", b"a"), ("width", True), ("width", 1.5), ("ratio", float("nan"))),
        *(("added_at", "x"), ("added_at", 5), ("added_at", datetime(2026, 1, 1))),  # noqa: DTZ001
        ("added_at", datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))),
        *(("modified_at", NOW), ("modified_at", 1.5), ("modified_at", "x")),
    ],
)
async def test_a_cursor_with_keys_that_the_fields_do_not_have_is_refused(
    searched_world: World, order: str, key: Key
) -> None:
    after = Cursor((key,), 7, 3, f"sort:{order}")
    with pytest.raises(CursorError):
        await searched_world.read(search_page, f"sort:{order}", after=after)


async def test_the_trash_is_shown_only_where_all_alternatives_ask_for_it(
    searched_world: World, searched: MadeUp
) -> None:
    trashed = next(asset.id for asset in searched.assets if asset.is_trashed)
    assert list(await searched_world.read(search_ids, f"id:{trashed}")) == [trashed]
    both = await searched_world.read(search_ids, f"id:{trashed} or id:{trashed}")
    assert list(both) == [trashed]
    for query in (f"id:{trashed} or type:image", f"id:{trashed}..{trashed}", "id:>0"):
        assert trashed not in await searched_world.read(search_ids, query)


@pytest.mark.parametrize("field", ["comic", "series", "name", "path", "tag", "mime"])
async def test_patterns_that_are_too_long_are_refused(searched_world: World, field: str) -> None:
    with pytest.raises(QueryTooLargeError, match="more than 10,000 characters in a pattern"):
        await searched_world.read(search_ids, f"{field}:*{'a' * 60_000}*")


@pytest.mark.parametrize(
    "field", ["name", "path", "comic", "series", "FileProperties.name_text", "tag"]
)
async def test_patterns_that_folding_makes_too_long_are_refused(
    searched_world: World, field: str
) -> None:
    with pytest.raises(QueryTooLargeError, match="more than 50,000 bytes in a folded pattern"):
        await searched_world.read(search_ids, f"{field}:*{ONE_THAT_BECOMES_18 * 2_000}*")


@pytest.mark.parametrize("kind", TYPES)
async def test_what_is_found_by_its_type_is_shown_with_it(searched_world: World, kind: str) -> None:
    found = await searched_world.read(search_ids, f"type:{kind}")
    shown = await searched_world.read(read_fields, list(found), ["type"])

    assert {each["type"] for each in shown} <= {kind}
    counted = await searched_world.read(facets, "", ["type"])
    assert len(found) == sum(each.count for each in counted["type"] if each.value == kind)


@pytest.mark.parametrize(
    ("by_component", "by_word"),
    [
        ("has:Trashed", "in:trash"),
        ("Trashed.trashed_at:>2000", "in:trash"),
        ("FileLocation.storage:archive", "storage:archive"),
        ("FileLocation.storage:=archive", "in:archive"),
        ("-has:Trashed", "-in:trash"),
    ],
)
async def test_a_component_shows_what_is_hidden_as_the_word_for_it_does(
    searched_world: World, by_component: str, by_word: str
) -> None:
    found = await searched_world.read(search_ids, by_component)
    assert list(found) == list(await searched_world.read(search_ids, by_word)) != []


async def test_a_component_of_all_places_shows_no_more(searched_world: World) -> None:
    found = await searched_world.read(count, "FileLocation.storage:*")
    assert found == await searched_world.read(count, "has:storage")


async def test_a_cursor_keeps_each_kind_of_key() -> None:
    for key in (None, "é", 3, 1.5, True, b"\x00", NOW + timedelta(microseconds=1)):
        cursor = Cursor((key,), 7, 3, "sort:name")
        assert Cursor.parse(str(cursor)) == cursor


async def test_fields_are_read_in_the_order_of_ids(searched_world: World, searched: MadeUp) -> None:
    names = [field.name for field in list_search_fields()]
    wanted = [searched.assets[3].id, 10**12, searched.assets[2].id, searched.assets[3].id]

    third, nothing, second, again = await searched_world.read(read_fields, wanted, names)

    assert third == again
    assert (third["id"], second["id"]) == (searched.assets[3].id, searched.assets[2].id)
    assert {name for name, value in nothing.items() if value is not None} == {"id"}
    assert third["added_at"] == searched.assets[3].added


async def test_facets_count_what_is_found(searched_world: World, searched: MadeUp) -> None:
    found = {asset.id for asset in searched.assets} & set(answer(searched, Query("")))
    shown = [asset for asset in searched.assets if asset.id in found]

    counted = await searched_world.read(facets, "", ["type", "media_type", "tag", "year"])

    assert sum(each.count for each in counted["type"]) == len(found)
    by_tag = {each.value: each.count for each in counted["tag"]}
    assert by_tag["cat"] == sum(any(tag == "cat" for tag, _, _ in a.tags) for a in shown)
    by_year = {each.value: each.count for each in counted["year"]}
    assert by_year["2025"] == sum(asset.added.year == 2025 for asset in shown)
    by_type = {each.value: each.count for each in counted["type"]}
    assert by_type["comic"] == sum(asset.is_variant for asset in shown)
    by_media_type = {each.value: each.count for each in counted["media_type"]}
    assert by_media_type == Counter(asset.media_type for asset in shown)


async def test_the_plan_names_the_index(searched_world: World) -> None:
    how = await searched_world.read(explain, "tag:cat width:>3")

    assert how.index == "tag:cat"
    assert "component_image_dimensions" in how.sql
    assert how.plan
    assert (await searched_world.read(explain, "")).index is None


async def test_a_search_finds_what_its_own_transaction_has_made(searched_world: World) -> None:
    """Rolled back at its end, so that the world stays as it is."""

    async def rename(session: AsyncSession) -> int:
        await session.execute(
            text("UPDATE component_file_properties SET name_text = 'zyx.jpg' WHERE entity_id = 100")
        )
        found = await count(session, "zyx id:100")
        raise _UndoneError(found)

    with pytest.raises(_UndoneError) as caught:
        await searched_world.database.write(rename)

    assert caught.value.found == await searched_world.read(count, "has:sha256 id:100")


class _UndoneError(Exception):
    def __init__(self, found: int) -> None:
        super().__init__()
        self.found = found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("tag:rating>=foo", "a whole number; found 'foo'"),
        ("tag:rating>=1e999", "a whole number; found '1e999'"),
        ("tag:shot=5", "a date such as 2024-05-17; found '5'"),
        ("tag:cat=5", "takes no value; found '5'"),
    ],
)
async def test_a_value_of_another_type_than_the_tags_is_refused(
    searched_world: World, query: str, expected: str
) -> None:
    with pytest.raises(TagValueError, match=expected) as caught:
        await searched_world.read(search_ids, f"cat or {query}")
    assert caught.value.text_place == (f"cat or {query}", 7)


async def test_unknown_tags_are_named_with_similar_ones(searched_world: World) -> None:
    query = 'tag:cat or (-tag:ratng tag:"CHAT  noir") or tag:zzz>3 or tag:n* or tag:ratng'

    unknown = await searched_world.read(unknown_tags, query)

    assert sorted((error.name, error.near) for error in unknown) == [
        ("ratng", ("rating",)),
        ("zzz", ()),
    ]
    many = " or ".join(f"tag:t{at}" for at in range(50))
    assert len(await searched_world.read(unknown_tags, many)) == 20
    assert await searched_world.read(unknown_tags, "") == []


async def test_a_picture_that_does_not_exist_is_like_none(searched_world: World) -> None:
    with pytest.raises(EntityNotFoundError) as caught:
        await searched_world.read(search_ids, "cat -similar:123456789")
    assert caught.value.message == "no entity 123456789"
    assert caught.value.text_place == ("cat -similar:123456789", 5)


@pytest.mark.parametrize("query", ["added:9999-12-31", "modified:>9999", "added:<0001-01-02"])
async def test_the_ends_of_time_find_nothing(searched_world: World, query: str) -> None:
    assert await searched_world.read(count, query) == 0
    assert await searched_world.read(count, "added:0001..9999") > 0
