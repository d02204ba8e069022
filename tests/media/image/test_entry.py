import pickle
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from dam.media.image.entry import analyse_image, describe_image, hash_query_image
from dam.media.image.values import ImageDescription
from tests.media.drawing import bits_apart, colour_of, landscape, one_colour, save

_UPRIGHT_WAYS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def _stored_as(orientation: int, path: Path) -> Path:
    """Save a landscape so that a viewer that obeys the orientation shows it upright."""
    way = _UPRIGHT_WAYS[orientation]
    picture = landscape() if way is None else landscape().transpose(way)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return save(picture, path, exif=exif)


def test_a_description_says_what_the_header_says(tmp_path: Path) -> None:
    path = save(landscape(), tmp_path / "a.jpg")

    assert describe_image(path) == ImageDescription(
        format="JPEG",
        width_px=640,
        height_px=480,
        orientation=1,
        mode="RGB",
        bit_depth=8,
        has_alpha=False,
        frame_count=1,
        is_animated=False,
    )


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_size_hashes_and_thumbnail_are_those_of_the_upright_picture(
    tmp_path: Path, orientation: int, suffix: str
) -> None:
    upright = analyse_image(save(landscape(), tmp_path / f"upright.{suffix}"))
    path = _stored_as(orientation, tmp_path / f"stored.{suffix}")

    description, analysis = describe_image(path), analyse_image(path)

    assert (description.width_px, description.height_px) == (640, 480)
    assert description.orientation == orientation
    assert (analysis.thumbnail.width_px, analysis.thumbnail.height_px) == (256, 192)
    assert bits_apart(analysis.hashes.phash, upright.hashes.phash) <= 4


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB"])
def test_every_mode_gives_the_same_likeness(tmp_path: Path, mode: str) -> None:
    grey = landscape().convert("L")
    source = grey.convert("RGB") if mode in ("LAB", "YCbCr", "CMYK") else grey
    path = save(source.convert(mode), tmp_path / "a.tiff")

    found = analyse_image(path)

    assert found.has_structure
    assert (
        bits_apart(found.hashes.phash, analyse_image(save(grey, tmp_path / "g.png")).hashes.phash)
        <= 8
    )


def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path: Path) -> None:
    grey = landscape().convert("L")
    deep = Image.frombytes("I;16", grey.size, b"".join(bytes((0, v)) for v in grey.tobytes()))
    path = save(deep, tmp_path / "deep.png")

    assert describe_image(path).bit_depth == 16
    expected = analyse_image(save(grey, tmp_path / "grey.png")).hashes
    assert analyse_image(path).hashes == expected


def test_what_is_transparent_lies_on_white(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (64, 64), (0, 0, 0, 0))

    thumbnail = analyse_image(save(clear, tmp_path / "clear.png")).thumbnail

    assert colour_of(thumbnail.content) == (255, 255, 255)


def test_a_thumbnail_is_never_larger_than_the_picture(tmp_path: Path) -> None:
    thumbnail = analyse_image(save(landscape((40, 30)), tmp_path / "small.png")).thumbnail

    assert (thumbnail.width_px, thumbnail.height_px) == (40, 30)


def test_a_very_narrow_picture_keeps_one_pixel_of_width(tmp_path: Path) -> None:
    thumbnail = analyse_image(save(landscape((3, 3000)), tmp_path / "narrow.jpg")).thumbnail

    assert (thumbnail.width_px, thumbnail.height_px) == (1, 256)


def test_a_colour_profile_is_applied_to_the_thumbnail(tmp_path: Path) -> None:
    # Swapping the primaries of sRGB makes a profile whose red is green.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = bytearray(srgb)
    at = {srgb[i : i + 4]: i for i in range(132, 300, 12)}
    swapped[at[b"rXYZ"] : at[b"rXYZ"] + 4], swapped[at[b"gXYZ"] : at[b"gXYZ"] + 4] = (
        b"gXYZ",
        b"rXYZ",
    )
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "rGSB".encode("utf-16-be"))
    path = save(one_colour(), tmp_path / "a.png", icc_profile=bytes(swapped))

    red, green, _ = colour_of(analyse_image(path).thumbnail.content)

    assert green > red


def test_a_broken_colour_profile_leaves_the_colours_as_stored(tmp_path: Path) -> None:
    path = save(one_colour(), tmp_path / "a.png", icc_profile=b"no profile at all")

    red, green, _ = colour_of(analyse_image(path).thumbnail.content)

    assert red > green


@pytest.mark.slow
def test_the_first_frame_of_an_animation_stands_for_it(tmp_path: Path) -> None:
    frames = [landscape(seed=seed) for seed in range(3)]
    path = tmp_path / "a.webp"
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)

    description = describe_image(path)

    assert (description.frame_count, description.is_animated) == (3, True)
    alone = analyse_image(save(frames[0], tmp_path / "b.png"))
    assert bits_apart(analyse_image(path).hashes.phash, alone.hashes.phash) <= 2


@pytest.mark.parametrize(("suffix", "is_animated"), [("gif", True), ("tiff", False)])
def test_frames_and_pages_are_counted(tmp_path: Path, suffix: str, is_animated: bool) -> None:  # noqa: FBT001
    frames = [landscape((32, 32), seed) for seed in range(5)]
    path = tmp_path / f"a.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:])

    description = describe_image(path)

    assert (description.frame_count, description.is_animated) == (5, is_animated)


@pytest.mark.parametrize("shade", range(0, 256, 51))
def test_a_picture_of_one_colour_has_no_structure(tmp_path: Path, shade: int) -> None:
    picture = Image.new("RGB", (640, 480), (shade, 255 - shade, 90))

    assert not analyse_image(save(picture, tmp_path / "a.jpg")).has_structure


def test_a_ramp_has_no_structure(tmp_path: Path) -> None:
    ramp = Image.linear_gradient("L").resize((640, 480))

    assert not analyse_image(save(ramp, tmp_path / "a.jpg")).has_structure


def test_a_pale_picture_still_has_structure(tmp_path: Path) -> None:
    pale = landscape().point(lambda value: 230 + value // 16)

    assert analyse_image(save(pale, tmp_path / "a.png")).has_structure


def test_a_transform_of_the_query_fits_the_picture_so_transformed(tmp_path: Path) -> None:
    query = hash_query_image(save(landscape(), tmp_path / "query.png"))
    turned = landscape().transpose(Image.Transpose.ROTATE_270)  # Pillow counts counter-clockwise

    found = analyse_image(save(turned, tmp_path / "turned.png")).hashes.phash

    distances = {
        name: bits_apart(found, hashes.phash) for name, hashes in query.by_transform.items()
    }
    assert len(distances) == 8
    assert min(distances, key=lambda name: distances[name]) == "rotate90"
    assert distances["rotate90"] <= 2


def test_values_travel_between_processes(tmp_path: Path) -> None:
    path = save(landscape(), tmp_path / "a.jpg")

    for value in (describe_image(path), analyse_image(path), hash_query_image(path)):
        assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301 - made right here
