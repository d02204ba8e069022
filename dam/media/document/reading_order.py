"""The words of zipped documents: which members have them, and in which order one reads these."""

import posixpath
from collections.abc import Iterable, Iterator
from itertools import islice
from xml.etree.ElementTree import Element

from dam.errors import ItemError
from dam.media.document.facts import TEXT_PAGES
from dam.media.document.words import BOOK, OFFICE, OPEN_DOCUMENT, words_of
from dam.media.document.zipped import ZippedDocument, attribute, elements, member_name
from dam.media.limits import MediaLimits

_MOST_MEMBERS = 1_000
_ID_OF_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_ID = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


def open_xml_words(document: ZippedDocument, media_type: str, limits: MediaLimits) -> str | None:
    """Return the first words of a docx, xlsx or pptx; None if it has none.

    Those of a table are in a list that its sheets share, which is not in their order; words that
    are in the cells themselves follow it.
    """
    try:
        members = _open_xml_members(document, media_type)
    except ItemError:  # its facts are good all the same
        return None
    return words_of(_beginnings(document, members, limits), OFFICE, limits)


def _open_xml_members(document: ZippedDocument, media_type: str) -> list[str]:
    """Return the members with words; where no relation names them, those with the usual names."""
    main = next(iter(_related(document, "", "/officeDocument").values()), "")
    if "spreadsheetml" in media_type:
        main = main or "xl/workbook.xml"
        strings = _related(document, main, "/sharedStrings").values()
        sheets = _in_order(document, main, "sheet", "/worksheet")
        usual = ["xl/sharedStrings.xml", *_numbered("xl/worksheets/sheet{}.xml")]
        return [*strings, *sheets] or usual
    if "presentationml" in media_type:
        slides = _in_order(document, main or "ppt/presentation.xml", "sldId", "/slide")
        return (slides or _numbered("ppt/slides/slide{}.xml"))[:TEXT_PAGES]
    return [main or "word/document.xml"]


def _numbered(name: str) -> list[str]:
    return [name.format(number) for number in range(1, TEXT_PAGES + 1)]


def open_document_words(document: ZippedDocument, limits: MediaLimits) -> str | None:
    """Return the first words of an odt, ods, odp or the like."""
    return words_of(_beginnings(document, ["content.xml"], limits), OPEN_DOCUMENT, limits)


def epub_words(
    document: ZippedDocument, package_name: str | None, package: Element | None, limits: MediaLimits
) -> str | None:
    """Return the first words of an EPUB, given the member that describes it."""
    if package_name is None or package is None:
        return None
    items = {
        attribute(each, "id"): attribute(each, "href")
        for each in elements(package, "item")
        if "html" in attribute(each, "media-type")
    }
    chapters = (
        member_name(items[key], package_name)
        for each in elements(package, "itemref")
        if (key := attribute(each, "idref")) in items
    )
    return words_of(_beginnings(document, chapters, limits), BOOK, limits)


def _in_order(document: ZippedDocument, main: str, listed: str, kind: str) -> list[str]:
    """Return the members that a part lists under the numbers of its relations, in its order."""
    related = _related(document, main, kind)
    if not related:
        return []
    keys = (
        each.get(_ID_OF_RELATION) or each.get(_STRICT_ID) or ""
        for each in elements(document.xml(main), listed)
    )
    return [related[key] for key in keys if key in related]


def _related(document: ZippedDocument, part: str, kind: str) -> dict[str, str]:
    """Return the members to which a part has relations of a type that ends so, by their ids."""
    folder, name = posixpath.split(part)
    root = document.xml(posixpath.join(folder, "_rels", f"{name}.rels"))
    return {
        attribute(each, "Id"): member_name(attribute(each, "Target"), part)
        for each in elements(root, "Relationship")
        if attribute(each, "Type").endswith(kind)
    }


def _beginnings(
    document: ZippedDocument, names: Iterable[str], limits: MediaLimits
) -> Iterator[bytes]:
    """Yield the bytes of members, each once, until there are as many as one may have."""
    left = limits.max_document_bytes
    for name in dict.fromkeys(islice(names, _MOST_MEMBERS)):
        content = document.beginning(name, left)
        left -= len(content)
        yield content
        if left <= 0:
            return
