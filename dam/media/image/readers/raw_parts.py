"""Camera RAW: the size of the picture, how it is turned, and the places of its previews.

Each camera maker has a container of its own; most are TIFFs. Nothing is decoded here. Offsets that
lead nowhere end the search.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from dam.media.structure.boxes import Box, Boxes
from dam.media.structure.raw import canon_values, minolta_parts, sigma_sections
from dam.media.structure.source import ByteSource
from dam.media.structure.tiff import Tiff

_MOST_BYTES = 8 << 20
_MOST_DIRECTORIES, _MOST_FIELDS, _MOST_VALUE_BYTES = 50, 1000, 256
_WHOLE_NUMBERS, _UNDEFINED = (1, 3, 4, 7, 9, 13), 7
_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION = 254, 256, 257, 258, 259
_STRIPS, _ORIENTATION, _STRIP_BYTES = 273, 274, 279
_SUB_DIRECTORIES, _JPEG, _JPEG_BYTES = 330, 513, 514
_EXIF, _EXIF_WIDTH, _EXIF_HEIGHT = 34665, 40962, 40963
_JPEG_COMPRESSIONS = (6, 7, 34892)
_PANASONIC_BORDERS, _PANASONIC_JPEG = (4, 5, 6, 7), 46
_SIZED_BY_EXIF = frozenset({"image/x-canon-cr2", "image/x-phaseone-iiq"})
_CANON_BOX = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_CANON_PREVIEW_BOX = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")
_PREVIEW_HEAD = 16
_ORIENTATIONS = {90: 6, 180: 3, 270: 8}
_CIFF_JPEGS, _CIFF_SIZE = (0x2007, 0x2008), 0x1810
_FUJIFILM_SIZES = (0x111, 0x100)  # the part of the picture that is used; all of it
_SIGMA_HEAD = 28


class Span(NamedTuple):
    """A part of a file, in bytes."""

    start: int
    length: int


@dataclass(slots=True)
class RawParts:
    """What a RAW file says about itself; None for what was not found.

    Attributes:
        size: Width and height as stored, which is before it is turned.
        orientation: EXIF's number.
        bits: Of a sample.
        previews: Parts that should be JPEGs, in no order.
    """

    size: tuple[int, int] | None = None
    orientation: int | None = None
    bits: int | None = None
    previews: list[Span] = field(default_factory=list)


def parts_of(file: BinaryIO, media_type: str) -> RawParts:
    """Return what a RAW file of this media type says about itself."""
    source = ByteSource(file, _MOST_BYTES)
    reader = _READERS.get(media_type)
    return _of_tiff(source, 0, media_type) if reader is None else reader(source)


_Fields = dict[int, tuple[int, ...]]


def _of_tiff(source: ByteSource, base: int, media_type: str) -> RawParts:
    """Read a TIFF, whose offsets count from `base`."""
    parts, directories = RawParts(), list(_directories(source.part(base, source.size)))
    if directories and media_type == "image/x-panasonic-rw2":
        top, left, bottom, right = (_one(directories[0], tag) or 0 for tag in _PANASONIC_BORDERS)
        if right > left and bottom > top:
            parts.size = right - left, bottom - top
    parts.size = parts.size or _size_of(directories, is_by_exif=media_type in _SIZED_BY_EXIF)
    parts.orientation = next(filter(None, (_one(each, _ORIENTATION) for each in directories)), None)
    for each in directories:
        if (_one(each, _WIDTH), _one(each, _HEIGHT)) == parts.size:
            parts.bits = _one(each, _BITS) or parts.bits
        parts.previews += _jpegs_of(each, base)
    return parts


def _size_of(directories: list[_Fields], *, is_by_exif: bool) -> tuple[int, int] | None:
    by_exif = [(_one(each, _EXIF_WIDTH), _one(each, _EXIF_HEIGHT)) for each in directories]
    full = [
        (_one(each, _WIDTH), _one(each, _HEIGHT))
        for each in directories
        if not (_one(each, _SUBFILE) or 0) & 1
    ]
    found = by_exif if is_by_exif else full
    for sizes in (found, by_exif, full):
        known = [(width, height) for width, height in sizes if width and height]
        if known:
            return max(known, key=lambda size: size[0] * size[1])
    return None


def _jpegs_of(fields: _Fields, base: int) -> Iterator[Span]:
    for start, length in (
        (fields.get(_JPEG), fields.get(_JPEG_BYTES)),
        (fields.get(_STRIPS), fields.get(_STRIP_BYTES)),
    ):
        if start and length and len(start) == len(length) == 1:
            is_strip = start is fields.get(_STRIPS)
            if not is_strip or _one(fields, _COMPRESSION) in _JPEG_COMPRESSIONS:
                yield Span(base + start[0], length[0])
    if _PANASONIC_JPEG in fields and len(fields[_PANASONIC_JPEG]) == 2:  # noqa: PLR2004 - where, and its size
        yield Span(base + fields[_PANASONIC_JPEG][0], fields[_PANASONIC_JPEG][1])


def _one(fields: _Fields, tag: int) -> int | None:
    return fields[tag][0] if fields.get(tag) else None


def _directories(source: ByteSource) -> Iterator[_Fields]:
    tiff = Tiff.open(source)
    if tiff is None:
        return
    waiting, seen = [tiff.first], set[int]()
    while waiting and len(seen) < _MOST_DIRECTORIES:
        at = waiting.pop(0)
        if at in seen or not at:
            continue
        seen.add(at)
        fields = _fields(tiff, at)
        inner = [*fields.get(_EXIF, ())[:1], *fields.get(_SUB_DIRECTORIES, ())]
        waiting += [*inner, tiff.following(at)]
        yield fields


def _fields(tiff: Tiff, at: int) -> _Fields:
    fields: _Fields = {}
    for tag, entry in tiff.directory(at).items():
        if tag == _PANASONIC_JPEG and entry.kind == _UNDEFINED:
            fields[tag] = entry.start, entry.size
        elif entry.kind in _WHOLE_NUMBERS and entry.size <= _MOST_VALUE_BYTES:
            fields[tag] = tuple(int(each) for each in tiff.numbers(entry) if each is not None)
    return fields


def _of_fujifilm(source: ByteSource) -> RawParts:
    offsets = source.read(84, 12)
    if len(offsets) < 12:  # noqa: PLR2004 - the size of the fields
        return RawParts()
    start, length, at = struct.unpack(">3L", offsets)
    parts = RawParts(previews=[Span(start, length)])
    count, at = source.number(at, 4), at + 4
    sizes = {}
    for _ in range(min(count, _MOST_FIELDS)):
        tag, size = source.number(at, 2), source.number(at + 2, 2)
        if tag in _FUJIFILM_SIZES and size == 4:  # noqa: PLR2004 - height and width
            sizes[tag] = source.number(at + 6, 2), source.number(at + 4, 2)
        at += 4 + size
    parts.size = next((sizes[tag] for tag in _FUJIFILM_SIZES if sizes.get(tag)), None)
    return parts


def _of_minolta(source: ByteSource) -> RawParts:
    size, parts = None, RawParts()
    for kind, start, length in minolta_parts(source):
        if kind[1:] == b"PRD" and length >= 16:  # noqa: PLR2004 - up to the size of the picture
            size = source.number(start + 14, 2), source.number(start + 12, 2)
        elif kind[1:] == b"TTW":
            parts = _of_tiff(source, start, "image/x-minolta-mrw")
    parts.size = size or parts.size
    return parts


def _of_sigma(source: ByteSource) -> RawParts:
    head = source.read(28, 12)
    if len(head) < 12:  # noqa: PLR2004 - the size of the fields
        return RawParts()
    width, height, degrees = struct.unpack("<3L", head)
    previews = [
        Span(start + _SIGMA_HEAD, size - _SIGMA_HEAD)
        for kind, start, size in sigma_sections(source)
        if kind in (b"IMA2", b"IMAG") and size > _SIGMA_HEAD
    ]
    return RawParts((width, height), _ORIENTATIONS.get(degrees, 1), previews=previews)


def _of_canon_boxes(source: ByteSource) -> RawParts:
    parts, boxes = RawParts(), Boxes(source)
    for box in boxes.at(b"moov", _CANON_BOX, b"CMT1"):
        found = _of_tiff(source, box.start, "")
        parts.size, parts.orientation, parts.bits = found.size, found.orientation, 14
    for track in boxes.at(b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        parts.previews += _first_samples(boxes, track)
    for box in boxes.at(_CANON_PREVIEW_BOX):
        for inner in boxes.inside(box, 8):
            if inner.kind == b"PRVW" and inner.size > _PREVIEW_HEAD:
                parts.previews.append(Span(inner.start + _PREVIEW_HEAD, inner.size - _PREVIEW_HEAD))
    return parts


def _first_samples(boxes: Boxes, table: Box) -> Iterator[Span]:
    """Yield the place of the first sample of a track, given the box of its tables."""
    source, inner = boxes.source, {box.kind: box.start for box in boxes.inside(table)}
    if inner.keys() >= {b"stsz", b"co64"}:
        sizes = inner[b"stsz"]
        length = source.number(sizes + 4, 4) or source.number(sizes + 12, 4)
        yield Span(source.number(inner[b"co64"] + 8, 8), length)


def _of_canon_heap(source: ByteSource) -> RawParts:
    parts, order = RawParts(), "<" if source.read(0, 2) == b"II" else ">"
    for tag, start, length in canon_values(source):
        if tag in _CIFF_JPEGS:
            parts.previews.append(Span(start, length))
        elif tag == _CIFF_SIZE:
            width, height, _, degrees = struct.unpack(
                order + "4L", source.read(start, 16).ljust(16, b"\0")
            )
            parts.size, parts.orientation = (width, height), _ORIENTATIONS.get(degrees, 1)
    return parts


_READERS: dict[str, Callable[[ByteSource], RawParts]] = {
    "image/x-fuji-raf": _of_fujifilm,
    "image/x-minolta-mrw": _of_minolta,
    "image/x-sigma-x3f": _of_sigma,
    "image/x-canon-cr3": _of_canon_boxes,
    "image/x-canon-crw": _of_canon_heap,
}
