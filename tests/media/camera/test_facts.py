"""Which tags become which facts, and what is none."""

import io
import json
import math
import struct
from datetime import datetime

import pytest

from dam.media.camera.facts import facts_of
from dam.media.camera.reading import read_camera_facts, read_groups
from dam.media.camera.times import PRIORITY, DateTag, with_offset
from dam.media.camera.values import CameraFacts, Groups, Position, TagValue
from dam.media.keywords import tags_of
from dam.media.limits import MediaLimits
from tests.media.camera.blocks import (
    Tag,
    iptc,
    jpeg,
    jpeg_with_exif,
    jpeg_with_xmp,
    packed_xmp_chunk,
    png,
    rationals,
    resource,
    short,
    text,
    tiff,
    xmp,
)

NORTH = text(1, "N"), rationals(2, (48, 1), (51, 1), (3024, 100))
EAST = text(3, "E"), rationals(4, (2, 1), (17, 1), (4020, 100))


def read(content: bytes) -> CameraFacts:
    return read_camera_facts(io.BytesIO(content), MediaLimits())


def of_tags(**tags: TagValue) -> CameraFacts:
    """Return the facts of tags, named as `IFD0_Make`."""
    groups: Groups = {}
    for name, value in tags.items():
        group, _, tag = name.replace("XMP_", "XMP-").partition("_")
        groups.setdefault(group, {})[tag] = value
    return facts_of(groups)


def test_a_photograph_says_what_took_it_and_how() -> None:
    facts = read(
        jpeg_with_exif(
            tiff(
                [text(0x10F, "Canon"), text(0x110, "Canon EOS 5D"), short(0x112, 6)],
                [
                    rationals(0x829A, (1, 250)),
                    rationals(0x829D, (28, 10)),
                    short(0x8827, 400),
                    rationals(0x920A, (50, 1)),
                    text(0x9003, "2024:05:17 12:30:05"),
                    text(0x9011, "+02:00"),
                    text(0x9291, "25"),
                    rationals(0xA432, (24, 1), (105, 1), (4, 1), (0, 0)),
                ],
                [*NORTH, *EAST, Tag(5, 1, 1, b"\1"), rationals(6, (35, 2))],
            )
        )
    )
    assert (facts.make, facts.model, facts.lens) == ("Canon", "Canon EOS 5D", "24-105mm f/4")
    assert (facts.exposure_time_s, facts.f_number, facts.iso) == (0.004, 2.8, 400)
    assert (facts.focal_length_mm, facts.orientation) == (50, 6)
    assert facts.taken_at is not None
    assert facts.taken_at.local_time == "2024-05-17T12:30:05.250000"
    assert facts.taken_at.utc_offset_minutes == 120
    assert facts.position is not None
    assert math.isclose(facts.position.latitude, 48.8584)
    assert math.isclose(facts.position.longitude, 2.2945)
    assert facts.position.altitude_m == -17.5
    assert json.loads(facts.metadata)["ExifIFD"]["LensInfo"] == [24, 105, 4, None]


def test_a_file_without_metadata_says_nothing() -> None:
    nothing = CameraFacts()
    assert [read(content) for content in (b"", b"text", b"\xff\xd8", b"II*\0", png())] == [
        nothing
    ] * 5


def test_the_first_of_the_tags_with_a_date_says_when_it_was_taken() -> None:
    groups: Groups = {}
    for day, tag in enumerate(PRIORITY, start=1):
        group, _, name = tag.date.partition(":")
        groups.setdefault(group, {})[name] = f"2020:03:{day:02d}" + (
            "" if tag.time else " 10:00:00"
        )
        if tag.time:
            groups[group][tag.time.partition(":")[2]] = "10:00:00"
    for day, tag in enumerate(PRIORITY, start=1):
        taken = facts_of(groups).taken_at
        assert taken is not None
        assert (taken.local_time, taken.source) == (f"2020-03-{day:02d}T10:00:00", tag.date)
        assert taken.utc_offset_minutes == (0 if tag.is_utc else None)
        group, _, name = tag.date.partition(":")
        groups[group][name] = ("0000:00:00 00:00:00", "9999:01:01 00:00:00", "", "2021:02:30")[
            day % 4
        ]
    groups["IFD0"] = {"ModifyDate": "2020:01:01 00:00:00"}
    assert facts_of(groups).taken_at is None


@pytest.mark.parametrize(
    ("date", "fraction", "offset", "expected"),
    [
        ("2024:05:17 12:30:05", "25", "+02:00", ("2024-05-17T12:30:05.250000", 120)),
        ("2024:05:17 12:30:05", "0234601", "-05:30", ("2024-05-17T12:30:05.023460", -330)),
        ("2024-05-17T12:30:05.5Z", "", "", ("2024-05-17T12:30:05.500000", 0)),
        ("2024:05:17 12:30", "x", "+99:00", ("2024-05-17T12:30:00", None)),
        ("2024:05:17 12:30:05", "", "+02:99", ("2024-05-17T12:30:05", None)),
        ("2024:05:17", "5", "", None),
        ("2024:05:17   :  :  ", "", "", None),
        ("2024:05:17 xx:yy:zz", "", "", None),
        ("2024:05:17 10:3", "", "", None),
        ("2024:05:17 10:30:05 PM", "", "", None),
        ("1825:01:01 00:00:00", "", "", None),
        ("2101:01:01 00:00:00", "", "", None),
        ("1904:01:01 00:00:00", "", "", None),
        ("1970:01:01 00:00:00", "", "+00:00", None),
        ("1970:01:01 00:00:01", "", "", ("1970-01-01T00:00:01", None)),
        ("2023:02:29 00:00:00", "", "", None),
        ("    :  :     :  :  ", "", "", None),
    ],
)
def test_times(
    date: str, fraction: str, offset: str, expected: tuple[str, int | None] | None
) -> None:
    taken = of_tags(
        ExifIFD_DateTimeOriginal=date,
        ExifIFD_SubSecTimeOriginal=fraction,
        ExifIFD_OffsetTimeOriginal=offset,
    ).taken_at
    assert (taken and (taken.local_time, taken.utc_offset_minutes)) == expected


@pytest.mark.parametrize("tag", [tag for tag in PRIORITY if tag.is_day])
def test_a_tag_that_may_be_a_date_alone_says_the_day(tag: DateTag) -> None:
    group, _, name = tag.date.partition(":")
    for date in ("2024:05:17", "1904:01:01"):
        taken = facts_of({group: {name: date}}).taken_at
        assert taken is not None
        assert taken.local_time == f"{date.replace(':', '-')}T00:00:00"


@pytest.mark.parametrize("tag", [tag for tag in PRIORITY if not tag.is_day])
def test_no_midnight_is_made_up(tag: DateTag) -> None:
    group, _, name = tag.date.partition(":")
    assert facts_of({group: {name: "2024:05:17"}}).taken_at is None


def test_a_time_with_an_impossible_offset_is_shown_without_it() -> None:
    time = datetime(2024, 1, 1)  # noqa: DTZ001 - as it is stored
    assert [with_offset(time, minutes) for minutes in (5940, -1440, None)] == [time] * 3
    assert with_offset(time, -330).isoformat() == "2024-01-01T00:00:00-05:30"


def test_a_setting_that_no_camera_has_is_none() -> None:
    for tiny in ("1e-320", "1e-9", "0", "-1", "1e300", "nan"):
        facts = of_tags(
            **{f"XMP_exif_{name}": tiny for name in ("ExposureTime", "FNumber", "FocalLength")}
        )
        assert (facts.exposure_time_s, facts.f_number, facts.focal_length_mm) == (None, None, None)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ((*NORTH, *EAST), Position(latitude=48.8584, longitude=2.2945)),
        ((text(1, "S"), NORTH[1], text(3, "W"), EAST[1]), (-48.8584, -2.2945)),
        ((text(1, "North"), NORTH[1], text(3, "west"), EAST[1]), (48.8584, -2.2945)),
        ((text(1, "N"), rationals(2, (48, 1), (51, 2)), *EAST), (48.425, 2.2945)),
        ((NORTH[1], EAST[1]), None),
        ((*NORTH, EAST[1]), None),
        ((text(1, "E"), NORTH[1], *EAST), None),
        ((text(1, "N"), rationals(2, (48, 1), (0, 0), (0, 0)), *EAST), None),
        ((text(1, "N"), rationals(2, (48, 1), (51, 1), (0, 0)), *EAST), None),
        ((text(1, "N"), rationals(2, (48, 1), (99, 1), (0, 1)), *EAST), None),
        ((text(1, "N"), rationals(2, (48, 1), (51, 1), (60, 1)), *EAST), None),
        ((text(1, "N"), rationals(2, (0, 0), (0, 0), (0, 0)), *EAST), None),
        ((text(1, "N"), rationals(2, (0, 1)), text(3, "E"), rationals(4, (0, 1))), None),
        ((text(1, "N"), rationals(2, (91, 1)), *EAST), None),
        (NORTH, None),
        ((text(1, "N"), Tag(2, 12, 1, b"\0\0\0\0\0\0\xf8\x7f"), *EAST), None),
        ((text(1, "N"), Tag(2, 12, 1, b"\0\0\0\0\0\0\xf0\x7f"), *EAST), None),
        ((text(1, "N"), Tag(2, 12, 3, struct.pack("<3d", *[1.79e308] * 3)), *EAST), None),
    ],
)
def test_a_place_is_on_the_earth_or_there_is_none(
    tags: tuple[Tag, ...], expected: Position | tuple[float, float] | None
) -> None:
    found = read(jpeg_with_exif(tiff([text(0x10F, "x")], (), tags))).position
    if expected is None:
        assert found is None
        return
    assert found is not None
    place = (expected.latitude, expected.longitude) if isinstance(expected, Position) else expected
    assert (found.latitude, found.longitude) == pytest.approx(place)


def test_a_place_of_xmp_counts_where_exif_has_none() -> None:
    document = xmp(
        "<exif:GPSLatitude>33,51.5S</exif:GPSLatitude>"
        "<exif:GPSLongitude>151,12,30E</exif:GPSLongitude>"
    )
    found = read(jpeg_with_xmp(document)).position
    assert found is not None
    assert (found.latitude, found.longitude) == pytest.approx((-33.858333, 151.208333))


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"XMP_xmp_Rating": "4"}, 4),
        ({"XMP_xmp_Rating": "3.0", "IFD0_Rating": 5}, 3),
        ({"XMP_xmp_Rating": "0", "IFD0_Rating": 5}, None),
        ({"XMP_xmp_Rating": "-1"}, None),
        ({"XMP_xmp_Rating": "4.5"}, 5),
        ({"XMP_xmp_Rating": "2.5"}, 3),
        ({"XMP_xmp_Rating": "0.5"}, 1),
        ({"XMP_xmp_Rating": "0.4"}, None),
        ({"IFD0_Rating": 5}, 5),
        ({"IFD0_RatingPercent": 75}, 4),
        ({"XMP_microsoft_RatingPercent": "99"}, 5),
        ({"XMP_xmp_Rating": "lovely"}, None),
        ({"IFD0_Rating": 65535}, None),
    ],
)
def test_ratings(tags: dict[str, TagValue], expected: int | None) -> None:
    assert of_tags(**tags).rating == expected


def test_words_come_from_the_first_that_has_some() -> None:
    facts = of_tags(
        **{
            "XMP_dc_Title": "  ",
            "IPTC_ObjectName": "Lake\0 at\r\nnight\ud800",
            "IFD0_ImageDescription": "OLYMPUS DIGITAL CAMERA",
            "IFD0_XPComment": "A boat",
            "IPTC_By-line": ["Ann", "Bo"],
        }
    )
    assert (facts.title, facts.description, facts.author) == ("Lake at\nnight", "A boat", "Ann, Bo")


def test_keywords_are_kept_once_and_those_of_a_hierarchy_as_paths_too() -> None:
    facts = of_tags(
        XMP_dc_Subject=["cat", "Marie Curie", "a=b", "x\0y"],
        IPTC_Keywords="cat",
        IFD0_XPKeywords="dog; bird;",
        XMP_lr_HierarchicalSubject=["people|Marie Curie"],
        XMP_digiKam_TagsList="places/France/Paris",
        XMP_xmp_Rating="2",
    )
    assert facts.keywords == (
        *("cat", "Marie Curie", "a=b", "xy", "dog", "bird", "people/Marie Curie"),
        *("Paris", "places/France/Paris"),
    )
    assert tags_of(facts.keywords, facts.rating)[:4] == ("rating=2", "cat", "Marie Curie", "a b")


@pytest.mark.parametrize(
    ("keyword", "expected"),
    [
        ("artist:Moebius", ("artist:Moebius",)),
        (":", ()),
        ("at:", ("at",)),
        ("rating", ()),
        ("=", ()),
        ("\u202egnp.exe", ()),
        ("n" * 401, ()),
    ],
)
def test_a_keyword_becomes_a_tag_that_can_be_read(keyword: str, expected: tuple[str, ...]) -> None:
    tags = tags_of([keyword])
    assert tuple(tag.strip() for tag in tags) == expected


def test_iptc_is_read_in_each_of_its_forms() -> None:
    long = b"\x1c\x02\x78" + b"\x80\x04" + (6).to_bytes(4, "big") + "Grüße".encode()[:6]
    content = iptc((1, 90, b"\x1b%G"), (2, 25, b"a"), (2, 25, b"b"), (2, 55, b"20240517")) + long
    resources = b"Photoshop 3.0\0" + resource(0x404, content)
    half = len(resources) // 2
    whole = jpeg((0xED, resources))
    split = jpeg((0xED, resources[:half]), (0xED, b"Photoshop 3.0\0" + resources[half:]))
    for file in (whole, split):
        groups = read_groups(io.BytesIO(file), MediaLimits())
        assert groups["IPTC"]["Keywords"] == ["a", "b"]
        assert groups["IPTC"]["DateCreated"] == "2024:05:17"
    latin = jpeg((0xED, b"Photoshop 3.0\0" + resource(0x404, iptc((2, 5, b"Gr\xfc\xdfe")))))
    assert read(latin).title == "Grüße"


def test_a_text_that_is_cut_inside_a_letter_is_shown_up_to_it() -> None:
    cut = "Grüße aus Köln".encode() + b"\xe6\x9d"
    facts = read(jpeg_with_exif(tiff([Tag(0x10E, 2, len(cut), cut)])))
    assert facts.description == "Grüße aus Köln\ufffd"
    words = iptc((1, 90, b"\x1b%G"), (2, 5, cut), (2, 120, b"Gr\xfc\xdfe"))
    facts = read(jpeg((0xED, b"Photoshop 3.0\0" + resource(0x404, words))))
    assert (facts.title, facts.description) == ("Grüße aus Köln\ufffd", "Grüße")


@pytest.mark.parametrize(
    ("code", "content", "expected"),
    [
        (b"UNICODE\0", "hello".encode("utf-16-le"), "hello"),
        (b"UNICODE\0", "hello".encode("utf-16-be") + bytes(8), "hello"),
        (b"UNICODE\0", "Æ\u2013ł 東".encode("utf-16-be"), "Æ\u2013ł 東"),
        (b"UNICODE\0", "東京".encode("utf-16-le"), "東京"),
        (b"UNICODE\0", "hello".encode("utf-16"), "hello"),
        (b"Unicode\0", "hello".encode("utf-16-le"), "hello"),
        (b"Unicode\0", b"hello\0\0", "hello"),
        (b"ascii\0\0\0", b"hello", "hello"),
        (b"\0garbage", b"hello", "hello"),
        (b"JIS\0\0\0\0\0", "日本".encode("iso2022_jp"), "日本"),
        (b"JIS\0\0\0\0\0", "日本".encode("iso2022_jp")[3:-3], "日本"),
        (b"JIS\0\0\0\0\0", "日本".encode("shift_jis"), "日本"),
        (b"JIS\0\0\0\0\0", b"odd", None),
        (b"a text, ", b"and more", "a text, and more"),
    ],
)
def test_a_comment_is_read_by_the_code_before_it(
    code: bytes, content: bytes, expected: str | None
) -> None:
    comment = Tag(0x9286, 7, 8 + len(content), code + content)
    assert read(jpeg_with_exif(tiff([text(0x10F, "x")], [comment]))).description == expected


def test_texts_of_a_png_are_words_of_the_file() -> None:
    facts = read(
        png(
            (b"tEXt", b"Title\0Gr\xfc\xdfe"),
            (b"iTXt", b"Description\0\0\0\0\0" + "東京".encode()),
            packed_xmp_chunk(xmp("<xmp:Rating>5</xmp:Rating>")),
            (b"zTXt", b"Broken\0\0no deflate"),
        )
    )
    assert (facts.title, facts.description, facts.rating) == ("Grüße", "東京", 5)
