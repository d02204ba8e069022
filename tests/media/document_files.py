"""Documents made by hand, byte by byte: honest ones, and such as attacks are made of."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence

from PIL import Image

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EPUB = "application/epub+zip"
ODT = "application/vnd.oasis.opendocument.text"
PDF = "application/pdf"
DOC = "application/msword"

_RELATION = "http://schemas.openxmlformats.org/package/2006/relationships"
_CONTAINER = b"""<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>"""


def pdf(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """Return a PDF of these objects, of which the first is the catalogue."""
    content, offsets = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    content += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    content += b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (size, trailer, start)
    return content


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """Return a stream object."""
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (entries, len(content), content)


def text_pdf(texts: Sequence[str], info: Mapping[str, bytes] | None = None) -> bytes:
    """Return a PDF with a page for each text, and with these values of its `Info`.

    Example: `text_pdf(["one", "two"], {"Title": b"(A title)"})`.
    """
    kids = b" ".join(b"%d 0 R" % (5 + 2 * at) for at in range(len(texts)))
    values = b"".join(b"/%s %s" % (key.encode(), value) for key, value in (info or {}).items())
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, len(texts)),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<<%s>>" % values,
    ]
    for at, text in enumerate(texts):
        shown = text.encode("cp1252").replace(b"(", b"\\(").replace(b")", b"\\)")
        objects += [
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 400]/Contents %d 0 R"
            b"/Resources<</Font<</F 3 0 R>>>>>>" % (6 + 2 * at),
            stream(b"BT /F 12 Tf 20 300 Td (%s) Tj ET" % shown),
        ]
    return pdf(objects, b"/Info 4 0 R")


def page_pdf(
    content: bytes, resources: bytes = b"", box: str = "0 0 200 200", more: Sequence[bytes] = ()
) -> bytes:
    """Return a PDF of one page with this stream as its content."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[%s]/Contents 4 0 R/Resources<<%s>>>>"
    return pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            page % (box.encode(), resources),
            content,
            *more,
        ]
    )


def hostile_pdfs() -> dict[str, bytes]:
    """Return PDFs that PDFium must survive, by what is wrong with them."""
    huge = b"/Subtype/Image/Width 60000/Height 60000/BitsPerComponent 8/ColorSpace/DeviceRGB"
    drawn = stream(b"200 0 0 200 0 0 cm /I Do")
    twice = zlib.compress(zlib.compress(b"0 0 m " * (1 << 18), 9), 9)
    return {
        "a picture of 60,000 x 60,000": page_pdf(
            drawn,
            b"/XObject<</I 5 0 R>>",
            more=[stream(zlib.compress(bytes(1 << 20)), huge + b"/Filter/FlateDecode")],
        ),
        "packed twice": page_pdf(stream(twice, b"/Filter[/FlateDecode/FlateDecode]")),
        "a page of a thousand kilometres": page_pdf(
            stream(b"0 0 m 1 1 l S"), box="0 0 1000000000 1000000000"
        ),
        "a page of no size": page_pdf(stream(b""), box="0 0 0 0"),
        "a page with a narrow box": page_pdf(stream(b""), box="0 0 1000000000 1"),
        "a thousand million pages": pdf(
            [
                b"<</Type/Catalog/Pages 2 0 R>>",
                b"<</Type/Pages/Kids[3 0 R]/Count 1000000000>>",
                b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
            ]
        ),
        "pages that hold themselves": pdf(
            [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 9>>"]
        ),
        "states without end": page_pdf(stream(b"q " * 100_000 + b"0 0 200 200 re f")),
        "a megabyte of title": text_pdf(["x"], {"Title": b"(%s)" % (b"t" * (1 << 20))}),
        "halves of characters": text_pdf(["x"], {"Title": b"<FEFFD8000041DC000000>"}),
    }


def self_calling_pdf() -> bytes:
    """Return a PDF with a form that calls itself twice: PDFium aborts when memory ends."""
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 5 0 R>>>>"
    return page_pdf(stream(b"/X Do"), b"/XObject<</X 5 0 R>>", more=[stream(b"/X Do /X Do", form)])


def zipped(members: Mapping[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip file with these members; `mimetype` must be the first, and is not packed."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", packing) as archive:
        for name, member in members.items():
            packed_by = zipfile.ZIP_STORED if name == "mimetype" else packing
            archive.writestr(zipfile.ZipInfo(name), member, packed_by)
    return content.getvalue()


def docx(core: bytes, app: bytes = b"<Properties/>", **more: bytes) -> bytes:
    """Return a DOCX with these properties; what else is in it has `__` for `/` in its name."""
    relations = (
        f'<Relationships xmlns="{_RELATION}">'
        '<Relationship Id="1" Type="x/metadata/core-properties" Target="/docProps/core.xml"/>'
        '<Relationship Id="2" Type="x/extended-properties" Target="docProps/app.xml"/>'
        '<Relationship Id="3" Type="x/metadata/thumbnail" Target="docProps/small.jpeg"/>'
        "</Relationships>"
    )
    return zipped(
        {
            "_rels/.rels": relations.encode(),
            "docProps/core.xml": core,
            "docProps/app.xml": app,
            "word/document.xml": b"<document/>",
            **{name.replace("__", "/"): content for name, content in more.items()},
        }
    )


_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def word(inner: str) -> bytes:
    """Return `word/document.xml`, given the inner XML of its body, with `w` and `mc`."""
    return (
        f'<w:document xmlns:w="{_W}" xmlns:mc="urn:mc"><w:body>{inner}</w:body></w:document>'
    ).encode()


def relations(**targets: str) -> bytes:
    """Return the relations of a part of an Office Open XML document, by their ids.

    Example: `relations(r1="slide slides/slide1.xml")`.
    """
    each = (
        f'<Relationship Id="{key}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for key, (kind, target) in ((key, value.split()) for key, value in targets.items())
    )
    return f'<Relationships xmlns="{_RELATION}">{"".join(each)}</Relationships>'.encode()


def listing(element: str, *ids: str) -> bytes:
    """Return a part that lists others by the ids of its relations, in an order of its own."""
    each = "".join(f'<{element} id="{at}" r:id="{key}"/>' for at, key in enumerate(ids))
    return f'<x xmlns:r="{_OFFICE}">{each}</x>'.encode()


def core_xml(**values: str) -> bytes:
    """Return the properties of an Office Open XML document."""
    inner = "".join(f"<dc:{name}>{value}</dc:{name}>" for name, value in values.items())
    return f'<x xmlns:dc="http://purl.org/dc/elements/1.1/">{inner}</x>'.encode()


def epub(
    metadata: str,
    items: str = "",
    members: Mapping[str, bytes] | None = None,
    spine: Sequence[str] = (),
) -> bytes:
    """Return an EPUB.

    Args:
        metadata: The inner XML of its metadata.
        items: That of its manifest.
        members: Its other files.
        spine: The ids of its chapters.
    """
    order = "".join(f'<itemref idref="{each}"/>' for each in spine)
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:opf="http://www.idpf.org/2007/opf">'
        f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">{metadata}</metadata>'
        f"<manifest>{items}</manifest><spine>{order}</spine></package>"
    )
    return zipped(
        {
            "mimetype": EPUB.encode(),
            "META-INF/container.xml": _CONTAINER,
            "OPS/book.opf": package.encode(),
            **(members or {}),
        }
    )


def odt(meta: str, members: Mapping[str, bytes] | None = None) -> bytes:
    """Return an ODT, given the inner XML of its `office:meta`."""
    spaces = "".join(
        f' xmlns:{name}="urn:{name}"' for name in ("office", "meta", "dc", "manifest", "xlink")
    )
    document = (
        f"<office:document-meta{spaces}><office:meta>{meta}</office:meta></office:document-meta>"
    )
    return zipped({"mimetype": ODT.encode(), "meta.xml": document.encode(), **(members or {})})


def picture(image_format: str = "PNG", colour: str = "navy") -> bytes:
    """Return a small picture."""
    content = io.BytesIO()
    Image.new("RGB", (60, 90), colour).save(content, image_format)
    return content.getvalue()


def looped_compound(*, sectors: int = 4, fat: Sequence[int] = (), chain: int = 1) -> bytes:
    """Return a compound file whose chain of sectors, or whose directory, never ends.

    Args:
        sectors: How many sectors follow the header: the table of sectors, then directories.
        fat: The table; by default, each directory's sector is followed by itself.
        chain: The entry beside each entry of the directory.
    """
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<LLLLLLLLL", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<109L", 0, *([0xFFFFFFFF] * 108))
    table = list(fat or [0xFFFFFFFD, *range(1, sectors)])
    content = header[:512] + struct.pack("<128L", *(table + [0xFFFFFFFF] * (128 - len(table))))
    for number in range((sectors - 1) * 4):
        name = ("Root Entry" if number == 0 else f"entry {number}").encode("utf-16-le") + b"\0\0"
        kind = 5 if number == 0 else 2
        content += name.ljust(64, b"\0") + struct.pack(
            "<HBBLLL36xLL4x", len(name), kind, 1, chain, chain, chain, 0xFFFFFFFE, 0
        )
    return content


def compound(streams: Mapping[str, bytes]) -> bytes:
    """Return a compound file with these streams, each filled up with zeros to 4,096 bytes."""
    free, end, fat_sector = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    contents = [each.ljust(4096, b"\0") for each in streams.values()]
    directory_sectors = (len(streams) + 4) // 4
    fat = [fat_sector, *range(2, directory_sectors + 1), end]
    entries, starts = [], []
    for content in contents:
        starts.append(len(fat))
        fat += [*range(len(fat) + 1, len(fat) + len(content) // 512), end]
    names = ["Root Entry", *streams]
    for number in range(directory_sectors * 4):
        name = names[number].encode("utf-16-le") + b"\0\0" if number < len(names) else b""
        is_stream = 0 < number < len(names)
        right = number + 1 if is_stream and number + 1 < len(names) else free
        child = 1 if number == 0 and streams else free
        kind = 5 if number == 0 else 2 if is_stream else 0
        start, size = (starts[number - 1], len(contents[number - 1])) if is_stream else (end, 0)
        head = struct.pack("<HBBLLL", len(name), kind, 1, free, right, child)
        entries.append(name.ljust(64, b"\0") + head + struct.pack("<36xLL4x", start, size))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<LLLLLLLLL", 0, 1, 1, 0, 4096, end, 0, end, 0)
    header += struct.pack("<109L", 0, *([free] * 108))
    table = struct.pack("<128L", *(fat + [free] * (128 - len(fat))))
    return header + table + b"".join(entries) + b"".join(contents)
