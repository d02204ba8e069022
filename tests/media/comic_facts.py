"""What the elements of a ComicInfo.xml mean, written out once more for the tests."""

from collections.abc import Mapping
from typing import Any

_TEXTS = {
    "Title": "comic_title",
    "Series": "series_title",
    "Number": "issue_number",
    "Publisher": "publisher",
    "LanguageISO": "language",
}
_NUMBERS = {"Volume": "volume", "Year": "publication_year"}


def mapped(fields: Mapping[str, str]) -> dict[str, str | int]:
    """Return the facts, by their names, that these elements say; lists of names are none."""
    assert set(fields) <= {*_TEXTS, *_NUMBERS, "Writer", "PageCount"}, fields
    texts = {fact: fields[name] for name, fact in _TEXTS.items() if name in fields}
    return texts | {fact: int(fields[name]) for name, fact in _NUMBERS.items() if name in fields}


def page_names(facts: Mapping[str, Any]) -> list[str]:
    """Return the names of the pictures that a listing of the corpus has, in our order.

    The listing has digits before punctuation; file managers have it the other way round.
    """
    names: list[str] = facts["image_entries_natural"]
    return sorted(names, key=lambda name: name.rpartition("/")[2][:1].isalnum())
