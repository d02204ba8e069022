"""The XMP of a PDF: what it says of itself where its `Info` says nothing.

PDFium gives no access to it. As ISO 16684 wants, it is not packed, so that it is found by its
marks; it is looked for at both ends of the file.
"""

import re
from collections import deque
from typing import BinaryIO

from dam.errors import ItemError
from dam.media.camera.values import Groups, TagValue
from dam.media.camera.xmp import read_xmp
from dam.media.document.facts import DocumentFacts, joined, keywords_of, stated, time_of
from dam.media.limits import MediaLimits

MOST_BYTES = 512 << 10
"""How much of a PDF is read for it; half of that at each end."""

_BEGIN, _END = b"<x:xmpmeta", b"</x:xmpmeta>"
_CATALOGUE = re.compile(rb"/Type\s*/Catalog\b")
_REFERENCE = re.compile(rb"/Metadata\s+(\d{1,10})\s+\d{1,5}\s+R\b")
_OBJECT = re.compile(rb"(?<!\d)(\d{1,10})\s+\d{1,5}\s+obj\b")
_HEADER_BYTES = 1024
_MOST_CATALOGUES = 16
"""Every version of a PDF that is saved onto its end has one; the latest count."""
_CATALOGUE_BYTES = 8 << 10
"""How much before and behind the mark of a catalogue is looked at."""


def facts_of_xmp(file: BinaryIO, limits: MediaLimits) -> DocumentFacts:
    """Return what the XMP of a PDF states; nothing if there is none, or it cannot be read."""
    packet = _packet(_ends(file))
    groups: Groups = {}
    if packet is not None:
        try:
            read_xmp(packet, groups, limits)
        except ItemError:
            groups = {}
    core, pdf, own = (groups.get(f"XMP-{name}", {}) for name in ("dc", "pdf", "xmp"))
    return DocumentFacts(
        title=stated(", ".join(_texts(core.get("Title")))),
        author=joined(_texts(core.get("Creator"))),
        description=stated(", ".join(_texts(core.get("Description")))),
        keywords=keywords_of([*_texts(core.get("Subject")), *_texts(pdf.get("Keywords"))]),
        created_at=_time(own.get("CreateDate")),
        modified_at=_time(own.get("ModifyDate")),
    )


def _ends(file: BinaryIO) -> bytes:
    size = file.seek(0, 2)
    half = MOST_BYTES // 2
    file.seek(0)
    head = file.read(min(size, half))
    file.seek(max(half, size - half))
    return head + b"\n" + file.read(half)


def _packet(content: bytes) -> bytes | None:
    """Return the packet of the whole document; pictures in it may have their own.

    Of several, it is the last one of the object that the catalogue names.
    """
    packets: list[tuple[bytes | None, bytes]] = []
    at = content.find(_BEGIN)
    while at >= 0:
        end = content.find(_END, at)
        if end < 0:
            break
        numbers = _OBJECT.findall(content, max(0, at - _HEADER_BYTES), at)
        packets.append((numbers[-1] if numbers else None, content[at : end + len(_END)]))
        at = content.find(_BEGIN, end)
    if len(packets) <= 1:
        return packets[0][1] if packets else None
    named = _named_by_catalogue(content)
    return next((packet for number, packet in reversed(packets) if number in named), None)


def _named_by_catalogue(content: bytes) -> set[bytes]:
    named = set()
    for found in deque(_CATALOGUE.finditer(content), _MOST_CATALOGUES):
        least, most = max(0, found.start() - _CATALOGUE_BYTES), found.end() + _CATALOGUE_BYTES
        start = content.rfind(b" obj", least, found.start())
        end = content.find(b"endobj", found.end(), most)
        start, end = (start if start >= 0 else least), (end if end >= 0 else most)
        named.update(_REFERENCE.findall(content, start, end))
    return named


def _texts(value: TagValue) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(each) for each in values if isinstance(each, str | int | float)]


def _time(value: TagValue) -> str | None:
    """Return a time, which is in the form of EXIF here: `2024:05:17 10:11:12+02:00`."""
    return time_of(str(value).replace(":", "-", 2)) if isinstance(value, str) else None
