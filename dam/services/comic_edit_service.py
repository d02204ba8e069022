"""Changes what is said of comics. Nothing here commits; facts that are not given stay."""

from typing import Unpack

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs import EntityId, row_of, table_of
from dam.errors import NoComicConceptError
from dam.models import ComicBookConceptComponent, ComicBookVariantComponent
from dam.services import ecs_service
from dam.services.comic_book_service import get_comic_concept_for_variant
from dam.services.comic_facts import ConceptFacts, VariantFacts, check_facts, concept_name


async def edit_comic_concept(
    session: AsyncSession, concept_entity_id: EntityId, **facts: Unpack[ConceptFacts]
) -> None:
    """Change some facts of a concept, and its name with them; None takes a fact away.

    Raises:
        EntityNotFoundError: The concept does not exist.
        NoComicConceptError: The entity is no concept of a comic.
        FactRefusedError: A fact cannot be kept as it is.
    """
    kind = ComicBookConceptComponent
    check_facts(kind, facts)
    await ecs_service.lock_entity(session, concept_entity_id)
    known = await ecs_service.get_component(session, concept_entity_id, kind)
    if known is None:
        raise NoComicConceptError(concept_entity_id)
    values = {**row_of(known), **facts}
    table = table_of(kind)
    changed = update(table).where(table.c.entity_id == concept_entity_id)
    await session.execute(changed.values(**facts, name=concept_name(values)))


async def edit_comic_variant(
    session: AsyncSession, variant_entity_id: EntityId, **facts: Unpack[VariantFacts]
) -> None:
    """Change some facts of a variant; None takes a fact away.

    Raises:
        EntityNotFoundError: The variant does not exist.
        NoComicVariantError: The entity is no variant of a comic.
        FactRefusedError: A fact cannot be kept as it is.
    """
    check_facts(ComicBookVariantComponent, facts)
    await ecs_service.lock_entity(session, variant_entity_id)
    await get_comic_concept_for_variant(session, variant_entity_id)
    if facts:
        table = table_of(ComicBookVariantComponent)
        changed = update(table).where(table.c.entity_id == variant_entity_id)
        await session.execute(changed.values(**facts))
