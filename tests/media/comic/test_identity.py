"""Comics are told apart by what both say of themselves, and are never one for want of facts."""

from typing import Any

import pytest

from dam.media.comic.facts import ComicFacts
from dam.media.comic.identity import Likeness, comic_keys, compare_comics

SAME, PERHAPS, APART = Likeness.SAME, Likeness.PERHAPS, Likeness.APART


def _comic(
    series: str | None = "Saga", number: str | None = None, year: int | None = None, **more: Any
) -> ComicFacts:
    return ComicFacts(series_title=series, issue_number=number, publication_year=year, **more)


def _likeness(one: ComicFacts, other: ComicFacts) -> Likeness:
    """Compare both ways."""
    if set(comic_keys(one)).isdisjoint(comic_keys(other)):
        return APART
    likeness = compare_comics(one, other)
    assert compare_comics(other, one) is likeness
    return likeness


@pytest.mark.parametrize(
    ("one", "other", "likeness"),
    [
        # The number, with its kind.
        (_comic(number="1"), _comic(number="001"), SAME),
        (_comic(number="1"), _comic(number="2"), APART),
        (_comic(number="1"), _comic(number="1b"), APART),
        (_comic(number="24"), _comic(number="24.1"), APART),
        (_comic(number="1-3"), _comic(number="4-6"), APART),
        (_comic(number="1"), _comic(), APART),
        (_comic(number="1"), _comic(number="1", publication_format="Annual"), APART),
        (_comic(number="1"), _comic(number="1", publication_format="One-Shot"), SAME),
        (_comic(number="1"), _comic("Saga Annual", "1"), APART),
        (_comic("Saga Annual", "1"), _comic(number="1", publication_format="Annual"), SAME),
        (_comic(number="Annual 1"), _comic("Saga Annual", "1"), SAME),
        (_comic("Saga Annual", "1"), _comic("Saga Special", "1"), APART),
        (_comic(number="1"), _comic(number="1", publication_format="Trade Paperback"), APART),
        (
            _comic(number="1", publication_format="TPB"),
            _comic(number="1", publication_format="HC"),
            SAME,
        ),
        # Volumes and their ranges.
        (_comic(volume=3), _comic(volume=3), SAME),
        (_comic(volume=3), _comic(volume=3, publication_format="TPB"), SAME),
        (_comic(volume=3), _comic(volume=3, publication_format="Omnibus"), APART),
        (_comic(volume=3), _comic(volume_text="3.5"), APART),
        (_comic(volume_text="1-3"), _comic(volume_text="4-6"), APART),
        (_comic(volume_text="1-3"), _comic(volume_text="v01-v03"), SAME),
        (_comic(number="1", volume=1), _comic(number="1", volume=2), APART),
        # Volume and year: they agree in one and contradict in none, or both know neither.
        (_comic(number="1", year=1940), _comic(number="1", year=1940), SAME),
        (_comic(number="1", year=1940), _comic(number="1"), PERHAPS),
        (_comic(number="1", year=1940), _comic(number="1", year=1941), PERHAPS),
        (_comic(number="1", year=1940), _comic(number="1", year=2011), APART),
        (_comic(number="1", year=1999, volume=2), _comic(number="1", volume=2), SAME),
        (_comic(number="1", year=1999, volume=2), _comic(number="1", volume=3), APART),
        # A year alone is not enough.
        (_comic(year=2000), _comic(year=2000), PERHAPS),
        (_comic(), _comic(), PERHAPS),
        # Dates, where there is no number.
        (_comic(year=1923, publication_month=3), _comic(year=1923, publication_month=4), APART),
        (_comic(year=1923, publication_month=3), _comic(year=1923, publication_month=3), SAME),
        (
            _comic(year=1923, publication_month=3, publication_day=1),
            _comic(year=1923, publication_month=3, publication_day=8),
            APART,
        ),
        (
            _comic(number="1", year=1923, publication_month=3),
            _comic(number="1", year=1923, publication_month=4),
            SAME,
        ),
        # Titles, where there is no number.
        (_comic(year=2001, comic_title="One"), _comic(year=2001, comic_title="Two"), APART),
        (_comic(year=2001, comic_title="One"), _comic(year=2001, comic_title="The one!"), SAME),
        (_comic(year=2001, comic_title="One"), _comic(year=2001), PERHAPS),
        (_comic(number="1", comic_title="One"), _comic(number="1", comic_title="Two"), SAME),
        (_comic(volume=1, comic_title="One"), _comic(volume=1, comic_title="Two"), PERHAPS),
        (_comic(None, comic_title="Maus"), _comic(None, comic_title="maus"), SAME),
        (_comic(None, comic_title="Saga"), _comic(), APART),
        # Languages never tell apart, nor do translated titles.
        (_comic(number="1", language="en"), _comic(number="1", language="fr"), SAME),
        (
            _comic(volume=1, comic_title="One", language="en"),
            _comic(volume=1, comic_title="Un", language="fr"),
            SAME,
        ),
        (
            _comic(year=2001, comic_title="One", language="en"),
            _comic(year=2001, comic_title="Un", language="fr"),
            PERHAPS,
        ),
        # Publishers.
        (
            _comic(number="1", publisher="Marvel"),
            _comic(number="1", publisher="Dark Horse"),
            PERHAPS,
        ),
        (
            _comic(number="1", publisher="Marvel"),
            _comic(number="1", publisher="MARVEL Comics"),
            SAME,
        ),
        (_comic(number="1", publisher="Marvel"), _comic(number="1"), SAME),
    ],
)
def test_comics_are_told_apart_by_what_both_say(
    one: ComicFacts, other: ComicFacts, likeness: Likeness
) -> None:
    assert _likeness(one, other) is likeness
