"""Facts of comics: their names, and the check that a value can be stored."""

from collections.abc import Iterable, Mapping
from typing import TypedDict, get_type_hints

from sqlalchemy import Integer, String

from dam.core.ecs.components import AnyComponent, table_of
from dam.errors import FactRefusedError
from dam.media.comic.facts import FACT_ELEMENTS, RANGES
from dam.models import (
    ComicBookConceptComponent,
    ComicBookTermComponent,
    ComicBookVariantComponent,
)


class ConceptDetails(TypedDict, total=False):
    """Facts of a concept beyond those that identify it; None where unknown."""

    description: str | None
    volume: int | None
    issue_count: int | None
    publication_month: int | None
    publication_day: int | None
    publisher: str | None
    imprint: str | None
    age_rating: str | None
    publication_format: str | None
    volume_text: str | None


class ConceptFacts(ConceptDetails, total=False):
    """Facts of a concept, by the column names of its component."""

    comic_title: str
    series_title: str | None
    issue_number: str | None
    publication_year: int | None


class VariantFacts(TypedDict, total=False):
    """Facts of a variant, by the column names of its component; None where unknown."""

    language: str | None
    format: str | None
    scan_quality: str | None
    variant_description: str | None
    scan_group: str | None
    reading_direction: str | None


_NAMES: Mapping[type[AnyComponent], frozenset[str]] = {
    ComicBookConceptComponent: frozenset(get_type_hints(ConceptFacts)),
    ComicBookVariantComponent: frozenset(get_type_hints(VariantFacts)),
    ComicBookTermComponent: frozenset({"name"}),
}
_TITLES = ("comic_title", "series_title")
_DIRECTIONS = ("ltr", "rtl")


def check_facts(kind: type[AnyComponent], facts: Mapping[str, object]) -> None:
    """Raise unless every database can store these values and ComicInfo.xml can hold the numbers.

    Raises:
        TypeError: A name is not a fact of this kind of component.
        FactRefusedError: A value has the wrong type. A text is longer than its column, is not
            valid Unicode, contains NUL, or is a blank title. A number is outside the range of its
            ComicInfo element. A reading direction is neither `ltr` nor `rtl`.
    """
    if unknown := sorted(facts.keys() - _NAMES[kind]):
        msg = f"no fact named {unknown[0]!r}; known: {', '.join(sorted(_NAMES[kind]))}"
        raise TypeError(msg)
    columns = table_of(kind).c
    for name, value in facts.items():
        column = columns[name]
        if value is None:
            if not column.nullable:
                raise FactRefusedError(name, "empty", "a title")
        elif isinstance(column.type, String):
            _check_text(name, value, column.type.length)
        else:
            assert isinstance(column.type, Integer)
            _check_number(name, value)


def _check_text(name: str, text: object, limit: int | None) -> None:
    if not isinstance(text, str):
        raise FactRefusedError(name, repr(text), "text")
    if limit is not None and len(text) > limit:
        raise FactRefusedError(name, f"{len(text)} characters long", f"at most {limit}")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise FactRefusedError(name, ascii(text), "Unicode text without NUL")
    if name in _TITLES and not text.strip():
        raise FactRefusedError(name, "empty", "a title")
    if name == "reading_direction" and text not in _DIRECTIONS:
        raise FactRefusedError(name, repr(text), " or ".join(_DIRECTIONS))


def _check_number(name: str, number: object) -> None:
    low, high = RANGES[FACT_ELEMENTS[name]]
    if type(number) is not int or not low <= number <= high:  # `type`: a bool is an int
        raise FactRefusedError(name, str(number), f"a whole number from {low} to {high}")


def concept_name(facts: Mapping[str, object]) -> str:
    """Return the name of a concept in lists.

    The series with volume, number and year, such as `Amazing Spider-Man v2 #1 (1999)`. A volume
    that equals the year is left out. Without a series, the comic's title stands in its place and
    the volume is left out. The name is cut to the length of its column.
    """
    series, number = facts.get("series_title"), facts.get("issue_number")
    volume, year = facts.get("volume") or facts.get("volume_text"), facts.get("publication_year")
    words: Iterable[tuple[object, str]] = (
        (series or facts["comic_title"], "{}"),
        (series and volume != year and volume, "v{}"),
        (number, "#{}"),
        (year, "({})"),
    )
    whole = " ".join(form.format(value) for value, form in words if value is not None and value)
    limit = table_of(ComicBookConceptComponent).c.name.type
    assert isinstance(limit, String)
    return whole[: limit.length]
