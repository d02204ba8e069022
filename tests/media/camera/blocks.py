"""Makes blocks of metadata, and the containers around them, by hand."""

import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

XMP_HEAD = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
    ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
    ' xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:lr="http://ns.adobe.com/lightroom/1.0/">'
)
XMP_TAIL = "</rdf:RDF></x:xmpmeta>"


class Tag(NamedTuple):
    """An entry of a directory: tag, type, number of values, and the bytes of the values."""

    tag: int
    kind: int
    values: int
    content: bytes


def text(tag: int, value: str) -> Tag:
    """Return an entry with a text."""
    content = value.encode() + b"\0"
    return Tag(tag, 2, len(content), content)


def rationals(tag: int, *pairs: tuple[int, int]) -> Tag:
    """Return an entry with fractions."""
    return Tag(tag, 5, len(pairs), b"".join(struct.pack("<LL", *pair) for pair in pairs))


def short(tag: int, *values: int) -> Tag:
    """Return an entry with numbers of 16 bits."""
    return Tag(tag, 3, len(values), struct.pack(f"<{len(values)}H", *values))


def tiff(
    main: Sequence[Tag], exif: Sequence[Tag] = (), gps: Sequence[Tag] = (), *, start: int = 8
) -> bytes:
    """Return a little-endian TIFF with up to three directories."""
    sizes = [_size(main, bool(exif) + bool(gps)), _size(exif), _size(gps)]
    offsets = [start, start + sizes[0], start + sizes[0] + sizes[1]]
    entries = [*main]
    if exif:
        entries.append(Tag(0x8769, 4, 1, struct.pack("<L", offsets[1])))
    if gps:
        entries.append(Tag(0x8825, 4, 1, struct.pack("<L", offsets[2])))
    head = b"II*\0" + struct.pack("<L", start)
    parts = [_directory(entries, offsets[0])]
    parts += [_directory(tags, at) for tags, at in ((exif, offsets[1]), (gps, offsets[2])) if tags]
    return head.ljust(start, b"\0") + b"".join(parts)


def _size(tags: Sequence[Tag], more: int = 0) -> int:
    if not tags and not more:
        return 0
    return 6 + 12 * (len(tags) + more) + sum(len(t.content) for t in tags if len(t.content) > 4)


def _directory(tags: Sequence[Tag], at: int) -> bytes:
    behind = at + 6 + 12 * len(tags)
    entries, values = b"", b""
    for tag in tags:
        inline = tag.content.ljust(4, b"\0")
        if len(tag.content) > 4:
            inline = struct.pack("<L", behind + len(values))
            values += tag.content
        entries += struct.pack("<HHL", tag.tag, tag.kind, tag.values) + inline
    return struct.pack("<H", len(tags)) + entries + bytes(4) + values


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    """Return the head of a JPEG with segments, each with its marker."""
    parts = [
        b"\xff" + bytes([marker]) + struct.pack(">H", len(c) + 2) + c for marker, c in segments
    ]
    return b"\xff\xd8" + b"".join(parts) + b"\xff\xda\0\2"


def jpeg_with_exif(block: bytes) -> bytes:
    """Return the head of a JPEG with a block of EXIF."""
    return jpeg((0xE1, b"Exif\0\0" + block))


def jpeg_with_xmp(document: bytes) -> bytes:
    """Return the head of a JPEG with an XMP document."""
    return jpeg((0xE1, b"http://ns.adobe.com/xap/1.0/\0" + document))


def xmp(properties: str) -> bytes:
    """Return an XMP document with the elements of one description."""
    document = f"{XMP_HEAD}<rdf:Description>{properties}</rdf:Description>{XMP_TAIL}"
    return document.encode("utf-8", "surrogatepass")


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG of chunks that has no pixels."""
    parts = [struct.pack(">L", len(c)) + kind + c + bytes(4) for kind, c in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def packed_xmp_chunk(document: bytes) -> tuple[bytes, bytes]:
    """Return a chunk of a PNG with a packed XMP document."""
    return b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(document)


def iptc(*sets: tuple[int, int, bytes]) -> bytes:
    """Return data sets of IPTC: record, number and content each."""
    return b"".join(
        b"\x1c" + bytes([record, number]) + struct.pack(">H", len(c)) + c
        for record, number, c in sets
    )


def resource(number: int, content: bytes) -> bytes:
    """Return an image resource of Photoshop."""
    padded = content + b"\0" * (len(content) % 2)
    return b"8BIM" + struct.pack(">HH", number, 0) + struct.pack(">L", len(content)) + padded


def extended_size(content: bytes) -> bytes:
    """Return the size of a long data set of IPTC, which is written in four bytes."""
    return struct.pack(">HL", 0x8004, len(content))
