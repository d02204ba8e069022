"""Variants that share pages are found: the same pictures or others that look alike."""

import hashlib
from collections.abc import Sequence

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.ecs.rows import create_entities, write_rows
from dam.core.world import World
from dam.errors import EntityNotFoundError, NoComicVariantError
from dam.media.image.values import BITMAP_RECIPE
from dam.models import ImagePerceptualPHashComponent
from dam.services.comic_book_service import get_comic_concept_for_variant, unlink_comic_variant
from dam.services.comic_overlap_service import VariantOverlap, find_duplicates, overlap_of
from dam.services.page_service import update_page_order
from tests.core.worlds import NOW
from tests.services.comics import concept, entities, variant

LINES = [int.from_bytes(hashlib.sha256(b"%d" % number).digest()[:8]) for number in range(10)]
"""Hashes of ten pages, any two of them much farther apart than what looks alike."""

FAR = LINES[0] ^ (2**64 - 1)


async def pictures(
    session: AsyncSession, hashes: Sequence[int | None], recipe: int = BITMAP_RECIPE
) -> list[EntityId]:
    """Create pictures with these hashes; None is one without structure."""
    ids = list(await create_entities(session, len(hashes), now=NOW))
    rows = [
        {
            "entity_id": entity_id,
            "recipe": recipe,
            "value": None if value is None else value.to_bytes(8, "big"),
        }
        for entity_id, value in zip(ids, hashes, strict=True)
    ]
    await write_rows(session, ImagePerceptualPHashComponent, rows, replace=True)
    return ids


async def comic(
    world: World, hashes: Sequence[int | None], recipe: int = BITMAP_RECIPE
) -> EntityId:
    """Create a variant of a concept of its own, with pictures of these hashes as pages."""
    return await variant(world, await concept(world), await world.run(pictures, hashes, recipe))


def pairs(found: list[VariantOverlap]) -> list[tuple[EntityId, ...]]:
    return [overlap.variant_entity_ids for overlap in found]


async def test_variants_of_the_same_pictures_are_the_same(world: World) -> None:
    ids = await world.run(pictures, LINES)
    first, second = [await variant(world, await concept(world), ids) for _ in range(2)]
    concepts = [await world.read(get_comic_concept_for_variant, one) for one in (first, second)]
    expected = VariantOverlap(
        variant_entity_ids=(first, second),
        concept_entity_ids=(concepts[0], concepts[1]),
        shared=10,
        identical=10,
        only={first: (), second: ()},
        kind="same",
        score=1.0,
    )
    assert await overlap_of(world, first) == [expected]
    assert await find_duplicates(world) == [expected]
    assert not expected.is_linked


async def test_another_encoding_with_a_page_of_credits_is_named(world: World) -> None:
    first = await comic(world, LINES)
    second = await comic(world, [*(value ^ 0b101 for value in LINES), FAR])
    (found,) = await overlap_of(world, second)
    assert found.variant_entity_ids == (second, first)
    assert (found.kind, found.shared, found.identical) == ("reencoded", 10, 0)
    assert found.only == {second: (11,), first: ()}
    assert pairs(await find_duplicates(world)) == [(first, second)]


async def test_what_is_of_one_concept_is_linked(world: World) -> None:
    work, ids = await concept(world), await world.run(pictures, LINES)
    first, second = [await variant(world, work, ids) for _ in range(2)]
    (found,) = await overlap_of(world, first)
    assert found.is_linked
    for entity_id in (first, second):
        await world.run(unlink_comic_variant, entity_id)
    (found,) = await overlap_of(world, first)
    assert found.concept_entity_ids == (None, None)
    assert not found.is_linked


async def test_the_greater_overlap_comes_first(world: World) -> None:
    whole = await comic(world, LINES)
    half, most = await comic(world, LINES[:5]), await comic(world, LINES[:8])
    assert pairs(await overlap_of(world, whole)) == [(whole, most), (whole, half)]
    assert pairs(await find_duplicates(world)) == [(whole, most), (half, most), (whole, half)]


async def test_blank_pages_do_not_count(world: World) -> None:
    blank, page, other = await world.run(pictures, [None, LINES[0], LINES[1]])
    first = await variant(world, await concept(world), [blank, page, blank])
    second = await variant(world, await concept(world), [page])
    third = await variant(world, await concept(world), [blank, other])
    assert [one.kind for one in await overlap_of(world, first)] == ["same"]
    assert await overlap_of(world, third) == []
    assert pairs(await find_duplicates(world)) == [(first, second)]


async def test_pages_that_nobody_has_looked_at_yet_count_by_content(world: World) -> None:
    ids = await entities(world, 2)
    first, second = [await variant(world, await concept(world), ids) for _ in range(2)]
    assert [one.kind for one in await overlap_of(world, first)] == ["same"]
    assert pairs(await find_duplicates(world)) == [(first, second)]


async def test_hashes_of_another_recipe_are_not_compared(world: World) -> None:
    first = await comic(world, LINES)
    await comic(world, LINES, BITMAP_RECIPE + 1)
    assert await overlap_of(world, first) == []
    assert await find_duplicates(world) == []


async def test_one_page_alone_is_an_overlap_and_no_duplicate(world: World) -> None:
    first, second = await comic(world, LINES), await comic(world, [LINES[3], FAR])
    assert pairs(await overlap_of(world, first)) == [(first, second)]
    assert await overlap_of(world, first, min_shared=2) == []
    assert await find_duplicates(world) == []
    assert pairs(await find_duplicates(world, min_shared=1)) == [(first, second)]


async def test_the_threshold_is_how_many_bits_may_differ(world: World) -> None:
    first, second = await comic(world, LINES[:3]), await comic(world, [n ^ 7 for n in LINES[:3]])
    assert await overlap_of(world, first, threshold=2) == []
    assert pairs(await overlap_of(world, first, threshold=3)) == [(first, second)]
    assert await find_duplicates(world, threshold=2) == []


async def test_owners_of_pages_that_are_no_comics_are_left_out(world: World) -> None:
    ids = await world.run(pictures, LINES)
    first = await variant(world, await concept(world), ids)
    (album,) = await entities(world, 1)
    await world.run(update_page_order, album, ids)
    assert await overlap_of(world, first) == []
    assert await find_duplicates(world) == []


async def test_what_is_no_variant_is_named(world: World) -> None:
    (plain,) = await entities(world, 1)
    with pytest.raises(NoComicVariantError, match=f"^entity {plain} is not a comic variant$"):
        await overlap_of(world, plain)
    with pytest.raises(EntityNotFoundError, match=r"^no entity 999$"):
        await overlap_of(world, 999)


async def test_a_variant_without_pages_shares_none(world: World) -> None:
    assert await overlap_of(world, await variant(world, await concept(world))) == []
    assert await find_duplicates(world) == []
