"""Splits long sequences, because databases limit how many values one statement may have."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

PORTION = 5_000


def portions(items: Sequence[T], size: int = PORTION) -> Iterator[Sequence[T]]:
    """Yield the items in their order, at most `size` at a time.

    >>> list(portions([1, 2, 3], size=2))
    [[1, 2], [3]]
    """
    return (items[start : start + size] for start in range(0, len(items), size))
