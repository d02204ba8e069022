import io
import struct
import subprocess
import sys
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dam.errors import (
    FileAccessError,
    ItemError,
    MediaLimitError,
    UnreadablePictureError,
    UnsupportedPictureError,
)
from dam.media.image.entry import analyse_image, describe_image
from dam.media.image.reading import open_picture
from dam.media.limits import MediaLimits
from tests.conftest import PROJECT
from tests.media.drawing import landscape, save


def test_a_fault_names_the_format_and_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")

    with pytest.raises(UnreadablePictureError) as caught:
        describe_image(path)

    assert caught.value.message == "unreadable PNG picture: the header is not valid"


def test_what_is_no_picture_is_named_by_its_type(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_text("words")

    with pytest.raises(UnsupportedPictureError) as caught:
        describe_image(path)

    assert caught.value.message == "files of type text/plain cannot be decoded as pictures"


def test_a_file_that_is_gone_is_a_fault_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError) as caught:
        describe_image(tmp_path / "gone.jpg")

    assert caught.value.message == f"cannot read {tmp_path / 'gone.jpg'}: no such file"


def test_a_picture_over_the_pixel_limit_is_refused(tmp_path: Path) -> None:
    path = save(landscape((100, 100)), tmp_path / "a.png")

    with pytest.raises(MediaLimitError) as caught:
        describe_image(path, MediaLimits(max_pixels=9_999))

    assert caught.value.message == "10,000 pixels; at most 9,999 are accepted"


@pytest.mark.slow
def test_scaled_decoding_counts_for_the_limit_of_what_is_decoded(tmp_path: Path) -> None:
    limits = MediaLimits(max_decoded_pixels=500_000)
    jpeg = save(landscape((2048, 1536)), tmp_path / "a.jpg")
    png = save(landscape((2048, 1536)), tmp_path / "a.png")

    assert analyse_image(jpeg, limits).has_structure
    with pytest.raises(MediaLimitError) as caught:
        analyse_image(png, limits)
    assert caught.value.message == "3,145,728 pixels to decode; at most 500,000 are accepted"


def test_a_narrow_picture_of_very_many_rows_is_described_and_not_decoded(tmp_path: Path) -> None:
    path = save(Image.new("L", (1, 1_000_001)), tmp_path / "a.png")

    assert describe_image(path).height_px == 1_000_001
    with pytest.raises(MediaLimitError) as caught:
        analyse_image(path)
    assert caught.value.message == "1,000,001 rows to decode; at most 1,000,000 are accepted"


def test_too_many_frames_are_refused(tmp_path: Path) -> None:
    frames = [landscape((8, 8), seed) for seed in range(4)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])

    with pytest.raises(MediaLimitError, match=r"^3 frames; at most 2 are accepted$"):
        describe_image(tmp_path / "a.gif", MediaLimits(max_frames=2))


_LIMITS = MediaLimits(max_metadata_bytes=4000)


def _png_with(name: bytes, content: bytes, *, is_behind: bool = False) -> bytes:
    """Return a PNG with one more chunk, before or behind its pixels."""
    file = io.BytesIO()
    landscape((40, 30)).save(file, "PNG")
    plain = file.getvalue()
    check = struct.pack(">L", zlib.crc32(name + content))
    at = plain.index(b"IEND" if is_behind else b"IDAT") - 4
    return plain[:at] + struct.pack(">L", len(content)) + name + content + check + plain[at:]


@pytest.mark.parametrize("is_behind", [False, True])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        (b"tEXt", b"Comment\0" + b"x" * 40_000),
        (b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 40_000)),
        (b"zTXt", b"Comment\0\7"),
        (b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(b"x" * 40_000)),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"x" * 40_000),
        (b"iCCP", b"a\0\0" + zlib.compress(b"x" * 40_000)),
        (b"iCCP", b"a\0"),
        (b"eXIf", b"MM\0*" + b"x" * 40_000),
    ],
)
def test_no_metadata_cost_a_png_its_picture(
    tmp_path: Path, name: bytes, content: bytes, *, is_behind: bool
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(_png_with(name, content, is_behind=is_behind))
    found = describe_image(path, _LIMITS)

    assert (found.width_px, found.height_px) == (40, 30)
    assert analyse_image(path, _LIMITS).has_structure


def test_metadata_over_the_limit_are_left_out(tmp_path: Path) -> None:
    path = save(landscape((8, 8)), tmp_path / "a.jpg", icc_profile=bytes(5000), comment=b"kept")

    assert describe_image(path, _LIMITS).width_px == 8
    with open_picture(path, _LIMITS) as picture:
        assert "icc_profile" not in picture.image.info
        assert picture.image.info["comment"] == b"kept"


def test_a_loop_of_directories_ends(tmp_path: Path) -> None:
    path = save(landscape((8, 8)), tmp_path / "a.tiff")
    content = bytearray(path.read_bytes())
    start = int.from_bytes(content[4:8], "little")
    after = start + 2 + 12 * int.from_bytes(content[start : start + 2], "little")
    content[after : after + 4] = content[4:8]
    path.write_bytes(content)

    assert describe_image(path).frame_count == 1


@pytest.mark.slow
@given(data=st.data(), suffix=st.sampled_from(["jpg", "png", "webp", "gif", "tiff", "ico", "avif"]))
def test_any_damage_gives_a_value_or_an_item_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, suffix: str
) -> None:
    path = save(landscape((48, 32)), tmp_path_factory.mktemp("damaged") / f"a.{suffix}")
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])

    for function in (describe_image, analyse_image):
        with suppress(ItemError):
            function(path)


_WITHOUT_EXTRA = """
import sys
sys.modules["PIL"] = sys.modules["numpy"] = None
import dam.media.file_type.recognition
from dam.errors import MissingExtraError
from dam.media.image.decoders import installed_decoders
from dam.media.image.entry import describe_image
assert not any(decoder.available for decoder in installed_decoders().values())
try:
    describe_image("any.jpg")
except MissingExtraError as error:
    print(error.message, "|", error.hint)

from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(8) as threads:
    for future in [threads.submit(describe_image, "any.jpg") for _ in range(400)]:
        assert isinstance(future.exception(), MissingExtraError), repr(future.exception())
"""


@pytest.mark.slow
def test_without_the_extra_the_modules_load_and_pictures_say_what_to_install() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_EXTRA],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
    )

    assert done.stdout.strip() == (
        "reading pictures needs the extra 'image', which is not installed"
        ' | pip install "ecs-dam[image]"'
    )


@pytest.mark.slow
def test_python_and_pillow_say_nothing_on_stderr(tmp_path: Path) -> None:
    path = save(landscape((64, 64)), tmp_path / "a.png")
    exif = Image.Exif()
    exif[0x010E] = "x" * 40
    warned = save(landscape((64, 64)), tmp_path / "b.jpg", exif=exif.tobytes()[:-30])
    code = (
        "import sys; from dam.media.image.entry import describe_image, analyse_image\n"
        "for path in sys.argv[1:]: describe_image(path); analyse_image(path)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, path, warned],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
    )

    assert done.stderr == ""


def test_a_fault_names_no_class_of_python(tmp_path: Path) -> None:
    path = tmp_path / "a.jxl"
    path.write_bytes(b"\xff\x0a" + bytes(range(256)) * 10)

    with pytest.raises(UnreadablePictureError) as caught:
        analyse_image(path)

    assert caught.value.message == "unreadable JXL picture: its data is inconsistent"
