"""What a ComicInfo.xml says of a comic, as typed facts, and such facts as a ComicInfo.xml."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from dam.media.comic.info import PAGES_NAME, SCHEMA_ORDER, ComicInfo, ComicInfoElement

TERM_KINDS: tuple[str, ...] = (
    "Writer",
    "Penciller",
    "Inker",
    "Colorist",
    "Letterer",
    "CoverArtist",
    "Editor",
    "Translator",
    "Genre",
    "Tags",
    "Characters",
    "Teams",
    "Locations",
    "StoryArc",
    "SeriesGroup",
)
"""The elements that list names, parted by commas."""

RANGES: dict[str, tuple[int, int]] = {
    "Count": (0, 2**31 - 1),
    "Volume": (0, 2**31 - 1),
    "AlternateCount": (0, 2**31 - 1),
    "Year": (1, 9999),
    "Month": (1, 12),
    "Day": (1, 31),
    "PageCount": (0, 2**31 - 1),
}
"""The elements that are integers; -1 stands for no value."""

FACT_ELEMENTS: dict[str, str] = {
    "comic_title": "Title",
    "series_title": "Series",
    "issue_number": "Number",
    "issue_count": "Count",
    "volume": "Volume",
    "description": "Summary",
    "publication_year": "Year",
    "publication_month": "Month",
    "publication_day": "Day",
    "publisher": "Publisher",
    "imprint": "Imprint",
    "age_rating": "AgeRating",
    "language": "LanguageISO",
    "scan_group": "ScanInformation",
    "reading_direction": "Manga",
}
"""The elements that say facts, by the names of these."""

CHOICES: dict[str, tuple[str, ...]] = {
    "BlackAndWhite": ("Unknown", "No", "Yes"),
    "Manga": ("Unknown", "No", "Yes", "YesAndRightToLeft"),
}
"""The elements of few values that are spelt alike everywhere; age ratings are not."""

_MAX_LINE = 500  # an index of PostgreSQL takes 2,700 bytes
_MAX_SHORT = 64
_MAX_PAGE_PROBLEMS = 10
_NO_NUMBER = -1
_CASES = {2: str.upper, 4: str.title}  # regions and scripts of a language tag, by their length
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,4}", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ComicTerm:
    """One person in one role, one genre, story arc …: a name in the list of that kind.

    Attributes:
        kind: One of `TERM_KINDS`.
        name: Without blanks around it.
        position: The place in the list, from 0.
    """

    kind: str
    name: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComicFacts:
    """What is known of a comic; None is unknown.

    Attributes:
        issue_number: As it is written: `½`, `-1`, `1A`, `001`.
        terms: By kind in the order of `TERM_KINDS`, within it by position.
        language: A BCP 47 tag.
        problems: Elements that are there but give no fact, and why; for people.
    """

    comic_title: str | None = None
    series_title: str | None = None
    issue_number: str | None = None
    volume: int | None = None
    issue_count: int | None = None
    publication_year: int | None = None
    publication_month: int | None = None
    publication_day: int | None = None
    publisher: str | None = None
    imprint: str | None = None
    age_rating: str | None = None
    description: str | None = None
    terms: tuple[ComicTerm, ...] = ()
    language: str | None = None
    scan_group: str | None = None
    reading_direction: Literal["ltr", "rtl"] | None = None
    problems: tuple[str, ...] = ()


def comic_facts(info: ComicInfo) -> ComicFacts:
    """Return what the document says; elements of a wrong type give a problem and no fact."""
    read = _Reader(info)
    for name in ("AlternateCount", "PageCount"):
        read.number(name)
    age_rating = read.line("AgeRating", _MAX_SHORT)
    return ComicFacts(
        comic_title=read.line("Title"),
        series_title=read.line("Series"),
        issue_number=read.line("Number", _MAX_SHORT),
        volume=read.number("Volume"),
        issue_count=read.number("Count"),
        publication_year=read.number("Year"),
        publication_month=read.number("Month"),
        publication_day=read.number("Day"),
        publisher=read.line("Publisher"),
        imprint=read.line("Imprint"),
        age_rating=None if age_rating == "Unknown" else age_rating,
        description=info.text("Summary"),
        terms=tuple(term for kind in TERM_KINDS for term in read.terms(kind)),
        language=_language_tag(read.right("LanguageISO")),
        scan_group=read.line("ScanInformation"),
        reading_direction="rtl" if read.right("Manga") == "YesAndRightToLeft" else None,
        problems=(*_structure_problems(info), *read.problems),
    )


def comic_info_of(facts: ComicFacts) -> ComicInfo:
    """Return a ComicInfo document that says these facts, in the order of the schema."""
    values = {
        element: fact_text(name, getattr(facts, name)) for name, element in FACT_ELEMENTS.items()
    }
    for kind in TERM_KINDS:
        terms = sorted((t for t in facts.terms if t.kind == kind), key=lambda term: term.position)
        values[kind] = ", ".join(term.name for term in terms)
    said = ((name, values.get(name)) for name in SCHEMA_ORDER)
    return ComicInfo(tuple(ComicInfoElement(name, text) for name, text in said if text))


def fact_text(name: str, value: object) -> str | None:
    """Return what the element of a fact says; None where it is not there."""
    if name == "reading_direction":
        return "YesAndRightToLeft" if value == "rtl" else None
    return None if value is None else str(value)


def listed_names(text: str | None) -> tuple[str, ...]:
    """Return the names of a list that commas part, each once."""
    names = (" ".join(name.split()) for name in (text or "").split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def value_fault(name: str, text: str) -> str | None:
    """Return what is wrong with the text of an element of that name; None where nothing is."""
    text = text.strip()
    expected = None
    if name in RANGES:
        low, high = RANGES[name]
        is_number = re.fullmatch(r"[+-]?\d{1,10}", text, re.ASCII)
        if not is_number or not (low <= int(text) <= high or int(text) == _NO_NUMBER):
            expected = f"a whole number from {low} to {high}"
    elif name in CHOICES and text not in CHOICES[name]:
        expected = " or ".join(CHOICES[name])
    elif name == "LanguageISO" and not _LANGUAGE.fullmatch(text):
        expected = "a language code, as `en` or `pt-BR`"
    return f"{name} is {text[:80]!r}; expected {expected}" if expected else None


class _Reader:
    """Reads single elements and notes what is wrong with them."""

    def __init__(self, info: ComicInfo) -> None:
        self._info = info
        self.problems: list[str] = []

    def right(self, name: str) -> str | None:
        """Return the text if it is of the right type."""
        text = self._info.text(name)
        fault = value_fault(name, text) if text else None
        if fault:
            self.problems.append(fault)
        return None if fault else text

    def line(self, name: str, most: int = _MAX_LINE) -> str | None:
        """Return the text as one line."""
        text = " ".join((self.right(name) or "").split())
        if len(text) > most:
            self.problems.append(f"{name} has {len(text)} characters; expected at most {most}")
        return text if 0 < len(text) <= most else None

    def number(self, name: str) -> int | None:
        """Return the integer."""
        number = int(self.right(name) or _NO_NUMBER)
        return None if number == _NO_NUMBER else number

    def terms(self, kind: str) -> Iterator[ComicTerm]:
        """Yield the names of a list."""
        names = listed_names(self._info.text(kind))
        kept = [name for name in names if len(name) <= _MAX_LINE]
        if len(kept) < len(names):
            self.problems.append(f"{kind} has a name of over {_MAX_LINE} characters; left out")
        for position, name in enumerate(kept):
            yield ComicTerm(kind, name, position)


def _structure_problems(info: ComicInfo) -> Iterator[str]:
    seen: set[str] = set()
    for element in info.elements:
        if element.name == "#text":
            yield f"text outside of elements: {element.value[:80]!r}"
        elif element.name == PAGES_NAME and element.is_markup:
            yield "Pages is no list of pages, or a second one"
        elif element.name in seen and element.name in SCHEMA_ORDER:
            yield f"{element.name} stands there more than once; the first one counts"
        seen.add(element.name)
    wrong = [
        f"{name} of page entry {number} is {value[:80]!r}"
        for number, page in enumerate(info.pages, start=1)
        for name, value in page.attributes
        if (name == "Image" and page.image_index is None)
        or (name == "Type" and page.page_type is None)
    ]
    yield from wrong[:_MAX_PAGE_PROBLEMS]


def _language_tag(text: str | None) -> str | None:
    """Return the tag as it is usually written: `en`, `pt-BR`, `zh-Hant`."""
    first, *others = (text or "").split("-")
    return "-".join([first.lower(), *(_CASES.get(len(o), str.lower)(o) for o in others)]) or None
