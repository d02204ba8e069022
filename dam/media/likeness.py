"""Search for similar 64-bit perceptual hashes by Hamming distance: exact, with numpy alone."""

from collections.abc import Iterator
from typing import NamedTuple

from dam.errors import MissingExtraError

try:
    import numpy as np
    from numpy.typing import NDArray
except ModuleNotFoundError as error:
    raise MissingExtraError("image", "comparing pictures") from error

DEFAULT_THRESHOLDS = {"phash": 10, "dhash": 8, "ahash": 5}
"""In bits, for each kind of hash: more than scaling and recompression change, fewer than differ
between unrelated pictures."""

_HASH_BITS = 64
# 32 K hashes, their differences and distances stay in a core's second-level cache; so does a tile.
_CHUNK = 1 << 15
_TILE = 256
# From this many hashes and bits on, probing each neighbour of a bucket costs less than comparing
# everything in larger buckets.
_PROBING_COUNT, _PROBING_THRESHOLD = 300_000, 8


class Pairs(NamedTuple):
    """Pairs of near hashes: both indices, the smaller one first, and the distance in bits."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    distances: NDArray[np.uint8]


def nearest(
    hashes: NDArray[np.uint64], query: int, *, threshold: int
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return the indices of the hashes within `threshold` bits of `query`, and their distances.

    Nearest first; equal distances are in the order of `hashes`.

    Args:
        hashes: Shape (n,).
        query: An unsigned 64-bit hash.
        threshold: The largest distance, in bits.
    """
    wanted = np.uint64(query)
    difference, bits = np.empty(_CHUNK, np.uint64), np.empty(_CHUNK, np.uint8)
    near_by_chunk, bits_by_chunk = [np.empty(0, np.int64)], [np.empty(0, np.uint8)]
    for start in range(0, len(hashes), _CHUNK):
        chunk = hashes[start : start + _CHUNK]
        count = len(chunk)
        np.bitwise_xor(chunk, wanted, out=difference[:count])
        np.bitwise_count(difference[:count], out=bits[:count])
        near = np.flatnonzero(bits[:count] <= threshold)
        if len(near):
            near_by_chunk.append(near + start)
            bits_by_chunk.append(bits[near])
    indices, distances = np.concatenate(near_by_chunk), np.concatenate(bits_by_chunk)
    order = np.argsort(distances, kind="stable")
    return indices[order], distances[order]


def pairs_within(hashes: NDArray[np.uint64], threshold: int) -> Iterator[Pairs]:
    """Yield every pair of hashes within `threshold` bits, each once, in blocks in no fixed order.

    The 64 bits are divided into bands. By the pigeonhole principle, two near hashes agree in at
    least one of `threshold + 1` bands, or differ by at most one bit in at least one of half as many
    bands. So only hashes that have an equal band, or one that differs by one bit, are compared. A
    pair that several bands bring together is yielded for the first of them.
    """
    radius = int(len(hashes) >= _PROBING_COUNT and threshold >= _PROBING_THRESHOLD)
    bands = min(threshold // (radius + 1) + 1, _HASH_BITS)
    masks = [
        np.uint64(sum(1 << bit for bit in range(start, _HASH_BITS, bands)))
        for start in range(bands)
    ]
    for band, mask in enumerate(masks):
        order = np.argsort(hashes & mask, kind="stable")
        ordered = hashes[order]
        keys, starts = np.unique(ordered & mask, return_index=True)
        ends = np.append(starts[1:], len(ordered))
        for left, right in _bucket_pairs(keys, mask, radius):
            rows, columns = range(starts[left], ends[left]), range(starts[right], ends[right])
            for at, beside, difference, distances in _near_in(ordered, rows, columns, threshold):
                fresh = np.ones(len(at), dtype=bool)
                for earlier in masks[:band]:
                    fresh &= np.bitwise_count(difference & earlier) > radius
                first, second = order[at[fresh]], order[beside[fresh]]
                if len(first):
                    yield Pairs(
                        np.minimum(first, second), np.maximum(first, second), distances[fresh]
                    )


def _bucket_pairs(
    keys: NDArray[np.uint64], mask: np.uint64, radius: int
) -> Iterator[tuple[int, int]]:
    """Yield the pairs of buckets to compare: each with itself, and with those one bit away."""
    yield from ((bucket, bucket) for bucket in range(len(keys)))
    if not radius:
        return
    for bit in (np.uint64(1 << shift) for shift in range(_HASH_BITS)):
        if not bit & mask:
            continue
        lower = np.flatnonzero((keys & bit) == 0)
        upper = np.searchsorted(keys, keys[lower] | bit)
        exists = upper < len(keys)
        lower, upper = lower[exists], upper[exists]
        same = keys[upper] == keys[lower] | bit
        yield from zip(lower[same].tolist(), upper[same].tolist(), strict=True)


def _near_in(
    ordered: NDArray[np.uint64], rows: range, columns: range, threshold: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64], NDArray[np.uint8]]]:
    """Yield the near pairs of two buckets, tile by tile: both positions, difference, distance."""
    is_same = rows == columns
    for top in range(rows.start, rows.stop, _TILE):
        height = ordered[top : min(top + _TILE, rows.stop), None]
        for left in range(top if is_same else columns.start, columns.stop, _TILE):
            width = ordered[left : min(left + _TILE, columns.stop)]
            difference = height ^ width
            distances = np.bitwise_count(difference)
            hits = np.flatnonzero(distances <= threshold)
            if not len(hits):
                continue
            at, beside = np.divmod(hits, len(width))
            at, beside = at + top, beside + left
            if is_same:
                once = at < beside
                at, beside, hits = at[once], beside[once], hits[once]
            if len(hits):
                yield at, beside, difference.ravel()[hits], distances.ravel()[hits]
