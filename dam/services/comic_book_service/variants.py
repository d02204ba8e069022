"""Variants of comics: linking them to concepts, unlinking and finding them.

All functions take and return ids of entities; `descriptions` describes them and
`comic_edit_service` changes their facts. Nothing here commits. An unknown name of a fact is a
`TypeError`.

Linking and unlinking lock the concept first, so changes of one variant or one concept by two
callers run one after the other. Order of locks: concepts before variants, each by ascending id.
"""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Unpack

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.among import among
from dam.core.ecs.changes import Change, Recording, Watched, lock_in_order, recorded
from dam.core.ecs.components import EntityId, table_of
from dam.core.ecs.rows import write_rows
from dam.core.read_only import ReadOnly
from dam.errors import (
    ChangedSinceError,
    NoComicVariantError,
    OwnPartError,
    VariantLinkedError,
    VariantUnlinkedError,
)
from dam.models import (
    ComicBookConceptComponent,
    ComicBookVariantComponent,
    PageLink,
    TrashedComponent,
)
from dam.services import ecs_service
from dam.services.comic_book_service.concepts import refuse_concept, require_concept
from dam.services.comic_book_service.facts import (
    VariantFacts,
    check_facts,
)

_VARIANTS = table_of(ComicBookVariantComponent)
_variants = _VARIANTS.c


async def link_comic_variant_to_concept(
    session: AsyncSession,
    variant_entity_id: EntityId,
    concept_entity_id: EntityId,
    *,
    is_primary_variant: bool = False,
    **facts: Unpack[VariantFacts],
) -> Change:
    """Make an entity a variant of a concept; return the change, for `undo`.

    An entity that is not a variant yet becomes one. Linking a variant again to its own concept
    changes the given facts only: a primary variant stays primary.

    Example: `await link_comic_variant_to_concept(session, scan, issue, language="fr")`.

    Args:
        session: The caller commits it.
        variant_entity_id: Any entity but a concept: usually an archive, or the entity that stands
            for a folder.
        concept_entity_id: The work that it is a form of.
        is_primary_variant: Make it the primary variant, in place of the present one.
        **facts: Facts of the variant, by the names in `VariantFacts`; others keep their values.

    Raises:
        TypeError: A name is not a fact of variants.
        EntityNotFoundError: The variant or the concept does not exist.
        NoComicConceptError: The second entity is not a comic concept.
        ConceptNotVariantError: The first entity is a concept; a concept cannot be a variant, so
            works never contain each other.
        VariantLinkedError: The variant belongs to another concept.
        OwnPartError: Both are the same entity.
        FactRefusedError: A value cannot be stored unchanged.
    """
    if variant_entity_id == concept_entity_id:
        raise OwnPartError(variant_entity_id, "variant")
    check_facts(ComicBookVariantComponent, facts)
    await ecs_service.lock_entity(session, concept_entity_id)
    await require_concept(session, concept_entity_id)
    await ecs_service.lock_entity(session, variant_entity_id)
    await refuse_concept(session, variant_entity_id)
    what = f"linked {variant_entity_id} to comic {concept_entity_id}"
    async with links_noted(session, [variant_entity_id], [concept_entity_id], what) as noted:
        await ecs_service.remove_components(session, [concept_entity_id], TrashedComponent)
        await _link(session, variant_entity_id, concept_entity_id, facts)
        if is_primary_variant:
            await _make_primary(session, variant_entity_id, concept_entity_id)
    return noted.change


async def _link(
    session: AsyncSession,
    variant_entity_id: EntityId,
    concept_entity_id: EntityId,
    facts: Mapping[str, object],
) -> None:
    row: dict[str, object] = {"conceptual_entity_id": concept_entity_id, **facts}
    known = await _find_variant(session, variant_entity_id)
    if known is None:
        row |= {"entity_id": variant_entity_id, "is_primary_variant": False}
        await write_rows(session, ComicBookVariantComponent, [row], replace=False)
    elif known.conceptual_entity_id in {None, concept_entity_id}:
        await _change(session, variant_entity_id, row)
    else:
        raise VariantLinkedError(variant_entity_id, known.conceptual_entity_id)


async def unlink_comic_variant(session: AsyncSession, variant_entity_id: EntityId) -> Change:
    """Unlink a variant from its concept; return the change, for `undo`.

    It stays a variant and keeps its pages. If it was the primary variant, the concept has none
    afterwards. A variant without a concept is left as it is.

    Raises:
        EntityNotFoundError: The variant does not exist.
        NoComicVariantError, ConceptNotVariantError: It is not a comic variant.
    """
    concept = await _lock_concept_of(session, variant_entity_id)
    concepts = [] if concept is None else [concept]
    what = f"unlinked variant {variant_entity_id}"
    async with links_noted(session, [variant_entity_id], concepts, what) as noted:
        if concepts:
            row: dict[str, object] = {"conceptual_entity_id": None, "is_primary_variant": False}
            await _change(session, variant_entity_id, row)
    return noted.change


async def set_primary_comic_variant(session: AsyncSession, variant_entity_id: EntityId) -> Change:
    """Make a variant the primary one of its concept; return the change, for `undo`.

    The present one no longer is. If two callers do so at once for two variants of one concept, the
    later one wins.

    Raises:
        EntityNotFoundError: The variant does not exist.
        NoComicVariantError, ConceptNotVariantError: It is not a comic variant.
        VariantUnlinkedError: It has no concept.
    """
    concept = await _lock_concept_of(session, variant_entity_id)
    if concept is None:
        raise VariantUnlinkedError(variant_entity_id)
    what = f"made {variant_entity_id} the primary variant of comic {concept}"
    async with links_noted(session, [variant_entity_id], [concept], what) as noted:
        await _make_primary(session, variant_entity_id, concept)
    return noted.change


@asynccontextmanager
async def links_noted(
    session: AsyncSession,
    variant_entity_ids: Collection[EntityId],
    concept_entity_ids: Collection[EntityId],
    what: str,
) -> AsyncIterator[Recording]:
    """Note what a block changes in the links of variants to concepts.

    Example: `async with links_noted(session, [scan], [issue], "linked a scan") as noted:`.

    Args:
        session: A session that may write.
        variant_entity_ids: The variants; they are locked here, with those that are primary.
        concept_entity_ids: The concepts that they have or get; the caller has locked them.
        what: What the block does, in a few words.
    """
    concepts = sorted(concept_entity_ids)
    primary = select(_variants.entity_id).where(
        among(_variants.conceptual_entity_id, concepts), _variants.is_primary_variant
    )
    variants = sorted({*variant_entity_ids, *await session.scalars(primary)})
    await lock_in_order(session, variants)
    watched = [
        Watched(column=ComicBookVariantComponent.entity_id, ids=variants),
        Watched(column=TrashedComponent.entity_id, ids=concepts),
    ]
    locked = [*concepts, *variants]
    async with recorded(session, watched, what=what, check=check_links, locked=locked) as noted:
        yield noted


async def check_links(session: AsyncSession, change: Change) -> None:
    """Raise unless what an undone change has put back or taken away leaves sound comics.

    A variant is no concept, it belongs to a concept, and a concept in the trash has no variant
    outside it.

    Raises:
        ChangedSinceError: They are not, because of something that was done since.
    """
    links = [row.before for row in change.rows if row.table is _VARIANTS and row.before is not None]
    concept, work = ComicBookConceptComponent.entity_id, _variants.conceptual_entity_id
    variants = {row["entity_id"] for row in links}
    wanted = {row["conceptual_entity_id"] for row in links} - {None}
    found = set(await session.scalars(select(concept).where(among(concept, variants | wanted))))
    odd = {*(variants & found), *(wanted - found)}
    trashed = select(TrashedComponent.entity_id)
    outside = select(work).where(work.in_(trashed), _variants.entity_id.not_in(trashed))
    for column in (work, _variants.entity_id):
        odd.update(await session.scalars(outside.where(among(column, change.entity_ids))))
    if odd:
        raise ChangedSinceError(change.what, sorted(odd))


async def get_variants_for_comic_concept(
    session: ReadOnly[AsyncSession],
    concept_entity_id: EntityId,
    *,
    hidden: ecs_service.Hidden = "leave_out",
) -> list[EntityId]:
    """Return the variants of a concept, the primary one first, then by id; it may have none.

    Example: `await get_variants_for_comic_concept(session, concept, hidden="include")`.

    Args:
        session: Only read.
        concept_entity_id: The concept.
        hidden: Whether variants in the trash are left out.

    Raises:
        EntityNotFoundError: The concept does not exist.
        NoComicConceptError: The entity is not a comic concept.
    """
    await require_concept(session, concept_entity_id)
    of_concept = select(_variants.entity_id).where(
        _variants.conceptual_entity_id == concept_entity_id,
        ecs_service.shown(_variants.entity_id, hidden),
    )
    ordered = of_concept.order_by(_variants.is_primary_variant.desc(), _variants.entity_id)
    return list(await session.scalars(ordered))


async def get_primary_variant_for_comic_concept(
    session: ReadOnly[AsyncSession],
    concept_entity_id: EntityId,
    *,
    hidden: ecs_service.Hidden = "leave_out",
) -> EntityId | None:
    """Return the primary variant of a concept, or None if it has none.

    Example: `await get_primary_variant_for_comic_concept(session, concept, hidden="include")`.

    Args:
        session: Only read.
        concept_entity_id: The concept.
        hidden: Whether a primary variant in the trash counts as none.

    Raises:
        EntityNotFoundError: The concept does not exist.
        NoComicConceptError: The entity is not a comic concept.
    """
    await require_concept(session, concept_entity_id)
    primary = select(_variants.entity_id).where(
        _variants.conceptual_entity_id == concept_entity_id,
        _variants.is_primary_variant,
        ecs_service.shown(_variants.entity_id, hidden),
    )
    return await session.scalar(primary)


async def get_comic_concept_for_variant(
    session: ReadOnly[AsyncSession], variant_entity_id: EntityId
) -> EntityId | None:
    """Return the concept of a variant, or None if it has none.

    Raises:
        EntityNotFoundError: The variant does not exist.
        NoComicVariantError, ConceptNotVariantError: It is not a comic variant.
    """
    variant = await _find_variant(session, variant_entity_id)
    if variant is None:
        await refuse_concept(session, variant_entity_id)
        raise NoComicVariantError(variant_entity_id)
    return variant.conceptual_entity_id


async def get_comic_variants_containing_image_as_page(
    session: ReadOnly[AsyncSession],
    page_image_entity_id: EntityId,
    *,
    hidden: ecs_service.Hidden = "leave_out",
) -> list[EntityId]:
    """Return the comic variants that have a picture as a page, each once, by ascending id.

    Empty if the picture is not a page. Other entities with pages, which are no comics, are left
    out.

    Example: `await get_comic_variants_containing_image_as_page(session, 56, hidden="include")`.

    Args:
        session: Only read.
        page_image_entity_id: The picture.
        hidden: Whether variants in the trash are left out.

    Raises:
        EntityNotFoundError: The picture does not exist.
    """
    ecs_service.check_ids([page_image_entity_id])
    containing = (
        select(PageLink.owner_entity_id)
        .join(ComicBookVariantComponent, _variants.entity_id == PageLink.owner_entity_id)
        .where(
            PageLink.page_image_entity_id == page_image_entity_id,
            ecs_service.shown(PageLink.owner_entity_id, hidden),
        )
        .distinct()
        .order_by(PageLink.owner_entity_id)
    )
    found = list(await session.scalars(containing))
    if not found:
        await ecs_service.get_entities(session, [page_image_entity_id])
    return found


async def _find_variant(
    session: AsyncSession, entity_id: EntityId
) -> ComicBookVariantComponent | None:
    rows = await ecs_service.get_components_of_kind(session, [entity_id], ComicBookVariantComponent)
    return rows[entity_id][0] if rows else None


async def _lock_concept_of(session: AsyncSession, variant_entity_id: EntityId) -> EntityId | None:
    """Lock the concept of a variant and return it; the variant then stays linked to it."""
    locked = None
    while True:  # another process may link the variant elsewhere before the lock is held
        concept = await get_comic_concept_for_variant(session, variant_entity_id)
        if concept in {None, locked}:
            return concept
        await ecs_service.lock_entity(session, concept)
        locked = concept


async def _make_primary(
    session: AsyncSession, variant_entity_id: EntityId, concept_entity_id: EntityId
) -> None:
    """Make this the primary variant of the locked concept, which never has two in between."""
    is_other = (
        _variants.conceptual_entity_id == concept_entity_id,
        _variants.is_primary_variant,
        _variants.entity_id != variant_entity_id,
    )
    await session.execute(update(_VARIANTS).where(*is_other).values(is_primary_variant=False))
    await _change(session, variant_entity_id, {"is_primary_variant": True})


async def _change(
    session: AsyncSession, variant_entity_id: EntityId, row: Mapping[str, object]
) -> None:
    changed = update(_VARIANTS).where(_variants.entity_id == variant_entity_id).values(row)
    await session.execute(changed)
