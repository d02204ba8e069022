"""Pictures that the tests draw themselves."""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
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


def grey_scene(seed: int = 0, size: tuple[int, int] = (240, 180)) -> NDArray[np.float64]:
    """Return the grey of a landscape, from 0 (black) to 1 (white), both of which occur.

    Returns:
        Shape (height, width).
    """
    grey = np.asarray(landscape(size, seed).convert("L"), dtype=np.float64)
    scene: NDArray[np.float64] = (grey - grey.min()) / (grey.max() - grey.min())
    return scene


def save_tiff(path: Path, values: NDArray[Any], **tags: int) -> Path:
    """Save values as the smallest TIFF: one strip, uncompressed; return the path.

    Args:
        path: The file.
        values: Shape (height, width), or (height, width, channels).
        tags: More fields as `t258=12`, in place of those that the values have.
    """
    content = values.astype(values.dtype.newbyteorder("<")).tobytes()
    height, width, *channels = values.shape
    count = channels[0] if channels else 1
    kinds = {"u": 1, "i": 2, "f": 3}
    fields: dict[int, tuple[int, ...]] = {
        256: (width,),
        257: (height,),
        258: (8 * values.dtype.itemsize,) * count,
        259: (1,),
        262: (1 if count == 1 else 2,),
        273: (8,),
        277: (count,),
        278: (height,),
        279: (len(content),),
        339: (kinds[values.dtype.kind],) * count,
    }
    fields |= {int(name[1:]): (value,) for name, value in tags.items()}
    after = 8 + len(content) + 2 + 12 * len(fields) + 4
    entries, arrays = b"", b""
    for tag, found in sorted(fields.items()):
        packed = struct.pack(f"<{len(found)}L", *found)
        if len(found) > 1:
            packed, arrays = struct.pack("<L", after + len(arrays)), arrays + packed
        entries += struct.pack("<HHL", tag, 4, len(found)) + packed
    head = b"II*\0" + struct.pack("<L", 8 + len(content))
    directory = struct.pack("<H", len(fields)) + entries + bytes(4)
    path.write_bytes(head + content + directory + arrays)
    return path
