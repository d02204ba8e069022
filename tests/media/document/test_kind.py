"""What is read of documents of each kind, and that no document costs more than itself."""

import io
import resource
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import BinaryIO

import pikepdf
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from dam.errors import (
    ItemError,
    MissingExtraError,
    NoDecoderError,
    NoPictureError,
    UnreadablePictureError,
)
from dam.media.document.facts import (
    TEXT_CHARACTERS,
    TEXT_PAGES,
    DocumentFacts,
    keywords_of,
    time_of,
)
from dam.media.document.kind import DOCUMENT
from dam.media.document.pdf_xmp import facts_of_xmp
from dam.media.file_type.recognition import media_type
from dam.media.limits import MediaLimits
from tests.media.document_files import (
    DOC,
    DOCX,
    EPUB,
    ODT,
    PDF,
    compound,
    core_xml,
    docx,
    epub,
    hostile_pdfs,
    looped_compound,
    odt,
    page_pdf,
    pdf,
    picture,
    stream,
    text_pdf,
    zipped,
)

LIMITS = MediaLimits()


def described(content: bytes, kind: str) -> DocumentFacts:
    return DOCUMENT.describe(io.BytesIO(content), kind, LIMITS)


def pictured(content: bytes, kind: str) -> Image.Image:
    assert DOCUMENT.picture is not None
    image = DOCUMENT.picture(io.BytesIO(content), kind, LIMITS)
    assert isinstance(image, Image.Image)
    return image


_INFO = {
    "Title": b"(Soup\\000)",
    "Author": b"<FEFF004D006F0065006200690075007300200065006E002000200041>",
    "Subject": b"(How to cook)",
    "Keywords": b"(soup, stock; soup,)",
    "CreationDate": b"(D:20240517101112+02'00')",
    "ModDate": b"(D:2024)",
}
_CORE = core_xml(
    title="Plan", creator="Ann", subject="for spring", keywords="plan; spring"
).replace(b"</x>", b"<created>2024-05-17T10:11:12Z</created><modified>x</modified></x>")
_ODT_META = (
    "<dc:title>Letter</dc:title><meta:initial-creator>Bo</meta:initial-creator>"
    "<dc:creator>Cy</dc:creator><meta:keyword>a</meta:keyword><meta:keyword>b</meta:keyword>"
    "<meta:creation-date>2024-05-17T10:11:12.5</meta:creation-date>"
    '<meta:document-statistic meta:page-count="7"/>'
)
_EPUB_META = (
    "<dc:title>Whale</dc:title><dc:creator>Ann</dc:creator><dc:creator>Bo</dc:creator>"
    "<dc:subject>sea</dc:subject><dc:date>1851</dc:date>"
    '<meta property="dcterms:modified">2024-05-17T10:11:12Z</meta>'
    '<meta property="schema:numberOfPages">700</meta>'
)

DESCRIBED = {
    PDF: (
        text_pdf(["first words", "second"], _INFO),
        DocumentFacts(
            title="Soup",
            author="Moebius en  A",
            description="How to cook",
            keywords=("soup", "stock"),
            page_count=2,
            created_at="2024-05-17T10:11:12+02:00",
            text="first words\nsecond",
        ),
    ),
    DOCX: (
        docx(_CORE, b"<P><Pages>12</Pages></P>"),
        DocumentFacts(
            title="Plan",
            author="Ann",
            description="for spring",
            keywords=("plan", "spring"),
            page_count=12,
            created_at="2024-05-17T10:11:12+00:00",
        ),
    ),
    ODT: (
        odt(_ODT_META),
        DocumentFacts(
            title="Letter",
            author="Bo",
            keywords=("a", "b"),
            page_count=7,
            created_at="2024-05-17T10:11:12",
        ),
    ),
    EPUB: (
        epub(_EPUB_META),
        DocumentFacts(
            title="Whale",
            author="Ann, Bo",
            keywords=("sea",),
            page_count=700,
            modified_at="2024-05-17T10:11:12+00:00",
        ),
    ),
}


@pytest.mark.parametrize("kind", DESCRIBED)
def test_a_document_says_this_of_itself(kind: str) -> None:
    content, facts = DESCRIBED[kind]
    assert media_type(io.BytesIO(content)) == kind
    assert described(content, kind) == facts


_ITEM = '<item id="{}" href="{}" media-type="image/png" properties="{}"/>'
COVERS = {
    "named by its property": epub(
        "", _ITEM.format("x", "a%20b.png", "cover-image"), {"OPS/a b.png": picture()}
    ),
    "named by its id": epub(
        '<meta name="cover" content="x"/>', _ITEM.format("x", "../b.png", ""), {"b.png": picture()}
    ),
    "called cover": epub("", _ITEM.format("cover", "b.png", ""), {"OPS/b.png": picture()}),
    "above all folders, so at the top": epub(
        "", _ITEM.format("cover", "../../../b.png", ""), {"b.png": picture()}
    ),
}


@pytest.mark.parametrize("how", COVERS)
def test_the_cover_of_a_book_is_its_picture(how: str) -> None:
    assert pictured(COVERS[how], EPUB).getpixel((5, 5)) == (0, 0, 128)


def test_other_documents_have_the_picture_in_them() -> None:
    thumbnail = {"docProps__small.jpeg": picture("JPEG")}
    blue = pictured(docx(_CORE, **thumbnail), DOCX).getpixel((5, 5))
    assert isinstance(blue, tuple)
    assert blue[2] > 100
    with_picture = odt("", {"Thumbnails/thumbnail.png": picture()})
    assert pictured(with_picture, ODT).getpixel((5, 5)) == (0, 0, 128)
    page = pictured(page_pdf(stream(b"1 0 0 rg 0 0 200 200 re f"), box="0 0 200 100"), PDF)
    assert page.size == (256, 128)
    assert page.getpixel((5, 5)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (docx(_CORE), DOCX),
        (epub(""), EPUB),
        (epub("", _ITEM.format("cover", "../../../../etc/passwd", "cover-image")), EPUB),
        (epub("", _ITEM.format("cover", "file:///etc/passwd", "cover-image")), EPUB),
        (odt(""), ODT),
    ],
)
def test_a_document_without_a_picture_is_sound(content: bytes, kind: str) -> None:
    described(content, kind)
    with pytest.raises(NoPictureError):
        pictured(content, kind)


@pytest.mark.parametrize(
    ("preview", "error", "message"),
    [
        (bytes.fromhex("010009000003"), NoDecoderError, "no decoder for covers of type image/wmf"),
        (
            b"\1\0\0\0".ljust(40, b"\0") + b" EMF",
            NoDecoderError,
            "no decoder for covers of type image/emf",
        ),
        (
            b"a text".ljust(80),
            UnreadablePictureError,
            "cover picture: its bytes are of type text/plain",
        ),
        (b"\xff\xd8\xff\xe0abc", UnreadablePictureError, "unreadable JPEG cover picture: "),
    ],
)
def test_a_cover_that_cannot_be_shown_is_told_apart_from_none(
    preview: bytes, error: type[ItemError], message: str
) -> None:
    with pytest.raises(error, match=message):
        pictured(docx(_CORE, **{"docProps__small.jpeg": preview.ljust(80, b"\0")}), DOCX)


def test_the_text_of_a_long_pdf_is_cut() -> None:
    many = described(text_pdf([f"page{number}" for number in range(TEXT_PAGES + 5)]), PDF)
    assert many.page_count == TEXT_PAGES + 5
    assert (many.text or "").split() == [f"page{number}" for number in range(TEXT_PAGES)]
    long = described(text_pdf(["word " * 5_000] * 9), PDF)
    assert TEXT_CHARACTERS - 10 < len(long.text or "") <= TEXT_CHARACTERS


class _Counting(io.BytesIO):
    """A file that counts the bytes that are read."""

    count = 0

    def readinto(self, buffer: object, /) -> int:
        size = super().readinto(buffer)  # type: ignore[arg-type]  # any buffer
        self.count += size
        return size

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.count += len(content)
        return content


@pytest.mark.parametrize(
    ("stated", "pages"),
    [(b"2", 2), (b"3", None), (b"1000000", None), (b"100000000", 2), (b"-1", 2)],
)
def test_more_pages_than_there_are_do_not_count(stated: bytes, pages: int | None) -> None:
    content = text_pdf(["a", "b"]).replace(b"/Count 2", b"/Count " + stated)

    assert described(content, PDF).page_count == pages


@pytest.mark.parametrize("pages", [1, 2, 6])
def test_a_scan_is_read_once_beside_its_hash(pages: int) -> None:
    content = _scan(pages, 3 << 20)
    file = _Counting(content)
    assert DOCUMENT.picture is not None
    assert DOCUMENT.describe(file, PDF, LIMITS).page_count == pages
    DOCUMENT.picture(file, PDF, LIMITS)
    assert file.count <= len(content) + (1 << 20)


def _scan(pages: int, picture_bytes: int) -> bytes:
    side = int((picture_bytes / 3) ** 0.5)
    entries = b"/Subtype/Image/Width %d/Height %d/BitsPerComponent 8/ColorSpace/DeviceRGB" % (
        side,
        side,
    )
    kids = b" ".join(b"%d 0 R" % (3 + 3 * at) for at in range(pages))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, pages),
    ]
    for at in range(pages):
        number = 3 + 3 * at
        objects += [
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents %d 0 R"
            b"/Resources<</XObject<</I %d 0 R>>>>>>" % (number + 1, number + 2),
            stream(b"200 0 0 200 0 0 cm /I Do"),
            stream(bytes([at]) * (side * side * 3), entries),
        ]
    return pdf(objects)


_BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
_EXTERNAL = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
HOSTILE: dict[str, tuple[bytes, str]] = {
    **{what: (content, PDF) for what, content in hostile_pdfs().items()},
    "an entity bomb": (docx(_BOMB), DOCX),
    "an external entity": (docx(_EXTERNAL), DOCX),
    "XML that is too deep": (docx(b"<a>" * 5_000 + b"</a>" * 5_000), DOCX),
    "XML of too many elements": (docx(b"<x>" + b"<a/>" * 200_000 + b"</x>"), DOCX),
    "no XML": (docx(b"\xff\xfe\0\0"), DOCX),
    "XML in an encoding that there is not": (
        docx(b'<?xml version="1.0" encoding="x-y"?><a/>'),
        DOCX,
    ),
    "a zip bomb": (docx(b"<x>" + b" " * (64 << 20) + b"</x>"), DOCX),
    "a book that is a zip bomb": (epub("<dc:title>" + "t" * (16 << 20) + "</dc:title>"), EPUB),
    "a book that names itself": (
        zipped(
            {"META-INF/container.xml": b'<c><rootfile full-path="META-INF/container.xml"/></c>'}
        ),
        EPUB,
    ),
    "sectors that follow themselves": (looped_compound(), DOC),
    "a table that is its own directory": (looped_compound(fat=(0, 1, 2, 3)), DOC),
    "a directory whose entries hold one another": (
        looped_compound(fat=(0xFFFFFFFD, 2, 3, 0xFFFFFFFE)),
        DOC,
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_document_is_described_or_refused(what: str) -> None:
    content, kind = HOSTILE[what]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    _try(content, kind)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 10


def _try(content: bytes, kind: str) -> None:
    """Describe and draw a document; it may fail in no other way than as an item."""
    for call in (described, pictured):
        with suppress(ItemError):
            call(content, kind)


@pytest.mark.parametrize(("content", "facts"), DESCRIBED.values(), ids=DESCRIBED)
def test_a_document_that_breaks_off_is_described_or_refused(
    content: bytes, facts: DocumentFacts
) -> None:
    kind = next(kind for kind, (_, own) in DESCRIBED.items() if own is facts)
    for tenth in range(10):
        _try(content[: len(content) * tenth // 10], kind)


@given(st.binary(max_size=300), st.sampled_from([*DESCRIBED, DOC]))
@example(b"", PDF)
def test_random_bytes_behind_the_first_ones_are_refused(noise: bytes, kind: str) -> None:
    heads = {PDF: b"%PDF-1.7\n", DOC: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"}
    _try(heads.get(kind, b"PK\3\4") + noise, kind)


@given(st.text("0123456789-:TZ+.'D ", max_size=24))
@example("D:20240517101112Z07'46'")
@example("D:00000000")
@example("99999-12-31")
@example("D:20240230")
@example("2024-05-17T10:11:12+99:99")
@example("9999-12-31T23:59:59-23:59")
def test_a_time_is_sound_or_none(text: str) -> None:
    found = time_of(text)
    assert found is None or datetime.fromisoformat(found).isoformat() == found


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("D:20240517101112", "2024-05-17T10:11:12"),
        ("D:20240517101112Z", "2024-05-17T10:11:12+00:00"),
        ("D:20240517101112-05'30'", "2024-05-17T10:11:12-05:30"),
        ("D:20240517", "2024-05-17T00:00:00"),
        ("2024-05-17T10:11:12+00:00", "2024-05-17T10:11:12+00:00"),
        ("D:202405", None),
        ("2024", None),
        ("D:19700101000000Z", None),
        ("1970-01-01", None),
        ("1865-11-26", None),
    ],
)
def test_a_time_has_the_offset_that_is_stated_and_a_day(text: str, time: str | None) -> None:
    assert time_of(text) == time


def _xmp(title: str, more: str = "") -> bytes:
    return (
        '<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        'xmlns:pdf="http://ns.adobe.com/pdf/1.3/"><rdf:Description rdf:about="">'
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>'
        f"{more}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
    ).encode()


def _pdf_with_xmp(*packets: bytes, filler: int = 0, info: bytes = b"") -> bytes:
    """Return a PDF of which the catalogue names the last packet."""
    metadata = b"/Type/Metadata/Subtype/XML"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/Metadata %d 0 R>>" % (3 + len(packets)),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
        *(stream(packet, metadata) for packet in packets),
        stream(bytes(filler)),
        b"<<%s>>" % info,
    ]
    return pdf(objects, b"/Info %d 0 R" % len(objects))


@pytest.mark.parametrize("filler", [0, 3 << 20])
def test_a_pdf_says_in_its_xmp_what_its_info_lacks(filler: int) -> None:
    more = (
        "<dc:creator><rdf:Seq><rdf:li>Ann</rdf:li><rdf:li>Bo</rdf:li></rdf:Seq></dc:creator>"
        "<dc:description>about soup</dc:description><pdf:Keywords>soup, sea</pdf:Keywords>"
        "<xmp:CreateDate>2024-05-17T10:11:12+02:00</xmp:CreateDate>"
        "<xmp:ModifyDate>2024-06-01</xmp:ModifyDate>"
    )
    content = _pdf_with_xmp(_xmp("Soup", more), filler=filler, info=b"/Author(Cy)")
    assert described(content, PDF) == DocumentFacts(
        title="Soup",
        author="Cy",
        description="about soup",
        keywords=("soup", "sea"),
        page_count=1,
        created_at="2024-05-17T10:11:12+02:00",
        modified_at="2024-06-01T00:00:00",
    )


def test_the_xmp_of_a_pdf_is_not_that_of_a_picture_in_it() -> None:
    content = _pdf_with_xmp(_xmp("of a picture"), _xmp("of the whole"))
    assert described(content, PDF).title == "of the whole"
    nameless = content.replace(b"/Metadata 5", b"/Elsewhere 5").replace(b"/Metadata 6", b"/x 6")
    assert described(nameless, PDF).title is None


@pytest.mark.parametrize(
    "packet",
    [
        _xmp("x")[:-60],
        _xmp("<a>" * 5_000),
        b"<x:xmpmeta></x:xmpmeta>" * 5_000,
    ],
)
def test_a_pdf_with_hostile_xmp_is_described_without_it(packet: bytes) -> None:
    facts = described(_pdf_with_xmp(packet), PDF)
    assert (facts.page_count, facts.title) == (1, None)


@pytest.mark.parametrize("packets", [b"", b"<x:xmpmeta></x:xmpmeta>" * 2])
@pytest.mark.parametrize("mark", [b"/Type/Catalog /Metadata 1 0 R ", b"/Type/Catalog "])
def test_many_catalogues_of_a_pdf_cost_little(packets: bytes, mark: bytes) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    file = io.BytesIO(b"%PDF-1.4\n" + packets + mark * 15_000)
    assert facts_of_xmp(file, MediaLimits()) == DocumentFacts()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 10


def test_the_latest_catalogue_of_a_pdf_counts() -> None:
    content = _pdf_with_xmp(_xmp("of a picture"), _xmp("of the whole"))
    older = content[: content.index(b"3 0 obj")].replace(b"/Metadata 5", b"/Older 5")
    found = facts_of_xmp(io.BytesIO(older * 20 + content), MediaLimits())
    assert found.title == "of the whole"


def test_a_pdf_that_needs_a_password_is_a_fact() -> None:
    content = _encrypted("secret")
    assert described(content, PDF) == DocumentFacts(is_encrypted=True)
    with pytest.raises(NoPictureError, match="password"):
        pictured(content, PDF)
    readable = described(_encrypted(""), PDF)
    assert (readable.is_encrypted, readable.text) == (True, "hello")


def _encrypted(password: str) -> bytes:
    content = io.BytesIO()
    with pikepdf.open(io.BytesIO(text_pdf(["hello"]))) as opened:
        opened.save(content, encryption=pikepdf.Encryption(owner="owner", user=password))
    return content.getvalue()


class _FailingFile(io.BytesIO):
    """A file on a disk that fails."""

    def readinto(self, _buffer: object, /) -> int:
        raise OSError(5, "Input/output error")


def test_an_error_of_the_disk_is_no_damage() -> None:
    reading: Callable[[BinaryIO, str, MediaLimits], object] = DOCUMENT.describe
    with pytest.raises(OSError, match="Input/output"):
        reading(_FailingFile(text_pdf(["x"])), PDF, LIMITS)


_BIFF = b"\x09\x08\x04\0\0\0\0\0"
_LOCKED = {
    "EncryptedPackage": b"",
    "WordDocument": b"\xec\xa5" + bytes(8) + b"\0\1",
    "Current User": bytes(12) + b"\xdf\xc4\xd1\xf3",
    "Workbook": _BIFF + b"\x2f\0\2\0\0\0",
}


@pytest.mark.parametrize("name", _LOCKED)
def test_an_old_document_that_needs_a_password_is_encrypted(name: str) -> None:
    kind = "application/x-ole-storage"
    assert described(compound({name: _LOCKED[name]}), kind).is_encrypted
    assert not described(compound({name: _BIFF}), kind).is_encrypted or name == "EncryptedPackage"


def test_an_open_document_with_locked_parts_is_encrypted() -> None:
    locked = "<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>"
    manifest = f'<x xmlns:manifest="urn:m">{locked}</x>'.encode()
    content = odt("", {"META-INF/manifest.xml": manifest})
    assert described(content, ODT) == DocumentFacts(is_encrypted=True)
    method = '<e><EncryptionMethod Algorithm="{}"/></e>'
    for algorithm, is_locked in (
        ("http://www.idpf.org/2008/embedding", False),
        ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", True),
    ):
        parts = {"META-INF/encryption.xml": method.format(algorithm).encode()}
        assert described(epub("", "", parts), EPUB).is_encrypted is is_locked


def test_a_message_has_its_subject_and_sender() -> None:
    sent = 116_444_736_000_000_000 + 1_700_000_000 * 10_000_000
    properties = bytes(32) + struct.pack("<HHLQ", 0x0040, 0x0039, 6, sent)
    message = compound(
        {
            "__properties_version1.0": properties,
            "__substg1.0_0037001F": "Hello \u00fc".encode("utf-16-le"),
            "__substg1.0_0C1A001E": b"Ann",
        }
    )
    assert described(message, "application/vnd.ms-outlook") == DocumentFacts(
        title="Hello \u00fc", author="Ann", created_at="2023-11-14T22:13:20+00:00"
    )


def test_keywords_without_end_are_read_in_part() -> None:
    assert keywords_of([";" * 1_000_000 + "late"]) == ()
    assert keywords_of(["early;" + "x" * 1_000_000, "late"])[::2] == ("early",)
    assert len(keywords_of(f"word {number}" for number in range(3000))) == 1000


@pytest.mark.parametrize("package", ["pypdfium2", "olefile", "defusedxml"])
def test_a_missing_package_names_the_extra(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("pdf", "compound"):
        monkeypatch.delitem(sys.modules, f"dam.media.document.{module}", raising=False)
        monkeypatch.delattr(f"dam.media.document.{module}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    kinds = {"pypdfium2": PDF, "olefile": DOC, "defusedxml": DOCX}
    content, _ = DESCRIBED.get(kinds[package], (compound({}), None))
    with pytest.raises(MissingExtraError) as caught:
        described(content, kinds[package])
    assert caught.value.requirement == "documents"
    assert DOCUMENT.requirements["documents"]() is False
