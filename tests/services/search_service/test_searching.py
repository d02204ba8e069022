"""Searches find what a plain look at each asset finds, in the same order, on both databases."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from dam.cli.search import _FIRST_PAGE, _write_pages
from dam.cli.toolkit.listing import Writer
from dam.core.world import World
from dam.models import IN_ARCHIVE, IN_STORE
from dam.services.search_service import Cursor, Query, count, parse_query, search_ids, search_page
from dam.services.search_service.compiler import Compiled
from dam.services.search_service.fields import all_fields
from dam.services.search_service.orders import Order
from dam.services.search_service.query.names import CHOICES, TYPES
from dam.services.search_service.query.tree import (
    And,
    Comparison,
    ComponentCondition,
    Condition,
    DigestStart,
    Failed,
    Glob,
    InPlace,
    Interval,
    Near,
    Not,
    OfComic,
    Operator,
    Or,
    Presence,
    Similar,
    Sort,
    Span,
    Tagged,
    Word,
)
from tests.services.search_service.evaluator import answer
from tests.services.search_service.search_world import NOW, SYSTEMS, TAGS, WORDS, MadeUp

# Where a query is answered wrongly, Hypothesis shows the whole world, and warns that it is large.
pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")

AT = Span(0, 0)
OPERATORS: tuple[Operator, ...] = ("=", ">", ">=", "<", "<=")
operators = st.sampled_from(OPERATORS)
NUMBERS: dict[str, st.SearchStrategy[int | float]] = {
    "id": st.integers(1, 5_200),
    "size_bytes": st.sampled_from((-1, 0, 1, 2_000_000, 10**9, 10**30)),
    "width": st.sampled_from((0, 1, 300, 1600, 1920, 3000, 10**19, 1600.5)),
    "height": st.sampled_from((0, 300, 1080)),
    "pixels": st.sampled_from((0, 90_000, 2_073_600, 1e7)),
    "ratio": st.sampled_from((1.0, 16 / 9, 0.75)),
    "frame_count": st.sampled_from((1, 2, 30)),
    "rating": st.sampled_from((0, 3.0, 4, 5)),
    "page_count": st.integers(0, 12),
    "exposure_time_s": st.sampled_from((0.004, 1 / 60, 2, 0)),
    "f_number": st.sampled_from((1.8, 4, 2.79)),
    "iso": st.sampled_from((100, 12_800, 0)),
    "focal_length_mm": st.sampled_from((24, 70.5)),
    "latitude": st.sampled_from((48.8, -90, 0)),
    "longitude": st.sampled_from((2.3, -180, 174.7)),
    "altitude_m": st.sampled_from((-3.5, 812, 0)),
}
TIMES = ("added_at", "modified_at", "taken_at")
times = st.integers(0, 2_000_000).map(lambda minutes: NOW - timedelta(minutes=minutes))
texts = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(("%", "_", "'", '"', "\\", "TRESOR", "strasse", "izmir", "本", "&", "")),
    st.builds(lambda word, end: word[:end], st.sampled_from(WORDS), st.integers(1, 9)),
    st.text(max_size=4),
)
patterns = st.one_of(
    st.lists(
        st.sampled_from(("*", "?", "\\*", "red", "é", "%", "_", ".", "é", "1", "[a-z]", "/", "T")),
        min_size=1,
        max_size=5,
    ).map("".join),
    texts.map(lambda text: f"*{text.translate({42: None, 63: None, 92: None})}*"),
)
TEXT_FIELDS = ("name", "path", "issue", "title", "author", "keywords", "camera_model", "lens")
NAME_FIELDS = ("ext", "media_type", "language", "type", "orientation", "storage", "failed")
name_values = st.sampled_from(
    (
        *TYPES,
        *CHOICES["orientation"],
        *CHOICES["storage"],
        *SYSTEMS,
        *("jpg", "gz", "é", "image/jpeg", "en", "pt-BR", "EN", "nothing", "'", "a\0b"),
    )
)
ALL_FIELDS = tuple(sorted(all_fields()))


WITH_VALUES = (
    *(("rating", value) for value in ("3", "4", "-2")),
    *(("weight", value) for value in ("3", "1.5", "-2")),
    *(("mood", value) for value in ("3", "2025-06-01", "blue", "Red", "x")),
    ("shot", "2025-06-01"),
    ("event", "2025-06-01"),
    ("nothing", "3"),
)
"""Tags with values that they may have; of another type they are refused."""


def _interval(name: str, values: st.SearchStrategy[object]) -> st.SearchStrategy[Condition]:
    ends = st.one_of(st.none(), values)
    return st.builds(Interval, st.just(name), ends, ends, st.just(AT), st.booleans())


def _leaves() -> st.SearchStrategy[Condition]:
    fields = [
        *(st.builds(Comparison, st.just(n), operators, v, st.just(AT)) for n, v in NUMBERS.items()),
        *(st.builds(Comparison, st.just(n), operators, times, st.just(AT)) for n in TIMES),
        *(_interval(name, values) for name, values in NUMBERS.items()),
        *(_interval(name, times) for name in TIMES),
    ]
    comparing = st.builds(
        Comparison, st.sampled_from(TEXT_FIELDS), st.just("="), texts, st.just(AT)
    )
    naming = st.builds(
        Comparison, st.sampled_from(NAME_FIELDS), st.just("="), name_values, st.just(AT)
    )
    name_patterns = st.one_of(patterns, st.sampled_from(("image/*", "*e*", "*g", "?n", "a*")))
    of_columns = st.one_of(
        st.builds(Glob, st.just("name_text"), patterns, st.just(AT)),
        st.builds(Comparison, st.just("name_text"), st.just("="), texts, st.just(AT)),
        st.builds(Comparison, st.just("size_bytes"), operators, NUMBERS["size_bytes"], st.just(AT)),
    )
    tag_names = st.one_of(
        st.sampled_from([*TAGS, "CREATURE", "chat  noir", "artist:jean giraud", "straẞe", "a\x07"]),
        texts,
    )
    return st.one_of(
        st.builds(Word, texts, st.just(AT), st.booleans()),
        st.one_of(fields),
        comparing,
        naming,
        st.builds(Glob, st.sampled_from((*TEXT_FIELDS, "name")), patterns, st.just(AT)),
        st.builds(Glob, st.sampled_from(NAME_FIELDS), name_patterns, st.just(AT)),
        st.builds(Presence, st.sampled_from(ALL_FIELDS), st.just(AT)),
        st.builds(
            Presence,
            st.sampled_from(("FilePropertiesComponent", "TrashedComponent")),
            st.just(AT),
            st.just(True),  # noqa: FBT003 - a value of a strategy
        ),
        st.builds(ComponentCondition, st.just("FilePropertiesComponent"), of_columns, st.just(AT)),
        st.builds(
            ComponentCondition,
            st.just("FileLocationComponent"),
            st.builds(
                Comparison,
                st.just("storage"),
                st.just("="),
                st.sampled_from((IN_STORE, IN_ARCHIVE)),
                st.just(AT),
            ),
            st.just(AT),
        ),
        st.builds(
            ComponentCondition,
            st.just("SearchEntryComponent"),
            st.builds(Comparison, st.just("is_listed"), st.just("="), st.booleans(), st.just(AT)),
            st.just(AT),
        ),
        st.builds(Tagged, tag_names, st.just(AT)),
        st.builds(
            Tagged,
            st.sampled_from(("art*", "*", "a?b", "a\\*b", "C*", "artist:*", "??????", "100\\%")),
            st.just(AT),
            st.just(True),  # noqa: FBT003
        ),
        st.builds(
            lambda tag, operator: Tagged(tag[0], AT, operator=operator, value=tag[1]),
            st.sampled_from(WITH_VALUES),
            operators,
        ),
        st.builds(
            Similar,
            st.integers(80, 5_076),
            st.one_of(st.none(), st.integers(0, 64)),
            st.just(AT),
            st.booleans(),
        ),
        st.builds(
            Near,
            st.sampled_from((48.85, 89.95, -17.7, 0.0)),
            st.sampled_from((2.35, 179.95, -180.0, 10.0)),
            st.sampled_from((0.0, 900.0, 12_000.0, 2e7)),
            st.just(AT),
        ),
        st.builds(
            InPlace, st.sampled_from(("managed", "referenced", "archive", "trash")), st.just(AT)
        ),
        st.builds(DigestStart, st.text("0123456789abcdef", min_size=1, max_size=4), st.just(AT)),
        st.builds(
            Failed, st.just(AT), st.sampled_from((None, "*", "extract*", "IMPORT*", *SYSTEMS))
        ),
        st.builds(OfComic, patterns, st.just(AT), st.booleans()),
    )


def _branches(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, min_size=2, max_size=4).map(tuple)
    return st.one_of(st.builds(Not, inner), st.builds(And, several), st.builds(Or, several))


conditions = st.recursive(_leaves(), _branches, max_leaves=6)
sorts = st.lists(
    st.builds(Sort, st.sampled_from(ALL_FIELDS), st.booleans()),
    max_size=2,
    unique_by=lambda s: s.field,
).map(tuple)
queries = st.builds(
    Query,
    st.just(""),
    st.one_of(st.none(), conditions),
    st.one_of(st.just(()), sorts),
    st.one_of(st.none(), st.integers(1, 300)),
)


async def _check(world: World, searched: MadeUp, query: Query) -> None:
    expected = answer(searched, query)
    found = await world.read(search_ids, query)
    assert found.typecode == "q"
    assert list(found) == expected
    assert await world.read(count, query) == len(expected)
    size = max(1, len(expected) // 3 + 1)
    page = await world.read(search_page, query, limit=size)
    ids = list(page.entity_ids)
    while page.next:
        assert len(page.entity_ids) == size
        after = Cursor.parse(str(page.next))
        page = await world.read(search_page, query, after=after, limit=size)
        ids += page.entity_ids
    assert ids == expected


def _examples(most: int) -> Callable[[Callable[..., object]], Callable[..., object]]:
    unchecked = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=most, suppress_health_check=unchecked)


@_examples(8)
@given(query=queries)
async def test_queries_are_answered_as_by_a_look_at_each_asset(
    searched_world: World, searched: MadeUp, query: Query
) -> None:
    await _check(searched_world, searched, query)


@pytest.mark.slow
@_examples(400)
@given(query=queries)
async def test_many_queries_are_answered_as_by_a_look_at_each_asset(
    searched_world: World, searched: MadeUp, query: Query
) -> None:
    await _check(searched_world, searched, query)


@pytest.mark.slow
@_examples(200)
@given(query=st.builds(Query, st.just(""), _leaves()))
async def test_single_conditions_are_answered_as_by_a_look_at_each_asset(
    searched_world: World, searched: MadeUp, query: Query
) -> None:
    await _check(searched_world, searched, query)


@pytest.mark.parametrize(("order", "sorts"), [("-path", 1), ("-width", 0)])
async def test_all_results_are_written_in_their_order_and_sorted_once(
    searched_world: World, searched: MadeUp, monkeypatch: pytest.MonkeyPatch, order: str, sorts: int
) -> None:
    asked, written, sort = [], _Written(("id",)), Order._sorted

    async def counting(self: Order, session: AsyncSession, compiled: Compiled) -> object:
        asked.append(self)
        return await sort(self, session, compiled)

    monkeypatch.setattr(Order, "_sorted", counting)
    query = await searched_world.read(parse_query, f"cat sort:{order}")
    found = await _write_pages(searched_world, query, cast("Writer", written))

    assert written.ids == answer(searched, query)
    assert (found, len(asked)) == (len(written.ids), sorts)
    assert found > _FIRST_PAGE


@dataclass
class _Written:
    """Takes the rows that a writer would write."""

    names: tuple[str, ...]
    ids: list[object] = field(default_factory=list)

    def write(self, rows: Sequence[Mapping[str, object]]) -> None:
        self.ids += [row["id"] for row in rows]


@pytest.mark.parametrize("name", ALL_FIELDS)
@pytest.mark.parametrize("is_descending", [False, True])
async def test_results_are_sorted_by_each_field(
    searched_world: World, searched: MadeUp, name: str, *, is_descending: bool
) -> None:
    query = Query("", Word("cat", AT), (Sort(name, is_descending),))
    await _check(searched_world, searched, query)
