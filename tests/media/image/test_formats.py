"""The bars of pictures in many formats, and what large ones may take."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dam.errors import ItemError, MediaLimitError
from dam.media.image.entry import analyse_image, describe_image
from dam.media.image.memory import refuse_large
from dam.media.image.reading import open_picture
from dam.media.limits import MediaLimits
from tests.benchmarks.pictures import CORPUS
from tests.benchmarks.truth import formats
from tests.media.drawing import landscape, save


@pytest.mark.corpus
@pytest.mark.slow
def test_everything_that_a_decoder_claims_is_right(corpus: Path) -> None:
    rows = {row.what: row for row in formats.table()}

    assert {what: list(row.wrong) for what, row in rows.items() if not row.is_met} == {}
    assert rows["width and height"].total > 700
    assert rows["expected pictures"].total > 60
    assert corpus.samefile(CORPUS)


def _huge_png(path: Path, width: int, height: int, kind: int) -> Path:
    path.write_bytes(_png(width, height, kind))
    return path


def _png(width: int, height: int, kind: int) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">L", zlib.crc32(name + content))
        return struct.pack(">L", len(content)) + name + content + check

    header = struct.pack(">LLBBBBB", width, height, 8, kind, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b""))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


@pytest.mark.parametrize(("kind", "most"), [(2, 176_351_418), (6, 90_226_306)])
def test_200_megapixels_are_described_and_refused_with_the_number(
    tmp_path: Path, kind: int, most: int
) -> None:
    path = _huge_png(tmp_path / "a.png", 20_000, 10_000, kind)
    path.write_bytes(path.read_bytes() + bytes(30_000))

    assert describe_image(path).width_px == 20_000
    with pytest.raises(MediaLimitError) as caught:
        analyse_image(path)

    assert caught.value.message == f"200,000,000 pixels to decode; at most {most:,} are accepted"
    assert caught.value.hint is not None
    assert "DAM_MAX_PIXELS" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "has_hint"),
    [
        (_png(200_000, 200_000, 0) + bytes(5_000_000), False),
        (_png(20_000, 40_000, 0), False),
        (_png(20_000, 40_000, 0) + bytes(100_000), True),
        (b"GIF89a" + bytes.fromhex("a0f620f10000002c00000000a0f620f10002") + bytes(600), False),
    ],
)
def test_more_pixels_are_offered_only_where_the_file_may_hold_them(
    tmp_path: Path, content: bytes, *, has_hint: bool
) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)

    with pytest.raises(MediaLimitError, match="pixels") as caught:
        describe_image(path)

    assert (caught.value.hint is not None) == has_hint


@pytest.mark.parametrize(
    ("suffix", "least", "most"),
    [("webp", 40, 60), ("avif", 70, 95), ("tiff", 170, 200), ("jxl", 90, 120), ("bmp", 150, 200)],
)
def test_the_limit_of_a_format_is_what_its_decoder_needs(
    tmp_path: Path, suffix: str, least: int, most: int
) -> None:
    if suffix == "jxl":
        import pillow_jxl  # noqa: F401, PLC0415 - registers itself
    path = save(landscape((64, 48)), tmp_path / f"a.{suffix}")

    with open_picture(path, MediaLimits()) as picture:
        picture.image._size = 30_000, 30_000
        with pytest.raises(MediaLimitError) as caught:
            refuse_large(picture.image, MediaLimits())

    assert least < caught.value.limit / 1e6 < most


def test_a_number_of_the_user_counts_for_every_format(tmp_path: Path) -> None:
    limits = MediaLimits.for_pixels(5000)
    path = save(landscape((100, 60)), tmp_path / "a.webp")

    with pytest.raises(MediaLimitError, match=r"^6,000 pixels; at most 5,000 are accepted$"):
        describe_image(path, limits)


def test_jpeg_2000_is_read_without_its_finest_levels_if_it_is_too_large(tmp_path: Path) -> None:
    path = save(landscape((512, 384)), tmp_path / "a.jp2", num_resolutions=5)
    limits = MediaLimits(max_decoded_pixels=60_000)

    assert analyse_image(path, limits).thumbnail.width_px == 256
    with pytest.raises(MediaLimitError):
        analyse_image(path, MediaLimits(max_decoded_pixels=100))


def test_the_passes_of_a_jpeg_count_in_full_size(tmp_path: Path) -> None:
    limits = MediaLimits(max_decoded_bytes=1_000_000)
    plain = save(landscape((800, 600)), tmp_path / "a.jpg")
    passes = save(landscape((800, 600)), tmp_path / "b.jpg", progressive=True, subsampling=0)

    assert analyse_image(plain, limits).has_structure
    with pytest.raises(MediaLimitError, match=r"^480,000 pixels to decode; at most 166,666"):
        analyse_image(passes, limits)


def test_a_header_that_promises_much_more_than_there_is_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.dds"
    head = struct.pack("<LLLLLLL44x", 124, 0x1007, 9000, 9000, 0, 0, 0)
    path.write_bytes(
        b"DDS " + head + struct.pack("<LL4sLLLLL", 32, 4, b"DXT1", *[0] * 5) + bytes(20)
    )

    with pytest.raises(ItemError, match="next to none of the data"):
        analyse_image(path)


@pytest.mark.parametrize(
    ("suffix", "frames_ms", "expected"),
    [("gif", [500, 0, 250], 0.85), ("png", [500, 100, 250], 0.85), ("webp", [500, 100, 250], 0.85)],
)
def test_an_animation_says_how_long_it_runs(
    tmp_path: Path, suffix: str, frames_ms: list[int], expected: float
) -> None:
    frames = [landscape((32, 32), seed) for seed in range(3)]
    path = tmp_path / f"a.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=frames_ms)

    facts = describe_image(path)

    assert facts.frame_count == 3
    assert facts.duration_s == pytest.approx(expected)
    assert describe_image(save(frames[0], tmp_path / f"b.{suffix}")).duration_s is None


@pytest.mark.parametrize("size", [(1, 1), (60_000, 10), (10, 60_000)])
@pytest.mark.parametrize("suffix", ["png", "webp", "tiff", "psd", "svg"])
def test_any_proportions_give_a_thumbnail(
    tmp_path: Path, size: tuple[int, int], suffix: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "svg":
        width, height = size
        path.write_text(
            f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'/>"
        )
    elif suffix == "psd":
        head = struct.pack(">4sH6xHLLHH", b"8BPS", 2, 3, size[1], size[0], 16, 3)
        path.write_bytes(head + bytes(18) + bytes(size[0] * size[1] * 6))
    elif suffix == "webp" and max(size) > 16_383:
        pytest.skip("WebP is not that large")
    else:
        Image.fromarray(np.zeros((size[1], size[0]), np.uint8)).save(path)

    thumbnail = analyse_image(path).thumbnail

    assert min(thumbnail.width_px, thumbnail.height_px) >= 1
    assert max(thumbnail.width_px, thumbnail.height_px) <= 256
