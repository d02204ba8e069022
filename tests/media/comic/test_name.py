import csv
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.media.comic.name import ComicName, parse_comic_name
from dam.media.comic.name_numbers import issue_key

NAMES = Path(__file__).with_name("names.csv")
_FACTS = [field.name for field in fields(ComicName)]


def _read_names() -> list[tuple[str, dict[str, str]]]:
    with NAMES.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [(row["name"], {fact: row[fact] for fact in _FACTS}) for row in rows]


def _as_texts(name: ComicName) -> dict[str, str]:
    values = {field.name: getattr(name, field.name) for field in fields(name)}
    return {field: "" if value is None else str(value) for field, value in values.items()}


@pytest.mark.parametrize(("name", "expected"), _read_names())
def test_a_name_is_read_as_a_person_reads_it(name: str, expected: dict[str, str]) -> None:
    assert _as_texts(parse_comic_name(name)) == expected


def test_the_table_has_at_least_four_hundred_names() -> None:
    assert len(dict(_read_names())) >= 400


@pytest.mark.parametrize("name", ["", ".cbz", "()", "[].cbz", "((((", "#", "/", "\0"])
def test_a_name_without_words_says_nothing_of_numbers(name: str) -> None:
    found = parse_comic_name(name)

    assert (found.issue_number, found.volume, found.year) == (None, None, None)


@pytest.mark.slow
@given(st.text(max_size=300) | st.text("aZ01½.-_#()[] vVcof第巻話", max_size=60))
def test_every_name_gives_a_value(name: str) -> None:
    found = parse_comic_name(name)

    assert found == parse_comic_name(name)
    assert found.series is None or found.series == found.series.strip()


@pytest.mark.slow
@given(st.text("([{-#. 0v", min_size=500, max_size=4000))
def test_a_long_hostile_name_is_read(name: str) -> None:
    assert isinstance(parse_comic_name(name), ComicName)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("001", "1"),
        ("½", "0.5"),
        ("1/2", "½"),
        ("1½", "1.5"),
        ("-01", "-1"),
        ("1a", "001A"),
        ("1.MU", "1MU"),
        ("#12", "12"),
        ("001-003", "1-3"),
        ("\uff11\uff12", "12"),
        ("1.0", "1"),
        ("Special", "special"),
    ],
)
def test_numbers_of_one_issue_have_one_key(first: str, second: str) -> None:
    assert issue_key(first) == issue_key(second)


def test_issues_are_sorted_by_their_numbers() -> None:
    issues = ["-1", "0", "½", "1", "1A", "1B", "1.5", "2", "10", "1000", "Annual"]

    assert sorted(set(issues), key=issue_key) == issues


@pytest.mark.slow
@given(st.lists(st.text(max_size=30), min_size=2))
def test_every_text_has_a_key_that_can_be_compared(texts: list[str]) -> None:
    keys = sorted(issue_key(text) for text in texts)

    assert all(first <= second for first, second in pairwise(keys))
