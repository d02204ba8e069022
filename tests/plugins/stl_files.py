"""STL models for tests, written as bytes."""

import struct
from collections.abc import Sequence

Point = tuple[float, float, float]
Triangle = tuple[Point, Point, Point]


def box(width: float, depth: float, height: float) -> list[Triangle]:
    """Return the twelve triangles of a box with a corner at (0, 0, 0)."""
    corners = [(x, y, z) for x in (0.0, width) for y in (0.0, depth) for z in (0.0, height)]
    sides = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return [
        (corners[a], corners[one], corners[other])
        for a, b, c, d in sides
        for one, other in ((b, c), (c, d))
    ]


def binary(
    triangles: Sequence[Triangle], *, header: bytes = b"", count: int | None = None
) -> bytes:
    """Return a binary model; `count` is the number of triangles that it claims."""
    body = b"".join(
        struct.pack("<12fH", 0, 0, 0, *(value for corner in triangle for value in corner), 0)
        for triangle in triangles
    )
    claimed = len(triangles) if count is None else count
    return header.ljust(80, b"\0") + struct.pack("<I", claimed) + body


def text(triangles: Sequence[Triangle]) -> bytes:
    """Return a model as text."""
    lines = ["solid box"]
    for triangle in triangles:
        lines += ["facet normal 0 0 0", "  outer loop"]
        lines += [f"    vertex {x:.1f} {y:.1f} {z:e}" for x, y, z in triangle]
        lines += ["  endloop", "endfacet"]
    return "\n".join([*lines, "endsolid box", ""]).encode()
