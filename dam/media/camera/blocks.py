"""`Blocks`: the blocks of metadata in one file, found but not yet read."""

from dataclasses import dataclass, field

from dam.media.camera.values import Groups
from dam.media.structure.photoshop import image_resources
from dam.media.structure.source import ByteSource

_IPTC_RESOURCE, _EXIF_RESOURCE, _XMP_RESOURCE = 0x404, 0x422, 0x424
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

    def add_resources(self, source: ByteSource) -> None:
        """Add the blocks that are in the image resources of Photoshop."""
        for number, start, size in image_resources(source):
            if number == _IPTC_RESOURCE:
                self.iptc.append(source.read(start, size))
            elif number == _EXIF_RESOURCE:
                self.add_exif(source.read(start, size))
            elif number == _XMP_RESOURCE:
                self.add_xmp(source.read(start, size))


def without_exif_name(block: bytes) -> bytes:
    """Return a block of EXIF from the header on that its offsets count from."""
    return block[6:] if block.startswith(b"Exif\0") else block
