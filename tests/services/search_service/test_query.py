"""The query language: every text becomes a tree or a syntax error with a position."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.errors import QuerySyntaxError
from dam.services.search_service.query.parsing import DEEPEST, parse
from dam.services.search_service.query.tokens import MOST_CHARACTERS, MOST_TERMS
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
    Not,
    OfComic,
    Or,
    Presence,
    Similar,
    Sort,
    Span,
    Tagged,
    Word,
)

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
ANY = Span(0, 0)
A, B, C = (Word(text, ANY) for text in "abc")

EXAMPLES: dict[str, Condition] = {
    "a b": And((A, B)),
    "a b or c": Or((And((A, B)), C)),
    "a AND (b OR c)": And((A, Or((B, C)))),
    "not a b": And((Not(A), B)),
    "-a or --b": Or((Not(A), B)),
    "-(a b)": Not(And((A, B))),
    '"and"': Word("and", ANY, is_phrase=True),
    r'"say \"a\""': Word('say "a"', ANY, is_phrase=True),
    "width:>3000": Comparison("width", ">", 3000, ANY),
    "width:3k": Comparison("width", "=", 3000, ANY),
    "WIDTH:1..5": Interval("width", 1, 5, ANY),
    "width:..5": Interval("width", None, 5, ANY),
    "size:<2MB": Comparison("size_bytes", "<", 2_000_000, ANY),
    "size:>=1.5KiB": Comparison("size_bytes", ">=", 1536, ANY),
    "added:2024-05..2024-12": Interval(
        "added_at",
        datetime(2024, 5, 1, tzinfo=UTC),
        datetime(2025, 1, 1, tzinfo=UTC),
        ANY,
        is_half_open=True,
    ),
    "added:<3d": Comparison("added_at", ">", NOW - timedelta(days=3), ANY),
    "added:>1mo": Comparison("added_at", "<", datetime(2026, 2, 28, 12, tzinfo=UTC), ANY),
    "added:>2024": Comparison("added_at", ">=", datetime(2025, 1, 1, tzinfo=UTC), ANY),
    'name:"a b"': Glob("name", "*a b*", ANY),
    r"name:a*\?": Glob("name", r"a*\?", ANY),
    "name:=a*": Comparison("name", "=", "a*", ANY),
    "type:Image": Comparison("type", "=", "image", ANY),
    "ext:.JPG": Comparison("ext", "=", "jpg", ANY),
    "mime:image/*": Glob("media_type", "image/*", ANY),
    'tag:artist:"jean giraud"': Tagged("artist:jean giraud", ANY),
    "tag:rating>=4": Tagged("rating", ANY, operator=">=", value="4"),
    "tag:artist:*": Tagged("artist:*", ANY, is_glob=True),
    "has:tag": Presence("tags", ANY),
    "missing:imagedimensions": Not(Presence("ImageDimensionsComponent", ANY, is_component=True)),
    "ImageDimensionsComponent.width:>5": ComponentCondition(
        "ImageDimensionsComponent", Comparison("width", ">", 5, ANY), ANY
    ),
    "sha256:AB1": DigestStart("ab1", ANY),
    'comic:"The Lake"': OfComic("*The Lake*", ANY),
    "series:lake": OfComic("*lake*", ANY, is_series=True),
    "similar:12<8": Similar(12, 8, ANY, is_strict=True),
    "similar:12<=8": Similar(12, 8, ANY),
    "failed:": Failed(ANY),
    "failed:extract_metadata": Failed(ANY, "extract_metadata"),
    "in:archive": InPlace("archive", ANY),
    "id:12": Comparison("id", "=", 12, ANY),
}

FAULTS = {
    "widht:3": (0, "width:"),
    "a http://x": (2, None),
    "12:30": (0, None),
    "type:imgae": (5, "image"),
    "width:": (6, None),
    "width:x": (6, None),
    "width:9..3": (6, None),
    "added:1m": (6, None),
    f"width:{'9' * 5000}": (6, None),
    "(a": (0, None),
    "a)": (1, None),
    "()": (1, None),
    "a or": (4, None),
    "or a": (0, None),
    '"a': (0, None),
    "(sort:size)": (1, None),
    "@saved": (0, None),
    "a\0": (1, None),
    "a\udc80": (1, None),
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_a_query_becomes_its_tree(text: str) -> None:
    assert parse(text, now=NOW).condition == EXAMPLES[text]


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_has_its_position_and_suggestion(text: str) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse(text, now=NOW)
    assert (caught.value.position, caught.value.suggestion) == FAULTS[text]


def test_sort_and_limit_are_no_conditions() -> None:
    query = parse("sort:-size limit:50 limit:9 sort:name", now=NOW)
    assert query.condition is None
    assert (query.sorts, query.limit) == ((Sort("size_bytes", is_descending=True), Sort("name")), 9)


def test_a_span_is_the_place_of_its_term() -> None:
    condition = parse(' "x y"', now=NOW).condition
    assert isinstance(condition, Word)
    assert condition.span == Span(1, 6)


def test_large_queries_are_read_up_to_their_limits() -> None:
    assert parse("a " * MOST_TERMS, now=NOW).condition == And((A,) * MOST_TERMS)
    assert parse("(" * DEEPEST + "a" + ")" * DEEPEST, now=NOW).condition == A
    assert parse("not " * 100_000 + "a", now=NOW).condition == A
    for text in ("a " * (MOST_TERMS + 1), "(" * (DEEPEST + 1) + "a", "a" * (MOST_CHARACTERS + 1)):
        with pytest.raises(QuerySyntaxError):
            parse(text, now=NOW)


PIECES = [
    "",
    "(",
    ")",
    '"',
    "-",
    "and",
    "or",
    "not",
    ":",
    "..",
    "<",
    ">=",
    "=",
    "*",
    "\\",
    "\x00",
    "a",
    "12",
    "9999",
    "3d",
    "16/9",
    "today",
    "yes",
    "1e9",
    "@",
    "İ",
]
FIELDS = [
    "tag",
    "name",
    "width",
    "size",
    "added",
    "ratio",
    "type",
    "has",
    "failed",
    "in",
    "similar",
    "comic",
    "sort",
    "limit",
    "id",
]
WRITTEN = st.lists(st.sampled_from([*PIECES, " ", *(f"{name}:" for name in FIELDS)])).map("".join)


@given(st.text() | WRITTEN)
def test_any_text_is_a_query_or_a_syntax_error(text: str) -> None:
    fault = fault_of(text)
    assert fault is None or (0 <= fault.position <= len(text) and fault.expected)


def fault_of(text: str) -> QuerySyntaxError | None:
    try:
        parse(text, now=NOW)
    except QuerySyntaxError as error:
        return error
    return None
