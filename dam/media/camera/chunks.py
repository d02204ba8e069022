"""Blocks of metadata in PNG, WebP, GIF and PSD, which consist of parts one after another."""

import re
import zlib

from dam.media.camera.blocks import Blocks
from dam.media.clean_text import clean_text
from dam.media.structure.chunks import png_chunks, riff_chunks
from dam.media.structure.gif import APPLICATION, COMMENT, gif_parts
from dam.media.structure.source import ByteSource

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
    for kind, start, size in png_chunks(source):
        if kind in _OF_PNG and size <= _MOST_BLOCK_BYTES:
            _OF_PNG[kind](source.read(start, size), blocks)
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
        blocks.add_resources(ByteSource.of(content))
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
    for kind, start, size in riff_chunks(source):
        if size > _MOST_BLOCK_BYTES:
            continue
        if kind == b"EXIF":
            blocks.add_exif(source.read(start, size))
        elif kind == b"XMP ":
            blocks.add_xmp(source.read(start, size))
    return blocks


def psd_blocks(source: ByteSource) -> Blocks:
    """Return the blocks of a PSD or PSB: its image resources, behind the table of colours."""
    blocks = Blocks()
    at = 30 + source.number(26, 4)
    blocks.add_resources(source.part(at + 4, source.number(at, 4)))
    return blocks


def gif_blocks(source: ByteSource) -> Blocks:
    """Return the XMP and the comment of a GIF."""
    blocks = Blocks()
    for kind, start, end in gif_parts(source):
        if kind == APPLICATION and source.read(start + 1, len(_GIF_XMP)) == _GIF_XMP:
            first = start + 1 + len(_GIF_XMP)
            content = source.read(first, min(end - first, _MOST_BLOCK_BYTES))
            last = _PACKET_END.search(content)
            blocks.add_xmp(content[: last.end()] if last else content)
        elif kind == COMMENT:
            text = source.read(start + 1, source.number(start, 1)).decode("utf-8", "replace")
            blocks.groups.setdefault("GIF", {}).setdefault("Comment", clean_text(text))
    return blocks
