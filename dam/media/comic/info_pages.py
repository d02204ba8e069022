"""The list of pages in a ComicInfo.xml, and the order in which it puts an archive's pictures."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dam.media.comic.info import (
    COUNT_NAME,
    MARK_NAME,
    PAGE_TYPES,
    PAGES_NAME,
    ComicInfo,
    ComicInfoElement,
    ComicInfoPage,
)
from dam.media.comic.xml_markup import attributes_text

_MAX_TYPE_LENGTH = 64
_MISSPELT_TYPES = {"Advertisment": "Advertisement"}  # the schema had it like this for years


@dataclass(frozen=True, slots=True)
class OrderedPage:
    """One page of an archive in reading order.

    Attributes:
        name: The name as it was given.
        index: Its place among the names that were given, from 0.
        entry: Its entry in the list of pages; None if it has none.
    """

    name: str
    index: int
    entry: ComicInfoPage | None


@dataclass(frozen=True, slots=True)
class PageOrder:
    """The pages of an archive in reading order, each of them once.

    Attributes:
        pages: One for each name that was given.
        problem: Why the list of pages does not determine the order; None if it does, or there is
            no list.
        info: The document to keep. If its number of pages is wrong, or its list is of another
            archive or leaves out pages, it has the mark `#pages`. Such a list is kept as markup, so
            that it is written unchanged as long as the pages do not change.
    """

    pages: tuple[OrderedPage, ...]
    problem: str | None = None
    info: ComicInfo | None = None


def apply_page_list(names: Sequence[str], info: ComicInfo | None) -> PageOrder:
    """Return an archive's pages in the order of the list of pages, if the list is valid.

    A list that names missing pictures, or a picture twice, belongs to another archive: nothing of
    it is used, and the order of the names stays. A list that leaves out pictures does not say where
    these belong: the order of the names stays, but its entries for single pages are used.

    Args:
        names: The archive's pictures in natural order, in which the list counts them.
        info: The ComicInfo.xml, if there is one.
    """
    order = _order(names, info.pages if info else ())
    return replace(order, info=info and _kept(info, len(names), order))


def page_list(pages: Sequence[ComicInfoPage]) -> str:
    """Return the list of pages as the XML of its element in a document."""
    if not pages:
        return f"<{PAGES_NAME} />"
    entries = "".join(f"    <Page{attributes_text(page_attributes(page))} />\n" for page in pages)
    return f"<{PAGES_NAME}>\n{entries}  </{PAGES_NAME}>"


def _kept(info: ComicInfo, pictures: int, order: PageOrder) -> ComicInfo:
    is_whole = all(page.entry for page in order.pages)
    elements = [
        ComicInfoElement(PAGES_NAME, page_list(info.pages), is_markup=True)
        if element.is_page_list and not is_whole
        else element
        for element in info.elements
    ]
    is_counted = info.text(COUNT_NAME) in (None, str(pictures))
    if not is_counted or any(item.name == PAGES_NAME and item.is_markup for item in elements):
        elements.append(ComicInfoElement(MARK_NAME, ""))
    return ComicInfo(tuple(elements), info.pages if is_whole else ())


def _order(names: Sequence[str], listed: Sequence[ComicInfoPage]) -> PageOrder:
    natural = tuple(OrderedPage(name, index, None) for index, name in enumerate(names))
    if not listed:
        return PageOrder(natural)
    entries: dict[int, ComicInfoPage] = {}
    for position, entry in enumerate(listed, start=1):
        index = entry.image_index
        problem = None
        if index is None:
            problem = f"its page list is not used: entry {position} names no picture"
        elif index >= len(names):
            problem = (
                f"its page list is not used: it names picture {index} (from 0) of {len(names)}"
            )
        elif index in entries:
            problem = f"its page list is not used: it names picture {index} twice"
        if index is None or problem:
            return PageOrder(natural, problem)
        entries[index] = entry
    if len(entries) < len(names):
        known = tuple(
            OrderedPage(page.name, page.index, entries.get(page.index)) for page in natural
        )
        return PageOrder(known, f"its page list names {len(entries)} of {len(names)} pictures")
    return PageOrder(
        tuple(OrderedPage(names[index], index, entry) for index, entry in entries.items())
    )


def page_entry(attributes: Mapping[str, str]) -> ComicInfoPage:
    """Return the entry that the attributes of a `Page` element describe."""
    index = attributes.get("Image", "").strip()
    entry = ComicInfoPage(
        int(index) if re.fullmatch(r"\d{1,9}", index, re.ASCII) else None,
        _page_type(attributes.get("Type", "")),
        attributes.get("DoublePage", "").strip().lower() in ("true", "1"),
    )
    typed = _typed_attributes(entry)
    others = sorted(item for item in attributes.items() if typed.get(item[0]) != item[1])
    return ComicInfoPage(entry.image_index, entry.page_type, entry.is_double_page, tuple(others))


def page_attributes(entry: ComicInfoPage) -> dict[str, str]:
    """Return the attributes of a `Page` element: as they were read, except those that changed."""
    typed = _typed_attributes(entry)
    said = dict(entry.attributes)
    again = page_entry(typed | said)
    changed = {
        "Image": again.image_index != entry.image_index,
        "Type": again.page_type != entry.page_type,
        "DoublePage": again.is_double_page != entry.is_double_page,
    }
    return typed | {name: value for name, value in said.items() if not changed.get(name)}


def _page_type(text: str) -> str | None:
    """Return the page types in a text, separated by blanks; None if one of them is unknown."""
    names = [_MISSPELT_TYPES.get(name, name) for name in text.split()]
    known = " ".join(names)
    is_known = set(names) <= set(PAGE_TYPES) and 0 < len(known) <= _MAX_TYPE_LENGTH
    return known if is_known else None


def _typed_attributes(entry: ComicInfoPage) -> dict[str, str]:
    """Return the usual attributes for the typed fields of an entry."""
    typed = {} if entry.image_index is None else {"Image": str(entry.image_index)}
    typed |= {"Type": entry.page_type} if entry.page_type else {}
    return typed | ({"DoublePage": "true"} if entry.is_double_page else {})
