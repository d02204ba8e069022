import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dam.media import likeness
from dam.media.likeness import nearest, pairs_within

_WORDS = st.integers(0, 2**64 - 1)


def _hashes(count: int, seed: int = 1) -> NDArray[np.uint64]:
    """Random hashes of which every tenth is near another one."""
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 2**64, count, dtype=np.uint64)
    copies = rng.integers(0, count, count // 10)
    hashes[copies] = hashes[rng.integers(0, count, len(copies))]
    for _ in range(9):
        hashes[copies] ^= np.uint64(1) << rng.integers(0, 64, len(copies), dtype=np.uint64)
    return hashes


def _all_pairs(hashes: NDArray[np.uint64], threshold: int) -> dict[tuple[int, int], int]:
    distances = np.bitwise_count(hashes[:, None] ^ hashes[None, :])
    first, second = np.nonzero(np.triu(distances <= threshold, 1))
    return {(int(a), int(b)): int(distances[a, b]) for a, b in zip(first, second, strict=True)}


def _found_pairs(hashes: NDArray[np.uint64], threshold: int) -> list[tuple[tuple[int, int], int]]:
    return [
        ((int(a), int(b)), int(bits))
        for pairs in pairs_within(hashes, threshold)
        for a, b, bits in zip(*pairs, strict=True)
    ]


@given(st.lists(_WORDS, max_size=50), _WORDS, st.integers(0, 64))
def test_nearest_are_all_within_the_threshold_in_order(
    words: list[int], query: int, threshold: int
) -> None:
    indices, distances = nearest(np.array(words, np.uint64), query, threshold=threshold)

    expected = sorted(((word ^ query).bit_count(), at) for at, word in enumerate(words))
    expected = [pair for pair in expected if pair[0] <= threshold]
    assert list(zip(distances.tolist(), indices.tolist(), strict=True)) == expected


def test_nearest_looks_beyond_its_first_chunk() -> None:
    hashes = np.zeros(100_000, np.uint64)
    hashes[70_000:70_003] = 2**64 - 1

    indices, distances = nearest(hashes, 2**64 - 2, threshold=10)

    assert indices.tolist() == [70_000, 70_001, 70_002]
    assert distances.tolist() == [1, 1, 1]


@pytest.mark.slow
@given(st.lists(st.integers(0, 255) | _WORDS, max_size=60), st.integers(0, 64))
def test_pairs_are_exactly_those_of_comparing_all(words: list[int], threshold: int) -> None:
    hashes = np.array(words, np.uint64)

    found = _found_pairs(hashes, threshold)

    assert len(found) == len(dict(found))
    assert dict(found) == _all_pairs(hashes, threshold)


@pytest.mark.slow
@pytest.mark.parametrize("threshold", [6, 8, 10])
def test_pairs_of_many_hashes_are_found_by_neighbouring_buckets_too(
    monkeypatch: pytest.MonkeyPatch, threshold: int
) -> None:
    monkeypatch.setattr(likeness, "_PROBING_COUNT", 0)
    monkeypatch.setattr(likeness, "_PROBING_THRESHOLD", 0)
    hashes = _hashes(2000)

    found = _found_pairs(hashes, threshold)

    assert len(found) == len(dict(found))
    assert dict(found) == _all_pairs(hashes, threshold)
