"""Finds comic variants that share pages, by content and by likeness; it never links variants."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.read_only import ReadOnly
from dam.core.world import World
from dam.errors import MissingExtraError
from dam.media.image.values import BITMAP_RECIPE
from dam.models import ImagePerceptualPHashComponent
from dam.services.comic_book_service import get_comic_concept_for_variant
from dam.services.ecs_service import Hidden
from dam.services.likeness_service import LikenessIndex, PackedHashes

if TYPE_CHECKING:  # they need numpy, which an extra installs, and are imported when used
    from dam.media.comic.overlap import OverlapKind, PageTable
    from dam.services.comic_overlap_service.page_tables import VariantPages
    from dam.storage.caches.hash_blocks import HashBlock


@dataclass(frozen=True, kw_only=True)
class VariantOverlap:
    """Two variants, the number of pages that they share, and the pages that only one of them has.

    Pages without structure, such as blank ones, are not counted anywhere.

    Attributes:
        variant_entity_ids: The two variants.
        concept_entity_ids: Their concepts, in the same order. If they differ, the user may want to
            link both variants to one concept.
        shared: The number of pairs of matching pages; each page is in one pair at most.
        identical: The number of these pairs whose pictures are equal byte for byte.
        only: By variant, the numbers of its pages without a match: credits, adverts, missing pages.
        kind: `same`: all pages shared and identical. `reencoded`: nearly all pages shared, most of
            them alike but not identical. `partial`: anything else.
        score: Shared pages as a part of all pages of the two, 0 to 1.
    """

    variant_entity_ids: tuple[EntityId, EntityId]
    concept_entity_ids: tuple[EntityId | None, EntityId | None]
    shared: int
    identical: int
    only: Mapping[EntityId, tuple[int, ...]]
    kind: "OverlapKind"
    score: float

    @property
    def is_linked(self) -> bool:
        """Whether the two are variants of one concept already."""
        one, other = self.concept_entity_ids
        return one is not None and one == other


async def overlap_of(
    world: ReadOnly[World],
    variant_entity_id: EntityId,
    *,
    threshold: int | None = None,
    min_shared: int = 1,
    hidden: Hidden = "leave_out",
) -> list[VariantOverlap]:
    """Return the variants that share pages with one variant, sorted by falling score.

    The given variant is the first of each pair. Variants that share only pages of more than 50
    variants (`POPULAR`), such as adverts, are left out.

    Example: `await overlap_of(world, variant, min_shared=3)`.

    Args:
        world: The world of the variants.
        variant_entity_id: The variant that is compared with all others.
        threshold: Pages are alike if their perceptual hashes differ in at most this many bits; None
            takes the default of the hash.
        min_shared: Leave out variants that share fewer pages.
        hidden: Whether other variants in the trash are left out.

    Raises:
        EntityNotFoundError: The variant does not exist.
        NoComicVariantError, ConceptNotVariantError: It is not a comic variant.
        MissingExtraError: The extra `image` is not installed.
    """
    bits = _threshold(threshold)
    index = world.resources.get(LikenessIndex)
    packed = await index.of(ImagePerceptualPHashComponent, BITMAP_RECIPE)
    pages = await world.read(_pages_around, packed, variant_entity_id, bits, hidden)
    return await asyncio.to_thread(_overlaps_of, pages, variant_entity_id, bits, min_shared)


async def find_duplicates(
    world: ReadOnly[World],
    *,
    threshold: int | None = None,
    min_shared: int = 2,
    hidden: Hidden = "leave_out",
) -> list[VariantOverlap]:
    """Return all pairs of variants that share pages, sorted by falling score.

    The smaller id is the first of each pair. Pages of more than 50 variants (`POPULAR`), such as
    adverts, do not count when pairs are selected.

    Example: `await find_duplicates(world, min_shared=3)`.

    Args:
        world: The world of the variants.
        threshold: Pages are alike if their perceptual hashes differ in at most this many bits; None
            takes the default of the hash.
        min_shared: Leave out pairs that share fewer pages. A variant with fewer pages than this
            must share all of them: one of 1 page can be found though `min_shared` is 2.
        hidden: Whether variants in the trash are left out.

    Raises:
        MissingExtraError: The extra `image` is not installed.
    """
    bits = _threshold(threshold)
    from dam.services.comic_overlap_service.page_tables import pages_of_all_variants  # noqa: PLC0415 - needs numpy

    pages = await world.read(pages_of_all_variants, hidden)
    return await asyncio.to_thread(_all_overlaps, pages, bits, min_shared)


def _threshold(threshold: int | None) -> int:
    try:
        from dam.media.likeness import DEFAULT_THRESHOLDS  # noqa: PLC0415 - needs numpy
    except ModuleNotFoundError as error:
        raise MissingExtraError("image", "comparing pictures") from error
    return DEFAULT_THRESHOLDS["phash"] if threshold is None else threshold


async def _pages_around(
    session: AsyncSession,
    packed: PackedHashes,
    variant_entity_id: EntityId,
    threshold: int,
    hidden: Hidden,
) -> "VariantPages":
    """Return the pages of a variant, and those of each variant with a page like one of them."""
    from dam.media.comic.overlap import POPULAR  # noqa: PLC0415 - needs numpy
    from dam.services.comic_overlap_service.page_tables import pages_of_variants, variants_by_page  # noqa: PLC0415 - needs numpy

    await get_comic_concept_for_variant(session, variant_entity_id)
    own = (await pages_of_variants(session, [variant_entity_id])).table()
    block = await packed.current(session)
    alike = await asyncio.to_thread(_images_like, own, block, threshold)
    variants_of = await variants_by_page(session, set().union(*alike), hidden)
    variants = {variant_entity_id}
    for images in alike:
        having = {variant_entity_id}.union(*(variants_of.get(image, ()) for image in images))
        if len(having) <= POPULAR:
            variants |= having
    return await pages_of_variants(session, variants)


def _images_like(pages: "PageTable", block: "HashBlock", threshold: int) -> list[set[EntityId]]:
    """Return for each page its own picture and those near it; some hashes may be outdated."""
    from dam.media.likeness import nearest  # noqa: PLC0415 - needs numpy

    alike = []
    for image, wanted, is_hashed in zip(
        pages.images.tolist(), pages.hashes.tolist(), pages.is_hashed.tolist(), strict=True
    ):
        images = {image}
        if is_hashed:
            where, _ = nearest(block.hashes, wanted, threshold=threshold)
            images.update(block.entity_ids[where].tolist())
        alike.append(images)
    return alike


def _overlaps_of(
    pages: "VariantPages", variant_entity_id: EntityId, threshold: int, min_shared: int
) -> list[VariantOverlap]:
    others = pages.concepts.keys() - {variant_entity_id}
    pairs = ((variant_entity_id, other) for other in others)
    found = _compared(pages, pairs, threshold)
    return _in_order(overlap for overlap in found if overlap.shared >= min_shared)


def _all_overlaps(pages: "VariantPages", threshold: int, min_shared: int) -> list[VariantOverlap]:
    from dam.media.comic.overlap import compare_pages, sharing_owners  # noqa: PLC0415 - needs numpy

    table = pages.table()
    pairs, is_popular = sharing_owners(table, threshold)
    rare = table.part(~is_popular).by_owner()

    def is_worth_telling(found: VariantOverlap) -> bool:
        one, other = (rare[variant] for variant in found.variant_entity_ids)
        least = min(min_shared, len(one.numbers), len(other.numbers))
        is_enough = found.shared >= least
        if is_enough and is_popular.any():
            is_enough = compare_pages(one, other, threshold).shared >= least
        return is_enough

    return _in_order(filter(is_worth_telling, _compared(pages, pairs, threshold)))


def _in_order(overlaps: Iterable[VariantOverlap]) -> list[VariantOverlap]:
    return sorted(overlaps, key=lambda overlap: (-overlap.score, overlap.variant_entity_ids))


def _compared(
    pages: "VariantPages", pairs: Iterable[tuple[EntityId, EntityId]], threshold: int
) -> Iterator[VariantOverlap]:
    """Yield the overlap of each pair of variants."""
    from dam.media.comic.overlap import compare_pages  # noqa: PLC0415 - needs numpy

    tables = pages.by_variant()
    for one, other in pairs:
        found = compare_pages(tables[one], tables[other], threshold)
        yield VariantOverlap(
            variant_entity_ids=(one, other),
            concept_entity_ids=(pages.concepts[one], pages.concepts[other]),
            shared=found.shared,
            identical=found.identical,
            only=dict(zip((one, other), found.only, strict=True)),
            kind=found.kind,
            score=found.score,
        )
