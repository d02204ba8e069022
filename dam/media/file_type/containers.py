"""Recognition of container formats, where several media types share the same first bytes.

Example: a zip file may be an office document, an e-book or a plain archive. Each function takes the
head of the file and the file itself, for which the head may not be enough. It returns `None` if the
bytes are not of its format. A hostile offset reads nothing and ends the search.
"""

import re
import struct
import zlib
from collections.abc import Iterable
from typing import BinaryIO, NamedTuple

_ZIP_TAIL_BYTES = 66_000
_ZIP_NAMES_BYTES = 256 * 1024
_ZIP_MEMBERS = {
    b"word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    b"xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    b"ppt/presentation.xml": (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    ),
    b"META-INF/MANIFEST.MF": "application/java-archive",
}
_TYPE = re.compile(
    rb"application/(?:epub\+zip|x-krita|vnd\.oasis\.opendocument\.[a-z-]+)|image/openraster"
)
_LONGEST_TYPE, _DEFLATED = 100, 8
_OLE_HEADER_BYTES = 512
_OLE_STREAMS = {
    "WordDocument": "application/msword",
    "Workbook": "application/vnd.ms-excel",
    "Book": "application/vnd.ms-excel",
    "PowerPoint Document": "application/vnd.ms-powerpoint",
    "__properties_version1.0": "application/vnd.ms-outlook",
    "__nameid_version1.0": "application/vnd.ms-outlook",
}
_RIFF_FORMS = {
    b"WAVE": "audio/x-wav",
    b"AVI ": "video/x-msvideo",
    b"WEBP": "image/webp",
    b"ACON": "application/x-navi-animation",
    b"RMID": "audio/midi",
}
_IFF_FORMS = {
    b"AIFF": "audio/x-aiff",
    b"AIFC": "audio/x-aiff",
    b"ILBM": "image/x-ilbm",
    b"PBM ": "image/x-ilbm",
    b"8SVX": "audio/x-8svx",
}
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"hevc": "image/heic-sequence",
    b"hevx": "image/heic-sequence",
    b"mif1": "image/heif",
    b"msf1": "image/heif-sequence",
    b"jp2 ": "image/jp2",
    b"jpx ": "image/jpx",
    b"jpm ": "image/jpm",
    b"mjp2": "video/mj2",
    b"crx ": "image/x-canon-cr3",
    b"M4A ": "audio/x-m4a",
    b"M4B ": "audio/x-m4a",
    b"M4P ": "audio/x-m4a",
    b"F4A ": "audio/x-m4a",
    b"aax ": "audio/vnd.audible.aax",
    b"M4V ": "video/x-m4v",
    b"qt  ": "video/quicktime",
    b"3g2": "video/3gpp2",
    b"3gp": "video/3gpp",
    b"3ge": "video/3gpp",
}
_COMMON_BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"avc1", b"mp41", b"mp42", b"dash")
"""Brands of MP4: those after one of them only say what players may take it for."""
_FTYP_BYTES = 512
_QUICKTIME_BOXES = (b"moov", b"mdat", b"wide", b"pnot")
_GAPS = (b"free", b"skip")
_ASF_AUDIO = bytes.fromhex("409e69f84d5bcf11a8fd00805f5c442b")
_ASF_VIDEO = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")
_TIFF_MAKE, _TIFF_SUBFILE_TYPE, _TIFF_DNG_VERSION = 271, 254, 50706
_TIFF_OF_SENSORS = {
    259: frozenset({32767, 32769, 32770, 34713, 65000, 65535}),  # compressions of camera makers
    262: frozenset({32803}),  # the colours of a sensor
}
_TIFF_MAX_ENTRIES = 512
_RAW_MAKERS = {
    b"NIKON": "image/x-nikon-nef",
    b"SONY": "image/x-sony-arw",
    b"PENTAX": "image/x-pentax-pef",
    b"RICOH": "image/x-pentax-pef",
    b"SAMSUNG": "image/x-samsung-srw",
    b"EASTMAN KODAK": "image/x-kodak-dcr",
    b"KODAK": "image/x-kodak-dcr",
    b"PHASE ONE": "image/x-phaseone-iiq",
    b"HASSELBLAD": "image/x-hasselblad-3fr",
    b"EPSON": "image/x-epson-erf",
    b"SEIKO EPSON": "image/x-epson-erf",
    b"MAMIYA": "image/x-mamiya-mef",
    b"LEAF": "image/x-leaf-mos",
}


def zip_type(head: bytes, file: BinaryIO) -> str | None:
    """Return the type of a zip file: an office or e-book format, or a plain archive."""
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return None
    declared = re.match(rb"PK\x03\x04.{26}mimetype([a-z]+/[a-z0-9.+-]+)", head, re.DOTALL)
    if declared:
        # The name of the next member follows without a gap; its header starts with "PK".
        return declared[1].decode("ascii")
    members = _zip_members(file)
    if b"mimetype" in members and (stated := _stated_type(file, members[b"mimetype"])):
        return stated
    found = next((kind for name, kind in _ZIP_MEMBERS.items() if name in members), None)
    if found is None and b"META-INF/container.xml" in members and _has_package(members):
        return "application/epub+zip"
    return found or "application/zip"


def _stated_type(file: BinaryIO, offset: int) -> str | None:
    """Return the type in the member `mimetype`, which should be the first and not be packed."""
    file.seek(offset)
    header = file.read(30)
    if len(header) < 30 or not header.startswith(b"PK\x03\x04"):  # noqa: PLR2004 - its size
        return None
    method, name_size, extra_size = (struct.unpack_from("<H", header, at)[0] for at in (8, 26, 28))
    file.seek(name_size + extra_size, 1)
    content = file.read(_LONGEST_TYPE)
    if method == _DEFLATED:
        try:
            content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, _LONGEST_TYPE)
        except zlib.error:
            return None
    stated = _TYPE.match(content.lstrip())
    return stated[0].decode("ascii") if stated else None


def _has_package(members: Iterable[bytes]) -> bool:
    return any(name.lower().endswith(b".opf") for name in members)


def _zip_members(file: BinaryIO) -> dict[bytes, int]:
    """Return the names of the members, and where the header of each is."""
    size = file.seek(0, 2)
    tail_start = file.seek(max(0, size - _ZIP_TAIL_BYTES))
    tail = file.read(_ZIP_TAIL_BYTES)
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22:
        return {}
    directory_size, directory_offset = struct.unpack_from("<LL", tail, end + 12)
    if directory_offset >= tail_start + end:
        return {}
    file.seek(directory_offset)
    directory = file.read(min(directory_size, _ZIP_NAMES_BYTES))
    members: dict[bytes, int] = {}
    at = 0
    while directory[at : at + 4] == b"PK\x01\x02" and len(directory) >= at + 46:
        name_size, extra_size, comment_size = struct.unpack_from("<HHH", directory, at + 28)
        name = directory[at + 46 : at + 46 + name_size]
        members.setdefault(name, struct.unpack_from("<L", directory, at + 42)[0])
        at += 46 + name_size + extra_size + comment_size
    return members


def ole_type(head: bytes, file: BinaryIO) -> str | None:
    """Return the type of a compound file (old office formats) by the names of its streams."""
    if not head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") or len(head) < _OLE_HEADER_BYTES:
        return None
    sector_shift = struct.unpack_from("<H", head, 30)[0]
    first_directory_sector = struct.unpack_from("<L", head, 48)[0]
    if sector_shift in (9, 12):
        file.seek((first_directory_sector + 1) << sector_shift)
        directory = file.read(4096)
        for at in range(0, len(directory) - 127, 128):
            name_size = min(struct.unpack_from("<H", directory, at + 64)[0], 64)
            name = directory[at : at + max(0, name_size - 2)].decode("utf-16-le", "replace")
            if name in _OLE_STREAMS:
                return _OLE_STREAMS[name]
    return "application/x-ole-storage"


def riff_type(head: bytes, _file: BinaryIO) -> str | None:
    """Return the type of a RIFF or IFF file by its form."""
    if head[:4] in (b"RIFF", b"RF64", b"RIFX", b"BW64"):
        return _RIFF_FORMS.get(head[8:12], "application/octet-stream")
    if head[:4] == b"FORM":
        return _IFF_FORMS.get(head[8:12], "application/octet-stream")
    return None


def iso_media_type(head: bytes, _file: BinaryIO) -> str | None:
    """Return the type of an ISO base media file (MP4, QuickTime, HEIF, AVIF, JPEG 2000)."""
    if head.startswith(b"\x00\x00\x00\x0cjP  \r\n\x87\n"):
        return _BRANDS.get(head[20:24], "image/jp2")
    if head[4:8] in _QUICKTIME_BOXES or _is_quicktime_after_gap(head):
        return "video/quicktime"
    if head[4:8] != b"ftyp":
        return None
    box_size = min(int.from_bytes(head[:4], "big"), _FTYP_BYTES)
    return _brand_type([head[8:12], *(head[at : at + 4] for at in range(16, box_size - 3, 4))])


def _is_quicktime_after_gap(head: bytes) -> bool:
    """Tell whether boxes of a film follow boxes that are a gap, or are in one: a broken index."""
    if head[4:8] not in _GAPS:
        return False
    size = int.from_bytes(head[:4], "big")
    return head[size + 4 : size + 8] in (*_QUICKTIME_BOXES, *_GAPS) or any(
        name in head for name in (b"moov", b"mvhd", b"wide", b"mdat")
    )


def _brand_type(brands: list[bytes]) -> str:
    if brands[0] in (b"mif1", b"msf1"):
        # Here the first brand names the structure; a later one names the coding.
        coded = (_BRANDS[brand] for brand in brands[1:] if brand in _BRANDS)
        return next((kind for kind in coded if "/heif" not in kind), _BRANDS[brands[0]])
    for brand in brands:
        if brand in _COMMON_BRANDS:
            break
        if known := _BRANDS.get(brand) or _BRANDS.get(brand[:3]):
            return known
    return "video/mp4"


def matroska_type(head: bytes, _file: BinaryIO) -> str | None:
    """Return the type of a Matroska or WebM file by its document type."""
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    return "video/webm" if b"\x42\x82\x84webm" in head[:512] else "video/x-matroska"


def ogg_type(head: bytes, _file: BinaryIO) -> str | None:
    """Return the type of an Ogg file, video or audio, by the streams announced at its start."""
    if not head.startswith(b"OggS"):
        return None
    moving = any(mark in head for mark in (b"\x80theora", b"\x01video\x00", b"BBCD\x00"))
    sound = any(
        mark in head for mark in (b"\x01vorbis", b"OpusHead", b"Speex   ", b"\x7fFLAC", b"fLaC")
    )
    if moving:
        return "video/ogg"
    return "audio/ogg" if sound else "application/ogg"


def asf_type(head: bytes, file: BinaryIO) -> str | None:
    """Return the type of an ASF file (WMA, WMV), which has a video stream or only sound."""
    if not head.startswith(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"):
        return None
    header_size = int.from_bytes(head[16:24], "little")
    file.seek(0)
    header = file.read(min(header_size, 1 << 20))
    if _ASF_AUDIO in header and _ASF_VIDEO not in header:
        return "audio/x-ms-wma"
    return "video/x-ms-asf"


class _TiffField(NamedTuple):
    values: int
    value_or_offset: int


def tiff_type(head: bytes, file: BinaryIO) -> str | None:
    """Return the type of a TIFF: a picture, or the raw format of the camera maker that it names.

    The first directory of a raw file is a reduced preview, or has the pixels of the sensor, and
    names a known maker. A photograph that was exported as TIFF names the maker too, but starts with
    the picture itself.
    """
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(head[:4])
    if order is None:
        return "image/tiff" if head[:4] in (b"II+\x00", b"MM\x00+") else None
    if head[8:11] == b"CR\x02":
        return "image/x-canon-cr2"
    if head[8:12] in (b"IIII", b"MMMM"):
        return "image/x-phaseone-iiq"
    fields = _tiff_fields(file, order, struct.unpack_from(order + "L", head.ljust(8, b"\0"), 4)[0])
    if _TIFF_DNG_VERSION in fields:
        return "image/x-adobe-dng"
    is_preview = _TIFF_SUBFILE_TYPE in fields and fields[_TIFF_SUBFILE_TYPE].value_or_offset & 1
    is_of_sensor = any(
        tag in fields and _short(fields[tag].value_or_offset, order) in values
        for tag, values in _TIFF_OF_SENSORS.items()
    )
    if (is_preview or is_of_sensor) and _TIFF_MAKE in fields:
        file.seek(fields[_TIFF_MAKE].value_or_offset)
        make = file.read(min(fields[_TIFF_MAKE].values, 64)).upper()
        for maker, kind in _RAW_MAKERS.items():
            if make.startswith(maker):
                return kind
    return "image/tiff"


def _short(value: int, order: str) -> int:
    """Return a number of two bytes that is stored at the beginning of four."""
    return value & 0xFFFF if order == "<" else value >> 16


def _tiff_fields(file: BinaryIO, order: str, offset: int) -> dict[int, _TiffField]:
    file.seek(offset)
    count_bytes = file.read(2)
    if len(count_bytes) < 2:  # noqa: PLR2004 - the size of the field just read
        return {}
    count = min(struct.unpack(order + "H", count_bytes)[0], _TIFF_MAX_ENTRIES)
    entries = file.read(12 * count)
    return {
        tag: _TiffField(values, value)
        for tag, _kind, values, value in struct.iter_unpack(
            order + "HHLL", entries[: len(entries) // 12 * 12]
        )
    }
