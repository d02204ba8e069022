"""Which concept a comic belongs to, by what its file says; a new one where there is none."""

import unicodedata

from sqlalchemy import Row, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs import EntityId, write_rows
from dam.media.comic_facts import ComicFacts
from dam.media.comic_name import issue_key
from dam.models import ComicBookConceptComponent, ComicBookTermComponent
from dam.services.comic_book_service import create_comic_book_concept
from dam.services.comic_facts import ConceptFacts


async def find_same_concept(session: AsyncSession, facts: ComicFacts) -> EntityId | None:
    """Return the concept that these facts are of, the oldest one, or None.

    It has the same series and number, `001` being `1`, and agrees in volume or in year, or in
    knowing neither; what both know must not differ. Without a series the title stands for it.
    """
    wanted = facts.series_title or facts.comic_title
    if not wanted:
        return None
    concept = ComicBookConceptComponent
    column = concept.series_title if facts.series_title else concept.comic_title
    candidates = (
        select(
            concept.entity_id,
            column.label("title"),
            concept.series_title,
            concept.issue_number,
            concept.volume,
            concept.publication_year,
        )
        # The first finds what the second misses: SQLite folds the letters of ASCII only.
        .where(or_(column == wanted, func.lower(column) == func.lower(wanted)))
        .order_by(concept.entity_id)
    )
    for row in (await session.execute(candidates)).all():
        if _folded(row.title) == _folded(wanted) and _is_same(row, facts):
            entity_id: EntityId = row.entity_id
            return entity_id
    return None


async def create_concept(session: AsyncSession, facts: ComicFacts, fallback: str) -> EntityId:
    """Create the concept that these facts are of, with its terms; the caller commits.

    Args:
        session: Where.
        facts: What is known.
        fallback: What to call the comic where the facts have neither title nor series.
    """
    known = {name: getattr(facts, name) for name in ConceptFacts.__annotations__}
    more = ConceptFacts(**{name: value for name, value in known.items() if value is not None})  # type: ignore[typeddict-item]  # mypy knows no computed keys
    title = more.pop("comic_title", None) or _title(facts) or fallback
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


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _is_same(row: Row[*tuple[object, ...]], facts: ComicFacts) -> bool:
    """Compare all but the title, which is the same."""
    if bool(row.series_title) != bool(facts.series_title):
        return False
    if _number(row.issue_number) != _number(facts.issue_number):
        return False
    pairs = ((row.volume, facts.volume), (row.publication_year, facts.publication_year))
    known = [pair for pair in pairs if None not in pair]
    if known:
        return all(ours == theirs for ours, theirs in known)
    return all(value is None for pair in pairs for value in pair)


def _number(text: str | None) -> object:
    return issue_key(text) if text else None
