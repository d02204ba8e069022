"""Comparison of the pages of comics: which are the same picture, or look alike. Numpy alone.

An *owner* is an entity that has pages, such as a comic variant.
"""

from collections import defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from dam.media.likeness import pairs_within

OverlapKind = Literal["same", "reencoded", "partial"]

POPULAR = 50
"""Similar pictures in more owners than this, such as adverts, are ignored by `sharing_owners`."""

# Scaling down and recompression change fewer bits in nearly all pages, and a search for pairs that
# differ in more bits takes ten times as long.
_CLOSE_BITS = 6

_REENCODED_SCORE = 0.8
_DISTANCES_AT_ONCE = 1 << 20  # takes 8 MB


@dataclass(frozen=True, slots=True)
class PageTable:
    """Pages of some owners, ordered by owner and number; all arrays have the same length.

    The caller leaves out blank pages. The hash of a page that is not `is_hashed` has no meaning;
    such a page matches only the same picture.
    """

    owners: NDArray[np.int64]
    numbers: NDArray[np.int64]
    images: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    is_hashed: NDArray[np.bool_]

    @classmethod
    def joined(cls, tables: Sequence[Self]) -> Self:
        """Return one table with the rows of several, in their order."""
        return cls(
            np.concatenate([np.empty(0, np.int64), *(table.owners for table in tables)]),
            np.concatenate([np.empty(0, np.int64), *(table.numbers for table in tables)]),
            np.concatenate([np.empty(0, np.int64), *(table.images for table in tables)]),
            np.concatenate([np.empty(0, np.uint64), *(table.hashes for table in tables)]),
            np.concatenate([np.empty(0, np.bool_), *(table.is_hashed for table in tables)]),
        )

    def part(self, rows: slice | NDArray[np.bool_]) -> Self:
        """Return some of the rows."""
        return type(self)(
            self.owners[rows],
            self.numbers[rows],
            self.images[rows],
            self.hashes[rows],
            self.is_hashed[rows],
        )

    def by_owner(self) -> dict[int, Self]:
        """Return the pages of each owner."""
        owners, starts = np.unique(self.owners, return_index=True)
        stops = np.append(starts, len(self.owners))[1:]
        bounds = zip(owners.tolist(), starts.tolist(), stops.tolist(), strict=True)
        return {owner: self.part(slice(start, stop)) for owner, start, stop in bounds}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOverlap:
    """The result of matching two sequences of pages; a page is matched with at most one page.

    Attributes:
        shared: The number of matched pairs.
        identical: The number of these pairs that are the same picture.
        only: The numbers of the unmatched pages, of the first and of the second sequence.
    """

    shared: int
    identical: int
    only: tuple[tuple[int, ...], tuple[int, ...]]

    @property
    def score(self) -> float:
        """The share of all pages that are shared, 0 to 1."""
        alone = len(self.only[0]) + len(self.only[1])
        return 2 * self.shared / (2 * self.shared + alone) if self.shared else 0.0

    @property
    def kind(self) -> OverlapKind:
        """The kind of overlap.

        `same`: all pages are the same pictures. `reencoded`: nearly all pages look alike, but fewer
        than half of them are the same pictures. `partial`: everything else, for example the same
        pictures and some more.
        """
        if self.identical == self.shared and not any(self.only):
            return "same"
        if self.score >= _REENCODED_SCORE and 2 * self.identical < self.shared:
            return "reencoded"
        return "partial"


def compare_pages(first: PageTable, second: PageTable, threshold: int) -> PageOverlap:
    """Match the pages of two owners: first the same pictures, then the most similar ones.

    Args:
        first: The pages of one owner.
        second: The pages of the other owner.
        threshold: Two pages look alike if their hashes differ in at most this many bits.
    """
    matched, taken = _same_pictures(first, second)
    identical = len(matched)
    rows, columns, bits = _near(first, second, threshold)
    order = np.lexsort((np.abs(rows - columns), bits))  # nearest first, then by similar position
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if row not in matched and column not in taken:
            matched.add(row)
            taken.add(column)
    return PageOverlap(
        shared=len(matched),
        identical=identical,
        only=(_numbers_without(first, matched), _numbers_without(second, taken)),
    )


def _same_pictures(first: PageTable, second: PageTable) -> tuple[set[int], set[int]]:
    """Match pages with the same picture, repeated ones in order; return the matched rows."""
    places = defaultdict[int, list[int]](list)
    for column, image in reversed(list(enumerate(second.images.tolist()))):
        places[image].append(column)
    matched, taken = set[int](), set[int]()
    for row, image in enumerate(first.images.tolist()):
        if there := places.get(image):
            matched.add(row)
            taken.add(there.pop())
    return matched, taken


def _near(
    first: PageTable, second: PageTable, threshold: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """Return pairs of rows whose hashes are near, and the number of bits in which they differ."""
    ours, theirs = np.flatnonzero(first.is_hashed), np.flatnonzero(second.is_hashed)
    step = max(1, _DISTANCES_AT_ONCE // max(1, len(theirs)))
    found = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8))]
    for start in range(0, len(ours), step):
        part = ours[start : start + step]
        distances = np.bitwise_count(first.hashes[part][:, None] ^ second.hashes[theirs])
        rows, columns = np.nonzero(distances <= threshold)
        found.append((part[rows], theirs[columns], distances[rows, columns]))
    rows, columns, bits = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    return rows, columns, bits


def _numbers_without(pages: PageTable, matched: Container[int]) -> tuple[int, ...]:
    return tuple(n for row, n in enumerate(pages.numbers.tolist()) if row not in matched)


def sharing_owners(
    pages: PageTable, threshold: int
) -> tuple[list[tuple[int, int]], NDArray[np.bool_]]:
    """Return the pairs of owners that share a page, and for each page whether it is popular.

    Two owners share a page if the hashes of their pages differ in at most `threshold` bits, and in
    at most 6 whatever the threshold is. A page is popular if it and the pages that near to it are
    in more than `POPULAR` owners. Popular pages bring no owners together: there are too many such
    pairs, and they mean nothing.

    Returns:
        The pairs, smaller ids first in each pair and among the pairs; and an array with one value
        for each row of `pages`.
    """
    keys, key_count = _keys(pages)
    owners, owner_at = np.unique(pages.owners, return_inverse=True)
    placed = np.unique(keys * len(owners) + owner_at)  # each pair of key and owner once
    key_of, owner_of = np.divmod(placed, max(len(owners), 1))
    counts = np.bincount(key_of, minlength=key_count)
    hashes = np.unique(pages.hashes[pages.is_hashed])
    first, second, is_popular = _near_keys(hashes, counts, min(threshold, _CLOSE_BITS))
    left, right = _cross(np.cumsum(counts) - counts, counts, first, second)
    a, b = owner_of[left], owner_of[right]
    codes = np.unique((np.minimum(a, b) * len(owners) + np.maximum(a, b))[a != b])
    one, other = np.divmod(codes, max(len(owners), 1))
    pairs = zip(owners[one].tolist(), owners[other].tolist(), strict=True)
    return list(pairs), is_popular[keys]


def _keys(pages: PageTable) -> tuple[NDArray[np.int64], int]:
    """Number the keys of pages: first hashes in ascending order, then pictures without a hash.

    Returns:
        The key of each page, and the number of keys.
    """
    keys = np.empty(len(pages.images), np.int64)
    hashes, by_hash = np.unique(pages.hashes[pages.is_hashed], return_inverse=True)
    images, by_image = np.unique(pages.images[~pages.is_hashed], return_inverse=True)
    keys[pages.is_hashed] = by_hash
    keys[~pages.is_hashed] = by_image + len(hashes)
    return keys, len(hashes) + len(images)


def _near_keys(
    hashes: NDArray[np.uint64], counts: NDArray[np.int64], threshold: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return the pairs of near keys that are not popular, and for each key whether it is popular.

    Each key is also paired with itself.
    """
    around = counts.copy()  # grows as neighbours are found, so it can only become more popular
    keys = np.arange(len(counts))
    kept = [np.stack([keys, keys])]
    for pairs in pairs_within(hashes, threshold):
        np.add.at(around, pairs.first, counts[pairs.second])
        np.add.at(around, pairs.second, counts[pairs.first])
        is_rare = (around[pairs.first] <= POPULAR) & (around[pairs.second] <= POPULAR)
        kept.append(np.stack([pairs.first[is_rare], pairs.second[is_rare]]))
    first, second = np.concatenate(kept, axis=1)
    is_popular = around > POPULAR
    is_rare = ~(is_popular[first] | is_popular[second])
    return first[is_rare], second[is_rare], is_popular


def _cross(
    starts: NDArray[np.int64],
    counts: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all pairs of positions, one from each group, for each given pair of groups."""
    sizes = counts[first] * counts[second]
    pair = np.repeat(np.arange(len(first)), sizes)
    within = np.arange(len(pair)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    row, column = np.divmod(within, counts[second][pair])
    return starts[first][pair] + row, starts[second][pair] + column
