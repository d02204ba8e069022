"""What sidecars say, and what of it is taken in place of what the file says."""

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.media.camera.sidecar import SidecarFacts, joined_with, read_sidecar
from dam.media.camera.values import Position, StatedFacts, TakenAt
from dam.media.limits import MediaLimits
from tests.media.camera.blocks import XMP_HEAD, XMP_TAIL, xmp


def read(content: bytes) -> SidecarFacts:
    return read_sidecar(io.BytesIO(content), MediaLimits())


def test_real_sidecars_say_what_exiftool_reads(corpus: Path) -> None:
    assert corpus.is_dir()
    folder = corpus / "exif"
    facts = {path.name: read(path.read_bytes()) for path in folder.glob("**/*.xmp")}
    assert len(facts) > 15
    assert not [name for name, one in facts.items() if one.failure]
    ladybug = facts["ladybug.xmp"].for_file
    assert (ladybug.title, ladybug.keywords, ladybug.rating) == ("Ladybug", ("Ladybug",), 1)
    assert facts["apple-test-2.xmp"].for_file.keywords == ("Krokus", "Blume", "Schöne Wiese")
    assert facts["2000.xmp"].for_file.taken_at is not None  # UTF-16


def test_a_sidecar_of_lightroom_names_the_extension_of_its_file() -> None:
    head = XMP_HEAD.replace("<rdf:RDF", '<rdf:RDF xmlns:p="http://ns.adobe.com/photoshop/1.0/"')
    document = f'{head}<rdf:Description p:SidecarForExtension="CR2" xmp:Rating="0"/>{XMP_TAIL}'
    facts = read(document.encode())
    assert (facts.extension, facts.is_unrated, facts.for_file.rating) == ("cr2", True, None)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (xmp("<dc:title>a</dc:title>")[:-9], "it is not well-formed"),
        (b"<?xml version='1.0'?><!DOCTYPE a>" + xmp(""), "it has a document type"),
    ],
)
def test_half_of_a_sidecar_is_none(content: bytes, reason: str) -> None:
    facts = read(content)
    assert (facts.for_file, facts.metadata) == (StatedFacts(), "")
    assert facts.failure is not None
    assert facts.failure.message == f"unreadable XMP document: {reason}"


def test_a_large_sidecar_is_not_read() -> None:
    facts = read(xmp("<dc:title>a</dc:title>") + b" " * (32 << 20))
    assert facts.failure is not None
    assert facts.failure.message.endswith("bytes of XMP; at most 33,554,432 are accepted")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it has nothing but zeros or spaces"),
        (bytes(5000), "it has nothing but zeros or spaces"),
        (b"<html><body>Not found</body></html>", "it is no XMP"),
        (b"plain text", "it is no XMP"),
    ],
)
def test_a_sidecar_that_is_no_xmp_fails(content: bytes, reason: str) -> None:
    failure = read(content).failure
    assert failure is not None
    assert failure.message == f"unreadable XMP document: {reason}"


RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'


@pytest.mark.parametrize(
    "content",
    [
        b"<!-- by hand -->" + xmp("<dc:title>a</dc:title>"),
        b'<?xml-stylesheet href="a.css"?>' + xmp("<dc:title>a</dc:title>"),
        f'<RDF {RDF.replace(":rdf", "")} xmlns:d="http://purl.org/dc/elements/1.1/"><Description>'
        "<d:title>a</d:title></Description></RDF>",
        f'<rdf:RDF {RDF}><rdf:Description><title xmlns="http://purl.org/dc/elements/1.1/">a</title>'
        "</rdf:Description></rdf:RDF>",
    ],
)
def test_valid_xmp_is_read_whatever_its_beginning(content: bytes | str) -> None:
    facts = read(content.encode() if isinstance(content, str) else content)
    assert (facts.for_file.title, facts.failure) == ("a", None)


TITLE = "<dc:title>a</dc:title><xmp:Rating>5</xmp:Rating>"


@pytest.mark.parametrize(
    "before",
    [
        "<dc:z>1</dc:z>" * 31_000,
        f"<dc:z>{'a' * (2 << 20)}</dc:z>",
        "<dc:z>" * 1000 + "</dc:z>" * 1000,
        f"<dc:z><rdf:Bag>{'<rdf:li>xmp.did:0123456789</rdf:li>' * 300_000}</rdf:Bag></dc:z>",
        "".join(f"<dc:z{number}>1</dc:z{number}>" for number in range(3000)),
    ],
    ids=["elements", "letters", "levels", "items", "tags"],
)
def test_what_is_for_people_is_read_behind_any_number_of_others(before: str) -> None:
    facts = read(xmp(before + TITLE))
    assert (facts.for_file.title, facts.for_file.rating, facts.failure) == ("a", 5, None)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            f"<dc:subject><rdf:Bag>{'<rdf:li>k</rdf:li>' * 1001}</rdf:Bag></dc:subject>{TITLE}",
            "a list of more than 1,000 keywords or names",
        ),
        ("<dc:title/>" * 30_001, "more than 30,000 elements that are read"),
        (
            f"<dc:title>{'a' * (2 << 20)}</dc:title>",
            "more than 1,048,576 letters of words for people",
        ),
        ("<a/>" * 1_000_001, "more than 1,000,000 elements"),
    ],
    ids=["keywords", "elements", "letters", "all"],
)
def test_a_sidecar_of_which_a_part_would_be_lost_fails(content: str, reason: str) -> None:
    facts = read(xmp(content))
    assert facts.failure is not None
    assert facts.failure.message == f"unreadable XMP document: it has {reason}"


@pytest.mark.parametrize("reference", ["&#xD800;", "&#0;", "&#xFFFE;", "&#1114112;"])
def test_a_reference_to_no_character_costs_only_itself(reference: str) -> None:
    facts = read(xmp(f"<dc:title>&#65;{reference}b</dc:title><xmp:Rating>5</xmp:Rating>"))
    assert (facts.for_file.title, facts.for_file.rating, facts.failure) == ("Ab", 5, None)


def test_one_bad_byte_costs_only_itself() -> None:
    document = xmp("<dc:title>Café Zürich</dc:title><dc:subject>cut?</dc:subject>")
    stated = read(document.replace(b"?", b"\xc3")).for_file
    assert (stated.title, stated.keywords) == ("Café Zürich", ("cut\ufffd",))


def test_what_a_sidecar_says_of_masks_without_end_is_cut() -> None:
    masks = "<lr:Dabs><rdf:Seq>" + "<rdf:li>d 0.1 0.2</rdf:li>" * 40_000 + "</rdf:Seq></lr:Dabs>"
    facts = read(xmp(f"<dc:title>a</dc:title>{masks}"))
    assert (facts.for_file.title, facts.failure) == ("a", None)


@given(st.binary(max_size=300), st.sampled_from(["utf-8", "utf-16", "utf-32-be"]))
def test_any_bytes_are_read(noise: bytes, encoding: str) -> None:
    whole = xmp("<dc:title>a</dc:title>").decode().encode(encoding)
    at = len(noise) % len(whole)
    for content in (noise, whole[:at] + noise + whole[at:], b"<?xpacket" + noise, whole[:at]):
        facts = read(content)
        json.loads(facts.metadata or "{}")


EARLY = TakenAt(
    local_time="2024-05-17T12:30:05.250000",
    utc_offset_minutes=120,
    source="ExifIFD:DateTimeOriginal",
)
OWN = StatedFacts(
    title="own",
    author="me",
    keywords=("a", "b"),
    rating=4,
    taken_at=EARLY,
    position=Position(latitude=1, longitude=2),
)


def said(time: str, tag: str) -> SidecarFacts:
    taken = TakenAt(local_time=time, utc_offset_minutes=None, source=tag)
    return SidecarFacts(for_file=StatedFacts(taken_at=taken))


def test_a_sidecar_that_says_nothing_changes_nothing() -> None:
    assert joined_with(OWN, SidecarFacts()) == OWN


def test_each_fact_of_a_sidecar_takes_the_place_of_the_same_one() -> None:
    stated = StatedFacts(title="new", keywords=("c",), position=Position(latitude=3, longitude=4))
    joined = joined_with(OWN, SidecarFacts(for_file=stated, is_unrated=True))
    assert (joined.title, joined.author, joined.keywords) == ("new", "me", ("c",))
    assert (joined.rating, joined.position, joined.taken_at) == (None, stated.position, EARLY)


@pytest.mark.parametrize(
    ("time", "tag", "is_taken"),
    [
        ("2024-05-17T12:30:05", "XMP-exif:DateTimeOriginal", False),
        ("2024-05-17T13:30:05", "XMP-exif:DateTimeOriginal", True),
        ("2020-01-01T00:00:00", "XMP-photoshop:DateCreated", True),
        ("2020-01-01T00:00:00", "XMP-xmp:CreateDate", False),
    ],
)
def test_a_time_that_a_person_corrected_takes_the_place_of_the_camera_s(
    time: str, tag: str, *, is_taken: bool
) -> None:
    facts = said(time, tag)
    assert joined_with(OWN, facts).taken_at == (facts.for_file.taken_at if is_taken else EARLY)
    assert joined_with(StatedFacts(), facts).taken_at == facts.for_file.taken_at
