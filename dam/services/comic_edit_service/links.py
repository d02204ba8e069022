"""Links and unlinks several variants at once, for commands. Nothing here commits."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.changes import Change
from dam.core.ecs.components import EntityId
from dam.services import ecs_service
from dam.services.comic_book_service import (
    ComicVariant,
    describe_comic_variants,
    link_comic_variant_to_concept,
    links_noted,
    set_primary_comic_variant,
    unlink_comic_variant,
)
from dam.services.comic_edit_service.checked import require_comics


@dataclass(frozen=True, kw_only=True)
class LinkedVariants:
    """Variants whose links were changed, in the order given, and the change, for `undo`."""

    variants: tuple[ComicVariant, ...]
    change: Change


async def link_variants(
    session: AsyncSession,
    concept_entity_id: EntityId,
    entity_ids: Sequence[EntityId],
    *,
    has_primary: bool = False,
    is_forced: bool = False,
) -> LinkedVariants:
    """Make entities variants of a concept, and return their descriptions.

    Example: `await link_variants(session, issue, [english, french], has_primary=True)`.

    Args:
        session: The caller commits it.
        concept_entity_id: The work that they are forms of.
        entity_ids: The new variants.
        has_primary: Make the first of `entity_ids` the primary variant.
        is_forced: Link any entity but a concept, such as a picture.

    Raises:
        NotAComicError: An entity is no variant and has no pages, and is known to be something else
            than an archive or a document.
        DamError: As for `link_comic_variant_to_concept`; the caller must then roll back.
    """
    if not is_forced:
        await require_comics(session, entity_ids, concept_entity_id)
    await ecs_service.lock_entity(session, concept_entity_id)
    what = f"linked {len(set(entity_ids))} variants to comic {concept_entity_id}"
    async with links_noted(session, entity_ids, [concept_entity_id], what) as noted:
        for entity_id in sorted(set(entity_ids)):  # all code locks in this order
            await link_comic_variant_to_concept(
                session,
                entity_id,
                concept_entity_id,
                is_primary_variant=has_primary and entity_id == entity_ids[0],
            )
    return await _linked(session, entity_ids, noted.change)


async def unlink_variants(session: AsyncSession, entity_ids: Sequence[EntityId]) -> LinkedVariants:
    """Unlink variants from their concepts, and return their descriptions.

    Raises:
        EntityNotFoundError, NoComicVariantError, ConceptNotVariantError: Some are not comic
            variants; the caller must then roll back.
    """
    described = await describe_comic_variants(session, entity_ids)
    concepts = sorted({key for one in described if (key := one.concept_entity_id) is not None})
    for concept in concepts:  # all code locks in this order
        await ecs_service.lock_entity(session, concept)
    what = f"unlinked {len(set(entity_ids))} variants"
    async with links_noted(session, entity_ids, concepts, what) as noted:
        for entity_id in set(entity_ids):
            await unlink_comic_variant(session, entity_id)
    return await _linked(session, entity_ids, noted.change)


async def make_primary(session: AsyncSession, variant_entity_id: EntityId) -> LinkedVariants:
    """Make a variant the primary one of its concept, and return its description.

    Raises:
        DamError: As for `set_primary_comic_variant`.
    """
    change = await set_primary_comic_variant(session, variant_entity_id)
    return await _linked(session, [variant_entity_id], change)


async def _linked(
    session: AsyncSession, entity_ids: Sequence[EntityId], change: Change
) -> LinkedVariants:
    variants = await describe_comic_variants(session, entity_ids)
    return LinkedVariants(variants=tuple(variants), change=change)
