"""Matches a comic to its concept by the facts that were read of it, or creates the concept."""

from collections import defaultdict
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.ecs.rows import write_rows
from dam.media.comic.facts import ComicFacts
from dam.media.comic.identity import Likeness, comic_keys, compare_comics
from dam.models import (
    ComicBookConceptComponent,
    ComicBookTermComponent,
    ComicBookVariantComponent,
)
from dam.services.comic_book_service import ConceptFacts, create_comic_book_concept

_COMPARED = (
    "comic_title",
    "series_title",
    "issue_number",
    "volume",
    "volume_text",
    "publication_year",
    "publication_month",
    "publication_day",
    "publisher",
    "publication_format",
)


@dataclass(frozen=True, slots=True)
class FoundConcepts:
    """The oldest concept that a comic is of, and the oldest that it may be of; None if none."""

    same: EntityId | None = None
    perhaps: EntityId | None = None


async def find_concepts(session: AsyncSession, facts: ComicFacts) -> FoundConcepts:
    """Return the concepts that these facts match; see `compare_comics`."""
    keys = comic_keys(facts)
    concept = ComicBookConceptComponent
    candidates = (
        select(concept.entity_id, *(getattr(concept, name) for name in _COMPARED))
        .where(concept.title_key.in_(keys))
        .order_by(concept.entity_id)
    )
    perhaps: EntityId | None = None
    for row in await session.execute(candidates) if keys else ():
        known = ComicFacts(**{name: getattr(row, name) for name in _COMPARED})
        if facts.issue_number is None and row.issue_number is None:
            known = replace(known, language=await _language(session, row.entity_id))
        likeness = compare_comics(known, facts)
        if likeness is Likeness.SAME:
            return FoundConcepts(same=row.entity_id)
        if likeness is Likeness.PERHAPS and perhaps is None:
            perhaps = row.entity_id
    return FoundConcepts(perhaps=perhaps)


async def _language(session: AsyncSession, concept_entity_id: EntityId) -> str | None:
    """Return the language of the primary variant of a concept, whose title the concept has."""
    variant = ComicBookVariantComponent
    primary = variant.conceptual_entity_id == concept_entity_id, variant.is_primary_variant
    language: str | None = await session.scalar(select(variant.language).where(*primary))
    return language


class ForeseenConcepts:
    """The facts of the concepts that a dry run has not created."""

    def __init__(self) -> None:
        self._facts = defaultdict[str, list[ComicFacts]](list)

    def add(self, facts: ComicFacts) -> bool:
        """Add a comic that the world has no concept of; tell whether it needs one of its own."""
        keys = comic_keys(facts)
        known = (other for key in keys for other in self._facts[key])
        if any(compare_comics(other, facts) is Likeness.SAME for other in known):
            return False
        for key in keys[:1]:
            self._facts[key].append(facts)
        return True


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
