"""Copies files with holes: parts that read as zeros and take no space on the disk."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby

_BLOCK_BYTES = 4096
_ZEROS = bytes(_BLOCK_BYTES)
_STAT_BLOCK_BYTES = 512


def has_holes(status: os.stat_result) -> bool:
    """Return whether a file takes less space on the disk than its size.

    So does a file that the file system compresses, which may have no holes.
    """
    blocks: int | None = getattr(status, "st_blocks", None)  # Windows has none
    return blocks is not None and blocks * _STAT_BLOCK_BYTES < status.st_size


@contextmanager
def writing(
    write: Callable[[memoryview], object], skip: Callable[[int], object], *, leaves_holes: bool
) -> Iterator[Callable[[memoryview], object]]:
    """Yield a function that writes the next piece of a file.

    Args:
        write: Writes bytes to the file.
        skip: Moves the position in the file forward by a number of bytes, leaving a hole.
        leaves_holes: Skip blocks of zeros instead of writing them. If the file ends with zeros, the
            last byte is written at the end of the `with` block, so that the file has its size.
    """
    if not leaves_holes:
        yield write
        return
    hole_bytes = 0

    def write_data(chunk: memoryview) -> None:
        nonlocal hole_bytes
        for is_hole, size_bytes in _runs(bytes(chunk)):
            run, chunk = chunk[:size_bytes], chunk[size_bytes:]
            if is_hole:
                hole_bytes += size_bytes
                continue
            if hole_bytes:
                skip(hole_bytes)
                hole_bytes = 0
            write(run)

    yield write_data
    if hole_bytes:
        skip(hole_bytes - 1)
        write(memoryview(b"\0"))


def _runs(content: bytes) -> Iterator[tuple[bool, int]]:
    """Yield runs of blocks: whether all their bytes are zeros, and how many bytes they have."""
    starts = range(0, len(content), _BLOCK_BYTES)
    blocks = (content[start : start + _BLOCK_BYTES] for start in starts)
    for is_hole, run in groupby(blocks, lambda block: block == _ZEROS[: len(block)]):
        yield is_hole, sum(map(len, run))
