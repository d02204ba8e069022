"""Random bytes behind the magic numbers of our readers; and what a JPEG does not import."""

import io
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.errors import ItemError
from dam.media.image.entry import describe_image, small_picture
from tests.conftest import PROJECT
from tests.media.drawing import landscape, save

_PSD = struct.pack(">4sH6xHLLHH", b"8BPS", 1, 4, 30, 40, 16, 3)
_STARTS = (
    ("image/vnd.adobe.photoshop", _PSD),
    ("image/vnd.adobe.photoshop", _PSD + bytes(12) + b"\0\1"),
    ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>"),
    ("image/svg+xml", b"\x1f\x8b\x08\0"),
    ("image/openraster", b"PK\x03\x04"),
    ("application/x-krita", b"PK\x05\x06"),
    ("image/x-xcf", b"gimp xcf v011\0"),
    ("image/x-tga", bytes.fromhex("000002000000000000000000200020002024")),
    ("image/x-nikon-nef", b"II*\0\x08\0\0\0"),
    ("image/x-canon-cr3", b"\0\0\0\x18ftypcrx \0\0\0\1crx isom"),
    ("image/x-fuji-raf", b"FUJIFILMCCD-RAW 0201FF39"),
    ("image/x-canon-crw", b"II\x1a\0\0\0HEAPCCDR"),
)


@pytest.mark.slow
@given(st.sampled_from(_STARTS), st.binary(max_size=3000))
def test_any_bytes_give_a_value_or_an_item_error(start: tuple[str, bytes], rest: bytes) -> None:
    media_type, magic = start
    for function in (describe_image, small_picture):
        with suppress(ItemError):
            function(io.BytesIO(magic + rest), media_type=media_type)


def test_a_jpeg_needs_no_reader_and_no_further_package(tmp_path: Path) -> None:
    path = save(landscape((64, 48)), tmp_path / "a.jpg")
    code = """
import sys
from dam.media.image.entry import analyse_image, describe_image
describe_image(sys.argv[1]), analyse_image(sys.argv[1])
names = ("rawpy", "resvg_py", "pillow_heif", "pillow_jxl", "zipfile", "xml.parsers.expat")
readers = [name for name in sys.modules if name.startswith("dam.media.image.readers.")]
print([name for name in names if name in sys.modules], readers)
"""

    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True, cwd=PROJECT
    )

    assert done.stdout.strip() == "[] ['dam.media.image.readers.drawn']"
