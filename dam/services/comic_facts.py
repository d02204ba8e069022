"""What can be said of comics: the names of the facts, and what makes one fit to be kept."""

from collections.abc import Iterable, Mapping
from typing import TypedDict

from sqlalchemy import String

from dam.core.ecs import AnyComponent, table_of
from dam.errors import FactRefusedError
from dam.models import ComicBookConceptComponent

_MAX_INTEGER = 2**31 - 1


class ConceptDetails(TypedDict, total=False):
    """Facts of a comic's concept beside those that identify it; None where nobody knows."""

    description: str | None
    volume: int | None
    issue_count: int | None
    publication_month: int | None
    publication_day: int | None
    publisher: str | None
    imprint: str | None
    age_rating: str | None


class ConceptFacts(ConceptDetails, total=False):
    """Facts of a comic's concept, as its component names them."""

    comic_title: str
    series_title: str | None
    issue_number: str | None
    publication_year: int | None


class VariantFacts(TypedDict, total=False):
    """Facts of a comic's variant, as its component names them; None where nobody knows."""

    language: str | None
    format: str | None
    scan_quality: str | None
    variant_description: str | None
    scan_group: str | None
    reading_direction: str | None


def check_facts(kind: type[AnyComponent], facts: Mapping[str, object]) -> None:
    """Raise unless every database can keep these values of a component's fields.

    Raises:
        FactRefusedError: A text is longer than its column or is no Unicode text, or a number is
            out of range.
    """
    columns = table_of(kind).c
    for name, value in facts.items():
        if isinstance(value, str):
            kind_of_text = columns[name].type
            assert isinstance(kind_of_text, String)
            _check_text(name, value, kind_of_text.length)
        elif isinstance(value, int) and abs(value) > _MAX_INTEGER:
            raise FactRefusedError(name, str(value), f"at most {_MAX_INTEGER}")


def _check_text(name: str, text: str, limit: int | None) -> None:
    if limit is not None and len(text) > limit:
        raise FactRefusedError(name, f"{len(text)} characters long", f"at most {limit}")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise FactRefusedError(name, ascii(text), "Unicode text")


def concept_name(facts: Mapping[str, object]) -> str:
    """Return what a concept is called in lists: `Amazing Spider-Man #1 (1963)`, or its title."""
    series, number = facts.get("series_title"), facts.get("issue_number")
    volume, year = facts.get("volume"), facts.get("publication_year")
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
