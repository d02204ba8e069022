"""Descriptions of comics as values: concepts, variants, and places where a picture is a page."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.components import AnyComponent, EntityId, table_of
from dam.core.read_only import ReadOnly
from dam.errors import ConceptNotVariantError, NoComicConceptError, NoComicVariantError
from dam.models import (
    ComicBookConceptComponent,
    ComicBookTermComponent,
    ComicBookVariantComponent,
    PageLink,
)
from dam.services import ecs_service
from dam.services.comic_book_service.facts import ConceptFacts, VariantFacts

A = TypeVar("A", bound=AnyComponent)

_links = table_of(PageLink).c


@dataclass(frozen=True, kw_only=True)
class ComicConcept:
    """A comic as a work.

    Attributes:
        name: What lists show, such as `Amazing Spider-Man #1 (1963)`.
        terms: Lists of names by ComicInfo element, such as `{"Writer": ("Stan Lee",)}`.
    """

    entity_id: EntityId
    name: str
    facts: ConceptFacts
    terms: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class ComicVariant:
    """One form of a comic, such as a scan or a translation, with its number of pages."""

    entity_id: EntityId
    concept_entity_id: EntityId | None
    is_primary_variant: bool
    facts: VariantFacts
    page_count: int


@dataclass(frozen=True, kw_only=True)
class PageUse:
    """One place where a picture is a page of a comic variant."""

    variant_entity_id: EntityId
    concept_entity_id: EntityId | None
    page_number: int
    comic_title: str | None


async def describe_comic_concepts(
    session: ReadOnly[AsyncSession], entity_ids: Sequence[EntityId]
) -> list[ComicConcept]:
    """Return descriptions of concepts, in the order of `entity_ids`.

    Raises:
        EntityNotFoundError: Some do not exist.
        NoComicConceptError: One is not a comic concept.
    """
    rows = await ecs_service.get_components_of_kind(session, entity_ids, ComicBookConceptComponent)
    await _check(session, entity_ids, rows, NoComicConceptError)
    terms = await ecs_service.get_components_of_kind(session, entity_ids, ComicBookTermComponent)
    return [
        ComicConcept(
            entity_id=entity_id,
            name=rows[entity_id][0].name,
            facts=_concept_facts(rows[entity_id][0]),
            terms=_by_kind(terms.get(entity_id, [])),
        )
        for entity_id in entity_ids
    ]


async def describe_comic_variants(
    session: ReadOnly[AsyncSession], entity_ids: Sequence[EntityId]
) -> list[ComicVariant]:
    """Return descriptions of variants, in the order of `entity_ids`.

    Raises:
        EntityNotFoundError: Some do not exist.
        NoComicVariantError, ConceptNotVariantError: One is not a comic variant.
    """
    rows = await ecs_service.get_components_of_kind(session, entity_ids, ComicBookVariantComponent)
    await _check(session, entity_ids, rows, NoComicVariantError)
    counts = await _page_counts(session, entity_ids)
    return [
        ComicVariant(
            entity_id=entity_id,
            concept_entity_id=rows[entity_id][0].conceptual_entity_id,
            is_primary_variant=rows[entity_id][0].is_primary_variant,
            facts=_variant_facts(rows[entity_id][0]),
            page_count=counts.get(entity_id, 0),
        )
        for entity_id in entity_ids
    ]


async def describe_page_uses(
    session: ReadOnly[AsyncSession],
    page_image_entity_id: EntityId,
    *,
    hidden: ecs_service.Hidden = "leave_out",
) -> list[PageUse]:
    """Return every place where a picture is a page of a comic, sorted by variant and page number.

    Example: `await describe_page_uses(session, 56, hidden="include")`.

    Args:
        session: Only read.
        page_image_entity_id: The picture.
        hidden: Whether variants in the trash are left out.

    Raises:
        EntityNotFoundError: The picture does not exist.
    """
    ecs_service.check_ids([page_image_entity_id])
    variant, concept = ComicBookVariantComponent, ComicBookConceptComponent
    used = (
        select(
            variant.entity_id.label("variant_entity_id"),
            variant.conceptual_entity_id.label("concept_entity_id"),
            _links.page_number,
            concept.comic_title,
        )
        .join(variant, variant.entity_id == _links.owner_entity_id)
        .outerjoin(concept, concept.entity_id == variant.conceptual_entity_id)
        .where(
            _links.page_image_entity_id == page_image_entity_id,
            ecs_service.shown(variant.entity_id, hidden),
        )
        .order_by(variant.entity_id, _links.page_number)
    )
    uses = [PageUse(**row) for row in (await session.execute(used)).mappings()]
    if not uses:
        await ecs_service.get_entities(session, [page_image_entity_id])
    return uses


async def _page_counts(
    session: AsyncSession, owner_entity_ids: Sequence[EntityId]
) -> dict[EntityId, int]:
    """Return the number of pages of each owner; an owner without pages is left out."""
    counts: dict[EntityId, int] = {}
    counted = select(_links.owner_entity_id, func.count()).group_by(_links.owner_entity_id)
    for ids in portions(owner_entity_ids):
        found = await session.execute(counted.where(_links.owner_entity_id.in_(ids)))
        counts.update(dict(found.all()))
    return counts


async def _check(
    session: AsyncSession,
    entity_ids: Sequence[EntityId],
    found: Mapping[EntityId, object],
    error: type[NoComicConceptError | NoComicVariantError],
) -> None:
    if missing := [entity_id for entity_id in entity_ids if entity_id not in found]:
        await ecs_service.get_entities(session, missing)
        # Always empty when the caller asked for concepts: a missing one has no such component.
        concepts = await ecs_service.get_components_of_kind(
            session, missing[:1], ComicBookConceptComponent
        )
        raise (ConceptNotVariantError if concepts else error)(missing[0])


def _by_kind(terms: Sequence[ComicBookTermComponent]) -> dict[str, tuple[str, ...]]:
    names: dict[str, list[str]] = defaultdict(list)
    for term in sorted(terms, key=lambda term: (term.kind, term.position)):
        names[term.kind].append(term.name)
    return {kind: tuple(listed) for kind, listed in names.items()}


def _concept_facts(row: ComicBookConceptComponent) -> ConceptFacts:
    return ConceptFacts(
        comic_title=row.comic_title,
        description=row.description,
        series_title=row.series_title,
        issue_number=row.issue_number,
        volume=row.volume,
        volume_text=row.volume_text,
        issue_count=row.issue_count,
        publication_year=row.publication_year,
        publication_month=row.publication_month,
        publication_day=row.publication_day,
        publisher=row.publisher,
        imprint=row.imprint,
        age_rating=row.age_rating,
        publication_format=row.publication_format,
    )


def _variant_facts(row: ComicBookVariantComponent) -> VariantFacts:
    return VariantFacts(
        language=row.language,
        format=row.format,
        scan_quality=row.scan_quality,
        variant_description=row.variant_description,
        scan_group=row.scan_group,
        reading_direction=row.reading_direction,
    )
