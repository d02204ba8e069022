"""Saved queries in the place of `@NAME`: their conditions, their order, and all limits."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.errors import QuerySyntaxError
from dam.services.search_service.query.parsing import DEEPEST, DEEPEST_SAVED, MOST_TERMS, parse
from dam.services.search_service.query.tree import And, Not, Or, Query, Sort, Span, Word
from tests.services.search_service.query.queries import fault_of, queries

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
ANY = Span(0, 0)
A, B, C = (Word(text, ANY) for text in "abc")
SAVED = {
    "both": "a b",
    "either": "a or b",
    "not either": "-@either",
    "newest": "sort:-added limit:9",
    "ordered": "a sort:name limit:5",
    "broken": "width:x",
}


def parsed(text: str, **more: str) -> Query:
    return parse(text, now=NOW, saved=SAVED | more)


def fault(text: str, **more: str) -> QuerySyntaxError:
    with pytest.raises(QuerySyntaxError) as caught:
        parsed(text, **more)
    return caught.value


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("@both c", And((A, B, C))),
        ("@BOTH", And((A, B))),
        ("-@either", Not(Or((A, B)))),
        ('c @"Not  Either"', And((C, Not(Or((A, B)))))),
        ("c or @either", Or((C, A, B))),
        ("(c @either)", And((C, Or((A, B))))),
        ("@newest", None),
    ],
)
def test_a_saved_query_stands_for_its_conditions(text: str, condition: object) -> None:
    assert parsed(text).condition == condition


def test_its_conditions_have_the_place_of_its_name() -> None:
    condition = parsed('c @"not either"').condition
    assert isinstance(condition, And)
    negated = condition.conditions[1]
    assert isinstance(negated, Not)
    assert isinstance(negated.condition, Or)
    assert [word.span for word in negated.condition.conditions if isinstance(word, Word)] == [
        Span(2, 15),
        Span(2, 15),
    ]


def test_the_order_of_the_query_itself_comes_first_and_the_smallest_limit_counts() -> None:
    query = parsed("@ordered @newest sort:size limit:7")
    assert query.sorts == (
        Sort("size_bytes"),
        Sort("name"),
        Sort("added_at", is_descending=True),
    )
    assert query.limit == 5


@pytest.mark.parametrize("text", ["-@ordered", "(@newest)", "a or @newest"])
def test_one_with_an_order_stands_outside_of_brackets(text: str) -> None:
    assert "sort: and limit: outside of brackets" in fault(text).message


def test_an_unknown_one_is_a_fault_with_a_suggestion() -> None:
    error = fault("a @bth")
    assert (error.position, error.found, error.suggestion) == (2, "@bth", "@both")
    assert fault("@xyz").hint == "`dam-cli search --saved` lists saved queries"


def test_one_that_cannot_be_read_is_a_fault_of_its_name() -> None:
    error = fault("a -@outer", outer="c @broken")
    assert (error.position, error.found) == (3, "@outer")
    assert error.message == (
        "query, position 3: found '@outer', expected a saved query that can be read; "
        "in @broken, position 6: found 'x', expected a whole number, as in 3000 or 3k"
    )


@pytest.mark.parametrize(
    ("text", "more"),
    [("@x", {"x": "a @x"}), ("@x", {"x": "@y", "y": "-(b @X)"}), ("@z", {"x": "@x", "z": "@x"})],
)
def test_one_that_names_itself_at_any_distance_is_refused(text: str, more: dict[str, str]) -> None:
    error = fault(text, **more)
    assert error.text_place == (text, 0)
    assert error.message.startswith(
        f"query, position 0: found {text!r}, expected a saved query that does not name itself: @x >"
    )


def test_limits_count_over_all_of_them() -> None:
    chain = {f"n{at}": f"@n{at + 1}" for at in range(DEEPEST_SAVED)}
    end = f"n{DEEPEST_SAVED}"
    assert parsed("@n1", **chain, **{end: "a"}).condition == A
    assert "saved queries in each other" in fault("@n0", **chain, **{end: "a"}).message
    doubled = {f"n{at}": f"@n{at + 1} @n{at + 1}" for at in range(19)} | {"n19": "a"}
    assert f"at most {MOST_TERMS:,} terms" in fault("@n0", **doubled).message
    deep = "(" * (DEEPEST // 2) + "@in" + ")" * (DEEPEST // 2)
    inner = "(" * (DEEPEST // 2) + "a" + ")" * (DEEPEST // 2)
    assert "open brackets" in fault(deep, **{"in": inner}).message
    large = {"l": f'"{"a" * 300_000}"'}
    assert "characters with saved queries" in fault("@l @l @l @l", **large).message


@given(st.lists(queries, max_size=4), st.lists(st.sampled_from("01234"), max_size=6), queries)
def test_any_saved_queries_give_a_query_or_a_syntax_error(
    texts: list[str], named: list[str], end: str
) -> None:
    saved = {str(at): f"@{at + 1} {text}" for at, text in enumerate(texts)}
    text = " ".join([*(f"-@{name}" for name in named), end])
    error = fault_of(text, NOW, saved | {str(len(texts)): end})
    assert error is None or 0 <= error.position <= len(text)
