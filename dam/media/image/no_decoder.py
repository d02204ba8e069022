"""Sound pictures that Pillow has no code for: found by their headers when Pillow has given up."""

import os
import struct
from contextlib import suppress
from typing import BinaryIO

from PIL import TiffImagePlugin

_BIG_TIFF = 43
_TIFF_BITS = (1, 2, 4, 8, 10, 12, 14, 16, 24, 32, 64)
_TIFF_KINDS = {1: "", 2: " (signed)", 3: " (floating-point)", 5: " (complex)", 6: " (complex)"}
_TIFF_COMPRESSIONS = frozenset(
    {*range(1, 11), 99, 262, *range(32766, 32773), 32773, 32809, *range(32895, 32899), 32908, 32909}
    | {32946, 32947, 33003, 33005, 33007, 34661, 34663, 34676, 34677, 34712, *range(34718, 34721)}
    | {34887, 34888, 34892, 34925, 34926, 34927, 34933, 34934, *range(50000, 50003), 52546}
)
_TIFF_COLOURS = {
    **dict.fromkeys(range(7), ""),
    8: " in Lab",
    9: " in Lab (ICC)",
    10: " in Lab (ITU)",
    32803: " of a sensor",
    32844: " in LogL",
    32845: " in LogLuv",
    34892: " of a sensor (linear)",
}
_PLAIN_TIFFS = frozenset({(1, 1, 1), (1, 8, 1), (3, 8, 1), (4, 8, 1), (1, 16, 1), (3, 16, 1)})
_PLAIN_LAB = 8, 3, 8, 1
_STRIPS, _TILES = (273, 279), (324, 325)
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _SAMPLES, _SAMPLE_FORMAT = 256, 257, 258, 259, 277, 339
_COLOURS = 262
_BMP_HEADER = "<LllHHL"
_BMP_SIZES = frozenset({*range(16, 65, 4), 108, 124})
_BMP_BITS = (0, 1, 2, 4, 8, 16, 24, 32, 64)
_BMP_COMPRESSIONS = {
    **dict.fromkeys((1, 2), " (RLE)"),
    **dict.fromkeys((3, 6), " (bit fields)"),
    **dict.fromkeys((11, 12, 13), " (CMYK)"),
    0: "",
    4: " (JPEG)",
    5: " (PNG)",
}
_BMP_WORDS = tuple(
    f"Unsupported BMP {what}" for what in ("header", "pixel depth", "compression", "bitfields")
)
_DDS_FOURCC_AT, _DDS_DXGI_AT, _DDS_DXGI = 84, 128, b"DX10"
_DDS_LAST_NUMBER, _DDS_LAST_DXGI = 119, 191
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_DECODED_FRAMES = (0xC0, 0xC1, 0xC2, 0xC9, 0xCA)
_SEGMENT_HEAD, _MARKER = 4, 0xFF
_EIGHT_BITS = 8
_FAULTS_OF_HEADERS = (
    ArithmeticError,
    LookupError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)
_MISSING_CODE = "decoder "  # how Pillow begins to say that it was built without a decoder


def lacking_decoder(file: BinaryIO, picture_format: str, error: BaseException) -> str | None:
    """Return what no decoder can read, as in "no decoder for …"; None if the file is damaged.

    Args:
        file: The picture, which Pillow could not open or decode.
        picture_format: Pillow's name of the format.
        error: What Pillow raised.
    """
    words = str(error)
    look = {"TIFF": _tiff, "JPEG": _jpeg, "PNG": _png}.get(picture_format)
    if picture_format == "BMP" and words.startswith(_BMP_WORDS):
        look = _bmp
    # Pillow raises it for a pixel format that it has no code for; it is no promise of ours.
    elif picture_format == "DDS" and isinstance(error, NotImplementedError):
        look = _dds
    if look is not None:
        with suppress(*_FAULTS_OF_HEADERS):
            file.seek(0)
            if found := look(file):
                return found
    if words.startswith(_MISSING_CODE):
        return f"{picture_format} pictures of this kind ({words[:80]})"
    return None


def _tiff(file: BinaryIO) -> str | None:
    header = file.read(8)
    if header[2] == _BIG_TIFF or header[3] == _BIG_TIFF:
        header += file.read(8)
    tags = TiffImagePlugin.ImageFileDirectory_v2(header)
    file.seek(tags.next)
    tags.load(file)
    bits, samples = tags.get(_BITS, (1,))[0], tags.get(_SAMPLES, 1)
    kind, compression = tags.get(_SAMPLE_FORMAT, (1,))[0], tags.get(_COMPRESSION, 1)
    colours = tags.get(_COLOURS, 0)
    is_sound = (
        min(tags[_WIDTH], tags[_HEIGHT]) > 0
        and bits in _TIFF_BITS
        and kind in _TIFF_KINDS
        and colours in _TIFF_COLOURS
        and compression in _TIFF_COMPRESSIONS
        and _has_its_data(file, tags)
    )
    if not is_sound:
        return None
    if compression not in TiffImagePlugin.COMPRESSION_INFO:
        return f"TIFF pictures with compression {compression}"
    is_lab = (colours, samples, bits, kind) == _PLAIN_LAB
    if is_lab or (not _TIFF_COLOURS[colours] and (samples, bits, kind) in _PLAIN_TIFFS):
        return None
    return f"TIFF pictures with {samples} x {bits} bits{_TIFF_KINDS[kind]}{_TIFF_COLOURS[colours]}"


def _has_its_data(file: BinaryIO, tags: TiffImagePlugin.ImageFileDirectory_v2) -> bool:
    """Tell whether the file is as long as its directory says: a torn one is damaged."""
    size = file.seek(0, os.SEEK_END)
    offsets, counts = _STRIPS if _STRIPS[0] in tags else _TILES
    ends = map(sum, zip(tags[offsets], tags[counts], strict=True))
    return max(ends) <= size


def _jpeg(file: BinaryIO) -> str | None:
    file.seek(2)
    while len(head := file.read(_SEGMENT_HEAD)) == _SEGMENT_HEAD and head[0] == _MARKER:
        marker, size = head[1], int.from_bytes(head[2:], "big")
        if marker in _JPEG_FRAMES:
            bits = file.read(1)[0]
            if bits != _EIGHT_BITS:
                return f"JPEG pictures with {bits} bits a channel"
            is_decoded = marker in _JPEG_DECODED_FRAMES
            return None if is_decoded else "lossless and hierarchical JPEG pictures"
        file.seek(size - 2, os.SEEK_CUR)
    return None


def _png(file: BinaryIO) -> str | None:
    return "PNG pictures of Xcode (CgBI)" if file.read(16)[12:] == b"CgBI" else None


def _bmp(file: BinaryIO) -> str | None:
    file.seek(14)
    size, width, height, planes, bits, compression = struct.unpack(_BMP_HEADER, file.read(20))
    is_sound = (
        size in _BMP_SIZES
        and width > 0
        and height != 0
        and planes == 1
        and bits in _BMP_BITS
        and compression in _BMP_COMPRESSIONS
    )
    if not is_sound:
        return None
    return f"BMP pictures with {bits} bits a pixel{_BMP_COMPRESSIONS[compression]}"


def _dds(file: BinaryIO) -> str | None:
    head = file.read(_DDS_DXGI_AT + 4)
    code = head[_DDS_FOURCC_AT : _DDS_FOURCC_AT + 4]
    if code == _DDS_DXGI:
        number = int.from_bytes(head[_DDS_DXGI_AT:], "little")
        return f"DDS pictures of DXGI format {number}" if 0 < number <= _DDS_LAST_DXGI else None
    if code.isascii() and code.decode("ascii").isprintable():
        return f"DDS pictures of format {code.decode('ascii').strip()}"
    number = int.from_bytes(code, "little")
    return f"DDS pictures of format {number}" if 0 < number <= _DDS_LAST_NUMBER else None
