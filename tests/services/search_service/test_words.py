"""The index of words finds what the words of the entries say, on both databases alike."""

import itertools
from collections.abc import Sequence

import pytest
from sqlalchemy import delete, event, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.media.folding import WantedWords, wanted_words, words_of
from dam.models import SearchEntryComponent
from dam.services import ecs_service
from dam.services.search_service import words as index_of_words
from dam.services.search_service.words import Ends, capped_count, matches

TEXTS = (
    ("red cat.jpg", "The Red Cat"),
    ("cat red.png",),
    ("reds cats",),
    ("red", "cat"),
    ("東京タワーの夜.jpg",),
    ("京東",),
    ("Straße İstanbul Trésor",),
    ("ガラス",),
    ("カラス",),
    ("100% sure_it's \"quoted\" and* or:not' \\ NEAR(a b)",),
    ("สวัสดี नमस्ते 한국어 ΟΔΟΣ",),
    ("!!!",),
    ("red " * 300 + "cat",),
)
QUERIES = (
    *(
        "red",
        "re",
        "red cat",
        "cat red",
        "red c",
        "京",
        "東京",
        "京タ",
        "tresor",
        "TRÉSOR",
        "strasse",
    ),
    *("istanbul", "ガ", "カ", "100%", "it's", '"quoted"', "and*", "or", "NEAR(a", "not'", "\\"),
    *("สวัส", "नमस्ते", "한국", "οδοσ", "!!!", "", "nowhere", "a b c d", "_", "%", "\x00", "\ud800"),
    *("red cat jpg", "jpg the", "x" * 300, "red " * 200 + "cat", "word " * 10_000),
)


def entry_words(*texts: str) -> str:
    return " | ".join(["", *(" ".join(words_of(text)) for text in texts), ""])


async def make(session: AsyncSession, texts: Sequence[tuple[str, ...]]) -> dict[EntityId, str]:
    ids = [await ecs_service.create_entity(session) for _ in texts]
    words = {entity_id: entry_words(*each) for entity_id, each in zip(ids, texts, strict=True)}
    rows = [{"entity_id": key, "words": each, "is_listed": True} for key, each in words.items()]
    await session.execute(insert(SearchEntryComponent), rows)
    return words


async def found(session: AsyncSession, wanted: WantedWords) -> list[EntityId]:
    """Return what the index finds, having seen that the entries themselves say the same."""
    entity_id = SearchEntryComponent.entity_id
    by_index = await session.scalars(select(entity_id).where(matches([wanted])).order_by(entity_id))
    by_entry = select(entity_id).where(matches([wanted], by_index=False)).order_by(entity_id)
    ids = list(by_index)
    assert ids == list(await session.scalars(by_entry))
    return ids


def expected(words: dict[EntityId, str], wanted: WantedWords) -> list[EntityId]:
    return [entity_id for entity_id, each in words.items() if wanted.words and wanted.run in each]


async def compare(session: AsyncSession, words: dict[EntityId, str]) -> int:
    """Compare every query; return how many found something."""
    hits = 0
    for query in QUERIES:
        for is_phrase in (False, True):
            wanted = wanted_words(query, is_phrase=is_phrase)
            ids = await found(session, wanted)
            assert ids == expected(words, wanted), query
            assert await capped_count(session, [wanted], 100, Ends(0, 0)) >= len(ids)
            hits += bool(ids)
    for one, other in itertools.pairwise(map(wanted_words, QUERIES)):
        found_by = [matches([one, other], by_index=by_index) for by_index in (True, False)]
        chosen = [select(SearchEntryComponent.entity_id).where(each) for each in found_by]
        either = {*expected(words, one), *expected(words, other)}
        assert [set(await session.scalars(each)) for each in chosen] == [either, either]
    return hits


async def test_the_index_finds_what_the_words_of_entries_say(world: World) -> None:
    words = await world.run(make, list(TEXTS))
    assert await world.read(compare, words) > 40


async def test_the_index_follows_each_change_of_an_entry(world: World) -> None:
    words = await world.run(make, list(TEXTS) * 2)
    entry = SearchEntryComponent

    async def change(session: AsyncSession) -> None:
        ids = list(words)
        for entity_id, other in zip(ids[:5], TEXTS[5:], strict=False):
            words[entity_id] = entry_words(*other)
            changed = update(entry).where(entry.entity_id == entity_id)
            await session.execute(changed.values(words=words[entity_id]))
        await session.execute(delete(entry).where(entry.entity_id.in_(ids[5:8])))
        for entity_id in ids[8:10]:
            await ecs_service.delete_entity(session, entity_id)
        for entity_id in ids[5:10]:
            del words[entity_id]
        await compare(session, words)

    await world.run(change)
    assert await world.read(compare, words) > 40


async def test_the_words_of_a_query_follow_on_each_other_in_one_text(world: World) -> None:
    words = await world.run(
        make, [("red cat", "x"), ("red", "cat"), ("red big cat",), ("red cats",)]
    )

    async def read(session: AsyncSession, query: str, *, is_phrase: bool) -> list[int]:
        ids = await found(session, wanted_words(query, is_phrase=is_phrase))
        return [list(words).index(entity_id) for entity_id in ids]

    assert await world.read(read, "red cat", is_phrase=False) == [0, 3]
    assert await world.read(read, "red cat", is_phrase=True) == [0]
    assert await world.read(read, "cat", is_phrase=True) == [0, 1, 2]


async def test_words_that_many_entries_have_are_seen_to_be_many(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_of_words, "_FEW", 50)
    monkeypatch.setattr(index_of_words, "_SAMPLE", 40)
    words = await world.run(make, [("red cat",)] * 100 + [("old",)] * 9 + [("blue dog",)] * 100)
    ends = Ends(min(words), max(words))
    asked: list[str] = []

    @event.listens_for(world.database._readers.sync_engine, "before_cursor_execute")
    def note(*of_statement: object) -> None:
        asked.append(str(of_statement[2]))

    async def read(session: AsyncSession, query: str, cap: int) -> tuple[int, bool]:
        asked.clear()
        count = await capped_count(session, [wanted_words(query)], cap, ends)
        return count, any("MATCH" in each or "@@" in each for each in asked)

    assert await world.read(read, "red cat", 10) == (10, False)
    assert await world.read(read, "d", 10) == (10, False)
    assert await world.read(read, "red cat", 90) == (90, True)
    assert await world.read(read, "red cat", 200) == (100, True)
    assert await world.read(read, "old", 5) == (5, True)
    assert await world.read(read, "nowhere", 5) == (0, True)


async def test_entries_are_counted_only_up_to_a_cap(world: World) -> None:
    await world.run(make, [("red cat",)] * 20 + [("cat red",)] * 20)

    async def read(session: AsyncSession, query: str, cap: int) -> int:
        return await capped_count(session, [wanted_words(query)], cap, Ends(0, 0))

    assert await world.read(read, "red cat", 100) == 40
    assert await world.read(read, "red cat", 30) == 30
    assert await world.read(read, "nowhere", 30) == 0
    assert await world.read(read, "", 30) == 0
