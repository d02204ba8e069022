"""Pages are matched one with one; owners are brought together by pages that are not everywhere."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dam.media.comic.overlap import POPULAR, PageTable, compare_pages, sharing_owners

THRESHOLD = 10
FAR = 0x5555_5555_5555_5555
HALF_FAR = 0x0F0F_0F0F_0F0F_0F0F

Page = tuple[int, int | None]
"""A picture and its hash."""


def table(pages: list[Page], owner: int = 1) -> PageTable:
    return PageTable(
        owners=np.full(len(pages), owner, np.int64),
        numbers=np.arange(1, len(pages) + 1, dtype=np.int64),
        images=np.array([image for image, _ in pages], np.int64),
        hashes=np.array([value or 0 for _, value in pages], np.uint64),
        is_hashed=np.array([value is not None for _, value in pages], np.bool_),
    )


def test_the_same_pictures_all_through_are_the_same() -> None:
    pages: list[Page] = [(1, 0), (2, FAR), (3, None)]
    found = compare_pages(table(pages), table(pages), THRESHOLD)
    assert (found.shared, found.identical, found.only) == (3, 3, ((), ()))
    assert (found.kind, found.score) == ("same", 1.0)


def test_other_pictures_that_look_alike_are_a_reencoding_credits_or_not() -> None:
    first: list[Page] = [(number, number << 40) for number in range(1, 11)]
    second: list[Page] = [(100 + image, (value or 0) ^ 0b11) for image, value in first]
    found = compare_pages(table([*first, (50, FAR)]), table(second), 2)
    assert (found.shared, found.identical, found.only) == (10, 0, ((11,), ()))
    assert (found.kind, found.score) == ("reencoded", 20 / 21)


def test_the_same_pictures_and_more_are_a_part() -> None:
    found = compare_pages(table([(1, 0), (2, FAR)]), table([(2, FAR)]), THRESHOLD)
    assert (found.kind, found.only, found.score) == ("partial", ((1,), ()), 2 / 3)


def test_a_few_that_look_alike_are_a_part() -> None:
    found = compare_pages(
        table([(1, 0), (2, FAR)]), table([(3, 1), (4, HALF_FAR), (5, None)]), THRESHOLD
    )
    assert (found.shared, found.kind, found.only) == (1, "partial", ((2,), (2, 3)))


def test_nothing_in_common_is_no_score() -> None:
    found = compare_pages(table([(1, 0)]), table([(2, FAR)]), THRESHOLD)
    assert (found.shared, found.score, found.only) == (0, 0.0, ((1,), (1,)))


def test_the_same_picture_goes_before_the_nearest_and_the_nearest_before_near_ones() -> None:
    found = compare_pages(
        table([(1, 0b0), (2, 0b1), (3, 0b11)]), table([(3, 0b11), (4, 0b111)]), THRESHOLD
    )
    assert (found.shared, found.identical, found.only) == (2, 1, ((1,), ()))


def test_a_page_without_a_hash_is_like_its_own_picture_alone() -> None:
    found = compare_pages(table([(1, None), (2, None)]), table([(1, None), (3, 0)]), 64)
    assert (found.shared, found.only) == (1, ((2,), (2,)))


@given(st.lists(st.integers(0, 3), max_size=8), st.lists(st.integers(0, 3), max_size=8))
def test_no_page_is_matched_twice(first: list[int], second: list[int]) -> None:
    one, other = table([(n, n) for n in first]), table([(n, n) for n in second])
    found = compare_pages(one, other, 64)
    assert found.shared == min(len(first), len(second))
    assert found.identical == sum(min(first.count(n), second.count(n)) for n in range(4))
    assert [len(numbers) for numbers in found.only] == [
        len(first) - found.shared,
        len(second) - found.shared,
    ]


def test_owners_of_like_pages_come_together_once() -> None:
    pages = PageTable.joined(
        [
            table([(1, 0), (2, FAR)], owner=5),
            table([(3, 1), (4, FAR ^ 1)], owner=3),
            table([(9, HALF_FAR)], owner=4),
            table([(8, None)], owner=8),
            table([(8, None), (7, HALF_FAR ^ 3)], owner=9),
        ]
    )
    pairs, is_popular = sharing_owners(pages, THRESHOLD)
    assert pairs == [(3, 5), (4, 9), (8, 9)]
    assert not is_popular.any()


def test_a_page_that_repeats_brings_no_owner_together_with_itself() -> None:
    assert sharing_owners(table([(1, 0), (2, 1), (1, 0)]), THRESHOLD)[0] == []
    assert sharing_owners(table([]), THRESHOLD)[0] == []


def test_a_popular_page_brings_nobody_together_and_others_still_do() -> None:
    random = np.random.default_rng(3)
    adverts = [
        table([(owner, int(bits))], owner=owner)
        for owner, bits in enumerate(random.integers(0, 2, 40 * POPULAR), 1)
    ]
    couple = [table([(9_000 + owner, FAR)], owner=owner) for owner in (1, 2)]
    pages = PageTable.joined([*adverts, *couple])
    pairs, is_popular = sharing_owners(pages, THRESHOLD)
    assert pairs == [(1, 2)]
    assert is_popular.tolist() == [True] * len(adverts) + [False, False]
    few = PageTable.joined(adverts[:POPULAR])
    assert len(sharing_owners(few, THRESHOLD)[0]) == POPULAR * (POPULAR - 1) // 2


@given(
    st.lists(
        st.tuples(
            st.integers(1, 6), st.integers(0, 15), st.sampled_from([None, 0, 1, FAR, FAR ^ 7])
        ),
        max_size=30,
    )
)
def test_it_is_what_comparing_all_with_all_finds(rows: list[tuple[int, int, int | None]]) -> None:
    # A picture has one hash.
    hashes = {image: value for _, image, value in rows}
    by_owner: dict[int, list[Page]] = {}
    for owner, image, _ in rows:
        by_owner.setdefault(owner, []).append((image, hashes[image]))
    tables = {owner: table(pages, owner) for owner, pages in by_owner.items()}
    expected = [
        (one, other)
        for one in sorted(tables)
        for other in sorted(tables)
        if one < other and compare_pages(tables[one], tables[other], 3).shared
    ]
    assert (
        sharing_owners(PageTable.joined([tables[key] for key in sorted(tables)]), 3)[0] == expected
    )
