"""Reading of PDFs of which each page is one picture, as if they were archives of these pictures.

A page's bytes must always be the same, so nothing is decoded and encoded anew by a library, whose
next version may do it otherwise. JPEG and JPEG 2000 are copied as they are. Of other pictures, the
packed pixels are copied into a PNG, or stored in one unpacked. All else is refused.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import pikepdf
from pikepdf import Object

from dam.errors import (
    EncryptedArchiveError,
    MediaLimitError,
    MemberUnreadableError,
    PdfPageError,
    UnreadableArchiveError,
)
from dam.media.archive.reader import ArchiveFormat, Entry, damage_is
from dam.media.limits import MediaLimits

_MOST_CONTENT_BYTES = 1 << 20
_COPIED = {"/DCTDecode": "jpg", "/DCT": "jpg", "/JPXDecode": "jp2"}
_FLATE = ("/FlateDecode", "/Fl")
_PNG_PREDICTORS = range(10, 16)
_GREY, _RGB, _INDEXED = 0, 2, 3
_CHANNELS = {_GREY: 1, _RGB: 3, _INDEXED: 1}
_DEPTHS = {_GREY: (1, 2, 4, 8, 16), _RGB: (8, 16), _INDEXED: (1, 2, 4, 8)}
_DRAWN, _INVISIBLE = "Do", 3
# Operators that show nothing by themselves: states, places, marks, clips, and where text begins.
_SILENT = frozenset(
    re.findall(
        r"\S+",
        "q Q cm gs w J j M d ri i re W W* n m l c v y h BMC BDC EMC MP DP BT ET Td TD Tm T* Tf Tc"
        " Tw Tz TL Ts Tr g G rg RG k K cs CS sc SC scn SCN",
    )
)
_TEXT = frozenset(("Tj", "TJ", "'", '"'))
_ATTACHED = "ComicInfo.xml"
_STORED_BYTES = 0xFFFF


@dataclass(frozen=True, slots=True)
class _Picture:
    """The stream of a page's picture, and how its bytes become a file."""

    stream: Object
    filters: tuple[str, ...]
    parameters: tuple[Object, ...]
    suffix: str


class PdfReader:
    """`ArchiveReader` of PDFs of pictures: `0001.jpg` is the first page.

    A PDF that dam wrote has its ComicInfo.xml, too.

    Raises:
        PdfPageError: A page is not one picture alone, or has a picture that is not copied.
        UnreadableArchiveError, EncryptedArchiveError, MediaLimitError: No page can be read.
    """

    format: ArchiveFormat = "pdf"
    is_sequential = False

    def __init__(self, file: BinaryIO, limits: MediaLimits) -> None:
        self._limits = limits
        self._pictures: list[_Picture] = []
        self._pdf: pikepdf.Pdf | None = None
        fault = UnreadableArchiveError("pdf", "its structure is damaged, or it is cut off")
        try:
            with damage_is(fault):
                self._pdf = _opened(file)
                self.entries = self._entries(self._pdf)
        except BaseException:
            self.close()
            raise

    def choose(self, positions: frozenset[int]) -> None:
        """Do nothing: any page can be read directly."""

    def read(self, position: int, name: str) -> bytes:
        """Return the bytes of a picture; see `ArchiveReader.read`."""
        most = self._limits.max_member_bytes
        with damage_is(MemberUnreadableError(name, "its stream is damaged")):
            if position >= len(self._pictures):
                assert self._document is not None
                return _unpacked_stream(self._document, self._limits.max_document_bytes)
            picture = self._pictures[position]
            content = bytes(picture.stream.read_raw_bytes())
            for _ in picture.filters[:-1]:
                content = _inflated(content, most)
            if picture.suffix != "png":
                return content
            return _png(picture.stream, picture.filters, picture.parameters, content)

    def close(self) -> None:
        """Close the PDF; the caller closes its file."""
        if self._pdf is not None:
            self._pdf.close()

    def _entries(self, pdf: pikepdf.Pdf) -> list[Entry]:
        count = len(pdf.pages)
        if count > self._limits.max_archive_members:
            raise MediaLimitError("pages of a PDF", count, self._limits.max_archive_members)
        entries = [self._entry(pdf, number) for number in range(1, count + 1)]
        self._document = _attached(pdf)
        if self._document is not None:
            size_bytes = _number(self._document, "/Length", 0)
            entries.append(Entry(raw_name=_ATTACHED.encode(), size_bytes=size_bytes))
        return entries

    def _entry(self, pdf: pikepdf.Pdf, number: int) -> Entry:
        picture = _picture_of(pdf, pdf.pages[number - 1], number)
        self._pictures.append(picture)
        size_bytes = _number(picture.stream, "/Length", 0)
        if picture.suffix == "png":
            size_bytes = max(size_bytes, _data_bytes(picture.stream))
        return Entry(raw_name=b"%04d.%s" % (number, picture.suffix.encode()), size_bytes=size_bytes)


def _opened(file: BinaryIO) -> pikepdf.Pdf:
    file.seek(0)
    try:
        # Nothing is mended: another version might mend it otherwise.
        return pikepdf.open(file, attempt_recovery=False)
    except pikepdf.PasswordError as error:
        raise EncryptedArchiveError from error


def _picture_of(pdf: pikepdf.Pdf, page: pikepdf.Page, number: int) -> _Picture:
    """Return the one picture of a page.

    Raises:
        PdfPageError: There is none, or more than that, or it cannot be copied.
    """
    drawn = _drawn(pdf, page, number)
    stream = _within(page.obj, "/Resources", "/XObject", drawn)
    if not isinstance(stream, pikepdf.Stream) or stream.get("/Subtype") != "/Image":
        raise PdfPageError(number, "it is drawn in parts")
    if "/SMask" in stream or "/Mask" in stream or stream.get("/ImageMask"):
        raise PdfPageError(number, "its picture has a mask")
    filters = tuple(map(str, _listed(stream.get("/Filter"))))
    parameters = tuple(_listed(stream.get("/DecodeParms")))
    if not filters or any(name not in _FLATE for name in filters[:-1]):
        raise PdfPageError(number, f"its picture is packed by {' '.join(filters) or 'nothing'}")
    if filters[-1] in _COPIED:
        return _Picture(stream, filters, parameters, _COPIED[filters[-1]])
    if len(filters) > 1 or filters[-1] not in _FLATE or not _fits(stream):
        raise PdfPageError(number, "its picture has colours, or a packing, that no PNG has")
    return _Picture(stream, filters, parameters, "png")


def _drawn(pdf: pikepdf.Pdf, page: pikepdf.Page, number: int) -> str:
    """Return the name of the only object that a page draws; invisible text may lie over it."""
    drawn: list[str] = []
    mode = 0
    for operands, operator in _instructions(pdf, page, number):
        if operator == "Tr":
            mode = int(operands[0])
        if operator == _DRAWN:
            drawn.append(str(operands[0]))
        elif operator in _TEXT and mode != _INVISIBLE:
            raise PdfPageError(number, "it has text")
        elif operator not in _SILENT and operator not in _TEXT:
            raise PdfPageError(number, "it has drawings")
    if len(drawn) != 1:
        found = f"{len(drawn)} pictures" if drawn else "no picture"
        raise PdfPageError(number, f"it has {found}")
    return drawn[0]


def _instructions(
    pdf: pikepdf.Pdf, page: pikepdf.Page, number: int
) -> Iterator[tuple[list[Object], str]]:
    streams = _listed(page.obj.get("/Contents"))
    try:
        content = b"\n".join(_unpacked_stream(each, _MOST_CONTENT_BYTES) for each in streams)
    except ValueError as error:
        raise PdfPageError(number, "its content is packed as that of texts is") from error
    if len(content) > _MOST_CONTENT_BYTES:
        raise MediaLimitError("bytes in the content of a page", None, _MOST_CONTENT_BYTES)
    for each in pikepdf.parse_content_stream(pdf.make_stream(content)):
        yield list(each.operands), str(each.operator)


def _listed(value: Object | None) -> list[Object]:
    if value is None:
        return []
    return list(value) if isinstance(value, pikepdf.Array) else [value]


def _within(value: Object | None, *names: str) -> Object | None:
    """Return what is below these names, one in another, or None."""
    for name in names:
        value = value.get(name) if isinstance(value, pikepdf.Dictionary | pikepdf.Stream) else None
    return value


def _number(of: Object | None, name: str, usual: int) -> int:
    found = _within(of, name)
    return usual if found is None else int(found)


def _unpacked_stream(stream: Object, most: int) -> bytes:
    """Return the bytes of a stream that is not packed, or by Flate alone."""
    content = bytes(stream.read_raw_bytes())
    for name in map(str, _listed(stream.get("/Filter"))):
        if name not in _FLATE or any(_listed(stream.get("/DecodeParms"))):
            raise ValueError(f"packed by {name}")
        content = _inflated(content, most)
    return content


def _inflated(packed: bytes, most: int) -> bytes:
    content = zlib.decompressobj().decompress(packed, most + 1)
    if len(content) > most:
        raise MediaLimitError("bytes in a stream of a PDF", None, most)
    return content


def _fits(stream: Object) -> bool:
    """Tell whether a PNG can have the colours of a picture."""
    kind = _colours(stream.get("/ColorSpace"))
    if kind is None or _number(stream, "/BitsPerComponent", 0) not in _DEPTHS[kind]:
        return False
    usual = [0, 1] * _CHANNELS[kind]
    return "/Decode" not in stream or [float(x) for x in _listed(stream["/Decode"])] == usual


def _colours(space: Object | None) -> int | None:
    """Return the kind of colours as PNG numbers it; None if it has no such kind."""
    parts = _listed(space)
    name = str(parts[0]) if parts else ""
    if name == "/ICCBased":
        return {1: _GREY, 3: _RGB}.get(int(parts[1].get("/N", 0)))
    if name == "/Indexed":
        return _INDEXED if _colours(parts[1]) == _RGB else None
    names = {"/DeviceGray": _GREY, "/CalGray": _GREY, "/DeviceRGB": _RGB, "/CalRGB": _RGB}
    return names.get(name)


def _row_bytes(stream: Object) -> int:
    kind = _colours(stream.ColorSpace)
    assert kind is not None
    bits = int(stream.Width) * _CHANNELS[kind] * int(stream.BitsPerComponent)
    return (bits + 7) // 8


def _data_bytes(stream: Object) -> int:
    return (_row_bytes(stream) + 1) * int(stream.Height)


def _png(
    stream: Object, filters: tuple[str, ...], parameters: tuple[Object, ...], packed: bytes
) -> bytes:
    """Return a PNG of the packed pixels of a picture."""
    given = parameters[-1] if len(parameters) == len(filters) else None
    predictor = _number(given, "/Predictor", 1)
    kind, depth = _colours(stream.ColorSpace), int(stream.BitsPerComponent)
    assert kind is not None
    width, height = int(stream.Width), int(stream.Height)
    if predictor not in _PNG_PREDICTORS:
        packed = _stored(stream, packed, predictor)
    elif (
        _number(given, "/Columns", 1) != width
        or _number(given, "/Colors", 1) != _CHANNELS[kind]
        or _number(given, "/BitsPerComponent", 8) != depth
    ):
        raise ValueError("the rows have another length")
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((depth, kind, 0, 0, 0))
    palette = _chunk(b"PLTE", _palette(stream, depth)) if kind == _INDEXED else b""
    chunks = _chunk(b"IHDR", head) + palette + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _stored(stream: Object, packed: bytes, predictor: int) -> bytes:
    """Return pixels as rows of a PNG, stored unpacked: packing differs from library to library."""
    if predictor != 1:
        raise ValueError(f"predictor {predictor}")
    size, rows = _row_bytes(stream), int(stream.Height)
    pixels = zlib.decompressobj().decompress(packed, size * rows)
    if len(pixels) != size * rows:
        raise ValueError("pixels are missing")
    content = b"".join(b"\0" + pixels[at : at + size] for at in range(0, len(pixels), size))
    blocks = [b"\x78\x01"]
    for at in range(0, len(content), _STORED_BYTES):
        block = content[at : at + _STORED_BYTES]
        is_last = at + _STORED_BYTES >= len(content)
        length = len(block).to_bytes(2, "little")
        blocks += [bytes([is_last]), length, bytes(each ^ 0xFF for each in length), block]
    return b"".join([*blocks, zlib.adler32(content).to_bytes(4, "big")])


def _palette(stream: Object, depth: int) -> bytes:
    lookup = _listed(stream.ColorSpace)[3]
    packed = isinstance(lookup, pikepdf.Stream)
    colours = _unpacked_stream(lookup, 3 << 8) if packed else bytes(lookup)
    return colours[: 3 << depth][: len(colours) // 3 * 3]


def _chunk(kind: bytes, content: bytes) -> bytes:
    crc = zlib.crc32(kind + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + kind + content + crc


def _attached(pdf: pikepdf.Pdf) -> Object | None:
    """Return the stream of the ComicInfo.xml that is attached to a PDF, or None."""
    if _ATTACHED not in pdf.attachments:
        return None
    return pdf.attachments[_ATTACHED].get_file().obj
