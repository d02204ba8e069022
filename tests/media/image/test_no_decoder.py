"""Sound pictures that Pillow has no code for are not called damaged; damaged ones still are."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dam.errors import ItemError, NoDecoderError, UnreadablePictureError
from dam.media.image.entry import analyse_image, describe_image
from tests.media.drawing import grey_scene, landscape, save, save_tiff


def _fault(path: Path) -> ItemError:
    with pytest.raises(ItemError) as caught:
        analyse_image(path)
    return caught.value


@pytest.mark.parametrize(
    ("kind", "channels", "message"),
    [
        (np.float16, 1, "no decoder for TIFF pictures with 1 x 16 bits (floating-point)"),
        (np.float64, 1, "no decoder for TIFF pictures with 1 x 64 bits (floating-point)"),
        (np.float32, 3, "no decoder for TIFF pictures with 3 x 32 bits (floating-point)"),
        (np.uint8, 5, "no decoder for TIFF pictures with 5 x 8 bits"),
    ],
)
def test_tiff(tmp_path: Path, kind: type, channels: int, message: str) -> None:
    values: NDArray[Any] = np.stack([grey_scene() * 255] * channels, axis=2).astype(kind)

    found = _fault(save_tiff(tmp_path / "a.tif", values))

    assert (type(found), found.message) == (NoDecoderError, message)


def test_a_tiff_with_an_unknown_compression(tmp_path: Path) -> None:
    path = save_tiff(tmp_path / "a.tif", (grey_scene() * 255).astype(np.uint8), t259=34892)

    assert _fault(path).message == "no decoder for TIFF pictures with compression 34892"


def test_a_torn_tiff_is_unreadable(tmp_path: Path) -> None:
    values = np.zeros((40, 60), np.float64)
    path = save_tiff(tmp_path / "a.tif", values, t279=40 * 60 * 9)

    assert isinstance(_fault(path), UnreadablePictureError)


def test_a_jpeg_of_twelve_bits(tmp_path: Path) -> None:
    path = save(landscape(), tmp_path / "a.jpg")
    content = bytearray(path.read_bytes())
    content[content.find(b"\xff\xc0") + 4] = 12
    path.write_bytes(content)

    assert _fault(path).message == "no decoder for JPEG pictures with 12 bits a channel"


def test_a_jpeg_that_ends_before_its_picture_begins_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xd9")

    assert isinstance(_fault(path), UnreadablePictureError)


def test_a_png_of_xcode(tmp_path: Path) -> None:
    path = save(landscape(), tmp_path / "a.png")
    content = path.read_bytes()
    name = b"CgBI" + b"\x50\0\x20\x06"
    chunk = struct.pack(">L", 4) + name + struct.pack(">L", zlib.crc32(name))
    data = content.replace(b"IDAT\x78", b"IDAT\x00", 1)
    path.write_bytes(data[:8] + chunk + data[8:])

    assert describe_image(path).width_px == 640
    assert _fault(path).message == "no decoder for PNG pictures of Xcode (CgBI)"


def test_a_tiff_in_deep_lab(tmp_path: Path) -> None:
    values: NDArray[Any] = np.zeros((40, 60, 3), np.uint16)

    found = _fault(save_tiff(tmp_path / "a.tif", values, t262=8))

    assert (type(found), found.message) == (
        NoDecoderError,
        "no decoder for TIFF pictures with 3 x 16 bits in Lab",
    )


@pytest.mark.parametrize("tags", [{"t259": 12_345}, {"t262": 99, "t259": 34892}])
def test_a_tiff_with_a_number_that_no_writer_uses_is_unreadable(
    tmp_path: Path, tags: dict[str, int]
) -> None:
    values = np.zeros((40, 60, 3), np.float64)

    assert isinstance(_fault(save_tiff(tmp_path / "a.tif", values, **tags)), UnreadablePictureError)


def _bmp(path: Path, *, size: int = 40, bits: int = 24, compression: int = 0) -> Path:
    header = struct.pack("<LllHHLLllLL", size, 60, 40, 1, bits, compression, 0, 0, 0, 0, 0)
    content = bytes(60 * 40 * 4)
    start = 14 + len(header)
    path.write_bytes(b"BM" + struct.pack("<LLL", start + len(content), 0, start) + header + content)
    return path


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"bits": 2}, "no decoder for BMP pictures with 2 bits a pixel"),
        ({"bits": 24, "compression": 4}, "no decoder for BMP pictures with 24 bits a pixel (JPEG)"),
        (
            {"bits": 32, "compression": 11},
            "no decoder for BMP pictures with 32 bits a pixel (CMYK)",
        ),
    ],
)
def test_bmp(tmp_path: Path, facts: dict[str, int], message: str) -> None:
    found = _fault(_bmp(tmp_path / "a.bmp", **facts))

    assert (type(found), found.message) == (NoDecoderError, message)


@pytest.mark.parametrize("facts", [{"bits": 17}, {"compression": 99}, {"bits": 0xFFFF}])
def test_a_damaged_bmp_header_is_unreadable(tmp_path: Path, facts: dict[str, int]) -> None:
    assert isinstance(_fault(_bmp(tmp_path / "a.bmp", **facts)), UnreadablePictureError)


def _dds(path: Path, code: bytes, dxgi: int = 0) -> Path:
    head = struct.pack("<LLLLLLL44x", 124, 0x1007, 40, 60, 0, 0, 0)
    pixels = struct.pack("<LL4sLLLLL", 32, 4, code, 0, 0, 0, 0, 0)
    more = struct.pack("<LLLLL", dxgi, 3, 0, 1, 0) if dxgi else b""
    path.write_bytes(b"DDS " + head + pixels + bytes(20) + more + bytes(60 * 40 * 4))
    return path


@pytest.mark.parametrize(
    ("code", "dxgi", "message"),
    [
        (b"YUY2", 0, "no decoder for DDS pictures of format YUY2"),
        (struct.pack("<L", 116), 0, "no decoder for DDS pictures of format 116"),
        (b"DX10", 2, "no decoder for DDS pictures of DXGI format 2"),
    ],
)
def test_dds(tmp_path: Path, code: bytes, dxgi: int, message: str) -> None:
    found = _fault(_dds(tmp_path / "a.dds", code, dxgi))

    assert (type(found), found.message) == (NoDecoderError, message)


@pytest.mark.parametrize(("code", "dxgi"), [(b"\xff\1\2\3", 0), (b"DX10", 70_000)])
def test_a_damaged_dds_header_is_unreadable(tmp_path: Path, code: bytes, dxgi: int) -> None:
    assert isinstance(_fault(_dds(tmp_path / "a.dds", code, dxgi)), UnreadablePictureError)
