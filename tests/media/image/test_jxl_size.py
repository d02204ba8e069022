"""JPEG XL tells its size before it is decoded, and a large one is refused with the number."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dam.errors import MediaLimitError
from dam.media.image.decoders import pillow_format
from dam.media.image.entry import describe_image
from dam.media.image.jxl_size import declared_pixels
from dam.media.limits import MediaLimits

SIZES = [(1, 1), (8, 8), (256, 256), (120, 100), (1600, 900), (640, 480), (5, 4000), (777, 1)]


def jxl(size: tuple[int, int]) -> bytes:
    pillow_format("image/jxl")
    file = io.BytesIO()
    Image.new("RGB", size).save(file, "JXL")
    return file.getvalue()


@pytest.mark.parametrize("size", SIZES)
def test_the_header_tells_the_size(size: tuple[int, int]) -> None:
    content = jxl(size)
    start = content.index(b"\xff\x0a")
    boxed = b"\0\0\0\x0cJXL \r\n\x87\n" + b"\0\0\0\0jxlc" + content[start:]
    assert declared_pixels(io.BytesIO(content)) == size[0] * size[1]
    assert declared_pixels(io.BytesIO(content[start:])) == size[0] * size[1]
    assert declared_pixels(io.BytesIO(boxed[:12] + (b"\0\0\0\x09free-") + boxed[12:]))


def test_a_large_picture_is_refused_with_the_number() -> None:
    limits = MediaLimits(max_decoded_bytes=7_600_000)
    with pytest.raises(MediaLimitError, match="1,440,000 pixels to decode; at most 1,000,000"):
        describe_image(io.BytesIO(jxl((1600, 900))), limits, "image/jxl")


@given(st.binary(max_size=60))
def test_any_bytes_give_a_number_or_none(content: bytes) -> None:
    for start in (b"\xff\x0a", b"\0\0\0\x0cJXL ", b""):
        found = declared_pixels(io.BytesIO(start + content))
        assert found is None or found >= 0
