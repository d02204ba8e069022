"""Each walker finds the parts of a file, reads little, and ends, whatever the bytes are."""

import io
import struct
from collections.abc import Callable, Iterable
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.media.structure.boxes import Boxes
from dam.media.structure.chunks import Chunk, png_chunks, riff_chunks
from dam.media.structure.gif import COMMENT, CONTROL, FRAME, Part, gif_parts
from dam.media.structure.items import Extent, Item, items_of
from dam.media.structure.photoshop import image_resources
from dam.media.structure.raw import canon_values, minolta_parts, sigma_sections
from dam.media.structure.source import ByteSource
from dam.media.structure.tiff import Tiff
from tests.media.camera.blocks import png, resource, short, text, tiff

MOST = 1 << 18


def box(kind: bytes, content: bytes, *, size: int | None = None) -> bytes:
    return struct.pack(">L4s", 8 + len(content) if size is None else size, kind) + content


def all_boxes(source: ByteSource) -> Iterable[object]:
    boxes = Boxes(source)
    for one in boxes.top():
        yield one
        for two in boxes.inside(one):
            yield two
            yield from boxes.at(b"trak", b"mdia", box=two)


def all_entries(source: ByteSource) -> Iterable[object]:
    found = Tiff.open(source)
    for at in found.chain() if found is not None else ():
        assert found is not None
        for entry in found.directory(at).values():
            yield found.numbers(entry)


WALKERS: tuple[tuple[bytes, Callable[[ByteSource], Iterable[object]]], ...] = (
    (b"\0\0\0\x18ftypheic", all_boxes),
    (b"\0\0\0\x00moov\0\0\0\x10trak", all_boxes),
    (b"II*\0\x08\0\0\0", all_entries),
    (b"MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10", all_entries),
    (b"\x89PNG\r\n\x1a\n", png_chunks),
    (b"RIFF\0\0\0\0WEBP", riff_chunks),
    (b"GIF89a\1\0\1\0\0\0\0", gif_parts),
    (b"8BIM", image_resources),
    (b"\0MRM\0\0\1\0", minolta_parts),
    (b"FOVb", sigma_sections),
    (b"II\x1a\0\0\0HEAPCCDR", canon_values),
)


@given(st.sampled_from(WALKERS), st.binary(max_size=500))
def test_any_bytes_are_walked_to_an_end(
    walker: tuple[bytes, Callable[[ByteSource], Iterable[object]]], rest: bytes
) -> None:
    magic, walk = walker
    assert len(list(walk(ByteSource.of(magic + rest)))) < 2000


@pytest.mark.slow
@pytest.mark.parametrize(("magic", "walk"), WALKERS)
@pytest.mark.parametrize("filling", [b"\0", b"\1", b"8", b"\xff", b"\0\0\0\x08free", b"!\xfe\0"])
def test_a_file_of_one_thing_again_and_again_costs_what_the_limit_allows(
    magic: bytes, walk: Callable[[ByteSource], Iterable[object]], filling: bytes
) -> None:
    source = ByteSource(io.BytesIO(magic + filling * 1_000_000), MOST)
    assert sum(1 for _ in walk(source)) <= 400_000


def test_boxes_are_found_by_their_path_in_the_file_and_in_a_box() -> None:
    track = box(b"trak", box(b"tkhd", b"one"))
    content = box(b"ftyp", b"") + box(b"moov", track + box(b"free", b"x") + track)
    boxes = Boxes(ByteSource.of(content))
    found = list(boxes.at(b"moov", b"trak", b"tkhd"))
    assert [content[each.start : each.end] for each in found] == [b"one", b"one"]
    assert [(each.depth, each.size) for each in found] == [(2, 3), (2, 3)]


def test_a_box_of_a_uuid_is_named_by_it_and_long_and_last_ones_are_measured() -> None:
    long = struct.pack(">L4sQ", 1, b"mdat", 16 + 5) + b"12345"
    content = long + box(b"uuid", b"sixteen letters!" + b"abc") + box(b"last", b"rest", size=0)
    first, second, third = Boxes(ByteSource.of(content)).top()
    assert (first.kind, content[first.start : first.end]) == (b"mdat", b"12345")
    assert (second.kind, content[second.start : second.end]) == (b"sixteen letters!", b"abc")
    assert (third.kind, content[third.start :], third.end) == (b"last", b"rest", len(content))


def test_a_box_that_is_cut_off_ends_where_the_file_does_and_says_where_it_should() -> None:
    (found,) = Boxes(ByteSource.of(box(b"mdat", b"abc", size=1000))).top()
    assert (found.size, found.end, found.declared_end) == (3, 11, 1000)


def test_boxes_in_boxes_without_end_are_left_alone() -> None:
    content = b"".join(struct.pack(">L4s", 8 * left, b"moov") for left in range(5000, 0, -1))
    boxes = Boxes(ByteSource.of(content))
    assert len(list(boxes.at(*[b"moov"] * 8))) == 1
    assert not list(boxes.at(*[b"moov"] * 9))


def test_no_more_boxes_are_walked_in_all_than_the_limit_allows() -> None:
    boxes = Boxes(ByteSource.of(box(b"free", b"") * 60_000))
    assert sum(1 for _ in boxes.top()) == 50_000
    assert not list(boxes.top())


def heif(items: bytes, places: bytes) -> bytes:
    """Return a file with a list of items, and one of their places."""
    listed = box(b"iinf", bytes(4) + struct.pack(">H", items.count(b"infe")) + items)
    return box(b"ftyp", b"heic") + box(b"meta", bytes(4) + listed + box(b"iloc", places))


def test_items_of_a_heif_are_found_with_their_kinds_and_places() -> None:
    names = b"".join(
        box(b"infe", b"\2\0\0\0" + struct.pack(">HH", number, 0) + kind)
        for number, kind in ((1, b"hvc1\0"), (2, b"mime\0application/rdf+xml\0"))
    )
    places = bytes(4) + b"\x44\0" + struct.pack(">H", 2)
    places += struct.pack(">HHHLL", 1, 0, 1, 500, 60)
    places += struct.pack(">HHHLLLL", 2, 0, 2, 600, 7, 700, 8)
    boxes = Boxes(ByteSource.of(heif(names, places)))
    (meta,) = boxes.at(b"meta")
    assert list(items_of(boxes, meta)) == [
        Item(b"hvc1", b"", (Extent(500, 60),)),
        Item(b"mime", b"application/rdf+xml", (Extent(600, 7), Extent(700, 8))),
    ]


def test_items_of_extents_that_take_no_room_are_read_in_part() -> None:
    names = box(b"infe", b"\2\0\0\0" + struct.pack(">HH", 1, 0) + b"Exif\0")
    places = bytes(4) + bytes(2) + b"\xff\xff" + struct.pack(">HHH", 1, 0, 65_535) * 60_000
    boxes = Boxes(ByteSource.of(heif(names, places)))
    (meta,) = boxes.at(b"meta")
    assert sum(len(item.extents) for item in items_of(boxes, meta)) <= 50_000


def test_chunks_of_a_png_and_of_a_riff_are_found_with_their_places() -> None:
    content = png((b"tEXt", b"abc"), (b"IEND", b""))
    assert list(png_chunks(ByteSource.of(content))) == [
        Chunk(b"tEXt", 16, 3),
        Chunk(b"IEND", 31, 0),
    ]
    riff = b"RIFF\0\0\0\0WEBPVP8 \3\0\0\0abc\0EXIF\2\0\0\0de"
    assert list(riff_chunks(ByteSource.of(riff))) == [Chunk(b"VP8 ", 20, 3), Chunk(b"EXIF", 32, 2)]


def test_parts_of_a_gif_are_found_with_their_sub_blocks() -> None:
    control, comment = b"!\xf9\4\0\5\0\0\0", b"!\xfe\3abc\0"
    frame = b"," + bytes(8) + b"\x80" + bytes(6) + b"\2" + b"\3xyz\1u\0"
    content = b"GIF89a\1\0\1\0\x81\0\0" + bytes(12) + control + frame + comment + b";"
    found = list(gif_parts(ByteSource.of(content)))
    assert [each.kind for each in found] == [CONTROL, FRAME, COMMENT]
    assert [content[each.start : each.end] for each in found] == [
        b"\4\0\5\0\0\0",
        b"\3xyz\1u\0",
        b"\3abc\0",
    ]


def test_a_frame_that_is_cut_off_is_the_last_part_of_a_gif() -> None:
    content = b"GIF89a\1\0\1\0\0\0\0," + bytes(9) + b"\2\xffabc"
    assert list(gif_parts(ByteSource.of(content))) == [Part(FRAME, 24, len(content))]


def test_image_resources_without_end_are_walked_in_part() -> None:
    content = b"".join(resource(number, b"") for number in range(20_000))
    assert len(list(image_resources(ByteSource.of(content)))) == 10_000


@pytest.mark.parametrize("mark", [b"8BIM", b"MeSa"])
def test_image_resources_are_found_behind_names_of_any_length(mark: bytes) -> None:
    named = mark + b"\4\4\3abc" + struct.pack(">L", 3) + b"xyz\0"
    content = named + resource(1060, b"ab")
    found = list(image_resources(ByteSource.of(content)))
    assert [each.number for each in found] == [0x404, 1060]
    assert [content[each.start :][: each.size] for each in found] == [b"xyz", b"ab"]


def test_entries_of_a_tiff_are_read_when_they_are_asked_for() -> None:
    content = tiff([text(0x10F, "Canon"), short(0x112, 6)]) + bytes(200_000)
    source = ByteSource(io.BytesIO(content), MOST)
    found = Tiff.open(source)
    assert found is not None
    main = found.directory(found.first)
    assert main[0x10F].content == b"Canon\0"
    assert main[0x10F].loaded(3).content == b"Can"
    assert found.numbers(main[0x112]) == [6]
    assert list(found.chain()) == [8]


def test_an_entry_that_lies_behind_the_end_is_left_out() -> None:
    content = tiff([text(0x10F, "A long name of a maker")])[:-4]
    found = Tiff.open(ByteSource.of(content))
    assert found is not None
    assert found.directory(found.first) == {}


@pytest.mark.parametrize("is_big", [False, True])
def test_a_chain_of_directories_that_leads_back_ends(is_big: bool) -> None:  # noqa: FBT001 - given by pytest
    if is_big:
        content = struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16) + struct.pack("<QQ", 0, 16)
    else:
        content = b"II*\0" + struct.pack("<L", 8) + struct.pack("<HL", 0, 8)
    found = Tiff.open(ByteSource.of(content))
    assert found is not None
    assert len(list(islice(found.chain(), 9))) == 1
