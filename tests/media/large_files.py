"""Large pictures of many formats, full of noise, so that they cannot be packed."""

import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from dam.media.image.decoders import pillow_format

SIDE = 1300
_PREVIEW_SIDE = 900


def noise(side: int = SIDE, bands: int = 3, seed: int = 0) -> Image.Image:
    """Return a square of noise."""
    shape = (side, side, bands) if bands > 1 else (side, side)
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def saved(image: Image.Image, picture_format: str, **options: Any) -> bytes:
    """Return a picture in a format of Pillow."""
    content = io.BytesIO()
    image.save(content, picture_format, **options)
    return content.getvalue()


def _animation(picture_format: str, **options: Any) -> bytes:
    frames = [noise(600, seed=number) for number in range(5)]
    return saved(frames[0], picture_format, save_all=True, append_images=frames[1:], **options)


def _ora() -> bytes:
    content, merged = io.BytesIO(), saved(noise(), "PNG")
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("mimetype", "image/openraster")
        archive.writestr("data/layer0.png", merged)
        archive.writestr("mergedimage.png", merged)
    return content.getvalue()


def _svg() -> bytes:
    rows = [f"<path d='M{at % 997} {at % 991}h1v1z'/>" for at in range(60_000)]
    head = "<svg xmlns='http://www.w3.org/2000/svg' width='900' height='900'>"
    return (head + "".join(rows) + "</svg>").encode()


def tiff_of(directories: list[dict[int, int | bytes]], parts: list[bytes]) -> bytes:
    """Return a TIFF of directories in a chain; a value of `-n` is the place of part `n`."""
    places, at = [], 8
    for part in parts:
        places.append(at)
        at += len(part)
    content = b"".join(parts)
    first = at
    for number, fields in enumerate(directories):
        is_last = number == len(directories) - 1
        size = 2 + 12 * len(fields) + 4
        values = b""
        entries = b""
        for tag, value in sorted(fields.items()):
            if isinstance(value, bytes):
                entries += struct.pack("<HHLL", tag, 2, len(value), at + size + len(values))
                values += value
            else:
                found = places[-value - 1] if value < 0 else value
                entries += struct.pack("<HHLL", tag, 4, 1, found)
        following = 0 if is_last else at + size + len(values)
        content += struct.pack("<H", len(fields)) + entries + struct.pack("<L", following) + values
        at += size + len(values)
    return b"II*\0" + struct.pack("<L", first) + content


def _raw(maker: bytes) -> bytes:
    """Return a RAW file: a small and a large preview, and pixels that only look like a JPEG."""
    small = saved(noise(160), "JPEG")
    large = saved(noise(_PREVIEW_SIDE), "JPEG", quality=90)
    sensor = b"\xff\xd8\xff\xc3\0\x0b\x0e\x0b\xb8\x0b\xb8\1\1\x11\0" + bytes(6_000_000)
    sensor_fields: dict[int, int | bytes] = {
        254: 0,
        256: 3000,
        257: 3000,
        258: 14,
        259: 6,
        273: -3,
        279: len(sensor),
    }
    return tiff_of(
        [
            {254: 1, 256: 160, 257: 160, 259: 6, 271: maker, 273: -1, 279: len(small)},
            {254: 1, 513: -2, 514: len(large)},
            sensor_fields,
        ],
        [small, large, sensor],
    )


LARGE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "bmp": ("image/bmp", lambda: saved(noise(), "BMP")),
    "gif": ("image/gif", lambda: saved(noise(bands=1), "GIF")),
    "animated.gif": ("image/gif", lambda: _animation("GIF")),
    "jpg": ("image/jpeg", lambda: saved(noise(), "JPEG", quality=95)),
    "progressive.jpg": (
        "image/jpeg",
        lambda: saved(noise(), "JPEG", quality=95, progressive=True),
    ),
    "png": ("image/png", lambda: saved(noise(), "PNG")),
    "deep.png": (
        "image/png",
        lambda: saved(Image.fromarray(np.asarray(noise(bands=1), np.uint16) * 257), "PNG"),
    ),
    "animated.png": ("image/png", lambda: _animation("PNG")),
    "webp": ("image/webp", lambda: saved(noise(), "WEBP", lossless=True, method=0)),
    "lossy.webp": ("image/webp", lambda: saved(noise(2000), "WEBP", quality=95, method=0)),
    "animated.webp": ("image/webp", lambda: _animation("WEBP", lossless=True, method=0)),
    "avif": ("image/avif", lambda: saved(noise(), "AVIF", quality=97, speed=10)),
    "heic": ("image/heic", lambda: _heif(noise())),
    "jxl": ("image/jxl", lambda: _jxl(noise())),
    "jp2": ("image/jp2", lambda: saved(noise(), "JPEG2000")),
    "tif": ("image/tiff", lambda: saved(noise(), "TIFF")),
    "lzw.tif": ("image/tiff", lambda: saved(noise(), "TIFF", compression="tiff_lzw")),
    "pages.tif": ("image/tiff", lambda: _animation("TIFF", compression="tiff_deflate")),
    "tga": ("image/x-tga", lambda: saved(noise(), "TGA")),
    "ppm": ("image/x-portable-pixmap", lambda: saved(noise(), "PPM")),
    "pcx": ("image/x-pcx", lambda: saved(noise(), "PCX")),
    "qoi": ("image/x-qoi", lambda: saved(noise(), "QOI")),
    "ico": ("image/vnd.microsoft.icon", lambda: saved(noise(1000, 4), "ICO", sizes=[(256, 256)])),
    "ora": ("image/openraster", _ora),
    "svg": ("image/svg+xml", _svg),
    "svgz": ("image/svg+xml", lambda: gzip.compress(_svg())),
    "cr2": ("image/x-nikon-nef", lambda: _raw(b"NIKON CORPORATION\0")),
    "psd": ("image/vnd.adobe.photoshop", lambda: _psd(8)),
    "deep.psd": ("image/vnd.adobe.photoshop", lambda: _psd(16)),
}
"""By ending: the media type, and a function that makes the bytes."""


def _heif(image: Image.Image) -> bytes:
    pillow_format("image/heic")
    return saved(image, "HEIF", quality=95)


def _jxl(image: Image.Image) -> bytes:
    pillow_format("image/jxl")
    return saved(image, "JXL", lossless=True, effort=1)


def _psd(depth: int) -> bytes:
    plane = noise(bands=1).tobytes() * (depth // 8)
    head = struct.pack(">4sH6xHLLHH", b"8BPS", 1, 3, SIDE, SIDE, depth, 3)
    thumbnail = saved(noise(160), "JPEG")
    resource = b"8BIM" + struct.pack(">HHL", 1036, 0, len(thumbnail)) + thumbnail
    resource += b"\0" * (len(resource) % 2)
    sections = struct.pack(">L", 0) + struct.pack(">L", len(resource)) + resource + bytes(4)
    return head + sections + b"\0\0" + plane * 3
