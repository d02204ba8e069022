"""Matches a comic to its concept by the facts that were read of it, or creates the concept."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.ecs.rows import write_rows
from dam.media.comic.facts import ComicFacts
from dam.media.comic.name import title_key
from dam.media.comic.name_numbers import issue_key
from dam.models import ComicBookConceptComponent, ComicBookTermComponent
from dam.services.comic_book_service import ConceptFacts, create_comic_book_concept


async def find_same_concept(session: AsyncSession, facts: ComicFacts) -> EntityId | None:
    """Return the oldest concept that these facts match, or None; see `is_same_comic`."""
    key = comic_key(facts)
    if not key:
        return None
    concept = ComicBookConceptComponent
    candidates = (
        select(
            concept.entity_id,
            concept.series_title,
            concept.issue_number,
            concept.volume,
            concept.publication_year,
        )
        .where(concept.title_key == key)
        .order_by(concept.entity_id)
    )
    for row in await session.execute(candidates):
        known = ComicFacts(
            series_title=row.series_title,
            issue_number=row.issue_number,
            volume=row.volume,
            publication_year=row.publication_year,
        )
        if is_same_comic(known, facts):
            entity_id: EntityId = row.entity_id
            return entity_id
    return None


def comic_key(facts: ComicFacts) -> str:
    """Return the key for looking up the concept of these facts; empty without any title."""
    return title_key(facts.series_title, facts.comic_title or "")


def is_same_comic(one: ComicFacts, other: ComicFacts) -> bool:
    """Tell whether two sets of facts with the same `comic_key` describe the same comic.

    All of these must hold:
    - Both have a series, or neither has: the series `Saga` and the single comic `Saga` differ.
    - The issue numbers have the same value, as `001` and `1`, or both are missing.
    - Volume and year: each of the two that both know is equal. They must share at least one of
      them, unless neither set knows a volume or a year. Example: volume 2 of 1999 matches volume 2,
      but does not match a set without volume and year.
    """
    if bool(one.series_title) != bool(other.series_title):
        return False
    if _number(one.issue_number) != _number(other.issue_number):
        return False
    pairs = ((one.volume, other.volume), (one.publication_year, other.publication_year))
    known = [pair for pair in pairs if None not in pair]
    if known:
        return all(ours == theirs for ours, theirs in known)
    return all(value is None for pair in pairs for value in pair)


async def create_concept(session: AsyncSession, facts: ComicFacts, fallback: str) -> EntityId:
    """Create a concept from facts, with its terms.

    Args:
        session: The caller commits it.
        facts: The facts that were read of a comic.
        fallback: The title if the facts have neither title nor series; if blank, the title is `?`.
    """
    known = {name: getattr(facts, name) for name in ConceptFacts.__annotations__}
    more = ConceptFacts(**{name: value for name, value in known.items() if value is not None})  # type: ignore[typeddict-item]  # mypy knows no computed keys
    title = more.pop("comic_title", None) or _title(facts) or fallback.strip() or "?"
    entity_id = await create_comic_book_concept(session, title, **more)
    terms = [
        {"entity_id": entity_id, "kind": term.kind, "name": term.name, "position": term.position}
        for term in facts.terms
    ]
    await write_rows(session, ComicBookTermComponent, terms, replace=False)
    return entity_id


def _title(facts: ComicFacts) -> str | None:
    if not facts.series_title or not facts.issue_number:
        return facts.series_title
    return f"{facts.series_title} #{facts.issue_number}"


def _number(text: str | None) -> object:
    return issue_key(text) if text else None
