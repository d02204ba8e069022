"""Blocks of metadata in the segments of a JPEG."""

from dam.media.camera.blocks import Blocks
from dam.media.structure.source import ByteSource

_MOST_SEGMENTS = 10_000
_APP1, _APP13, _START_OF_SCAN, _END = 0xE1, 0xED, 0xDA, 0xD9
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_GUID_BYTES = 32
_RESOURCES = b"Photoshop 3.0\0"


def jpeg_blocks(source: ByteSource) -> Blocks:
    """Return the blocks before the first scan of a JPEG."""
    blocks, resources = Blocks(), []
    extended: dict[bytes, dict[int, bytes]] = {}
    for marker, at, size in _segments(source):
        if marker == _APP1:
            _take_app1(source.read(at, size), blocks, extended)
        elif marker == _APP13 and source.read(at, len(_RESOURCES)) == _RESOURCES:
            resources.append(source.read(at + len(_RESOURCES), size - len(_RESOURCES)))
    if resources:  # one block may go on in the next segment
        blocks.add_resources(ByteSource.of(b"".join(resources)))
    blocks.xmp += [b"".join(parts[at] for at in sorted(parts)) for parts in extended.values()]
    return blocks


def _segments(source: ByteSource) -> list[tuple[int, int, int]]:
    """Return marker, offset and size of the content of the segments that may have metadata."""
    found, at = [], 2
    for _ in range(_MOST_SEGMENTS):
        head = source.read(at, 4)
        if len(head) < 4 or head[0] != 0xFF:  # noqa: PLR2004 - of a marker
            break
        marker = head[1]
        if marker == 0xFF:  # noqa: PLR2004 - one of several in a row
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        else:
            size = int.from_bytes(head[2:], "big")
            if marker in (_START_OF_SCAN, _END) or size < 2:  # noqa: PLR2004 - its own size
                break
            if marker in (_APP1, _APP13):
                found.append((marker, at + 4, size - 2))
            at += 2 + size
    return found


def _take_app1(content: bytes, blocks: Blocks, extended: dict[bytes, dict[int, bytes]]) -> None:
    if content.startswith(b"Exif"):
        blocks.add_exif(content)
    elif content.startswith(_XMP):
        blocks.add_xmp(content[len(_XMP) :])
    elif content.startswith(_EXTENDED_XMP):
        at = len(_EXTENDED_XMP)
        guid = content[at : at + _GUID_BYTES]
        offset = int.from_bytes(content[at + _GUID_BYTES + 4 : at + _GUID_BYTES + 8], "big")
        extended.setdefault(guid, {})[offset] = content[at + _GUID_BYTES + 8 :]
