"""Thumbnails show the true picture, and likeness finds it, whatever the file calls white."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from dam.media.image.entry import analyse_image
from dam.media.image.values import ImageAnalysis
from tests.media.drawing import bits_apart, grey_scene, landscape, one_colour, save, save_tiff

Scene = NDArray[np.float64]


def _shown(analysis: ImageAnalysis, mode: str = "L") -> NDArray[np.float64]:
    with Image.open(io.BytesIO(analysis.thumbnail.content)) as thumbnail:
        return np.asarray(thumbnail.convert(mode), dtype=np.float64)


def _packed(values: Scene) -> NDArray[np.uint8]:
    """Return 12-bit values, two in three bytes."""
    first, second = (values.astype(np.uint16).ravel()[n::2] for n in (0, 1))
    parts = first >> 4, (first & 15) << 4 | second >> 8, second & 255
    return np.stack(parts, axis=1).astype(np.uint8).reshape(values.shape[0], -1)


def _of_bits(bits: int, kind: Any = np.uint16) -> Callable[[Path, Scene], Path]:
    return lambda path, scene: save_tiff(path, (scene * (2**bits - 1)).astype(kind))


def _with(value: float) -> Callable[[Path, Scene], Path]:
    def make(path: Path, scene: Scene) -> Path:
        values = scene.astype(np.float32)
        values[7, 9] = value
        return save_tiff(path, values)

    return make


_FILES: dict[str, Callable[[Path, Scene], Path]] = {
    "8 in 16 bits": _of_bits(8),
    "10 in 16 bits": _of_bits(10),
    "12 in 16 bits": _of_bits(12),
    "14 in 16 bits": _of_bits(14),
    "16 bits": _of_bits(16),
    "dark 16 bits that name their white": lambda path, scene: save_tiff(
        path, (scene * 12_000).astype(np.uint16), t281=12_000
    ),
    "packed 12 bits": lambda path, scene: save_tiff(
        path, _packed(scene * 4095), t256=scene.shape[1], t258=12
    ),
    "16 bits, white is zero": lambda path, scene: save_tiff(
        path, 65535 - (scene * 65535).astype(np.uint16), t262=0
    ),
    "signed 16 bits": lambda path, scene: save_tiff(path, (scene * 65535 - 32768).astype(np.int16)),
    "32 bits": _of_bits(32, np.uint32),
    "signed 32 bits": _of_bits(31, np.int32),
    "20 in 32 bits": _of_bits(20, np.int32),
    "8 in 32 bits": _of_bits(8, np.uint32),
    "floats": lambda path, scene: save_tiff(path, scene.astype(np.float32)),
    "pale floats": lambda path, scene: save_tiff(path, (scene * 0.4 + 0.5).astype(np.float32)),
    "an outlier above": _with(1000.0),
    "an outlier below": _with(-1000.0),
    "not a number": _with(np.nan),
    "infinity": _with(np.inf),
    "the lowest float": _with(float(np.finfo(np.float32).min)),
}


@pytest.mark.parametrize("name", _FILES)
def test_deep_values_are_shown_as_bright_as_they_are(tmp_path: Path, name: str) -> None:
    scene = grey_scene()
    true = (scene * 0.4 + 0.5 if name.startswith("pale") else scene) * 255
    half = Image.fromarray(true.astype(np.uint8)).resize((120, 90))

    found = analyse_image(_FILES[name](tmp_path / "a.tif", scene))

    assert np.abs(_shown(found) - true).mean() < 4
    copy = analyse_image(save(half, tmp_path / "half.png"))
    assert bits_apart(found.hashes.phash, copy.hashes.phash) <= 2


def _colours(bits: int) -> NDArray[np.uint16]:
    channels = [grey_scene(seed) for seed in range(3)]
    colours: NDArray[np.float64] = np.stack(channels, axis=2)
    values: NDArray[np.uint16] = (colours * (2**bits - 1)).astype(np.uint16)
    return values


def _save_png(path: Path, values: NDArray[np.uint16]) -> Path:
    """Save colours of sixteen bits, which Pillow cannot."""
    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">LLBBBBB", width, height, 16, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n"
    for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        checked = name + data
        content += struct.pack(">L", len(data)) + checked + struct.pack(">L", zlib.crc32(checked))
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("make", [save_tiff, _save_png])
@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_deep_colours_are_shown_as_bright_as_they_are(
    tmp_path: Path, make: Callable[[Path, NDArray[np.uint16]], Path], bits: int
) -> None:
    true = Image.fromarray((_colours(bits) >> (bits - 8)).astype(np.uint8))

    found = analyse_image(make(tmp_path / "a", _colours(bits)))

    assert np.abs(_shown(found) - np.asarray(true.convert("L"), dtype=np.float64)).mean() < 4
    half = analyse_image(save(true.resize((120, 90)), tmp_path / "half.png"))
    assert bits_apart(found.hashes.phash, half.hashes.phash) <= 2


def test_a_dark_picture_stays_dark_if_it_uses_more_than_a_quarter_of_its_bits(
    tmp_path: Path,
) -> None:
    values = (grey_scene() * 20_000).astype(np.uint16)

    found = analyse_image(save(Image.fromarray(values), tmp_path / "a.png"))

    assert np.abs(_shown(found) - values / 257).mean() < 4


def test_lab_is_scaled_as_its_colours_are(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    picture = Image.fromarray(noise)

    found = analyse_image(save(_lab(picture), tmp_path / "a.tif"))

    copy = analyse_image(save(picture, tmp_path / "a.png"))
    assert np.abs(_shown(found, "RGB") - _shown(copy, "RGB")).mean() < 4
    assert bits_apart(found.hashes.phash, copy.hashes.phash) <= 2


def _lab(picture: Image.Image) -> Image.Image:
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.profileToProfile(picture, *profiles, outputMode="LAB")
    assert lab is not None
    return lab


def _with_alpha(picture: Image.Image, alpha: int) -> Image.Image:
    with_alpha = picture.copy()
    with_alpha.putalpha(alpha)
    return with_alpha


def _without_end(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-2])
    return path


def _fading_in(picture: Image.Image, path: Path) -> Path:
    frames = [Image.new("RGB", picture.size, "white"), picture]
    return save(Image.new("RGB", picture.size), path, save_all=True, append_images=frames)


_COLOUR_FILES: dict[str, Callable[[Image.Image, Path], Path]] = {
    "Lab": lambda picture, folder: save(_lab(picture), folder / "a.tif"),
    "CMYK, JPEG": lambda picture, folder: save(
        picture.convert("CMYK"), folder / "a.jpg", quality=92
    ),
    "CMYK, TIFF": lambda picture, folder: save(picture.convert("CMYK"), folder / "a.tif"),
    "YCbCr": lambda picture, folder: save(picture.convert("YCbCr"), folder / "a.tif"),
    "all clear": lambda picture, folder: save(_with_alpha(picture, 0), folder / "a.png"),
    "all clear, TGA": lambda picture, folder: save(_with_alpha(picture, 0), folder / "a.tga"),
    "all opaque": lambda picture, folder: save(_with_alpha(picture, 255), folder / "a.webp"),
    "a JPEG without its end": lambda picture, folder: _without_end(
        save(picture, folder / "a.jpg", quality=92)
    ),
    "a progressive JPEG without its end": lambda picture, folder: _without_end(
        save(picture, folder / "a.jpg", quality=92, progressive=True)
    ),
    "fading in, WebP": lambda picture, folder: _fading_in(picture, folder / "a.webp"),
    "fading in, PNG": lambda picture, folder: _fading_in(picture, folder / "a.png"),
    "AVIF": lambda picture, folder: save(picture, folder / "a.avif", quality=90),
    "JPEG 2000": lambda picture, folder: save(picture, folder / "a.jp2"),
}


@pytest.mark.parametrize("name", _COLOUR_FILES)
def test_colours_are_shown_as_they_are_and_found_by_a_copy_of_half_the_size(
    tmp_path: Path, name: str
) -> None:
    picture = landscape((240, 180))

    found = analyse_image(_COLOUR_FILES[name](picture, tmp_path))

    assert found.fault is None
    assert np.abs(_shown(found, "RGB") - np.asarray(picture, dtype=np.float64)).mean() < 4
    half = analyse_image(save(picture.resize((120, 90)), tmp_path / "half.png"))
    assert bits_apart(found.hashes.phash, half.hashes.phash) <= 4


def test_a_fourth_channel_that_is_zero_throughout_hides_no_picture(tmp_path: Path) -> None:
    picture = landscape((240, 180))
    unused = picture.copy()
    unused.putalpha(0)

    found = analyse_image(save(unused, tmp_path / "a.png"))

    assert found.hashes == analyse_image(save(picture, tmp_path / "b.png")).hashes


@pytest.mark.parametrize("shade", [255, 250])
@pytest.mark.parametrize("suffix", ["png", "webp", "gif"])
def test_a_pale_drawing_on_clear_ground_is_seen(tmp_path: Path, suffix: str, shade: int) -> None:
    shape = Image.fromarray(((grey_scene() > 0.5) * 255).astype(np.uint8))
    drawing = Image.new("RGBA", shape.size, (shade, shade, shade, 0))
    drawing.putalpha(shape)
    path = save(drawing, tmp_path / f"a.{suffix}")

    found = analyse_image(path)

    assert found.has_structure
    half = analyse_image(save(drawing.resize((120, 90)), tmp_path / "half.png"))
    assert bits_apart(found.hashes.phash, half.hashes.phash) <= 8


def test_a_drawing_with_lines_stays_on_white(tmp_path: Path) -> None:
    drawing = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    drawing.paste((255, 255, 255, 255), (20, 20, 180, 180))
    drawing.paste((0, 0, 0, 255), (90, 20, 110, 180))

    assert _shown(analyse_image(save(drawing, tmp_path / "a.png")))[5, 5] > 250


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_an_animation_that_fades_in_is_shown_by_its_first_frame_with_structure(
    tmp_path: Path, suffix: str
) -> None:
    frames = [landscape((240, 180), seed) for seed in (1, 2)]
    path = tmp_path / f"a.{suffix}"
    black = one_colour(size=(240, 180))
    black.save(path, save_all=True, append_images=[black, *frames], lossless=True)

    found = analyse_image(path)

    alone = analyse_image(save(frames[0], tmp_path / "alone.png"))
    assert found.has_structure
    assert bits_apart(found.hashes.phash, alone.hashes.phash) <= 4


def test_an_animation_without_structure_is_shown_by_its_first_frame(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    one_colour().save(path, save_all=True, append_images=[Image.new("RGB", (640, 480))])

    found = analyse_image(path)

    assert not found.has_structure
    assert _shown(found, "RGB")[9, 9, 0] > 150


@pytest.mark.parametrize("kept", [1.0, 0.7])
def test_the_first_frame_stays_what_it_is_while_others_are_looked_at(
    tmp_path: Path, kept: float
) -> None:
    path = tmp_path / "a.png"
    frames = [Image.new("L", (64, 48), grey) for grey in (200, 90, 40)]
    frames[2].putdata([(at * at) % 251 for at in range(64 * 48)])  # the longest: this one is torn
    last = frames[2] if kept < 1 else frames[1]
    frames[0].save(path, save_all=True, append_images=[frames[1], last], duration=50)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])

    found = analyse_image(path)

    assert not found.has_structure
    assert _shown(found)[9, 9] == pytest.approx(200, abs=3)


def test_likeness_goes_through_the_colour_profile(tmp_path: Path) -> None:
    # Primaries in another order make a profile whose first channel is green.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    at = {srgb[i : i + 4]: i for i in range(132, 300, 12)}
    other = bytearray(srgb)
    for channel, primary in ((b"rXYZ", b"gXYZ"), (b"gXYZ", b"bXYZ"), (b"bXYZ", b"rXYZ")):
        entry, source = at[channel] + 4, at[primary] + 4
        other[entry : entry + 8] = srgb[source : source + 8]
    other = other.replace("sRGB".encode("utf-16-be"), "gbrX".encode("utf-16-be"))
    picture = landscape((240, 180))
    red, green, blue = picture.split()
    stored = Image.merge("RGB", (green, blue, red))

    found = analyse_image(save(stored, tmp_path / "a.png", icc_profile=bytes(other)))

    plain = analyse_image(save(picture, tmp_path / "b.png"))
    assert bits_apart(found.hashes.phash, plain.hashes.phash) <= 2
