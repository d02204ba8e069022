import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.media.file_type.recognition import file_type, media_type
from dam.media.file_type.signatures import SIGNATURES
from tests.benchmarks.pictures import CORPUS
from tests.benchmarks.truth import plain_texts, types
from tests.media.document_files import EPUB
from tests.media.drawing import landscape, save

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def _type_of(content: bytes) -> str:
    return media_type(io.BytesIO(content))


def _zip(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "application/epub+zip")
    return content.getvalue()


def _tar() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"), io.BytesIO())
    return content.getvalue()


def _ftyp(major: bytes, *others: bytes) -> bytes:
    brands = major + bytes(4) + b"".join(others)
    return (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "inode/x-empty"),
        (b"just words\n", "text/plain"),
        ("Gr\xfc\xdfe\n".encode("latin-1"), "text/plain"),
        ("words".encode("utf-16"), "text/plain"),
        (b"words\0and more", "application/octet-stream"),
        (bytes(range(256)), "application/octet-stream"),
        (b'<?xml version="1.0"?><!-- <html> --><svg width="1"/>', "image/svg+xml"),
        (b"<!DOCTYPE html><p><svg></svg>", "text/html"),
        (b"<html><svg></svg></html>", "text/html"),
        (b'<?xml version="1.0"?><feed/>', "text/xml"),
        (b'{"a": 1}', "application/json"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "image/x-eps"),
        (_tar(), "application/x-tar"),
        (_zip("page1.jpg"), "application/zip"),
        (_zip("mimetype"), "application/epub+zip"),
        (_zip("[Content_Types].xml", "word/document.xml"), _WORD),
        (_zip("notes/word/document.xml.bak"), "application/zip"),
        (_ftyp(b"heic"), "image/heic"),
        (_ftyp(b"mif1", b"mif1", b"avif"), "image/avif"),
        (_ftyp(b"mif1"), "image/heif"),
        (_ftyp(b"isom", b"avc1"), "video/mp4"),
        (_ftyp(b"qt  "), "video/quicktime"),
        (_ftyp(b"3gp5"), "video/3gpp"),
        (_ftyp(b"M4A "), "audio/x-m4a"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/x-wav"),
        (b"RIFF\x24\0\0\0AVI LIST", "video/x-msvideo"),
        (b"\x1a\x45\xdf\xa3\x93\x42\x82\x84webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska", "video/x-matroska"),
        (b"OggS\0\x02" + bytes(22) + b"\x01vorbis", "audio/ogg"),
        (b"OggS\0\x02" + bytes(22) + b"\x80theora", "video/ogg"),
        (b"\xff\xfb\x90\x64" + bytes(100), "audio/mpeg"),
        (b"ID3\x04\0\0\0\0\0\x02\0\0fLaC" + bytes(20), "audio/flac"),
        (b"ID3\x04\0\0\0\0\0\x02\0\0\xff\xfb\x90\x64", "audio/mpeg"),
        ((b"G" + bytes(187)) * 5, "video/mp2t"),
    ],
)
def test_a_type_is_told_from_the_content(content: bytes, expected: str) -> None:
    assert _type_of(content) == expected


_ODT = "application/vnd.oasis.opendocument.text"


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"content.xml": "", "mimetype": _ODT}, _ODT),
        ({"META-INF/MANIFEST.MF": "", "mimetype": "application/epub+zip\n"}, EPUB),
        ({"META-INF/container.xml": "", "OPS/book.opf": ""}, EPUB),
        ({"page.jpg": "", "mimetype": "image/jpeg"}, "application/zip"),
        ({"page.jpg": "", "mimetype": ""}, "application/zip"),
        ({"META-INF/container.xml": ""}, "application/zip"),
    ],
)
def test_a_zipped_document_is_known_however_its_members_are_ordered(
    members: dict[str, str], expected: str, packing: int
) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", packing) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    assert media_type(content) == expected


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [
        ("jpg", "image/jpeg"),
        ("png", "image/png"),
        ("gif", "image/gif"),
        ("webp", "image/webp"),
        ("tiff", "image/tiff"),
        ("bmp", "image/bmp"),
        ("ico", "image/vnd.microsoft.icon"),
        ("ppm", "image/x-portable-pixmap"),
        ("tga", "image/x-tga"),
        ("pcx", "image/x-pcx"),
        ("jp2", "image/jp2"),
        ("avif", "image/avif"),
        ("sgi", "image/x-sgi"),
        ("dds", "image/x-dds"),
        ("icns", "image/x-icns"),
        ("qoi", "image/x-qoi"),
    ],
)
def test_a_lying_name_changes_nothing(tmp_path: Path, suffix: str, expected: str) -> None:
    picture = save(landscape((64, 64)), tmp_path / f"picture.{suffix}")
    liar = picture.rename(tmp_path / "picture.txt")

    assert file_type(liar) == expected


def test_a_raw_file_is_told_from_a_photograph_exported_as_tiff() -> None:
    make = b"NIKON CORPORATION\0"

    def tiff(subfile_type: int) -> bytes:
        entries = (
            (254).to_bytes(2, "little") + b"\4\0\1\0\0\0" + subfile_type.to_bytes(4, "little"),
            (271).to_bytes(2, "little") + b"\2\0\x12\0\0\0" + (38).to_bytes(4, "little"),
        )
        return b"II*\0\x08\0\0\0" + b"\2\0" + b"".join(entries) + bytes(4) + make

    assert _type_of(tiff(1)) == "image/x-nikon-nef"
    assert _type_of(tiff(0)) == "image/tiff"


def test_text_is_text_wherever_the_head_of_the_file_ends() -> None:
    for shift in range(4):
        assert _type_of(b"a" * shift + "\N{SNOWMAN}".encode() * 2000) == "text/plain"


@given(
    st.binary(max_size=600),
    st.sampled_from([b"", b"PK\x03\x04", b"II*\0", b"ID3", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]),
)
def test_any_bytes_have_a_type(content: bytes, start: bytes) -> None:
    assert "/" in _type_of(start + content)


@pytest.mark.parametrize("signature", SIGNATURES)
def test_no_signature_hides_another(signature: tuple[int, bytes, str]) -> None:
    offset, magic, expected = signature

    assert _type_of(bytes(offset) + magic + bytes(64)) == expected


@pytest.mark.corpus
@pytest.mark.slow
def test_at_least_99_of_100_files_have_the_type_that_libmagic_or_their_name_says(
    corpus: Path,
) -> None:
    rows = types.table()

    assert [row.what for row in rows if not row.is_met] == []
    assert all(row.total >= 280 for row in rows[:4])
    assert corpus.samefile(CORPUS)


def test_no_text_is_called_a_picture_however_it_begins() -> None:
    assert {_type_of(text) for text in types.texts()} == {"text/plain"}
    assert len([*plain_texts.plain()]) > 700
    assert types.texts_called_pictures() == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"P1\n# by hand\n3 2\n0 1 0\n1 0 1\n", "image/x-portable-bitmap"),
        (b"P6 2 1 255\nabcdef", "image/x-portable-pixmap"),
        (b"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nENDHDR\nabcdef",
         "image/x-portable-arbitrarymap"),
        (b"#define a_width 8\n#define a_height 1\nstatic char a_bits[] = {0};\n",
         "image/x-xbitmap"),
        (b'/* XPM */\nstatic char *a[] = {"1 1 1 1"};\n', "image/x-xpixmap"),
        (b"%!PS\n%%Title: a\n", "application/postscript"),
        (b"{\\rtf1\\ansi words}", "text/rtf"),
        (b"[1, 2]\n", "application/json"),
        (b"[1] says the first footnote\n", "text/plain"),
        (b"words, and in their midst %PDF-1.4\n", "text/plain"),
        (gzip.compress(b"<?xml version='1.0'?><svg width='1'/>", mtime=0), "image/svg+xml"),
        (gzip.compress(b"words", mtime=0), "application/gzip"),
        (b"\x1f\x8b\x08\0 and damage", "application/gzip"),
        (_ftyp(b"kddi", b"3g2a"), "video/3gpp2"),
        (_ftyp(b"isom", b"qt  "), "video/mp4"),
        (b"\0\0\0\x10free" + bytes(8) + b"\0\0\0\x08mdat", "video/quicktime"),
        (b"\0\0\0\x10free" + bytes(64), "application/octet-stream"),
        (b"From: a@b.c\r\nTo: d@e.f,\r\n  g@h.i\r\nDate: now\r\n\r\nhello", "message/rfc822"),
        (b"Received: by x\nMIME-Version: 1.0\nSubject: s\n\n", "message/rfc822"),
        (b"From: Ann\n\nDate: now\nTo: you\n", "text/plain"),
        (b"a,b\n1,2\n3,4\n", "text/csv"),
        ("a,b\n1,2\n3,4\n".encode("utf-16"), "text/csv"),
        (b"a,b\n1,2\n3,4,5\n", "text/plain"),
        (b"a, b\nc, d\ne, f\n", "text/plain"),
        (b"a,b\n1,2\n", "text/plain"),
        (b"<!-- <html> --><!DOCTYPE svg [<!ENTITY a 'b'>]>\n<svg xmlns='x'/>", "image/svg+xml"),
        (b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' [" + b"<!ENTITY a 'b'>" * 400,
         "image/svg+xml"),
        (b"<svg><g/></svg>", "image/svg+xml"),
        (b"<svg> is the first element of a drawing", "text/plain"),
        (b"<3 you, and <svg width='1'>", "text/plain"),
        (b"P1 10 20 30 points\n", "text/plain"),
        (b"P5 100 100 255\nSome text that goes on", "text/plain"),
        (b"P4 64 32\nthe rest of the text, no bits", "text/plain"),
        (b"P6 2 1 255\nabcdef and more", "text/plain"),
        (b"P6 2 1 255\nabcdef\n", "image/x-portable-pixmap"),
        (b"P5 2 1 65535\nabcd", "image/x-portable-graymap"),
        (b"P4 9 2\n1234", "image/x-portable-bitmap"),
        (b"P2 2 1 255\n1 2 # two\n", "image/x-portable-graymap"),
        (b"P2 2 1 255\n1 2 and so on\n", "text/plain"),
        (b"P1 3 2 " + b"1" * 5000 + b"x", "image/x-portable-bitmap"),
        (b"P5 50 50 255\n" + bytes(100), "image/x-portable-graymap"),
        (b"\xff" * 1000, "application/octet-stream"),
        (b"\xf0\xd2\xc9\xd7\xc5\xd4", "text/plain"),
        (b"RIFF or WAVE: what is it?\n", "text/plain"),
        ("words, no mark".encode("utf-16-be"), "text/plain"),
        ("words in EBCDIC, too".encode("cp037"), "text/plain"),
    ],
)  # fmt: skip
def test_what_is_written_as_text_is_known_by_its_grammar(content: bytes, expected: str) -> None:
    assert _type_of(content) == expected
