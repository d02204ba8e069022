"""A sealed JPEG is the same picture, and known from any other."""

from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dam.media.image.jpeg_seal import has_seal, sealed

OWNER = bytes(range(32))


def jpeg() -> bytes:
    file = BytesIO()
    Image.linear_gradient("L").save(file, "JPEG")
    return file.getvalue()


def test_the_picture_stays_the_same() -> None:
    with Image.open(BytesIO(jpeg())) as before, Image.open(BytesIO(sealed(jpeg(), OWNER))) as after:
        assert after.tobytes() == before.tobytes()
        assert after.format == "JPEG"


def test_it_is_known_and_that_of_another_is_not() -> None:
    assert has_seal(sealed(jpeg(), OWNER), OWNER)
    assert not has_seal(sealed(jpeg(), OWNER), OWNER[::-1])
    assert not has_seal(jpeg(), OWNER)


@given(st.data())
def test_no_bit_of_it_may_be_another(data: st.DataObject) -> None:
    content = bytearray(sealed(jpeg(), OWNER))
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert not has_seal(bytes(content), OWNER)


@given(st.binary(max_size=80))
def test_any_bytes_have_an_answer(content: bytes) -> None:
    assert not has_seal(content, OWNER)
