"""Which pages two comics share: the same picture, or one that looks like it. In numpy alone."""

from collections import defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from dam.media.likeness import pairs_within

OverlapKind = Literal["same", "reencoded", "partial"]

POPULAR = 50
"""Owners of pictures like one another from which on these bring no comics together: adverts."""

# Reduction and recompression change fewer bits of nearly all pages, and a search for pairs that may
# differ in more takes ten times as long.
_CLOSE_BITS = 6

_REENCODED_SCORE = 0.8
_DISTANCES_AT_ONCE = 1 << 20  # 8 MB of them


@dataclass(frozen=True, slots=True)
class PageTable:
    """Pages of some owners, by owner and number; all arrays have one length.

    Blank pages are left out by whoever makes it. A page that is not `is_hashed` has a hash of no
    meaning and is like its own picture alone.
    """

    owners: NDArray[np.int64]
    numbers: NDArray[np.int64]
    images: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    is_hashed: NDArray[np.bool_]

    @classmethod
    def joined(cls, tables: Sequence[Self]) -> Self:
        """Return one table of several, in their order."""
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
    """What two sequences of pages share; each page is matched with one page at most.

    Attributes:
        shared: How many pages of the one are in the other.
        identical: How many of these are the same picture.
        only: The numbers of the other pages, of the first and of the second.
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
        """`same`: the same pictures all through. `reencoded`: nearly all look alike, few are same.

        `partial` is everything else, such as the same pictures and some more.
        """
        if self.identical == self.shared and not any(self.only):
            return "same"
        if self.score >= _REENCODED_SCORE and 2 * self.identical < self.shared:
            return "reencoded"
        return "partial"


def compare_pages(first: PageTable, second: PageTable, threshold: int) -> PageOverlap:
    """Match the pages of two owners: the same pictures first, then the nearest.

    Pages look alike when their hashes differ in at most `threshold` bits.
    """
    matched, taken = _same_pictures(first, second)
    identical = len(matched)
    rows, columns, bits = _near(first, second, threshold)
    order = np.lexsort((np.abs(rows - columns), bits))  # of equally near pages those of like place
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
    """Match pages of one picture, in order where it repeats; return which of both are matched."""
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
    """Return the rows of both whose hashes are near, and in how many bits they differ."""
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
    """Return the pairs of owners that share a page which is not popular, and which pages are.

    The page must be close, in 6 bits at most, whatever `threshold` allows to others. It is popular
    when it, and those close to it, are in more than `POPULAR` owners. A pair that shares such pages
    alone is left out: there are too many of these, and they say nothing. In each pair, and among
    them, smaller ids come first.
    """
    keys, key_count = _keys(pages)
    owners, owner_at = np.unique(pages.owners, return_inverse=True)
    placed = np.unique(keys * len(owners) + owner_at)  # each owner of a key once
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
    """Number what pages are recognised by: hashes in ascending order, then pictures without one."""
    keys = np.empty(len(pages.images), np.int64)
    hashes, by_hash = np.unique(pages.hashes[pages.is_hashed], return_inverse=True)
    images, by_image = np.unique(pages.images[~pages.is_hashed], return_inverse=True)
    keys[pages.is_hashed] = by_hash
    keys[~pages.is_hashed] = by_image + len(hashes)
    return keys, len(hashes) + len(images)


def _near_keys(
    hashes: NDArray[np.uint64], counts: NDArray[np.int64], threshold: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return the pairs of near keys, each with itself too, but for popular keys, and which are."""
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
    """Return, for each pair of groups, the positions of each of the one with each of the other."""
    sizes = counts[first] * counts[second]
    pair = np.repeat(np.arange(len(first)), sizes)
    within = np.arange(len(pair)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    row, column = np.divmod(within, counts[second][pair])
    return starts[first][pair] + row, starts[second][pair] + column
