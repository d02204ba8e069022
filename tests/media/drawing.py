"""Pictures that the tests draw themselves."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIZE = (640, 480)


def landscape(size: tuple[int, int] = SIZE, seed: int = 0) -> Image.Image:
    """Return an RGB picture with structure in all its parts, different for each seed."""
    noise = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def one_colour(mode: str = "RGB", size: tuple[int, int] = SIZE) -> Image.Image:
    """Return a picture of one colour."""
    return Image.new(mode, size, 90 if mode == "L" else (200, 30, 30))


def save(picture: Image.Image, path: Path, **options: Any) -> Path:
    """Save a picture in the format that the file's suffix names; return the path."""
    picture.save(path, **options)
    return path


def colour_of(encoded: bytes) -> tuple[int, int, int]:
    """Return the colour in the middle of an encoded picture."""
    with Image.open(io.BytesIO(encoded)) as picture:
        middle = picture.convert("RGB").resize((1, 1)).tobytes()
    return middle[0], middle[1], middle[2]


def bits_apart(first: int, second: int) -> int:
    """Return the Hamming distance."""
    return (first ^ second).bit_count()
