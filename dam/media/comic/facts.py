"""Conversion between a ComicInfo.xml and typed facts about a comic."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from dam.media.comic.info import (
    COMIC_INFO,
    PAGES_NAME,
    SCHEMA_ORDER,
    ComicInfo,
    ComicInfoElement,
)
from dam.media.comic.name_words import LANGUAGE_OF

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
"""The elements that list names, separated by commas."""

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
    "publication_format": "Format",
    "language": "LanguageISO",
    "scan_group": "ScanInformation",
    "reading_direction": "Manga",
}
"""The elements of single facts, by the name of the fact in `ComicFacts`."""

CHOICES: dict[str, tuple[str, ...]] = {
    "BlackAndWhite": ("Unknown", "No", "Yes"),
    "Manga": ("Unknown", "No", "Yes", "YesAndRightToLeft"),
}
"""The elements that allow only a few values. Age ratings are not here: their spelling varies."""

_MAX_LINE = 500  # an index of PostgreSQL takes 2,700 bytes
_MAX_SHORT = 64
_MAX_PAGE_PROBLEMS = 10
_NO_NUMBER = -1
_LONGEST_CODE = 3  # longer texts without a region are names of languages: `English`
_CASES = {2: str.upper, 4: str.title}  # regions and scripts of a language tag, by their length
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,4}", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ComicTerm:
    """One name in a list of a comic: a person in a role, a genre, a story arc.

    Attributes:
        kind: The list; one of `TERM_KINDS`.
        name: The name, without blanks around it.
        position: The place in the list, from 0.
    """

    kind: str
    name: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComicFacts:
    """The facts about a comic; None means unknown.

    Attributes:
        issue_number: As it is written: `½`, `-1`, `1A`, `001`.
        volume_text: The volume where it is not one whole number: `3.5`, `1-3`.
        publication_format: ComicInfo's `Format`: `Annual`, `Trade Paperback`.
        terms: Ordered by kind as in `TERM_KINDS`, then by position.
        language: A BCP 47 tag.
        problems: What was mended in the document, and the elements that give no fact, each with
            the reason, as text for people.
    """

    comic_title: str | None = None
    series_title: str | None = None
    issue_number: str | None = None
    volume: int | None = None
    volume_text: str | None = None
    issue_count: int | None = None
    publication_year: int | None = None
    publication_month: int | None = None
    publication_day: int | None = None
    publisher: str | None = None
    imprint: str | None = None
    age_rating: str | None = None
    publication_format: str | None = None
    description: str | None = None
    terms: tuple[ComicTerm, ...] = ()
    language: str | None = None
    scan_group: str | None = None
    reading_direction: Literal["ltr", "rtl"] | None = None
    problems: tuple[str, ...] = ()


def comic_facts(info: ComicInfo) -> ComicFacts:
    """Return the facts in a document; an element with an invalid value gives a problem instead."""
    read = _Reader(info)
    for name in ("AlternateCount", "PageCount"):
        read.number(name)
    age_rating = read.line("AgeRating", _MAX_SHORT)
    volume_text = _volume_text(info.text("Volume"))
    return ComicFacts(
        comic_title=read.line("Title"),
        series_title=read.line("Series"),
        issue_number=read.line("Number", _MAX_SHORT),
        volume=None if volume_text else read.number("Volume"),
        volume_text=volume_text,
        issue_count=read.number("Count"),
        publication_year=read.number("Year"),
        publication_month=read.number("Month"),
        publication_day=read.number("Day"),
        publisher=read.line("Publisher"),
        imprint=read.line("Imprint"),
        publication_format=read.line("Format", _MAX_SHORT),
        age_rating=None if age_rating == "Unknown" else age_rating,
        description=info.text("Summary"),
        terms=tuple(term for kind in TERM_KINDS for term in read.terms(kind)),
        language=_language_tag(read.right("LanguageISO")),
        scan_group=read.line("ScanInformation"),
        reading_direction="rtl" if read.right("Manga") == "YesAndRightToLeft" else None,
        problems=(*_mended(info), *_structure_problems(info), *read.problems),
    )


def comic_info_of(facts: ComicFacts) -> ComicInfo:
    """Return a ComicInfo document with these facts, in the order of the schema."""
    values = {
        element: fact_text(name, getattr(facts, name)) for name, element in FACT_ELEMENTS.items()
    }
    for kind in TERM_KINDS:
        terms = sorted((t for t in facts.terms if t.kind == kind), key=lambda term: term.position)
        values[kind] = ", ".join(term.name for term in terms)
    said = ((name, values.get(name)) for name in SCHEMA_ORDER)
    return ComicInfo(tuple(ComicInfoElement(name, text) for name, text in said if text))


def fact_text(name: str, value: object) -> str | None:
    """Return the text of the element for a fact; None if the document must not have the element."""
    if name == "reading_direction":
        return "YesAndRightToLeft" if value == "rtl" else None
    return None if value is None else str(value)


def listed_names(text: str | None) -> tuple[str, ...]:
    """Return the names in a list separated by commas, each once."""
    names = (" ".join(name.split()) for name in (text or "").split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def value_fault(name: str, text: str) -> str | None:
    """Return a message if a text is not valid for the element of this name, else None."""
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
        expected = "a language code such as `en` or `pt-BR`"
    return f"{name} is {text[:80]!r}; expected {expected}" if expected else None


class _Reader:
    """Reads single elements of a document and collects the problems with them."""

    def __init__(self, info: ComicInfo) -> None:
        self._info = info
        self.problems: list[str] = []

    def right(self, name: str) -> str | None:
        """Return the text of an element, if it is valid."""
        text = _usual(name, self._info.text(name))
        fault = value_fault(name, text) if text else None
        if fault:
            self.problems.append(fault)
        return None if fault else text

    def line(self, name: str, most: int = _MAX_LINE) -> str | None:
        """Return the text of an element as one line; None if it is empty or too long."""
        text = " ".join((self.right(name) or "").split())
        if len(text) > most:
            self.problems.append(f"{name} has {len(text)} characters; expected at most {most}")
        return text if 0 < len(text) <= most else None

    def number(self, name: str) -> int | None:
        """Return the integer in an element; None if there is none, or it is -1."""
        number = int(self.right(name) or _NO_NUMBER)
        return None if number == _NO_NUMBER else number

    def terms(self, kind: str) -> Iterator[ComicTerm]:
        """Yield the names in the list of a kind."""
        names = listed_names(self._info.text(kind))
        kept = [name for name in names if len(name) <= _MAX_LINE]
        if len(kept) < len(names):
            self.problems.append(f"{kind} has a name longer than {_MAX_LINE} characters; left out")
        for position, name in enumerate(kept):
            yield ComicTerm(kind, name, position)


def _usual(name: str, text: str | None) -> str | None:
    """Return a value as documents usually write it: `2001` for `2001.0`, `pt-BR` for `pt_BR`."""
    if text and name in RANGES:
        return re.sub(r"(?<=\d)\.0+$", "", text.strip())
    if text and name == "LanguageISO":
        tag = text.strip().replace("_", "-")
        return LANGUAGE_OF.get(tag.lower(), tag) if len(tag) > _LONGEST_CODE else tag
    return text


def _volume_text(text: str | None) -> str | None:
    """Return a volume that is not one whole number, such as `3.5` or `1-3`; None for others."""
    match = re.fullmatch(r"\d{1,4}(?:\.[1-9]|\.?\s*-\s*\d{1,4})", (text or "").strip(), re.ASCII)
    return match[0] if match else None


def _mended(info: ComicInfo) -> Iterator[str]:
    if info.mended:
        yield f"its {COMIC_INFO} was mended: {', '.join(info.mended)}"


def _structure_problems(info: ComicInfo) -> Iterator[str]:
    seen: set[str] = set()
    for element in info.elements:
        if element.name == "#text":
            yield f"text outside of elements: {element.value[:80]!r}"
        elif element.name == PAGES_NAME and element.is_markup:
            yield "Pages is not a list of pages, or is a second one"
        elif element.name in seen and element.name in SCHEMA_ORDER:
            yield f"{element.name} occurs more than once; the first one is used"
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
