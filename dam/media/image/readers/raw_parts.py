"""Camera RAW: the size of the picture, how it is turned, and the places of its previews.

Each camera maker has a container of its own; most are TIFFs. Nothing is decoded here. Offsets that
lead nowhere end the search.
"""

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

_MOST_DIRECTORIES, _MOST_FIELDS, _MOST_VALUES = 50, 1000, 64
_FIELD_BYTES = 12
_KINDS = {1: "B", 3: "H", 4: "L", 7: "B", 9: "l", 13: "L"}
_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION = 254, 256, 257, 258, 259
_STRIPS, _ORIENTATION, _STRIP_BYTES = 273, 274, 279
_SUB_DIRECTORIES, _JPEG, _JPEG_BYTES = 330, 513, 514
_EXIF, _EXIF_WIDTH, _EXIF_HEIGHT = 34665, 40962, 40963
_JPEG_COMPRESSIONS = (6, 7, 34892)
_PANASONIC_BORDERS, _PANASONIC_JPEG = (4, 5, 6, 7), 46
_SIZED_BY_EXIF = frozenset({"image/x-canon-cr2", "image/x-phaseone-iiq"})
_CANON_BOX = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_CANON_PREVIEW_BOX = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")
_CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
_MOST_BOXES = 1000
_TURNS = {90: 6, 180: 3, 270: 8}
_CIFF_JPEGS, _CIFF_SIZE, _CIFF_ENTRY = (0x2007, 0x2008), 0x1810, 10


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
    reader = _READERS.get(media_type)
    if reader is not None:
        return reader(file)
    return _of_tiff(file, 0, media_type)


_Fields = dict[int, tuple[int, ...]]


def _of_tiff(file: BinaryIO, base: int, media_type: str) -> RawParts:
    """Read a TIFF, whose offsets count from `base`."""
    parts, directories = RawParts(), list(_directories(file, base))
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


def _directories(file: BinaryIO, base: int) -> Iterator[_Fields]:
    file.seek(base)
    head = file.read(8)
    order = "<" if head[:2] == b"II" else ">"
    if len(head) < 8:  # noqa: PLR2004 - the size of the header
        return
    waiting, seen = [struct.unpack_from(order + "L", head, 4)[0]], set[int]()
    while waiting and len(seen) < _MOST_DIRECTORIES:
        at = waiting.pop(0)
        if at in seen or not at:
            continue
        seen.add(at)
        fields, following = _directory(file, base, at, order)
        waiting += [*fields.get(_EXIF, ())[:1], *fields.get(_SUB_DIRECTORIES, ()), following]
        yield fields


def _directory(file: BinaryIO, base: int, at: int, order: str) -> tuple[_Fields, int]:
    file.seek(base + at)
    count = int.from_bytes(file.read(2), "little" if order == "<" else "big")
    content = file.read(min(count, _MOST_FIELDS) * _FIELD_BYTES)
    following = file.read(4)
    fields: _Fields = {}
    for start in range(0, len(content) - _FIELD_BYTES + 1, _FIELD_BYTES):
        tag, kind, values = struct.unpack_from(order + "HHL", content, start)
        letter = _KINDS.get(kind)
        if tag == _PANASONIC_JPEG and kind == 7:  # noqa: PLR2004 - bytes of no kind: the JPEG itself
            fields[tag] = struct.unpack_from(order + "L", content, start + 8)[0], values
        elif letter is not None and 0 < values <= _MOST_VALUES:
            form = f"{order}{values}{letter}"
            value = content[start + 8 : start + 12]
            if struct.calcsize(form) > len(value):
                file.seek(base + struct.unpack_from(order + "L", value)[0])
                value = file.read(struct.calcsize(form))
            if struct.calcsize(form) <= len(value):
                fields[tag] = struct.unpack_from(form, value)
    is_whole = len(following) == 4  # noqa: PLR2004 - the size of an offset
    return fields, struct.unpack(order + "L", following)[0] if is_whole else 0


def _of_fuji(file: BinaryIO) -> RawParts:
    file.seek(84)
    offsets = file.read(16)
    if len(offsets) < 16:  # noqa: PLR2004 - the size of the fields
        return RawParts()
    start, length, table, _ = struct.unpack(">4L", offsets)
    parts = RawParts(previews=[Span(start, length)])
    file.seek(table)
    count = int.from_bytes(file.read(4), "big")
    sizes = {}
    for _ in range(min(count, _MOST_FIELDS)):
        tag, size = struct.unpack(">HH", file.read(4).ljust(4, b"\0"))
        value = file.read(size)
        if tag in (0x100, 0x111) and size == 4:  # noqa: PLR2004 - the whole picture; the part used
            height, width = struct.unpack(">HH", value.ljust(4, b"\0"))
            sizes[tag] = width, height
    parts.size = sizes.get(0x111) or sizes.get(0x100)
    return parts


def _of_minolta(file: BinaryIO) -> RawParts:
    file.seek(4)
    end = 8 + int.from_bytes(file.read(4), "big")
    at, size, parts = 8, None, RawParts()
    for _ in range(_MOST_FIELDS):
        file.seek(at)
        head = file.read(24)
        if at >= end or len(head) < 8:  # noqa: PLR2004 - the head of a block
            break
        if head[1:4] == b"PRD" and len(head) == 24:  # noqa: PLR2004 - up to the size of the picture
            height, width = struct.unpack_from(">HH", head, 8 + 12)
            size = width, height
        elif head[1:4] == b"TTW":
            parts = _of_tiff(file, at + 8, "image/x-minolta-mrw")
        at += 8 + int.from_bytes(head[4:8], "big")
    parts.size = size or parts.size
    return parts


def _of_sigma(file: BinaryIO) -> RawParts:
    end = file.seek(0, io.SEEK_END)
    file.seek(28)
    head = file.read(12)
    if len(head) < 12:  # noqa: PLR2004 - the size of the fields
        return RawParts()
    width, height, degrees = struct.unpack("<3L", head)
    parts = RawParts(size=(width, height), orientation=_TURNS.get(degrees, 1))
    file.seek(max(0, end - 4))
    file.seek(int.from_bytes(file.read(4), "little"))
    if file.read(4) != b"SECd":
        return parts
    file.seek(4, io.SEEK_CUR)
    count = int.from_bytes(file.read(4), "little")
    content = file.read(min(count, _MOST_FIELDS) * 12)
    for start, length, kind in struct.iter_unpack("<LL4s", content[: len(content) // 12 * 12]):
        if kind in (b"IMA2", b"IMAG") and length > 28:  # noqa: PLR2004 - the head of a section
            parts.previews.append(Span(start + 28, length - 28))
    return parts


def _of_canon_boxes(file: BinaryIO) -> RawParts:
    parts, tracks = RawParts(), list[dict[bytes, Span]]()
    end = file.seek(0, io.SEEK_END)
    for name, span in _boxes(file, 0, end, [_MOST_BOXES]):
        if name == b"CMT1":
            found = _of_tiff(file, span.start, "")
            parts.size, parts.orientation, parts.bits = found.size, found.orientation, 14
        elif name == b"trak":
            tracks.append({})
        elif name == b"PRVW" and span.length > 16:  # noqa: PLR2004 - its head
            parts.previews.append(Span(span.start + 16, span.length - 16))
        elif name in (b"stsz", b"co64") and tracks:
            tracks[-1][name] = span
    for track in tracks:
        if track.keys() >= {b"stsz", b"co64"}:
            file.seek(track[b"co64"].start + 8)
            start = int.from_bytes(file.read(8), "big")
            file.seek(track[b"stsz"].start + 4)
            one, _, first = struct.unpack(">3L", file.read(12).ljust(12, b"\0"))
            parts.previews.append(Span(start, one or first))
    return parts


def _boxes(file: BinaryIO, at: int, end: int, left: list[int]) -> Iterator[tuple[bytes, Span]]:
    """Yield the boxes between two places, and those inside them; `left` counts down to the end."""
    while at + 8 <= end and left[0] > 0:
        left[0] -= 1
        file.seek(at)
        head = file.read(32)
        size, name, start = int.from_bytes(head[:4], "big"), head[4:8], at + 8
        if size == 1:
            size, start = int.from_bytes(head[8:16], "big"), at + 16
        size = size or end - at
        if size < start - at or at + size > end:
            return
        yield name, Span(start, at + size - start)
        if name in _CONTAINERS:
            yield from _boxes(file, start, at + size, left)
        elif name == b"uuid" and head[8:24] == _CANON_BOX:
            yield from _boxes(file, at + 24, at + size, left)
        elif name == b"uuid" and head[8:24] == _CANON_PREVIEW_BOX:
            yield from _boxes(file, at + 32, at + size, left)
        at += size


def _of_canon_heap(file: BinaryIO) -> RawParts:
    file.seek(0)
    head = file.read(6).ljust(6, b"\0")
    order = "<" if head[:2] == b"II" else ">"
    parts, end = RawParts(), file.seek(0, io.SEEK_END)
    start, seen = struct.unpack_from(order + "L", head, 2)[0], 0
    waiting = [Span(start, max(0, end - start))]
    while waiting and seen < _MOST_DIRECTORIES:
        seen += 1
        for tag, span in _heap(file, waiting.pop(), order):
            if tag & 0x3800 in (0x2800, 0x3000):
                waiting.append(span)
            elif tag & 0x3FFF in _CIFF_JPEGS:
                parts.previews.append(span)
            elif tag & 0x3FFF == _CIFF_SIZE:
                file.seek(span.start)
                values = struct.unpack(order + "4L", file.read(16).ljust(16, b"\0"))
                parts.size = values[0], values[1]
                parts.orientation = _TURNS.get(values[3], 1)
    return parts


def _heap(file: BinaryIO, block: Span, order: str) -> Iterator[tuple[int, Span]]:
    """Yield the tags of a block of Canon's older format, and where their values are."""
    end = block.start + block.length
    file.seek(max(0, end - 4))
    table = block.start + struct.unpack(order + "L", file.read(4).ljust(4, b"\0"))[0]
    file.seek(table)
    count = struct.unpack(order + "H", file.read(2).ljust(2, b"\0"))[0]
    content = file.read(min(count, _MOST_FIELDS) * _CIFF_ENTRY)
    for at in range(0, len(content) - _CIFF_ENTRY + 1, _CIFF_ENTRY):
        tag, length, start = struct.unpack_from(order + "HLL", content, at)
        if tag & 0xC000 == 0 and length <= block.length:  # else the value is in the table
            yield tag, Span(block.start + start, length)


_READERS: dict[str, Callable[[BinaryIO], RawParts]] = {
    "image/x-fuji-raf": _of_fuji,
    "image/x-minolta-mrw": _of_minolta,
    "image/x-sigma-x3f": _of_sigma,
    "image/x-canon-cr3": _of_canon_boxes,
    "image/x-canon-crw": _of_canon_heap,
}
