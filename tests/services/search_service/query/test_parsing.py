"""The query language: every text becomes a tree or a syntax error with a position."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from dam.errors import QuerySyntaxError
from dam.services.search_service.query.parsing import DEEPEST, MOST_TERMS, parse
from dam.services.search_service.query.tokens import MOST_CHARACTERS
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
    Or,
    Presence,
    Similar,
    Sort,
    Span,
    Tagged,
    Word,
)
from dam.services.search_service.query.writing import text_of
from tests.services.search_service.query.queries import any_text, fault_of, queries, written

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
    "gps:48.85,-2.35,10km": Near(48.85, -2.35, 10_000.0, ANY),
    "gps:-33,151.25,900m": Near(-33.0, 151.25, 900.0, ANY),
    "gps:0,0.00001": Near(0.0, 0.00001, 1000.0, ANY),
    "camera:nikon": Or((Glob("camera_make", "*nikon*", ANY), Glob("camera_model", "*nikon*", ANY))),
    'camera:="EOS 5D"': Or(
        (
            Comparison("camera_make", "=", "EOS 5D", ANY),
            Comparison("camera_model", "=", "EOS 5D", ANY),
        )
    ),
    "taken:2024": Interval(
        "taken_at",
        datetime(2024, 1, 1, tzinfo=UTC),
        datetime(2025, 1, 1, tzinfo=UTC),
        ANY,
        is_half_open=True,
    ),
    "exposure:>1/250": Comparison("exposure_time_s", ">", 0.004, ANY),
    "similar:12<8": Similar(12, 8, ANY, is_strict=True),
    "similar:12<=8": Similar(12, 8, ANY),
    "failed:": Failed(ANY),
    "failed:extract_metadata": Failed(ANY, "extract_metadata"),
    "in:archive": InPlace("archive", ANY),
    "id:12": Comparison("id", "=", 12, ANY),
    "a And b": And((A, Word("And", ANY), B)),
    "not (a b) or -c": Or((Not(And((A, B))), Not(C))),
    "not (not a)": A,
    "a - b": And((A, Word("-", ANY), B)),
    "me@home": Word("me@home", ANY),
    '"type:image"': Word("type:image", ANY, is_phrase=True),
    r'"a\b"': Word(r"a\b", ANY, is_phrase=True),
    r"path:C:\new": Glob("path", r"*C:\\new*", ANY),
    "size:>1.3GiB": Comparison("size_bytes", ">", 1_395_864_371, ANY),
    "width:1e4": Comparison("width", "=", 10_000, ANY),
    "added:=2024-05-17T12:30:15Z": Interval(
        "added_at",
        datetime(2024, 5, 17, 12, 30, 15, tzinfo=UTC),
        datetime(2024, 5, 17, 12, 30, 16, tzinfo=UTC),
        ANY,
        is_half_open=True,
    ),
    "added:>2024-05-17T12:30:15.5+02:00": Comparison(
        "added_at", ">", datetime(2024, 5, 17, 10, 30, 15, 500_000, tzinfo=UTC), ANY
    ),
    "added:2024-05..2024": Interval(
        "added_at",
        datetime(2024, 5, 1, tzinfo=UTC),
        datetime(2025, 1, 1, tzinfo=UTC),
        ANY,
        is_half_open=True,
    ),
    "added:..3d": Interval("added_at", NOW - timedelta(days=3), None, ANY),
    "added:3d..": Interval("added_at", None, NOW - timedelta(days=3), ANY),
    "added:2d..1w": Interval("added_at", NOW - timedelta(days=7), NOW - timedelta(days=2), ANY),
    "added:yesterday": Interval(
        "added_at",
        datetime(2026, 3, 30, tzinfo=UTC),
        datetime(2026, 3, 31, tzinfo=UTC),
        ANY,
        is_half_open=True,
    ),
    "ratio:2": Interval("ratio", 1.98, 2.02, ANY),
    "ratio:>16:9": Comparison("ratio", ">", 16 / 9, ANY),
    "ext:=.tar.gz": Comparison("ext", "=", "tar.gz", ANY),
    "in:=trash": InPlace("trash", ANY),
    'tag:"rating=5"': Tagged("rating", ANY, operator="=", value="5"),
    'tag:"<3"': Tagged("<3", ANY),
    r"tag:a\*": Tagged("a*", ANY),
    "comic:=Lake?": OfComic(r"Lake\?", ANY),
    "contenthashsha256.DIGEST:00ff": ComponentCondition(
        "ContentHashSHA256Component", Comparison("digest", "=", b"\0\xff", ANY), ANY
    ),
    "TrashedComponent.trashed_at:>=2024": ComponentCondition(
        "TrashedComponent",
        Comparison("trashed_at", ">=", datetime(2024, 1, 1, tzinfo=UTC), ANY),
        ANY,
    ),
    "TagNameComponent.is_alias:no": ComponentCondition(
        "TagNameComponent", Comparison("is_alias", "=", value=False, span=ANY), ANY
    ),
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
    "a tag:rating:>=4": (6, None),
    'tag:":a"': (4, None),
    "a or": (4, None),
    "or a": (0, None),
    '"a': (0, None),
    "(sort:size)": (1, None),
    "@saved": (0, None),
    "a\0": (1, None),
    "a\udc80": (1, None),
    "name:photo(1)": (10, None),
    "width:5..x": (9, None),
    "width:5..>9": (9, None),
    "width:>x": (7, None),
    'added:"2024".."x"': (6, None),
    "added:2024-00": (6, None),
    "added:2024-02-30": (6, None),
    "added:2025..2024": (6, None),
    "added:2024-05-17T12:30+99:00": (6, None),
    "added:999999y": (6, None),
    "ratio:1/0": (6, None),
    "width:3.5": (6, None),
    "width:1e400": (6, None),
    "width:²": (6, None),
    "size:2kİb": (5, None),
    "a -has:widht": (7, "width"),
    "has:trashd": (4, "TrashedComponent"),
    "Trashd.x:1": (0, "TrashedComponent.x"),
    "Trashed.trashd_at:1": (0, "TrashedComponent.trashed_at"),
    "TagName.digest:0": (15, None),
    "TagName.is_alias:>yes": (17, None),
    "sort:-wdith": (6, "width"),
    "limit:0": (6, None),
    "limt:5": (0, "limit:"),
    "similar:12<x": (8, None),
    "gps:here": (4, None),
    "gps:48.85": (4, None),
    "gps:91,0,1km": (4, None),
    "gps:0,181,1km": (4, None),
    "gps:1,2,3mi": (4, None),
    "camera:>x": (7, None),
    "taken:soon": (6, None),
    "iso:4.5": (4, None),
    "sha256:xyz": (7, None),
    "type:<image": (6, "image"),
    "tag:=4": (4, None),
    "tag:rating>=": (4, None),
    "a or sort:size": (5, None),
    "not limit:5": (4, None),
    "@": (0, None),
    "sort:size sort:-size": (10, None),
    "limit:9 limit:9": (8, None),
    "similar:12<65": (8, None),
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
    query = parse("sort:-size limit:9 sort:name", now=NOW)
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


def test_the_message_names_place_finding_and_expectation() -> None:
    fault = fault_of("a widht:3", NOW)
    assert fault is not None
    assert fault.message == (
        "query, position 2: found 'widht', expected a field or quotes around a text with a colon"
    )
    assert fault.hint == "did you mean width:?"
    assert fault.text_place == ("a widht:3", 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("width:99999999999999999999", "a number of at most 9,223,372,036,854,775,807"),
        ("size:>9999PB", "a number of at most 9,223,372,036,854,775,807"),
        ("limit:1000000000000000000000", "a number of at most 18 digits"),
        ("similar:1000000000000000000000", "an id of at most 18 digits"),
        ("similar:1<65", "a distance of at most 64 bits"),
        ("width:3.5", "a whole number, as in 3000 or 3k"),
    ],
)
def test_a_number_that_is_too_large_is_told_so(text: str, expected: str) -> None:
    fault = fault_of(text, NOW)
    assert fault is not None
    assert fault.expected == (expected,)


@pytest.mark.parametrize("text", ["a:1", "zz:1", "x has:a", "sort:q"])
def test_where_no_field_is_near_the_fault_says_where_all_are(text: str) -> None:
    fault = fault_of(text, NOW)
    assert fault is not None
    assert fault.hint == "`dam-cli search --list-fields` lists all fields"


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("added:9999-12-31", "added_at:9999-12-31"),
        ("added:0001..9999", "added_at:0001..9999"),
        ("added:9999-12-31T23:59", "added_at:9999-12-31T23:59"),
        ("added:..9999-12", "added_at:..9999-12"),
        ("added:>9999", "added_at:>=9999-12-31T23:59:59.999999Z"),
    ],
)
def test_the_first_and_the_last_year_have_a_start_and_an_end(text: str, again: str) -> None:
    query = parse(text, now=NOW)
    assert parse(again, now=NOW).condition == query.condition
    assert parse(text_of(query), now=NOW).condition == query.condition


@given(queries | written | any_text)
def test_any_text_is_a_query_or_a_syntax_error(text: str) -> None:
    fault = fault_of(text, NOW)
    assert fault is None or (0 <= fault.position <= len(text) and fault.expected)


@given(queries | written)
def test_what_is_written_is_parsed_into_the_same_tree(text: str) -> None:
    if fault_of(text, NOW):
        return
    query = parse(text, now=NOW)
    again = parse(text_of(query), now=NOW)
    assert replace(again, text=text) == query
    assert text_of(again) == text_of(query)
