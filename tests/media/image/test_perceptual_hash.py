from pathlib import Path

import imagehash
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dam.media.image.analysis import dihedral_hashes
from dam.media.image.bitmap import grey_of, small_upright_bitmap
from dam.media.image.entry import analyse_image
from dam.media.image.perceptual_hash import hash_bitmap
from dam.media.image.reading import open_picture
from dam.media.image.values import PerceptualHashes
from dam.media.limits import MediaLimits
from tests.media.drawing import bits_apart, landscape, save


def _by_imagehash(bitmap: Image.Image) -> PerceptualHashes:
    functions = (imagehash.phash, imagehash.average_hash, imagehash.dhash)
    return PerceptualHashes(*(int(str(function(bitmap)), 16) for function in functions))


@pytest.mark.slow
@given(seed=st.integers(0, 10_000), width=st.integers(9, 256), height=st.integers(9, 256))
def test_hashes_are_those_of_imagehash(seed: int, width: int, height: int) -> None:
    bitmap = landscape((width, height), seed)

    hashes, _ = hash_bitmap(grey_of(bitmap))

    assert hashes == _by_imagehash(bitmap)


@pytest.mark.corpus
@pytest.mark.slow
def test_hashes_of_real_photographs_are_those_of_imagehash(corpus: Path) -> None:
    for path in sorted((corpus / "photos").rglob("*.jpg")):
        with open_picture(path, MediaLimits()) as picture:
            bitmap = small_upright_bitmap(picture.image, MediaLimits())
        assert analyse_image(path).hashes == _by_imagehash(bitmap)


@pytest.mark.corpus
@pytest.mark.slow
def test_a_scaled_decode_differs_little_from_a_full_one(corpus: Path) -> None:
    paths = sorted((corpus / "photos/mate-backgrounds").glob("*.jpg"))

    apart = [
        bits_apart(analyse_image(path).hashes.phash, _by_imagehash(Image.open(path)).phash)
        for path in paths
    ]

    assert max(apart) <= 2


def test_a_symmetric_drawing_has_the_same_hash_at_any_size(tmp_path: Path) -> None:
    cross = Image.new("L", (256, 256), 255)
    cross.paste(0, (96, 0, 160, 256))
    cross.paste(0, (0, 96, 256, 160))

    large, small = (
        analyse_image(save(cross.resize((side, side)), tmp_path / f"{side}.png")).hashes.phash
        for side in (512, 128)
    )

    assert bits_apart(large, small) <= 2


def test_mirroring_twice_gives_the_first_hash_back() -> None:
    grey = landscape().convert("L")
    flipped = grey.transpose(Image.Transpose.FLIP_LEFT_RIGHT)

    assert dihedral_hashes(flipped)["flip-horizontal"] == dihedral_hashes(grey)["none"]
