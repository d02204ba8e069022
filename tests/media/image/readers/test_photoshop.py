"""PSD and PSB in all depths, modes and compressions, written here."""

import struct
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dam.errors import ItemError, NoDecoderError, UnreadablePictureError
from dam.media.image.entry import analyse_image, describe_image, small_picture
from dam.media.image.reading import open_picture
from dam.media.limits import MediaLimits
from tests.media.drawing import grey_scene

_GREY, _RGB, _CMYK, _MULTICHANNEL, _LAB = 1, 3, 4, 7, 9
_WIDTH, _HEIGHT = 240, 180


def _packed(row: bytes) -> bytes:
    """Return a row in PackBits, as runs of bytes that are stored as they are."""
    parts = [row[at : at + 128] for at in range(0, len(row), 128)]
    return b"".join(bytes((len(part) - 1,)) + part for part in parts)


def _stored(plane: NDArray[np.float64], bits: int) -> list[bytes]:
    """Return the rows of a channel, given its values from 0 to 1."""
    if bits == 1:
        return [np.packbits(row < 0.5).tobytes() for row in plane]
    if bits == 32:
        light = np.where(plane <= 0.04045, plane / 12.92, ((plane + 0.055) / 1.055) ** 2.4)
        return [row.astype(">f4").tobytes() for row in light]
    kind = {8: ">u1", 16: ">u2"}[bits]
    return [(row * ((1 << bits) - 1) + 0.5).astype(kind).tobytes() for row in plane]


def _psd(
    path: Path,
    planes: list[NDArray[np.float64]],
    *,
    mode: int,
    bits: int = 8,
    version: int = 1,
    is_packed: bool = False,
    layers: int = 0,
    compression: int | None = None,
) -> Path:
    """Write a PSD of planes, each of shape (height, width), from 0 to 1."""
    height, width = planes[0].shape
    head = struct.pack(">4sH6xHLLHH", b"8BPS", version, len(planes), height, width, bits, mode)
    field = ">Q" if version == 2 else ">L"
    info = struct.pack(field, 2) + struct.pack(">h", layers) if layers else b""
    rows = [row for plane in planes for row in _stored(plane, bits)]
    if is_packed:
        rows = [_packed(row) for row in rows]
        sizes = b"".join(struct.pack(">L" if version == 2 else ">H", len(row)) for row in rows)
        rows.insert(0, sizes)
    number = int(is_packed) if compression is None else compression
    sections = bytes(8) + struct.pack(field, len(info)) + info
    path.write_bytes(head + sections + struct.pack(">H", number) + b"".join(rows))
    return path


def _difference(path: Path, expected: NDArray[np.float64]) -> float:
    found = np.asarray(small_picture(path).convert("RGB"), np.float64)
    return float(np.abs(found - expected[..., np.newaxis] * 255).mean())


@pytest.mark.parametrize(
    ("bits", "version", "is_packed"), [*product((8, 16, 32), (1, 2), (False, True))]
)
@pytest.mark.parametrize(("mode", "count"), [(_GREY, 1), (_RGB, 3)])
def test_every_depth_shows_the_picture(
    tmp_path: Path, bits: int, version: int, *, is_packed: bool, mode: int, count: int
) -> None:
    scene = grey_scene(size=(_WIDTH, _HEIGHT))

    path = _psd(
        tmp_path / "a.psd", [scene] * count, mode=mode, bits=bits, version=version,
        is_packed=is_packed,
    )  # fmt: skip

    facts = describe_image(path)
    assert (facts.width_px, facts.height_px, facts.bit_depth) == (_WIDTH, _HEIGHT, bits)
    assert facts.format == ("PSB" if version == 2 else "PSD")
    assert _difference(path, scene) < 1.5


def test_a_bitmap_is_black_where_a_bit_is_set(tmp_path: Path) -> None:
    scene = (grey_scene(size=(241, 100)) > 0.5).astype(np.float64)

    assert _difference(_psd(tmp_path / "a.psd", [scene], mode=0, bits=1), scene) < 0.5


@pytest.mark.parametrize("bits", [8, 16])
def test_inks_are_stored_as_what_they_leave_white(tmp_path: Path, bits: int) -> None:
    scene, white = grey_scene(), np.ones((180, 240))

    for mode in (_CMYK, _MULTICHANNEL):
        path = _psd(tmp_path / "a.psd", [scene, scene, scene, white], mode=mode, bits=bits)
        assert _difference(path, scene) < 1.5


def test_lab_of_16_bits_with_transparency(tmp_path: Path) -> None:
    scene, middle = grey_scene(), np.full((180, 240), 0.502)
    clear = np.zeros((180, 240))

    opaque = _psd(tmp_path / "a.psd", [scene, middle, middle], mode=_LAB, bits=16)
    invisible = _psd(
        tmp_path / "b.psd", [scene, middle, middle, clear], mode=_LAB, bits=16, layers=-1
    )

    assert np.corrcoef(np.asarray(small_picture(opaque).convert("L")).flat, scene.flat)[0, 1] > 0.99
    assert describe_image(invisible).has_alpha
    assert not describe_image(opaque).has_alpha


def test_channels_beside_the_colours_are_transparency_only_if_the_file_says_so(
    tmp_path: Path,
) -> None:
    scene, half = grey_scene(), np.full((180, 240), 0.5)
    half[:, :120] = 1.0

    saved = _psd(tmp_path / "a.psd", [scene] * 3 + [half] * 2, mode=_RGB)
    clear = _psd(tmp_path / "b.psd", [scene] * 3 + [half] * 2, mode=_RGB, layers=-2)

    assert _difference(saved, scene) < 0.5
    assert not describe_image(saved).has_alpha
    assert _difference(clear, 1 - half * (1 - scene)) < 1


@pytest.mark.parametrize("facts", [{"mode": 6}, {"mode": _RGB, "compression": 3, "bits": 16}])
def test_what_it_does_not_read_has_no_decoder(tmp_path: Path, facts: dict[str, int]) -> None:
    path = _psd(tmp_path / "a.psd", [grey_scene()] * 3, **facts)  # type: ignore[arg-type]

    with pytest.raises(NoDecoderError, match=r"^no decoder for PSD pictures with|of mode"):
        analyse_image(path)


@pytest.mark.parametrize(
    ("at", "value"), [(4, b"\0\7"), (12, b"\0\0"), (14, bytes(4)), (22, b"\0\x11"), (24, b"\0\x63")]
)
def test_a_damaged_header_is_unreadable(tmp_path: Path, at: int, value: bytes) -> None:
    path = _psd(tmp_path / "a.psd", [grey_scene()] * 3, mode=_RGB, bits=16)
    content = bytearray(path.read_bytes())
    content[at : at + len(value)] = value
    path.write_bytes(content)

    with pytest.raises(ItemError):
        analyse_image(path)


@pytest.mark.parametrize("is_packed", [True, False])
def test_a_file_that_ends_too_early_is_unreadable(tmp_path: Path, *, is_packed: bool) -> None:
    path = _psd(tmp_path / "a.psd", [grey_scene()] * 3, mode=_RGB, bits=16, is_packed=is_packed)
    content = path.read_bytes()
    for tenth in range(10):
        path.write_bytes(content[: len(content) * tenth // 10])
        with pytest.raises(ItemError) as caught:
            analyse_image(path)
        assert isinstance(caught.value, UnreadablePictureError) or tenth == 0


def test_no_colour_profile_is_applied_to_grey(tmp_path: Path) -> None:
    # Photoshop exports it as it is, whatever its profile of the printing press says.
    path = _psd(tmp_path / "a.psd", [grey_scene()], mode=_GREY)
    content = path.read_bytes()
    block = b"8BIM" + struct.pack(">HHL", 1039, 0, 128) + bytes(128)
    path.write_bytes(content[:30] + struct.pack(">L", len(block)) + block + content[34:])

    with open_picture(path, MediaLimits()) as picture:
        assert "icc_profile" not in picture.image.info
    assert _difference(path, grey_scene()) < 0.5
