"""What the elements of a ComicInfo.xml mean, written out once more for the tests."""

from collections.abc import Mapping

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
