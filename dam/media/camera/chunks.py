"""Blocks of metadata in PNG, WebP, GIF and PSD, which consist of chunks one after another."""

import re
import zlib
from collections.abc import Iterator

from dam.media.camera.blocks import Blocks
from dam.media.camera.source import ByteSource
from dam.media.clean_text import clean_text

_MOST_CHUNKS = 50_000
_MOST_BLOCK_BYTES = 8 << 20
_MOST_RATIO = 1032  # of deflate
_MOST_TEXTS = 100
_TEXT_BYTES = 40_000
_PROFILE = re.compile(rb"Raw profile type (exif|APP1|iptc|8bim|xmp)\0")
_XMP_KEY = b"XML:com.adobe.xmp\0"
_APP1_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_GIF_XMP = b"XMP DataXMP"
_PACKET_END = re.compile(rb"<\?xpacket\s+end=[^>]{0,40}\?>")


def png_blocks(source: ByteSource) -> Blocks:
    """Return the blocks of a PNG, also those behind its pixels."""
    blocks = Blocks()
    at = 8
    for _ in range(_MOST_CHUNKS):
        head = source.read(at, 8)
        if len(head) < 8:  # noqa: PLR2004 - its size
            break
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind in _OF_PNG and size <= _MOST_BLOCK_BYTES:
            _OF_PNG[kind](source.read(at + 8, size), blocks)
        at += 12 + size
    return blocks


def _png_exif(content: bytes, blocks: Blocks) -> None:
    blocks.add_exif(content)


def _png_text(content: bytes, blocks: Blocks) -> None:
    key, _, text = content.partition(b"\0")
    if profile := _PROFILE.match(content):
        _take_profile(profile[1], text, blocks)
    else:
        _take_text(key, text.decode("latin-1"), blocks)


def _png_packed_text(content: bytes, blocks: Blocks) -> None:
    key, _, packed = content.partition(b"\0")
    _png_text(key + b"\0" + _unpacked(packed[1:], blocks), blocks)


def _png_international_text(content: bytes, blocks: Blocks) -> None:
    key, _, rest = content.partition(b"\0")
    is_packed, parts = rest[:1] == b"\1", rest[2:].split(b"\0", 2)
    if len(parts) < 3:  # noqa: PLR2004 - language, translated key, text
        return
    text = _unpacked(parts[2], blocks) if is_packed else parts[2]
    if content.startswith(_XMP_KEY):
        blocks.add_xmp(text)
    else:
        _take_text(key, text.decode("utf-8", "replace"), blocks)


def _unpacked(packed: bytes, blocks: Blocks) -> bytes:
    most = min(_MOST_BLOCK_BYTES, blocks.unpacked_left)
    if most <= 0:  # which zlib takes for no limit
        return b""
    try:
        found = zlib.decompressobj().decompress(packed, most)
    except zlib.error:
        blocks.unpacked_left -= min(most, _MOST_RATIO * len(packed))  # it may be damaged at its end
        return b""
    blocks.unpacked_left -= len(found)
    return found


def _take_profile(kind: bytes, text: bytes, blocks: Blocks) -> None:
    """Take a profile as ImageMagick writes it: an empty line, its kind, its size, hex digits."""
    digits = b"".join(text.split(b"\n")[3:]).translate(None, b" \r\t")
    try:
        content = bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))
    except ValueError:
        return
    if kind in (b"iptc", b"8bim"):
        blocks.add_resources(content)
    elif kind == b"xmp":
        blocks.add_xmp(content)
    elif content.startswith(_APP1_XMP):
        blocks.add_xmp(content[len(_APP1_XMP) :])
    else:
        blocks.add_exif(content)


def _take_text(key: bytes, text: str, blocks: Blocks) -> None:
    name = clean_text(key.decode("latin-1"), 79)
    tags = blocks.groups.setdefault("PNG", {})
    if name and len(tags) < _MOST_TEXTS and len(text) <= _TEXT_BYTES:
        tags.setdefault(name, clean_text(text))


_OF_PNG = {
    b"eXIf": _png_exif,
    b"tEXt": _png_text,
    b"zTXt": _png_packed_text,
    b"iTXt": _png_international_text,
}


def webp_blocks(source: ByteSource) -> Blocks:
    """Return the blocks of a WebP picture."""
    blocks = Blocks()
    at = 12
    for _ in range(_MOST_CHUNKS):
        head = source.read(at, 8)
        if len(head) < 8:  # noqa: PLR2004 - its size
            break
        size = int.from_bytes(head[4:], "little")
        if head[:4] in (b"EXIF", b"XMP ") and size <= _MOST_BLOCK_BYTES:
            content = source.read(at + 8, size)
            if head[:4] == b"EXIF":
                blocks.add_exif(content)
            else:
                blocks.add_xmp(content)
        at += 8 + size + size % 2
    return blocks


def psd_blocks(source: ByteSource) -> Blocks:
    """Return the blocks of a PSD or PSB: its image resources, behind the table of colours."""
    blocks = Blocks()
    at = 30 + source.number(26, 4)
    blocks.add_resources(source.read(at + 4, min(source.number(at, 4), _MOST_BLOCK_BYTES)))
    return blocks


def gif_blocks(source: ByteSource) -> Blocks:
    """Return the XMP and the comment of a GIF."""
    blocks = Blocks()
    for kind, at in _gif_extensions(source):
        if kind == 0xFF and source.read(at + 1, 11) == _GIF_XMP:  # noqa: PLR2004 - application
            content = source.read(at + 12, _MOST_BLOCK_BYTES)
            end = _PACKET_END.search(content)
            blocks.add_xmp(content[: end.end()] if end else content)
        elif kind == 0xFE:  # noqa: PLR2004 - a comment
            text = source.read(at + 1, source.number(at, 1)).decode("utf-8", "replace")
            blocks.groups.setdefault("GIF", {}).setdefault("Comment", clean_text(text))
    return blocks


def _gif_extensions(source: ByteSource) -> Iterator[tuple[int, int]]:
    """Yield the kind of each extension, and the offset of its first sub-block."""
    at = 13 + _colour_bytes(source.number(10, 1))
    for _ in range(_MOST_CHUNKS):
        head = source.read(at, 10)
        if head[:1] == b"!" and len(head) > 2:  # noqa: PLR2004 - mark and kind
            yield head[1], at + 2
            at = _behind_sub_blocks(source, at + 2)
        elif head[:1] == b"," and len(head) == 10:  # noqa: PLR2004 - a frame
            at = _behind_sub_blocks(source, at + 11 + _colour_bytes(head[9]))
        else:
            return


def _colour_bytes(flags: int) -> int:
    """Return the size of a table of colours, by the flags of a screen or a frame."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _behind_sub_blocks(source: ByteSource, at: int) -> int:
    for _ in range(_MOST_CHUNKS):
        size = source.number(at, 1)
        at += 1 + size
        if not size:
            return at
    return source.size
