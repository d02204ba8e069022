import subprocess
import sys
from xml.etree.ElementTree import Element, canonicalize, tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.errors import (
    ForbiddenXmlError,
    ItemError,
    MediaLimitError,
    UnreadableComicInfoError,
)
from dam.media.comic.info import SCHEMA_ORDER, ComicInfo, ComicInfoElement, ComicInfoPage
from dam.media.comic.info_xml import parse_comic_info, write_comic_info
from dam.media.limits import MediaLimits
from tests.conftest import PROJECT

_TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\t\n\r<>&\"' "), max_size=12
)
_NAMES = st.sampled_from([*SCHEMA_ORDER[:8], "Year", "Pages", "Page", "Unknown", "{urn:x}Title"])
_ATTRIBUTES = st.dictionaries(
    st.sampled_from(["Image", "Type", "DoublePage", "ImageSize", "{urn:x}y"]),
    _TEXTS | st.sampled_from(["0", "01", "-1", "Story", "FrontCover Story", "true", "1", "false"]),
    max_size=4,
)


def _node(name: str, attributes: dict[str, str], text: str, children: list[Element]) -> Element:
    node = Element(name, attributes)
    node.text = text
    node.extend(children)
    return node


_NODES: st.SearchStrategy[Element] = st.recursive(
    st.builds(_node, _NAMES, _ATTRIBUTES, _TEXTS, st.just([])),
    lambda nodes: st.builds(_node, _NAMES, _ATTRIBUTES, _TEXTS, st.lists(nodes, max_size=4)),
    max_leaves=8,
)


def _xml(inner: str) -> bytes:
    return f"<ComicInfo>{inner}</ComicInfo>".encode()


def _canonical(xml: bytes | str) -> str:
    return canonicalize(xml, strip_text=True, rewrite_prefixes=True)


def test_elements_are_kept_in_order_the_unknown_ones_too() -> None:
    info = parse_comic_info(
        b'<ComicInfo version="2"><Series>Saga</Series><Mine a="1"><b>x</b>y</Mine><Title/>'
        b"stray<Other> z </Other><Pages><Page Image='0' Type='FrontCover'/></Pages></ComicInfo>"
    )

    assert info == ComicInfo(
        (
            ComicInfoElement("@version", "2"),
            ComicInfoElement("Series", "Saga"),
            ComicInfoElement("Mine", '<Mine a="1"><b>x</b>y</Mine>', is_markup=True),
            ComicInfoElement("Title", ""),
            ComicInfoElement("#text", "stray"),
            ComicInfoElement("Other", " z "),
            ComicInfoElement("Pages", ""),
        ),
        (ComicInfoPage(0, "FrontCover"),),
    )


def test_the_document_is_written_for_people_too() -> None:
    info = ComicInfo(
        (ComicInfoElement("Title", "A & B"), ComicInfoElement("Summary", "")),
        (ComicInfoPage(0, "FrontCover", is_double_page=True, attributes=(("ImageSize", "9"),)),),
    )

    assert write_comic_info(info).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ComicInfo xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
        "  <Title>A &amp; B</Title>\n"
        "  <Summary />\n"
        "  <Pages>\n"
        '    <Page Image="0" Type="FrontCover" DoublePage="true" ImageSize="9" />\n'
        "  </Pages>\n"
        "</ComicInfo>\n"
    )


@pytest.mark.slow
@given(st.lists(_NODES, max_size=6), _ATTRIBUTES, st.sampled_from(["", "{urn:root}"]))
def test_what_is_written_says_what_was_read(
    children: list[Element], attributes: dict[str, str], namespace: str
) -> None:
    root = Element(f"{namespace}ComicInfo", attributes)
    root.extend(children)
    xml = tostring(root)

    info = parse_comic_info(xml)
    written = write_comic_info(info)

    assert parse_comic_info(written) == info
    assert write_comic_info(parse_comic_info(written)) == written
    assert _canonical(written) == _canonical(xml)


@given(st.binary(max_size=80), st.sampled_from([b"", b"<ComicInfo>", b"<?xml encoding='"]))
def test_any_bytes_give_a_document_or_an_item_error(noise: bytes, start: bytes) -> None:
    try:
        info = parse_comic_info(start + noise)
    except ItemError:
        return
    assert parse_comic_info(write_comic_info(info)) == info


@pytest.mark.parametrize(
    ("declaration", "encoding"),
    [
        ("", "utf-8"),
        ("", "utf-8-sig"),
        ("<?xml version='1.0'?>", "utf-16"),
        ("<?xml version='1.0'?>", "utf-16-be"),
        ("<?xml version='1.0'?>", "utf-32"),
        ("<?xml version='1.0' encoding='utf-16'?>", "utf-8"),
        ("<?xml version='1.0' encoding='utf-16'?>", "utf-16"),
        ("<?xml version='1.0' encoding='latin-1'?>", "latin-1"),
        ("<?xml version='1.0' encoding='windows-1252'?>", "cp1252"),
        ("\n<?xml version='1.0'?>", "utf-8"),
    ],
)
def test_every_usual_encoding_is_read(declaration: str, encoding: str) -> None:
    xml = f"{declaration}<ComicInfo><Title>Tänzer</Title></ComicInfo>\n".encode(encoding)

    assert parse_comic_info(xml).text("Title") == "Tänzer"


def test_japanese_encodings_are_read() -> None:
    xml = "<?xml version='1.0' encoding='Shift_JIS'?><ComicInfo><Title>巻</Title></ComicInfo>"

    assert parse_comic_info(xml.encode("shift_jis")).text("Title") == "巻"


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        (b"", "no element found: line 1, column 0"),
        (b"<ComicInfo>", "no element found: line 1, column 11"),
        (b"<comet/>", "its root is <comet>; expected <ComicInfo>"),
        (b"<ComicInfo><Title>bla", "no element found: line 1, column 21"),
        (b"<ComicInfo <Title>bla</Title>", "not well-formed (invalid token): line 1, column 11"),
        (b"\0 nothing", "syntax error: line 1, column 0"),
    ],
)
def test_what_is_no_comic_info_is_said(xml: bytes, reason: str) -> None:
    with pytest.raises(UnreadableComicInfoError) as raised:
        parse_comic_info(xml)

    assert raised.value.message == f"unreadable ComicInfo.xml: {reason}"


_BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "declared",
    [
        f'<!DOCTYPE ComicInfo [<!ENTITY e0 "ha">{_BOMB}]>',
        '<!DOCTYPE ComicInfo [<!ENTITY e9 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE ComicInfo [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>',
        '<!DOCTYPE ComicInfo SYSTEM "http://127.0.0.1:9/x.dtd" []>',
    ],
)
def test_entities_are_refused_and_never_fetched(declared: str) -> None:
    with pytest.raises(ForbiddenXmlError) as raised:
        parse_comic_info(f"{declared}<ComicInfo><Title>&e9;</Title></ComicInfo>".encode())

    assert raised.value.message == (
        "ComicInfo.xml has a document type declaration with declarations of its own; "
        "such XML is not read"
    )


@pytest.mark.parametrize(
    ("xml", "limits", "message"),
    [
        (
            _xml("x" * 100),
            MediaLimits(max_document_bytes=50),
            "123 bytes of ComicInfo.xml; at most 50 are accepted",
        ),
        (
            _xml("<a/>" * 11),
            MediaLimits(max_document_elements=10),
            "too many elements in ComicInfo.xml; at most 10 are accepted",
        ),
        (
            _xml("<a>" * 100_000 + "</a>" * 100_000),
            MediaLimits(),
            "too many levels of elements in ComicInfo.xml; at most 64 are accepted",
        ),
        (
            _xml(f"<{'a' * 300}/>"),
            MediaLimits(),
            "300 characters in the name of an element; at most 255 are accepted",
        ),
    ],
)
def test_a_document_over_a_limit_is_refused(xml: bytes, limits: MediaLimits, message: str) -> None:
    with pytest.raises(MediaLimitError) as raised:
        parse_comic_info(xml, limits)

    assert raised.value.message == message


def test_without_the_extra_the_error_names_it() -> None:
    code = (
        "import sys; sys.modules['defusedxml'] = None\n"
        "from dam.errors import MissingExtraError\n"
        "from dam.media.comic.info_xml import parse_comic_info\n"
        "try: parse_comic_info(b'<ComicInfo/>')\n"
        "except MissingExtraError as error: print(error.message, error.hint)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT
    )

    assert done.stdout == (
        "reading ComicInfo.xml needs the extra 'comics', which is not installed"
        ' pip install "ecs-dam[comics]"\n'
    )
