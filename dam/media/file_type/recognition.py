"""Recognition of the media type of a file by its content, never by its name.

The types are named as `file --mime-type` (libmagic) names them. Only the standard library is used.
"""

import os
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from dam.media.file_type.containers import (
    asf_type,
    iso_media_type,
    matroska_type,
    ogg_type,
    ole_type,
    riff_type,
    tiff_type,
    zip_type,
)
from dam.media.file_type.signatures import SIGNATURES
from dam.media.file_type.text_formats import (
    compressed_type,
    has_raster,
    in_utf8,
    is_portable,
    is_text,
    is_written,
    markup_type,
    type_of_text,
)

EMPTY = "inode/x-empty"
UNKNOWN = "application/octet-stream"

RECOGNITION_VERSION = 4
"""Raise it if `media_type` changes its answer for any file."""
HEAD_BYTES = 4096
"""How much of the beginning of a file is looked at first."""

_TAR_BLOCK = 512
_BMP_HEADER_SIZES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_PNM = {
    b"1": "image/x-portable-bitmap",
    b"4": "image/x-portable-bitmap",
    b"2": "image/x-portable-graymap",
    b"5": "image/x-portable-graymap",
    b"3": "image/x-portable-pixmap",
    b"6": "image/x-portable-pixmap",
}
_TGA_DEPTHS = {1: (8, 16), 2: (15, 16, 24, 32), 3: (8, 16)}
_TAGGED_SOUND = {
    b"fLaC": "audio/flac",
    b"MAC ": "audio/x-ape",
    b"MPCK": "audio/x-musepack",
    b"MP+\x07": "audio/x-musepack",
    b"TTA1": "audio/x-tta",
}


def file_type(path: str | bytes | os.PathLike[str]) -> str:
    """Return the media type of the file at `path`.

    Raises:
        OSError: The file cannot be opened or read.
    """
    with Path(os.fsdecode(path)).open("rb") as file:
        return media_type(file)


def media_type(file: BinaryIO, head: bytes | None = None) -> str:
    """Return the media type of an open, seekable file; its position is not kept.

    Args:
        file: Opened in binary mode.
        head: The first 4096 bytes, if the caller has them already.

    Returns:
        For a file of no known format: `inode/x-empty` if it is empty, `text/plain` if it is text,
        else `application/octet-stream`.
    """
    if head is None:
        file.seek(0)
        head = file.read(HEAD_BYTES)
    if not head:
        return EMPTY
    if is_text(head) and not (is_written(head) and _has_raster(head, file)):
        return type_of_text(head, is_whole=len(head) < HEAD_BYTES)
    if found := _binary_type(head, file) or markup_type(head):
        return found
    text = head if is_text(head) else in_utf8(head)
    return type_of_text(text, is_whole=len(head) < HEAD_BYTES) if text else UNKNOWN


def _binary_type(head: bytes, file: BinaryIO) -> str | None:
    for offset, magic, kind in SIGNATURES:
        if head.startswith(magic, offset):
            return kind
    for recognise in _RECOGNISERS:
        if found := recognise(head, file):
            return found
    return None


def _bitmap_type(head: bytes, _file: BinaryIO) -> str | None:
    """Recognise formats with short magic numbers, by headers whose every field is plausible."""
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return "image/bmp"
    if head[:4] in (b"\0\0\1\0", b"\0\0\2\0") and head[4:6] != b"\0\0" and head[9:10] == b"\0":
        return "image/vnd.microsoft.icon" if head[2] == 1 else "image/x-win-bitmap"
    if re.match(rb"\x0a[\0\2-\5][\0\1][\1\2\4\x08]", head):
        return "image/x-pcx"
    flic = {b"\x11\xaf": "video/x-fli", b"\x12\xaf": "video/x-flc"}
    return flic.get(head[4:6])


def _portable_type(head: bytes, _file: BinaryIO) -> str | None:
    if not is_portable(head):
        return None
    if head.startswith(b"P7"):
        return "image/x-portable-arbitrarymap"
    return _PNM.get(head[1:2], "image/x-pfm")


def _has_raster(head: bytes, file: BinaryIO) -> bool:
    return not is_portable(head) or has_raster(head, file.seek(0, os.SEEK_END))


def _compressed_type(head: bytes, _file: BinaryIO) -> str | None:
    return compressed_type(head)


def _tga_type(head: bytes, file: BinaryIO) -> str | None:
    """Recognise a Targa picture, by a magic number at its end or by the fields of its header.

    It has none at its start, and old files have none at their end.
    """
    if len(head) < 18:  # noqa: PLR2004 - the size of the header
        return None
    map_kind, kind = head[1], head[2]
    depths = _TGA_DEPTHS.get(kind & 7, ())
    width, height, depth, flags = struct.unpack_from("<HHBB", head, 12)
    if map_kind > 1 or kind > 11 or not width or not height or depth not in depths:  # noqa: PLR2004
        return None
    file.seek(-min(26, file.seek(0, os.SEEK_END)), os.SEEK_END)
    if file.read(26)[8:24] == b"TRUEVISION-XFILE":
        return "image/x-tga"
    has_map = map_kind == 1 and head[7] in (8, 15, 16, 24, 32) and head[5:7] != b"\0\0"
    has_none = map_kind == 0 and head[3:8] == bytes(5) and kind & 7 != 1
    return "image/x-tga" if (has_map or has_none) and flags & 0xC0 == 0 else None


def _sound_type(head: bytes, file: BinaryIO) -> str | None:
    """Recognise MPEG sound, which begins with an ID3 tag or with the first frame."""
    if head[:3] == b"ID3" and len(head) >= 10:  # noqa: PLR2004 - the size of the tag's header
        size = 0
        for byte in head[6:10]:
            size = size << 7 | byte & 0x7F
        file.seek(10 + size)
        after = file.read(16)
        return _TAGGED_SOUND.get(after[:4]) or _frame_type(after) or "audio/mpeg"
    return _frame_type(head)


def _frame_type(head: bytes) -> str | None:
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:  # noqa: PLR2004
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    rate, sampling = head[2] >> 4, head[2] >> 2 & 3
    if version >= 2 and layer == 0:  # noqa: PLR2004 - ADTS: MPEG 2 or 4, no layer
        return "audio/x-hx-aac-adts" if head[2] >> 2 & 15 < 13 else None  # noqa: PLR2004
    # Layer I is rare, and begins like a UTF-16 text.
    is_frame = version != 1 and layer in (1, 2) and 0 < rate < 15 and sampling < 3  # noqa: PLR2004
    return "audio/mpeg" if is_frame else None


def _stream_type(head: bytes, _file: BinaryIO) -> str | None:
    """Recognise MPEG transport streams by a mark every 188 bytes, or 192 on discs and cameras."""
    for start, step in ((0, 188), (4, 192)):
        marks = head[start::step]
        if len(marks) > 3 and marks.count(b"G") == len(marks):  # noqa: PLR2004 - not by chance
            return "video/mp2t"
    return None


def _archive_type(head: bytes, file: BinaryIO) -> str | None:
    """Recognise images of discs, and tar files older than `ustar` by their checksum."""
    stored = re.match(rb"[ 0]*([0-7]{1,7})[ \0]", head[148:156])
    if stored and len(head) >= _TAR_BLOCK:
        header = head[:148] + b" " * 8 + head[156:_TAR_BLOCK]
        if sum(header) == int(stored[1], 8):
            return "application/x-tar"
    file.seek(0x8001)
    return "application/x-iso9660-image" if file.read(5) == b"CD001" else None


def _postscript_type(head: bytes, _file: BinaryIO) -> str | None:
    if head.startswith((b"%!", b"\x04%!")):
        return "image/x-eps" if b"EPSF" in head[:64] else "application/postscript"
    # Readers accept a PDF whose first line is anywhere in the first kilobyte.
    return "application/pdf" if b"%PDF-" in head[:1024] and b"\0" not in head[:64] else None


_RECOGNISERS: tuple[Callable[[bytes, BinaryIO], str | None], ...] = (
    riff_type,
    iso_media_type,
    tiff_type,
    zip_type,
    matroska_type,
    ogg_type,
    asf_type,
    ole_type,
    _bitmap_type,
    _compressed_type,
    _portable_type,
    _sound_type,
    _postscript_type,
    _stream_type,
    _archive_type,
    _tga_type,
)
