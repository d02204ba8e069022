"""What is read of a malformed ComicInfo.xml, and what is told of it."""

import pytest

from dam.media.comic.facts import comic_facts
from dam.media.comic.info import ComicInfoPage
from dam.media.comic.info_xml import parse_comic_info, write_comic_info

_BODY = "<ComicInfo><Series>Tänzer</Series><Number>3</Number></ComicInfo>"
_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
_ESCAPED = "characters that XML wants escaped, such as &"


def _declared(encoding: str) -> str:
    return f"<?xml version='1.0' encoding='{encoding}'?>{_BODY}"


@pytest.mark.parametrize(
    ("xml", "mended"),
    [
        (
            f"{_DECLARATION}{_BODY}\0\0garbage",
            ("characters that XML forbids", "text after its end"),
        ),
        (f"{_BODY}</ComicInfo>", ("text after its end",)),
        (f"{_BODY}<ComicInfo/>", ("text after its end",)),
        (f"junk {_DECLARATION}{_BODY}", ("text before it",)),
        (_DECLARATION + _DECLARATION + _BODY, ("2 XML declarations",)),
        (f"\n {_DECLARATION}{_BODY}", ()),
        (f"\ufeff\ufeff{_BODY}", ()),
        (f"<!DOCTYPE ComicInfo>{_BODY}", ("a document type declaration",)),
        (
            f'<!doctype ComicInfo SYSTEM "http://127.0.0.1:9/>x.dtd">{_BODY}',
            ("a document type declaration",),
        ),
        (_BODY.replace("ComicInfo", "ComicInfoXml"), ("names that are not the usual ones",)),
        (_BODY.lower(), ("names that are not the usual ones",)),
        (_BODY.replace("Number>", "number>"), ("names that are not the usual ones",)),
        (_BODY.replace("<ComicInfo>", "<ComicInfo xsi:a='b'>"), ("an undeclared prefix",)),
        (_BODY.replace("</ComicInfo>", "<Summary>A & B"), None),
        (_BODY.replace("</ComicInfo>", "<Summary>A</Title></ComicInfo>"), None),
    ],
)
def test_what_can_be_read_is_used(xml: str, mended: tuple[str, ...] | None) -> None:
    info = parse_comic_info(xml.encode())

    assert (info.text("Series") or "").casefold() == "tänzer"
    assert info.text("Number") == "3"
    assert info.text("Summary") is None
    assert info.mended == mended or (mended is None and "it breaks off" in info.mended[-1])
    assert parse_comic_info(write_comic_info(info)) == info
    assert parse_comic_info(write_comic_info(info)).mended == ()


@pytest.mark.parametrize(
    ("xml", "remark"),
    [
        (_BODY.encode("cp1252"), "it is not text in utf-8; read as cp1252"),
        (_declared("utf-8").encode("cp1252"), "it is not text in utf-8; read as cp1252"),
        (_declared("iso-8859-1").encode(), "it is not text in iso8859-1; read as utf-8"),
        (_declared("ascii").encode(), "it is not text in ascii; read as utf-8"),
        (_declared("euc_jp").encode("cp1252"), "it is not text in euc_jp; read as cp1252"),
        (_declared("no-such").encode(), "it is not text in no-such; read as utf-8"),
        (_declared("hex").encode(), "it is not text in hex; read as utf-8"),
        (_BODY.encode("utf-16-le"), None),
        (_declared("utf-16").encode("utf-16-be"), None),
        (_declared("koi8-r").replace("ä", "a").encode(), None),
    ],
)
def test_text_in_another_encoding_than_it_says_is_read(xml: bytes, remark: str | None) -> None:
    info = parse_comic_info(xml)

    assert info.text("Series") in ("Tänzer", "Tanzer")
    assert info.mended == ((remark,) if remark else ())


@pytest.mark.parametrize(
    ("inner", "text", "mended"),
    [
        ("Stars & Stripes", "Stars & Stripes", (_ESCAPED,)),
        ("A &amp; B & C &lt;", "A & B & C <", (_ESCAPED,)),
        ("I <3 it, 1 < 2", "I <3 it, 1 < 2", (_ESCAPED,)),
        ("A&nbsp;B &eacute; &LT;", "A\xa0B é <", (_ESCAPED,)),
        ("&unknown; &#x26; &#38;", "&unknown; & &", (_ESCAPED,)),
        ("a\x0bb\x1f", "ab", ("characters that XML forbids",)),
        ("a&#x1F;b&#0;c&#99999999;", "abc&#99999999;", (_ESCAPED,)),
        ("<![CDATA[a & b]]> & c", "a & b & c", (_ESCAPED,)),
        ("<!-- a & b --> & c", "& c", (_ESCAPED,)),
    ],
)
def test_a_text_that_was_not_escaped_is_read(
    inner: str, text: str, mended: tuple[str, ...]
) -> None:
    info = parse_comic_info(f"<ComicInfo><Summary>{inner}</Summary></ComicInfo>".encode())

    assert info.text("Summary") == text
    assert info.mended == mended


def test_a_list_of_pages_in_lower_case_is_read() -> None:
    info = parse_comic_info(
        b"<comicinfo><pages><page image='0' type='FrontCover' doublepage='true'/></pages>"
        b"</comicinfo>"
    )

    assert info.pages == (ComicInfoPage(0, "FrontCover", is_double_page=True),)


def test_an_element_that_has_a_rightly_named_one_beside_it_stays() -> None:
    info = parse_comic_info(b"<ComicInfo><title>a</title><Title>b</Title></ComicInfo>")

    assert [element.name for element in info.elements] == ["title", "Title"]
    assert info.mended == ()


def test_what_was_mended_is_told_in_one_line() -> None:
    info = parse_comic_info(b"<comicinfo><series>A & B</series></comicinfo>junk")

    assert comic_facts(info).problems == (
        f"its ComicInfo.xml was mended: {_ESCAPED}, text after its end, "
        "names that are not the usual ones",
    )
