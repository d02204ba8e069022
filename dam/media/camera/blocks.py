"""`Blocks`: the blocks of metadata in one file, found but not yet read."""

import struct
from dataclasses import dataclass, field

from dam.media.camera.source import ByteSource
from dam.media.camera.values import Groups

_IPTC_RESOURCE, _EXIF_RESOURCE, _XMP_RESOURCE = 0x404, 0x422, 0x424
_RESOURCE_MARKS = frozenset({b"8BIM", b"PHUT", b"AgHg", b"DCSR", b"MeSa"})
_MOST_RESOURCES = 10_000
_MOST_UNPACKED_BYTES = 16 << 20
MOST_DOCUMENTS = 4
"""Further XMP documents of a file are not read."""


@dataclass
class Blocks:
    """The blocks of metadata in one file, the more important ones first.

    Attributes:
        exif: Sources that begin with the header of a TIFF, which offsets count from.
        parts: The same, of one directory each, by the group of its tags. Example: `GPS`.
        xmp: XML documents.
        iptc: Sequences of IPTC's data sets.
        groups: Tags that the container itself has, such as the title in a PNG.
        unpacked_left: How many bytes blocks that are compressed may still unpack to.
    """

    exif: list[ByteSource] = field(default_factory=list)
    parts: dict[str, ByteSource] = field(default_factory=dict)
    xmp: list[bytes] = field(default_factory=list)
    iptc: list[bytes] = field(default_factory=list)
    groups: Groups = field(default_factory=dict)
    unpacked_left: int = _MOST_UNPACKED_BYTES

    def add_exif(self, block: bytes) -> None:
        """Add a block of EXIF; the name before its header may be there or not."""
        self.exif.append(ByteSource.of(without_exif_name(block)))

    def add_xmp(self, document: bytes) -> None:
        """Add an XMP document, unless there are as many as are read."""
        if len(self.xmp) < MOST_DOCUMENTS:
            self.xmp.append(document)

    def add_resources(self, content: bytes) -> None:
        """Add the blocks that are in the image resources of Photoshop."""
        at = 0
        for _ in range(_MOST_RESOURCES):
            if content[at : at + 4] not in _RESOURCE_MARKS or at + 12 > len(content):
                return
            number = int.from_bytes(content[at + 4 : at + 6], "big")
            at += 6 + (content[at + 6] + 2) // 2 * 2  # a name with its length, padded
            size_bytes = content[at : at + 4]
            if len(size_bytes) < 4:  # noqa: PLR2004 - the size of the field
                return
            (size,) = struct.unpack(">L", size_bytes)
            found = content[at + 4 : at + 4 + size]
            at += 4 + size + size % 2
            if number == _IPTC_RESOURCE:
                self.iptc.append(found)
            elif number == _EXIF_RESOURCE:
                self.add_exif(found)
            elif number == _XMP_RESOURCE:
                self.add_xmp(found)


def without_exif_name(block: bytes) -> bytes:
    """Return a block of EXIF from the header on that its offsets count from."""
    return block[6:] if block.startswith(b"Exif\0") else block
