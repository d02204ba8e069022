"""Recognises, reads and draws STL models; needs no database.

STL describes a surface by triangles, in a binary form or as text. The format knows no unit, so
sizes are plain numbers.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from dam.errors import ItemError, MediaLimitError
from dam.media.limits import MediaLimits

STL_TYPE = "model/stl"
MAX_TRIANGLES = 2_000_000
_MAX_TEXT_BYTES = 100_000_000
_MAX_LINE_BYTES = 500
_MAX_DRAWN = 50_000
_SIDE = 256
_HEADER_BYTES = 84
_TRIANGLE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
# From above, in front and beside. The rows point to the right, up, and to the viewer.
_VIEW = np.array([[0.866, 0.5, 0.0], [-0.25, 0.433, 0.866], [0.433, -0.75, 0.5]])
_LIGHT = np.array([0.26, 0.53, 0.81])

Corners = NDArray[np.float64]
"""The corners of triangles; shape (triangles, 3 corners, 3 coordinates)."""


class UnreadableModelError(ItemError):
    """A file is not a model, or a damaged one."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"unreadable STL model: {reason}")


@dataclass(frozen=True)
class ModelFacts:
    """The facts about a model; the corners of its bounding box are (x, y, z)."""

    triangle_count: int
    lowest: tuple[float, float, float]
    highest: tuple[float, float, float]


def recognise(head: bytes, file: BinaryIO) -> str | None:
    """Return the media type of STL models if a file is one.

    A binary model has as many bytes as its number of triangles asks for.
    """
    count = int.from_bytes(head[80:84], "little")
    size_bytes = file.seek(0, os.SEEK_END)
    is_binary = count > 0 and size_bytes == _HEADER_BYTES + count * _TRIANGLE.itemsize
    is_text = head[:5].lower() == b"solid" and b"facet" in head.lower()
    return STL_TYPE if is_binary or is_text else None


def describe(file: BinaryIO, _media_type: str, _limits: MediaLimits) -> ModelFacts:
    """Return the facts about a model, as `read_facts`."""
    return read_facts(file)


def draw(file: BinaryIO, _media_type: str, _limits: MediaLimits) -> Image.Image:
    """Return a picture of a model, as `draw_model`."""
    return draw_model(file)


def is_closed(file: BinaryIO) -> bool:
    """Tell whether the surface of a model has no hole: each edge belongs to two triangles.

    Raises:
        UnreadableModelError, MediaLimitError: As in `read_facts`.
    """
    corners = read_corners(file)
    _, names = np.unique(corners.reshape(-1, 3), axis=0, return_inverse=True)
    triangles = names.reshape(-1, 3)
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    _, uses = np.unique(np.sort(edges, axis=1), axis=0, return_counts=True)
    return bool((uses == 2).all())


def read_facts(file: BinaryIO) -> ModelFacts:
    """Return the number of triangles and the bounding box of a model.

    Raises:
        UnreadableModelError: The file is not an STL model, or a damaged one.
        MediaLimitError: It has too many triangles.
    """
    corners = read_corners(file)
    low, high = corners.min(axis=(0, 1)).tolist(), corners.max(axis=(0, 1)).tolist()
    return ModelFacts(len(corners), (low[0], low[1], low[2]), (high[0], high[1], high[2]))


def draw_model(file: BinaryIO) -> Image.Image:
    """Return a picture of a model: 256 by 256 pixels, grey on white, without perspective.

    Of a model with very many triangles, only some are drawn.

    Raises:
        UnreadableModelError, MediaLimitError: As in `read_facts`.
    """
    corners = read_corners(file)
    corners = corners[:: -(-len(corners) // _MAX_DRAWN)]
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    turned = (corners - (low + high) / 2) / ((high - low).max() or 1.0) @ _VIEW.T
    normals = np.cross(turned[:, 1] - turned[:, 0], turned[:, 2] - turned[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    light = np.abs(normals @ _LIGHT) / np.where(lengths > 0, lengths, 1)
    pixels = _SIDE + 1.1 * _SIDE * turned[:, :, :2] * (1, -1)  # twice as large, then reduced
    picture = Image.new("L", (2 * _SIDE, 2 * _SIDE), 255)
    pen = ImageDraw.Draw(picture)
    for triangle in np.argsort(turned[:, :, 2].mean(axis=1)):  # the nearest one last
        shade = int(50 + 180 * light[triangle])
        pen.polygon([(x, y) for x, y in pixels[triangle].tolist()], fill=shade)
    return picture.reduce(2)


def read_corners(file: BinaryIO) -> Corners:
    """Return the corners of a model's triangles.

    Raises:
        UnreadableModelError, MediaLimitError: As in `read_facts`.
    """
    size_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(_HEADER_BYTES)
    count = int.from_bytes(head[80:], "little")
    # The header of a binary file may begin with `solid`, too.
    if size_bytes == _HEADER_BYTES + count * _TRIANGLE.itemsize and len(head) == _HEADER_BYTES:
        corners = _read_binary(file, count)
    elif head[:5].lower() == b"solid":
        file.seek(0)
        corners = _read_text(file, size_bytes)
    else:
        raise UnreadableModelError(
            f"{size_bytes} bytes, expected {_HEADER_BYTES + count * _TRIANGLE.itemsize} "
            f"for {count} triangles, or text that begins with 'solid'"
        )
    if len(corners) == 0:
        raise UnreadableModelError("it has no triangles")
    if not np.isfinite(corners).all():
        raise UnreadableModelError("a coordinate is not a finite number")
    return corners


def _read_binary(file: BinaryIO, count: int) -> Corners:
    if count > MAX_TRIANGLES:
        raise MediaLimitError("triangles", count, MAX_TRIANGLES)
    content = file.read(count * _TRIANGLE.itemsize)
    if len(content) < count * _TRIANGLE.itemsize:
        raise UnreadableModelError("it was cut short while it was read")
    return np.frombuffer(content, _TRIANGLE)["corners"].astype(np.float64)


def _read_text(file: BinaryIO, size_bytes: int) -> Corners:
    if size_bytes > _MAX_TEXT_BYTES:
        raise MediaLimitError("bytes of text", size_bytes, _MAX_TEXT_BYTES)
    values = np.fromiter(_coordinates(file), np.float64)
    if len(values) % 9:
        raise UnreadableModelError(f"{len(values) // 3} corners, expected three for each triangle")
    return values.reshape(-1, 3, 3)


def _coordinates(file: BinaryIO) -> Iterator[float]:
    """Yield the coordinates of all corners in a text: `vertex 0 1.5 -2e3`."""
    words: list[bytes] = []
    while line := file.readline(_MAX_LINE_BYTES):
        words = line.lower().split() or words
        if words[0] == b"vertex" and line.strip():
            yield from _parse_corner(words[1:])
    if not words or words[0] != b"endsolid":
        raise UnreadableModelError("the text ends without 'endsolid'")


def _parse_corner(words: list[bytes]) -> tuple[float, float, float]:
    try:
        x, y, z = map(float, words)
    except ValueError:
        shown = b" ".join(words)[:40].decode("ascii", "backslashreplace")
        raise UnreadableModelError(f"not a corner: {shown!r}; expected three numbers") from None
    return x, y, z
