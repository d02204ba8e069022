"""The committed pictures are the ones that the script draws."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from tests.draw_assets import ASSETS, draw

# Two versions of one encoder round differently; two pictures differ by far more.
_MEAN_TOLERANCE = 2.0


def relative_paths(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def frames(path: Path) -> list[tuple[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]]:
    with Image.open(path) as image:
        image_format = image.format or ""
        return [
            (image_format, np.asarray(frame.convert("RGBA"), dtype=float))
            for frame in ImageSequence.Iterator(image)
        ]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    draw(folder)
    return folder


@pytest.mark.slow
def test_the_committed_pictures_are_the_drawn_ones(drawn: Path) -> None:
    assert relative_paths(drawn) == relative_paths(ASSETS)
    for name in relative_paths(drawn / "pictures"):
        new, old = frames(drawn / "pictures" / name), frames(ASSETS / "pictures" / name)
        assert [kind for kind, _ in new] == [kind for kind, _ in old], name
        for (_, drawn_pixels), (_, committed_pixels) in zip(new, old, strict=True):
            assert drawn_pixels.shape == committed_pixels.shape, name
            assert np.abs(drawn_pixels - committed_pixels).mean() < _MEAN_TOLERANCE, name


@pytest.mark.parametrize("name", ["truncated.jpg", "not-a-picture.png"])
def test_a_broken_picture_cannot_be_decoded(name: str) -> None:
    with (
        pytest.raises(OSError, match=r"truncated|cannot identify"),
        Image.open(ASSETS / "broken" / name) as image,
    ):
        image.load()


def test_all_pictures_together_are_small() -> None:
    assert sum(path.stat().st_size for path in ASSETS.rglob("*") if path.is_file()) < 600_000
