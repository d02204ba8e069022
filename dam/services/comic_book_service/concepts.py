"""Comic concepts: works such as one issue of a series."""

from typing import Unpack

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.ecs.rows import write_rows
from dam.errors import ConceptNotVariantError, NoComicConceptError
from dam.media.comic.name import title_key
from dam.models import ComicBookConceptComponent
from dam.services import ecs_service
from dam.services.comic_book_service.facts import ConceptDetails, check_facts, concept_name


async def create_comic_book_concept(
    session: AsyncSession,
    comic_title: str,
    series_title: str | None = None,
    issue_number: str | None = None,
    publication_year: int | None = None,
    **more: Unpack[ConceptDetails],
) -> EntityId:
    """Create a comic concept and return its entity; the same facts twice make two concepts.

    Example: `await create_comic_book_concept(session, "Doctor Doom!", "Spidey", "5", 1963)`.

    Args:
        session: The caller commits it.
        comic_title: The title of this comic itself; not blank.
        series_title: The series that it belongs to; not blank.
        issue_number: As printed, such as `5`, `001` or `1.MU`.
        publication_year: Such as 1963.
        **more: Further facts, by the names in `ConceptDetails`.

    Raises:
        TypeError: A name is not a fact of concepts.
        FactRefusedError: A value cannot be stored unchanged, or a title is blank.
    """
    facts: dict[str, object] = {
        "comic_title": comic_title,
        "series_title": series_title,
        "issue_number": issue_number,
        "publication_year": publication_year,
        **more,
    }
    check_facts(ComicBookConceptComponent, facts)
    entity_id = await ecs_service.create_entity(session)
    derived = {"name": concept_name(facts), "title_key": title_key(series_title, comic_title)}
    row = {"entity_id": entity_id, **derived, **facts}
    await write_rows(session, ComicBookConceptComponent, [row], replace=False)
    return entity_id


async def refuse_concept(session: AsyncSession, entity_id: EntityId) -> None:
    """Raise `ConceptNotVariantError` if the entity is a concept."""
    if await ecs_service.get_component(session, entity_id, ComicBookConceptComponent):
        raise ConceptNotVariantError(entity_id)


async def require_concept(session: AsyncSession, entity_id: EntityId) -> None:
    """Raise `NoComicConceptError` if the entity is not a concept."""
    if await ecs_service.get_component(session, entity_id, ComicBookConceptComponent) is None:
        raise NoComicConceptError(entity_id)
