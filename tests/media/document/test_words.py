"""The words of office documents and books: in their order, and bounded."""

import resource

import pytest

from dam.media.document.facts import TEXT_CHARACTERS, TEXT_PAGES
from dam.media.limits import MediaLimits
from tests.media.document.test_kind import described
from tests.media.document_files import (
    DOCX,
    EPUB,
    ODT,
    core_xml,
    docx,
    epub,
    listing,
    odt,
    relations,
    word,
    zipped,
)

_OPEN_XML = "application/vnd.openxmlformats-officedocument."
XLSX, PPTX = _OPEN_XML + "spreadsheetml.sheet", _OPEN_XML + "presentationml.presentation"
_CORE = core_xml(title="x")
_CHAPTER = (
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/x.dtd">'
    '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>unshown</title></head>'
    "<body><style>p {{}}</style><p>{}</p></body></html>"
)
_CHAPTER_ITEM = '<item id="{0}" href="{0}.xhtml" media-type="application/xhtml+xml"/>'
_CONTENT = (
    '<x xmlns:text="urn:t" xmlns:office="urn:o"><office:body>'
    "<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>{}</office:body></x>"
)


def text_of(content: bytes, kind: str) -> str | None:
    return described(content, kind).text


def test_the_paragraphs_of_a_letter_are_its_lines() -> None:
    inner = (
        "<w:p><w:r><w:t>Dear </w:t></w:r><w:r><w:t>Ann,</w:t><w:br/><w:t>how</w:t><w:tab/>"
        "<w:t>are you?</w:t></w:r></w:p><w:p/><w:p><w:r><w:instrText>PAGE</w:instrText>"
        "<mc:Fallback><w:t>twice</w:t></mc:Fallback><w:delText>gone</w:delText>"
        "<w:t>Gr\u00fc\u00dfe</w:t></w:r></w:p>"
    )
    found = text_of(docx(_CORE, **{"word__document.xml": word(inner)}), DOCX)
    assert found == "Dear Ann,\nhow are you?\nGr\u00fc\u00dfe"


def test_the_words_of_a_letter_are_in_the_part_that_its_relations_name() -> None:
    content = zipped(
        {
            "_rels/.rels": relations(a="officeDocument /word/document2.xml"),
            "word/document.xml": word("<w:p><w:t>old</w:t></w:p>"),
            "word/document2.xml": word("<w:p><w:t>new</w:t></w:p>"),
        }
    )
    assert text_of(content, DOCX) == "new"


def test_a_table_gives_its_shared_words_and_those_in_its_cells() -> None:
    content = zipped(
        {
            "_rels/.rels": relations(a="officeDocument xl/workbook.xml"),
            "xl/workbook.xml": listing("sheet", "r2", "r1"),
            "xl/_rels/workbook.xml.rels": relations(
                r1="worksheet worksheets/a.xml",
                r2="worksheet worksheets/b.xml",
                r3="sharedStrings sharedStrings.xml",
            ),
            "xl/sharedStrings.xml": b"<sst><si><r><t>to</t></r><r><t>tal</t></r></si>"
            b"<si><t>net</t><rPh><t>aloud</t></rPh></si></sst>",
            "xl/worksheets/a.xml": b"<w><c><v>12</v></c><c><is><t>last</t></is></c></w>",
            "xl/worksheets/b.xml": b"<w><c><is><t>first</t></is></c></w>",
        }
    )
    assert text_of(content, XLSX) == "total\nnet\nfirst\nlast"


@pytest.mark.parametrize("is_listed", [True, False])
def test_slides_come_in_the_order_in_which_they_are_shown(*, is_listed: bool) -> None:
    slides = {
        f"ppt/slides/slide{number}.xml": f"<s><p><t>slide{number}</t></p></s>".encode()
        for number in range(1, TEXT_PAGES + 5)
    }
    members = {"_rels/.rels": relations(a="officeDocument ppt/presentation.xml"), **slides}
    expected = [f"slide{number}" for number in range(1, TEXT_PAGES + 1)]
    if is_listed:
        turned = range(TEXT_PAGES + 4, 0, -1)
        members["ppt/presentation.xml"] = listing("sldId", *(f"r{each}" for each in turned))
        targets = {f"r{each}": f"slide slides/slide{each}.xml" for each in turned}
        members["ppt/_rels/presentation.xml.rels"] = relations(**targets)
        expected = [f"slide{number}" for number in turned][:TEXT_PAGES]
    assert (text_of(zipped(members), PPTX) or "").split() == expected


def test_an_open_document_gives_paragraphs_headings_and_cells() -> None:
    inner = "<text:h>Plan</text:h>\n <text:p>one<text:s/>two<text:span>three</text:span></text:p>"
    content = odt("", {"content.xml": _CONTENT.format(inner).encode()})
    assert text_of(content, ODT) == "Plan\none twothree"


def test_a_book_is_read_in_the_order_of_its_spine() -> None:
    members = {
        "OPS/b.xhtml": _CHAPTER.format("Call me&nbsp;Ishmael &amp; co").encode(),
        "OPS/a.xhtml": _CHAPTER.format("The end<br/>of it").encode(),
    }
    items = _CHAPTER_ITEM.format("a") + _CHAPTER_ITEM.format("b")
    found = text_of(epub("", items, members, ["b", "missing", "a", "b"]), EPUB)
    assert found == "Call me Ishmael & co\nThe end\nof it"


def test_a_damaged_chapter_costs_the_rest_of_itself_alone() -> None:
    members = {
        "OPS/a.xhtml": b"<body><p>before</p><p>in <b>the midst</p><p>after</p></body>",
        "OPS/b.xhtml": b'<!DOCTYPE x [<!ENTITY a "aaaa">]><body>&a;</body>',
        "OPS/c.xhtml": b"<body>next</body>",
    }
    items = "".join(map(_CHAPTER_ITEM.format, "abc"))
    assert text_of(epub("", items, members, "abc"), EPUB) == "before\nin\nnext"


def test_the_words_of_a_long_document_are_cut_and_cost_little() -> None:
    paragraphs = "<w:p><w:r><w:t>word word</w:t></w:r></w:p>" * 400_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    found = text_of(docx(_CORE, **{"word__document.xml": word(paragraphs)}), DOCX)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 10
    assert TEXT_CHARACTERS - 10 < len(found or "") <= TEXT_CHARACTERS


@pytest.mark.parametrize(
    "inner",
    ["<w:a>" * 200_000, "<w:a/>" * 200_000 + "late", " " * (64 << 20), "<w:a b=''/>" * 500_000],
)
def test_words_behind_too_much_xml_are_not_looked_for(inner: str) -> None:
    content = docx(_CORE, **{"word__document.xml": word(f"<w:p><w:t>early</w:t></w:p>{inner}")})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    assert text_of(content, DOCX) == "early"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 10


def test_a_book_of_many_chapters_is_read_in_part() -> None:
    limits = MediaLimits()
    chapter = b"<body>" + b" " * (1 << 20) + b"<p>word</p></body>"
    count = limits.max_document_bytes // len(chapter) + 3
    names = [f"c{number}" for number in range(count)]
    members = {f"OPS/{name}.xhtml": chapter for name in names}
    items = "".join(map(_CHAPTER_ITEM.format, names))
    found = text_of(epub("", items, members, names), EPUB)
    assert (found or "").split() == ["word"] * (limits.max_document_bytes // len(chapter))
