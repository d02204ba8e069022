"""Long sequences in parts: databases bound how many values a statement has."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

PORTION = 5_000


def portions(items: Sequence[T], size: int = PORTION) -> Iterator[Sequence[T]]:
    """Yield the items in their order, so many at once; nothing for none."""
    return (items[start : start + size] for start in range(0, len(items), size))
