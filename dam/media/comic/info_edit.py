"""Changes to single elements of a ComicInfo.xml."""

from dataclasses import replace

from dam.errors import FactRefusedError, UnknownNameError
from dam.media.comic.facts import value_fault
from dam.media.comic.info import COUNT_NAME, PAGES_NAME, SCHEMA_ORDER, ComicInfo, ComicInfoElement
from dam.media.comic.xml_markup import is_writable

EDITABLE = tuple(name for name in SCHEMA_ORDER if name not in (PAGES_NAME, COUNT_NAME))
"""The elements of the schema that people can set; the other two are computed from the pages."""


def with_element(info: ComicInfo, name: str, value: str | None) -> ComicInfo:
    """Return the document with an element set to a value; None or an empty value removes it.

    Args:
        info: The document.
        name: The element, such as "Publisher".
        value: The new text.

    Raises:
        UnknownNameError: Neither the schema nor this document has such an element, or it is
            computed from the pages.
        FactRefusedError: The value is not valid for this element.
    """
    is_own = name not in SCHEMA_ORDER and not name.startswith(("@", "#"))
    if name not in EDITABLE and not (is_own and any(item.name == name for item in info.elements)):
        raise UnknownNameError("ComicInfo element", name, EDITABLE)
    if not value or value.isspace():
        return replace(info, elements=tuple(item for item in info.elements if item.name != name))
    if not is_writable(value):
        raise FactRefusedError(name, repr(value), "text without control characters")
    fault = value_fault(name, value)
    if fault:
        raise FactRefusedError(name, repr(value), fault.rpartition("; expected ")[2])
    return with_text(info, name, value)


def with_text(info: ComicInfo, name: str, text: str) -> ComicInfo:
    """Return the document with an element set to a text, without checking the text.

    An existing element keeps its place, and its repetitions are removed. A new one is inserted in
    the order of the schema.
    """
    kept = [item for item in info.elements if item.name != name]
    places = [at for at, item in enumerate(info.elements) if item.name == name]
    kept.insert(places[0] if places else _place(info, name), ComicInfoElement(name, text))
    return replace(info, elements=tuple(kept))


def with_missing(info: ComicInfo, other: ComicInfo) -> ComicInfo:
    """Return the document with each element of `other` that it lacks, or that is empty in it."""
    for element in other.elements:
        if info.text(element.name) is None:
            kept = replace(info, elements=tuple(e for e in info.elements if e.name != element.name))
            place = _place(kept, element.name)
            elements = (*kept.elements[:place], element, *kept.elements[place:])
            info = replace(info, elements=elements)
    return info


def _place(info: ComicInfo, name: str) -> int:
    """Return the index for a new element: after the last one that precedes it in the schema."""
    rank = SCHEMA_ORDER.index(name)
    earlier = set(SCHEMA_ORDER[:rank])
    place = 0
    for position, element in enumerate(info.elements):
        if element.name in earlier or element.name.startswith("@"):
            place = position + 1
    return place
