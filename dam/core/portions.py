"""Long sequences in parts that a statement can take: databases bound how many values one has."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

PORTION = 5_000


def portions(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield the items in their order, so many at once; nothing for none."""
    return (items[start : start + PORTION] for start in range(0, len(items), PORTION))
