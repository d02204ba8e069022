"""Files with holes: parts that read as zeros and have no place on the disk."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby

_BLOCK_BYTES = 4096
_ZEROS = bytes(_BLOCK_BYTES)
_STAT_BLOCK_BYTES = 512


def has_holes(status: os.stat_result) -> bool:
    """Tell whether a file takes less of the disk than its size; one that is packed does, too."""
    blocks: int | None = getattr(status, "st_blocks", None)  # Windows has none
    return blocks is not None and blocks * _STAT_BLOCK_BYTES < status.st_size


@contextmanager
def writing(
    write: Callable[[memoryview], object], skip: Callable[[int], object], *, leaves_holes: bool
) -> Iterator[Callable[[memoryview], object]]:
    """Yield what writes the pieces of a file one after the other, as `write` does.

    With `leaves_holes`, blocks of zeros are left out: `skip` is given how many bytes to go on. The
    last byte is written, so the file has its size at the end of the block.
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
    """Yield how many bytes in a row are zeros in whole blocks, or are not, in turn."""
    starts = range(0, len(content), _BLOCK_BYTES)
    blocks = (content[start : start + _BLOCK_BYTES] for start in starts)
    for is_hole, run in groupby(blocks, lambda block: block == _ZEROS[: len(block)]):
        yield is_hole, sum(map(len, run))
