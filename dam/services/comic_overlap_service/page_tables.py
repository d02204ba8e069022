"""Loads the pages of comic variants from the database into arrays."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId, table_of
from dam.media.comic.overlap import PageTable
from dam.media.image.values import BITMAP_RECIPE
from dam.models import ComicBookVariantComponent, ImagePerceptualPHashComponent, PageLink
from dam.services.ecs_service import Hidden, shown

_links = table_of(PageLink).c
_variants = table_of(ComicBookVariantComponent).c
_hashes = table_of(ImagePerceptualPHashComponent).c
_AT_ONCE = 20_000
_NO_HASH = bytes(8)


@dataclass(slots=True)
class VariantPages:
    """Pages of some variants, without blank ones, and the concept of each variant."""

    parts: list[PageTable] = field(default_factory=list)
    concepts: dict[EntityId, EntityId | None] = field(default_factory=dict)

    def by_variant(self) -> dict[EntityId, PageTable]:
        """Return the pages by variant; a variant without pages is left out."""
        return self.table().by_owner()

    def table(self) -> PageTable:
        """Return all pages in one table."""
        return PageTable.joined(self.parts)


async def pages_of_variants(
    session: AsyncSession, variant_entity_ids: Collection[EntityId]
) -> VariantPages:
    """Return the pages of these variants; entities that are not comic variants are left out."""
    pages = VariantPages()
    for ids in portions(sorted(variant_entity_ids)):
        await _load(session, pages, _variants.entity_id.in_(ids))
    return pages


async def pages_of_all_variants(session: AsyncSession, hidden: Hidden) -> VariantPages:
    """Return the pages of every comic variant, hidden ones as asked."""
    pages = VariantPages()
    await _load(session, pages, shown(_variants.entity_id, hidden))
    return pages


async def variants_by_page(
    session: AsyncSession, image_entity_ids: Collection[EntityId], hidden: Hidden
) -> dict[EntityId, set[EntityId]]:
    """Return by picture the comic variants of which it is a page, hidden ones as asked."""
    found: dict[EntityId, set[EntityId]] = defaultdict(set)
    for ids in portions(sorted(image_entity_ids)):
        containing = (
            select(_links.page_image_entity_id, _links.owner_entity_id)
            .join(ComicBookVariantComponent, _variants.entity_id == _links.owner_entity_id)
            .where(_links.page_image_entity_id.in_(ids), shown(_links.owner_entity_id, hidden))
        )
        for image, variant in await session.execute(containing):
            found[image].add(variant)
    return found


async def _load(
    session: AsyncSession, pages: VariantPages, *conditions: ColumnElement[bool]
) -> None:
    """Add pages, sorted by variant and page number, without those found to have no structure."""
    is_not_blank = or_(_hashes.recipe.is_(None), _hashes.value.is_not(None))
    statement = (
        select(
            _links.owner_entity_id,
            _links.page_number,
            _links.page_image_entity_id,
            _hashes.value,
            _hashes.recipe,
            _variants.conceptual_entity_id,
        )
        .join(ComicBookVariantComponent, _variants.entity_id == _links.owner_entity_id)
        .outerjoin(ImagePerceptualPHashComponent, _hashes.entity_id == _links.page_image_entity_id)
        .where(is_not_blank, *conditions)
        .order_by(_links.owner_entity_id, _links.page_number)
    )
    stream = await session.stream(statement.execution_options(yield_per=_AT_ONCE))
    async for rows in stream.partitions():
        owners, numbers, images, hashes, recipes, concepts = zip(*rows, strict=True)
        pages.concepts.update(zip(owners, concepts, strict=True))
        packed = b"".join(value or _NO_HASH for value in hashes)
        pages.parts.append(
            PageTable(
                owners=np.array(owners, np.int64),
                numbers=np.array(numbers, np.int64),
                images=np.array(images, np.int64),
                hashes=np.frombuffer(packed, ">u8").astype(np.uint64),
                is_hashed=np.array([recipe == BITMAP_RECIPE for recipe in recipes]),
            )
        )
