"""Camera RAW: sizes and previews in the containers of the makers, and hostile ones."""

import io
import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dam.errors import ItemError
from dam.media.file_type.recognition import file_type
from dam.media.image.decoders import RAW_TYPES
from dam.media.image.entry import describe_image, small_picture
from dam.media.image.readers.raw_parts import parts_of
from tests.media.drawing import landscape

_CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")


def _jpeg(size: tuple[int, int]) -> bytes:
    content = io.BytesIO()
    landscape(size).save(content, "JPEG", quality=90)
    return content.getvalue()


def _tiff(directories: list[dict[int, tuple[int, ...] | bytes]], parts: list[bytes]) -> bytes:
    """Return a TIFF whose first directory has the others as parts of it; `-n` is part `n` - 1."""
    head, places, blob = 8, [], b""
    for part in parts:
        places.append(head + len(blob))
        blob += part
    starts, at = [], head + len(blob)
    for fields in directories:
        starts.append(at)
        at += 2 + 12 * (len(fields) + (fields is directories[0])) + 4 + 64
    content = b"II*\0" + struct.pack("<L", starts[0]) + blob
    directories = [{**directories[0], 330: tuple(starts[1:])}, *directories[1:]]
    for start, fields in zip(starts, directories, strict=True):
        extra_at = start + 2 + 12 * len(fields) + 4
        entries, extra = b"", b""
        for tag, values in sorted(fields.items()):
            if isinstance(values, bytes):
                kind, count, packed = 2, len(values), values
            else:
                numbers = [places[-each - 1] if each < 0 else each for each in values]
                kind, count, packed = 4, len(numbers), struct.pack(f"<{len(numbers)}L", *numbers)
            if len(packed) > 4:
                packed, extra = struct.pack("<L", extra_at + len(extra)), extra + packed
            entries += struct.pack("<HHL", tag, kind, count) + packed.ljust(4, b"\0")
        content += struct.pack("<H", len(fields)) + entries + bytes(4) + extra.ljust(64, b"\0")
    return content


def nef(orientation: int = 1) -> bytes:
    """Return a RAW file of 6000x4000 pixels with a preview, by a Nikon."""
    small, large = _jpeg((160, 120)), _jpeg((720, 480))
    return _tiff(
        [
            {254: (1,), 256: (160,), 257: (120,), 271: b"NIKON CORPORATION\0", 274: (orientation,)},
            {254: (1,), 513: (-1,), 514: (len(small),)},
            {254: (1,), 513: (-2,), 514: (len(large),)},
            {254: (0,), 256: (6000,), 257: (4000,), 258: (14,), 273: (8,), 279: (100,)},
        ],
        [small, large],
    )


def _raf() -> bytes:
    preview = _jpeg((720, 480))
    table = struct.pack(">LHHHH", 1, 0x111, 4, 4000, 6000)
    offsets = struct.pack(">4L", 108, len(preview), 108 + len(preview), len(table))
    return b"FUJIFILMCCD-RAW 0201FF39".ljust(84, b"\0") + offsets + bytes(8) + preview + table


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">L4s", 8 + len(content), name) + content


def _cr3() -> bytes:
    preview = _jpeg((720, 480))
    first = _tiff([{256: (6000,), 257: (4000,), 274: (1,)}], [])
    start = _box(b"ftyp", b"crx \0\0\0\1crx isom")

    def film(at: int) -> bytes:
        table = _box(b"stsz", struct.pack(">LLL", 0, len(preview), 1)) + _box(
            b"co64", struct.pack(">LLQ", 0, 1, at)
        )
        track = _box(b"trak", _box(b"mdia", _box(b"minf", _box(b"stbl", table))))
        return _box(b"moov", _box(b"uuid", _CANON + _box(b"CMT1", first)) + track)

    at = len(start) + len(film(0)) + 8
    return start + film(at) + _box(b"mdat", preview)


@pytest.mark.parametrize(
    ("content", "name", "bits"), [(nef(), "NEF", 14), (_raf(), "RAF", 8), (_cr3(), "CR3", 14)]
)
def test_the_size_is_that_of_the_sensor_and_the_picture_the_preview(
    tmp_path: Path, content: bytes, name: str, bits: int
) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(content)

    facts, picture = describe_image(path), small_picture(path)

    assert (facts.format, facts.width_px, facts.height_px) == (name, 6000, 4000)
    assert facts.bit_depth == bits
    expected = np.asarray(landscape((720, 480)).resize(picture.size).convert("L"), np.float64)
    assert np.abs(np.asarray(picture.convert("L")) - expected).mean() < 4
    assert picture.size == (256, 171)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_preview_is_turned_as_the_file_says(tmp_path: Path, orientation: int) -> None:
    path = tmp_path / "a.nef"
    path.write_bytes(nef(orientation))
    turn = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_270}
    expected = landscape((720, 480)).transpose(turn.get(orientation, Image.Transpose.ROTATE_90))

    facts, picture = describe_image(path), small_picture(path)

    assert (facts.width_px, facts.height_px) == ((6000, 4000) if orientation == 3 else (4000, 6000))
    shrunk = np.asarray(expected.resize(picture.size).convert("L"), np.float64)
    assert np.abs(np.asarray(picture.convert("L")) - shrunk).mean() < 4


def test_every_part_of_a_file_gives_a_value_or_an_item_error(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    for content in (nef(6), _raf(), _cr3()):
        for tenth in range(1, 10):
            path.write_bytes(content[: len(content) * tenth // 10])
            for function in (describe_image, small_picture):
                with suppress(ItemError):
                    function(path)


@given(
    st.binary(max_size=400),
    st.sampled_from(sorted(RAW_TYPES)),
    st.sampled_from(
        [b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"\0\0\0\x20moov", b"II\x1a\0\0\0", b""]
    ),
)
def test_any_bytes_have_parts(content: bytes, media_type: str, start: bytes) -> None:
    parts = parts_of(io.BytesIO(start + content), media_type)

    assert all(length >= 0 for _, length in parts.previews)


@pytest.mark.corpus
def test_the_sizes_of_the_corpus_are_those_that_exiftool_says(corpus: Path) -> None:
    expected = {
        "CanonRaw.cr2": (3456, 2304),
        "CanonRaw.cr3": (6000, 4000),
        "CanonRaw.crw": (3072, 2048),
        "DNG.dng": (3516, 2328),
        "FujiFilm.raf": (4256, 1424),
        "Minolta.mrw": (3264, 2448),
        "Nikon.nef": (3040, 2014),
        "Panasonic.rw2": (3648, 2736),
        "PhaseOne.iiq": (7320, 5484),
        "Sigma.x3f": (2268, 1512),
        "SigmaDP2.x3f": (2640, 1760),
    }
    found = {}
    for name in expected:
        path = corpus / "exif/exiftool" / name
        with path.open("rb") as file:
            found[name] = parts_of(file, file_type(path)).size

    assert found == expected
