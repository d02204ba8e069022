"""Whatever bytes a file has, the reader returns what can be stored, and reads little."""

import io
import json
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dam.media.camera.chunks import png_blocks
from dam.media.camera.reading import read_camera_facts, read_groups
from dam.media.camera.values import CameraFacts
from dam.media.image.kind import IMAGE
from dam.media.keywords import tags_of
from dam.media.limits import MediaLimits
from dam.media.structure.source import ByteSource
from tests.media.camera.blocks import (
    XMP_HEAD,
    XMP_TAIL,
    Tag,
    jpeg,
    jpeg_with_exif,
    jpeg_with_xmp,
    packed_xmp_chunk,
    png,
    short,
    text,
    tiff,
    xmp,
)
from tests.media.drawing import landscape

MAGIC = (
    *(
        b"\xff\xd8",
        b"\xff\xd8\xff\xe1\0\x40Exif\0\0II*\0\x08\0\0\0",
        b"II*\0\x08\0\0\0",
        b"MM\0+\0\x08\0\0",
    ),
    *(b"IIU\0\x08\0\0\0", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"GIF89a\1\0\1\0\x80\0\0"),
    *(b"8BPS" + bytes(22) + bytes(4), b"\0\0\0\x18ftypheic", b"\0\0\0\x0cjP  \r\n\x87\n"),
    *(b"\0\0\0\x0cJXL \r\n\x87\n", b"FUJIFILMCCD-RAW" + bytes(69), b"\0MRM\0\0\1\0", b"FOVb"),
    *(b"<x:xmpmeta><rdf:RDF><rdf:Description>", b'<?xpacket begin=""?>', b"\xff\xfe<\0?\0x\0"),
)
SAMPLES = (
    *(
        "exiftool/Canon.jpg",
        "exiftool/ExtendedXMP.jpg",
        "exiftool/IPTC.jpg",
        "exiftool/GeoTiff.tif",
    ),
    *(
        "exiftool/CanonRaw.cr2",
        "exiftool/CanonRaw.cr3",
        "exiftool/Nikon.nef",
        "exiftool/FujiFilm.raf",
    ),
    *(
        "exiftool/Panasonic.rw2",
        "exiftool/Minolta.mrw",
        "exiftool/Sigma.x3f",
        "exiftool/BigTIFF.btf",
    ),
    *("exiftool/PNG.png", "exiftool/RIFF.webp", "exiftool/GIF.gif", "exiftool/Photoshop.psd"),
    *("exiftool/Jpeg2000.jp2", "exiftool/JXL2.jxl", "exiftool/QuickTime.heic", "exiftool/XMP.xmp"),
)


class CountedFile(io.BytesIO):
    """A file that counts the bytes that are read of it, and gives few of them at a time."""

    read_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self.read_bytes += len(found)
        return found


def read(content: bytes) -> CameraFacts:
    """Read the facts, and check that both databases can store them and that little was read."""
    file = CountedFile(content)
    facts = read_camera_facts(file, MediaLimits())
    assert file.read_bytes <= 4 * len(content) + (1 << 17)
    words = (facts.make, facts.model, facts.lens, facts.title, facts.description, facts.author)
    for word in (*words, *facts.keywords, *tags_of(facts.keywords), facts.metadata):
        assert word is None or not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in word)
    numbers = (facts.exposure_time_s, facts.f_number, facts.focal_length_mm)
    assert all(number is None or (math.isfinite(number) and number > 0) for number in numbers)
    assert facts.orientation in (None, *range(1, 9))
    assert facts.iso is None or 0 < facts.iso < 1 << 31
    place = facts.position
    assert place is None or (abs(place.latitude) <= 90 and abs(place.longitude) <= 180)
    assert len(facts.metadata) <= 1_000_000
    assert not facts.metadata or _is_plain(json.loads(facts.metadata))
    return facts


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(each) for key, each in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | int)


@given(st.sampled_from(MAGIC), st.binary(max_size=400))
def test_any_bytes_behind_a_magic_number_are_read(magic: bytes, rest: bytes) -> None:
    read(magic + rest)


tags = st.builds(
    Tag,
    st.sampled_from(
        (0x10F, 0x112, 0x829A, 0x8827, 0x9003, 0x9286, 0x9C9B, 0xA432, 2, 4, 6, 7, 0x2BC)
    ),
    st.integers(0, 20),
    st.one_of(st.integers(0, 12), st.integers(0, 2**32 - 1)),
    st.binary(max_size=30),
)


@settings(max_examples=50)
@given(st.lists(tags, max_size=5))
def test_any_entries_of_directories_are_read(entries: list[Tag]) -> None:
    read(jpeg_with_exif(tiff(entries, entries, entries)))


@settings(max_examples=50)
@given(st.text(alphabet='<>&;/"= :abrdf\0\ud800é#', max_size=60))
def test_any_text_in_xmp_is_read(found: str) -> None:
    read(jpeg_with_xmp(xmp(f"<dc:title>{found}</dc:title>")))


def xmp_bytes(found: str) -> bytes:
    return f"{XMP_HEAD}{found}{XMP_TAIL}".encode("utf-8", "surrogatepass")


@pytest.mark.corpus
def test_a_file_that_ends_too_early_says_what_is_left_of_it(corpus: Path) -> None:
    for name in SAMPLES:
        whole = (corpus / "exif" / name).read_bytes()
        for tenth in range(11):
            read(whole[: len(whole) * tenth // 10])


@pytest.mark.corpus
def test_a_file_with_damaged_bytes_says_what_is_left_of_it(corpus: Path) -> None:
    for name in SAMPLES:
        whole = bytearray((corpus / "exif" / name).read_bytes()[:40_000])
        for at in range(0, len(whole), 37):
            whole[at] ^= 0xFF
        read(bytes(whole))


def test_a_directory_that_leads_to_itself_is_read_once() -> None:
    block = tiff([text(0x10F, "Canon"), Tag(0x8769, 4, 1, struct.pack("<L", 8))])
    assert read(jpeg_with_exif(block)).make == "Canon"


def test_values_that_lie_upon_one_another_are_not_read_without_end() -> None:
    entries = [Tag(0xF000 + number, 2, 4_000_000, b"") for number in range(900)]
    read(tiff(entries) + b"a" * 4_000_000)
    packed = png((b"eXIf", tiff(entries) + b"a" * 4_000_000))
    read(packed)


def test_megabytes_of_tags_are_cut_to_what_a_person_may_read() -> None:
    long = "word " * 10_000
    facts = read(tiff([text(0x10E, long), *(text(0xF000 + at, long) for at in range(60))]))
    assert facts.description is not None
    assert len(facts.description) <= 10_000
    assert json.loads(facts.metadata)["IFD0"]["ImageDescription"].startswith("word")
    many = "".join(f"<rdf:li>word {number}</rdf:li>" for number in range(3_000))
    assert (
        len(
            read(
                png(packed_xmp_chunk(xmp(f"<dc:subject><rdf:Bag>{many}</rdf:Bag></dc:subject>")))
            ).keywords
        )
        == 1000
    )


@pytest.mark.parametrize(
    "document",
    [
        '<!DOCTYPE x [<!ENTITY a "boom"><!ENTITY b "&a;&a;&a;">]>' + XMP_HEAD + "&b;" + XMP_TAIL,
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + XMP_HEAD + "&a;" + XMP_TAIL,
        '<!DOCTYPE x SYSTEM "http://example.org/x.dtd">' + XMP_HEAD + XMP_TAIL,
    ],
)
def test_a_document_type_is_refused_with_all_its_entities(document: str) -> None:
    assert read(jpeg_with_xmp(document.encode())) == CameraFacts()


def test_deep_and_endless_xmp_is_read_as_far_as_the_limits_go() -> None:
    before = "<rdf:Description><dc:title>Lake</dc:title></rdf:Description>"
    for more in ("<a>" * 10_000, "<a/>" * 40_000, "<rdf:li>" * 60 + "x" * 2_000_000):
        found = read(png(packed_xmp_chunk(xmp_bytes(before + more))))
        assert found.title == "Lake"


def test_elements_that_refer_to_each_other_by_name_end() -> None:
    loop = (
        '<rdf:Description rdf:nodeID="a"><dc:title rdf:nodeID="b"/></rdf:Description>'
        '<rdf:Description rdf:nodeID="b"><dc:title rdf:nodeID="a"/></rdf:Description>'
        '<rdf:Bag rdf:nodeID="c"><rdf:li>cat</rdf:li></rdf:Bag>'
        '<rdf:Description><dc:subject rdf:nodeID="c"/></rdf:Description>'
    )
    assert read(jpeg_with_xmp(xmp_bytes(loop))).keywords == ("cat",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32-le"])
def test_xmp_is_read_in_each_encoding(encoding: str) -> None:
    document = xmp("<dc:title>Größe</dc:title>").decode().encode(encoding)
    assert read(jpeg_with_xmp(document)).title == "Größe"


@pytest.mark.parametrize(
    "document",
    [
        xmp("<dc:title>Lake & sea</dc:title>"),
        xmp("<dc:title>Lake &nbsp;sea</dc:title>"),
        xmp("<dc:title>Lake\1 sea</dc:title>"),
        xmp("<dc:title>Lake \xe9</dc:title>").replace("é".encode(), b"\xe9"),
        xmp("<dc:title>Lake</dc:title>") + b"\0\0 and more",
        b"\0 \0" + xmp("<dc:title>Lake</dc:title>"),
    ],
)
def test_xmp_with_a_common_mistake_is_read(document: bytes) -> None:
    title = read(jpeg_with_xmp(document)).title
    assert title is not None
    assert title.startswith("Lake")


def test_segments_and_chunks_without_end_are_left_alone() -> None:
    read(jpeg(*[(0xE2, b"")] * 100_000))
    read(png(*[(b"IDAT", b"")] * 100_000))
    read(b"GIF89a\1\0\1\0\0\0\0" + b"!\xfe\1a\0" * 60_000)
    read(b"\0\0\0\x08ftyp" + b"\0\0\0\x08free" * 50_000)
    read(b"\xff\xd8" + b"\xff" * 1_000_000)


def test_what_is_read_of_the_pixels_of_a_large_file_is_little() -> None:
    content = tiff([text(0x10F, "Canon"), short(0x112, 3)]) + bytes(20_000_000)
    file = CountedFile(content)
    assert read_groups(file, MediaLimits())["IFD0"]["Orientation"] == 3
    assert file.read_bytes < 100_000


def test_bytes_that_are_returned_again_and_again_count() -> None:
    source = ByteSource(io.BytesIO(bytes(100_000)), 300_000)
    whole = source.part(0, 100_000)
    found = [len(each.read(at, 50_000)) for each in (source, whole) for at in range(100)]
    assert found[:2] == [50_000] * 2
    assert 100_000 < sum(found) <= 300_000


def test_a_shared_element_that_is_named_again_and_again_ends() -> None:
    words = "".join(f"<rdf:li>word {number}</rdf:li>" for number in range(1000))
    named = "".join(f'<dc:n{number} rdf:nodeID="a"/>' for number in range(300))
    document = f'<rdf:Bag rdf:nodeID="a">{words}</rdf:Bag><rdf:Description>{named}'
    content = png(packed_xmp_chunk(xmp_bytes(f"{document}</rdf:Description>")))
    tags = read_groups(io.BytesIO(content), MediaLimits())["XMP-dc"]
    assert tags["N0"] == tags["N1"] == [f"word {number}" for number in range(1000)]
    assert 50 <= len(tags) <= 100


def test_chunks_that_unpack_to_much_are_read_in_part() -> None:
    document = xmp("<dc:title>Lake</dc:title>").ljust(5 << 20)
    content = png(*[packed_xmp_chunk(document)] * 6)
    blocks = png_blocks(ByteSource.of(content))
    assert len(blocks.xmp) == 4
    assert sum(map(len, blocks.xmp)) <= 16 << 20
    assert read(content).title == "Lake"
    damaged = (b"zTXt", b"Title\0\0" + zlib.compress(bytes(8 << 20))[:-9] + b"\xff" * 9)
    assert png_blocks(ByteSource.of(png(*[damaged] * 9))).unpacked_left <= 0


@pytest.mark.parametrize("error", [ValueError, RecursionError, KeyError])
def test_a_mistake_in_the_reader_costs_no_picture(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> CameraFacts:
        raise error("a mistake")

    monkeypatch.setattr("dam.media.camera.reading.read_camera_facts", fail)
    file = io.BytesIO()
    landscape().save(file, "JPEG")
    facts = IMAGE.describe(file, "image/jpeg", MediaLimits())
    assert facts.description is not None
    assert (facts.camera, facts.failure) == (CameraFacts(), None)
