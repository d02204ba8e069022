"""Torn pictures: what is there is drawn and hashed, and the fault says how much is missing."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dam.errors import MediaLimitError, TornPictureError, UnreadablePictureError
from dam.media.image.entry import analyse_image, describe_image, hash_query_image
from dam.media.image.values import ImageAnalysis
from dam.media.limits import MediaLimits
from tests.media.drawing import bits_apart, landscape, save

_JPEGS: dict[str, dict[str, Any]] = {
    "baseline": {},
    "progressive": {"progressive": True},
    "with restarts": {"restart_marker_rows": 1},
}


def _torn(path: Path, cut_bytes: int) -> Path:
    path.write_bytes(path.read_bytes()[:-cut_bytes])
    return path


def _fault(analysis: ImageAnalysis) -> TornPictureError:
    assert isinstance(analysis.fault, TornPictureError)
    return analysis.fault


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("kind", _JPEGS)
@pytest.mark.parametrize("cut_bytes", [1, 2])
def test_a_jpeg_without_its_end_is_whole(
    tmp_path: Path, kind: str, mode: str, cut_bytes: int
) -> None:
    picture = landscape().convert(mode)
    path = save(picture, tmp_path / "a.jpg", **_JPEGS[kind])
    whole = analyse_image(path)

    assert analyse_image(_torn(path, cut_bytes)) == whole
    assert hash_query_image(path).by_transform["none"] == whole.hashes


@pytest.mark.parametrize("kind", ["baseline", "with restarts"])
@pytest.mark.parametrize("cut_bytes", [10, 300])
def test_a_jpeg_that_lacks_some_bytes_of_its_picture_is_torn(
    tmp_path: Path, kind: str, cut_bytes: int
) -> None:
    path = _torn(save(landscape(), tmp_path / "a.jpg", **_JPEGS[kind]), cut_bytes)

    assert 0 < _fault(analyse_image(path)).missing < 0.1


def test_a_torn_jpeg_of_several_passes_shows_the_whole_picture_coarsely(tmp_path: Path) -> None:
    path = save(landscape(), tmp_path / "a.jpg", progressive=True)
    whole = analyse_image(path)

    found = analyse_image(_torn(path, path.stat().st_size // 2))

    assert found.fault is not None
    assert found.fault.message.startswith("torn JPEG picture: it ends in pass ")
    assert (found.hashes.phash ^ whole.hashes.phash).bit_count() <= 4


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "gif", "tiff", "bmp", "tga", "pcx"])
def test_of_a_torn_picture_the_upper_part_is_drawn(tmp_path: Path, suffix: str) -> None:
    # Noise, so that each row takes as many bytes.
    noise = np.random.default_rng(1).integers(0, 256, (400, 300, 3), dtype=np.uint8)
    path = save(Image.fromarray(noise // 2 + 120), tmp_path / f"a.{suffix}")
    whole = _pixels(analyse_image(path))
    if suffix in ("bmp", "tga"):  # they begin with the last row
        whole = whole[::-1]
    description = describe_image(path)

    torn = analyse_image(_torn(path, path.stat().st_size * 2 // 5))

    found = _pixels(torn)
    found = found[::-1] if suffix in ("bmp", "tga") else found
    assert np.abs(found[:120] - whole[:120]).mean() < 12
    assert np.abs(found[:120] - whole[:120]).mean() < np.abs(found[200:] - whole[200:]).mean()
    assert _fault(torn).missing == pytest.approx(0.4, abs=0.07)
    assert _fault(torn).message.endswith("% of it is missing")
    assert describe_image(path) == description


@pytest.mark.parametrize("quality", [30, 60, 90])
@pytest.mark.parametrize("there", [0.9, 0.7, 0.5])
def test_of_a_torn_avif_the_upper_part_is_drawn(tmp_path: Path, quality: int, there: float) -> None:
    path = save(landscape((600, 400)), tmp_path / "a.avif", quality=quality)
    whole, description, size = _pixels(analyse_image(path)), describe_image(path), _size(path)

    torn = analyse_image(_torn(path, round(size * (1 - there))))

    rows = round(len(whole) * there / 3)
    assert np.abs(_pixels(torn)[:rows] - whole[:rows]).mean() < 4
    assert _fault(torn).message == f"torn AVIF picture: {1 - there:.0%} of it is missing"
    assert describe_image(path) == description


@pytest.mark.parametrize("is_bare", [False, True])
@pytest.mark.parametrize("is_exact", [False, True])
def test_a_torn_jpeg_2000_shows_the_whole_picture_coarsely(
    tmp_path: Path, *, is_bare: bool, is_exact: bool
) -> None:
    path = tmp_path / ("a.j2k" if is_bare else "a.jp2")
    save(landscape((600, 400)), path, irreversible=not is_exact, no_jp2=is_bare)
    whole, description, size = analyse_image(path), describe_image(path), _size(path)

    torn = analyse_image(_torn(path, size // 2))

    assert np.abs(_pixels(torn) - _pixels(whole)).mean() < 4
    assert bits_apart(torn.hashes.phash, whole.hashes.phash) <= 4
    assert _fault(torn).message == "torn JPEG2000 picture: 50% of it is missing"
    assert describe_image(path) == description


@pytest.mark.parametrize("there", [0.9, 0.5])
def test_of_a_torn_heic_the_upper_part_is_drawn(tmp_path: Path, there: float) -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    path = save(landscape((600, 400)), tmp_path / "a.heic", quality=70)
    whole, size = _pixels(analyse_image(path)), _size(path)

    torn = analyse_image(_torn(path, round(size * (1 - there))))

    rows = round(len(whole) * there / 3)
    assert np.abs(_pixels(torn)[:rows] - whole[:rows]).mean() < 4
    assert _fault(torn).message == f"torn HEIF picture: {1 - there:.0%} of it is missing"


@pytest.mark.parametrize("suffix", ["avif", "jp2", "webp"])
def test_bytes_after_the_end_of_a_picture_do_not_make_it_torn(tmp_path: Path, suffix: str) -> None:
    path = save(landscape(), tmp_path / f"a.{suffix}")
    whole = analyse_image(path)
    path.write_bytes(path.read_bytes() + b"\0\0\1\0junk" + b"x" * 20)

    assert analyse_image(path) == whole


def _size(path: Path) -> int:
    return path.stat().st_size


def _pixels(analysis: ImageAnalysis) -> Any:
    with Image.open(io.BytesIO(analysis.thumbnail.content)) as image:
        return np.asarray(image.convert("L"), dtype=np.float64)


def test_a_torn_picture_with_clear_parts_is_not_taken_for_whole(tmp_path: Path) -> None:
    picture = landscape().convert("RGBA")
    picture.putalpha(landscape(seed=1).convert("L"))
    path = save(picture, tmp_path / "a.gif")

    assert _fault(analyse_image(_torn(path, path.stat().st_size // 2))).missing > 0.3


def test_a_picture_of_which_nothing_is_left_stays_unreadable(tmp_path: Path) -> None:
    path = save(landscape(), tmp_path / "a.png")
    _torn(path, path.stat().st_size - 60)

    with pytest.raises(UnreadablePictureError) as caught:
        analyse_image(path)

    assert not isinstance(caught.value, TornPictureError)


def test_a_torn_picture_keeps_the_limits(tmp_path: Path) -> None:
    path = _torn(save(landscape((1024, 768)), tmp_path / "a.png"), 4000)

    with pytest.raises(MediaLimitError):
        analyse_image(path, MediaLimits(max_decoded_pixels=500_000))
