"""Changes of single elements of a ComicInfo.xml."""

from dataclasses import replace

from dam.errors import FactRefusedError, UnknownNameError
from dam.media.comic_facts import value_fault
from dam.media.comic_info import PAGES_NAME, SCHEMA_ORDER, ComicInfo, ComicInfoElement
from dam.media.xml_markup import is_writable

_EDITABLE = tuple(name for name in SCHEMA_ORDER if name != PAGES_NAME)


def with_element(info: ComicInfo, name: str, value: str | None) -> ComicInfo:
    """Return the document with that element set to a value; None or an empty one removes it.

    Where it stands already it stays, once; a new one takes its place in the order of the schema.

    Raises:
        UnknownNameError: Neither the schema nor this document has such an element.
        FactRefusedError: The value is of a wrong type.
    """
    is_there = any(element.name == name for element in info.elements)
    if name not in _EDITABLE and not (is_there and name[0] not in "@#" and name != PAGES_NAME):
        raise UnknownNameError("ComicInfo element", name, _EDITABLE)
    if not value or value.isspace():
        return replace(info, elements=tuple(item for item in info.elements if item.name != name))
    if not is_writable(value):
        raise FactRefusedError(name, repr(value), "text without control characters")
    fault = value_fault(name, value)
    if fault:
        raise FactRefusedError(name, repr(value), fault.rpartition("; expected ")[2])
    new = ComicInfoElement(name, value)
    kept = [item for item in info.elements if item.name != name]
    if is_there:
        first = next(at for at, item in enumerate(info.elements) if item.name == name)
        kept.insert(first, new)
    else:
        kept.insert(_place(info, name), new)
    return replace(info, elements=tuple(kept))


def with_missing(info: ComicInfo, other: ComicInfo) -> ComicInfo:
    """Return the document with those elements of another one that it has not, or has empty."""
    for element in other.elements:
        if info.text(element.name) is None:
            kept = replace(info, elements=tuple(e for e in info.elements if e.name != element.name))
            place = _place(kept, element.name)
            elements = (*kept.elements[:place], element, *kept.elements[place:])
            info = replace(info, elements=elements)
    return info


def _place(info: ComicInfo, name: str) -> int:
    """Return where a new element goes: after the last one that the schema has before it."""
    rank = SCHEMA_ORDER.index(name)
    earlier = set(SCHEMA_ORDER[:rank])
    place = 0
    for position, element in enumerate(info.elements):
        if element.name in earlier or element.name.startswith("@"):
            place = position + 1
    return place
