"""Parsing and writing of ComicInfo.xml; reading and writing loses nothing of its content."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from dam.errors import (
    ForbiddenXmlError,
    MediaLimitError,
    MissingExtraError,
    UnreadableComicInfoError,
    raise_host_limit,
)
from dam.media.comic.info import (
    COMIC_INFO,
    MARK_NAME,
    PAGES_NAME,
    ComicInfo,
    ComicInfoElement,
    ComicInfoPage,
)
from dam.media.comic.info_pages import page_entry, page_list
from dam.media.comic.info_text import (
    decoded_document,
    is_comic_info_root,
    mended_markup,
    use_usual_names,
)
from dam.media.comic.xml_markup import XSI_NAMESPACE, attributes_text, escape, markup, split_name
from dam.media.limited_xml import LimitedTree
from dam.media.limits import MediaLimits

_ROOT = "ComicInfo"
_MAX_NAME_LENGTH = 255
_XSD = "http://www.w3.org/2001/XMLSchema"


def parse_comic_info(xml: bytes, limits: MediaLimits | None = None) -> ComicInfo:
    """Return the whole content of the document; of a malformed one, what can be read of it.

    What was wrong is told in `ComicInfo.mended`.

    Raises:
        UnreadableComicInfoError: Nothing in it can be read as ComicInfo.
        ForbiddenXmlError: It declares entities, which entity bombs and external entities need;
            nothing is expanded or fetched.
        MediaLimitError: It is larger, deeper, or has more elements than is accepted.
        MissingExtraError: The extra `comics` is not installed.
    """
    limits = limits or MediaLimits()
    if len(xml) > limits.max_document_bytes:
        raise MediaLimitError(f"bytes of {COMIC_INFO}", len(xml), limits.max_document_bytes)
    text, mended = decoded_document(xml)
    root, more = _read(text, limits)
    mended += more
    namespace, name = split_name(root.tag)
    if not is_comic_info_root(name):
        raise UnreadableComicInfoError(f"its root is <{name[:80]}>; expected <{_ROOT}>")
    if use_usual_names(root) or name != _ROOT:
        mended.append("names that are not the usual ones")
    elements = [ComicInfoElement("@xmlns", namespace)] if namespace else []
    elements += [ComicInfoElement(f"@{key}", value) for key, value in root.attrib.items()]
    pages: tuple[ComicInfoPage, ...] | None = None
    _append_text(elements, root.text)
    for child in root:
        child_name = _name_within(child.tag, namespace)
        if child_name == PAGES_NAME and pages is None and _is_page_list(child, namespace):
            pages = tuple(page_entry(entry.attrib) for entry in child)
            elements.append(ComicInfoElement(PAGES_NAME, ""))
        else:
            elements.append(_element(child_name, child, namespace))
        _append_text(elements, child.tail)
    longest = max((len(element.name) for element in elements), default=0)
    if longest > _MAX_NAME_LENGTH:
        raise MediaLimitError("characters in the name of an element", longest, _MAX_NAME_LENGTH)
    return ComicInfo(tuple(elements), pages or (), tuple(mended))


def write_comic_info(info: ComicInfo) -> bytes:
    """Return the document as UTF-8, always the same bytes for the same content.

    The list of pages is written at the element that marks its place, or at the end if there is
    none. Characters that XML does not allow are left out.
    """
    children = [i for i in info.elements if not i.name.startswith("@") and i.name != MARK_NAME]
    if info.pages and not any(item.is_page_list for item in children):
        children.append(ComicInfoElement(PAGES_NAME, ""))
    own = {item.name[1:]: item.value for item in info.elements if item.name.startswith("@")}
    namespace = own.pop("xmlns", "")
    opening = {"xmlns": namespace} if namespace else {}
    opening |= {"xmlns:xsd": _XSD, "xmlns:xsi": XSI_NAMESPACE}
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<{_ROOT}{attributes_text(opening)}{attributes_text(own, declared=(XSI_NAMESPACE,))}>",
    ]
    lines += [f"  {_child(item, info.pages, namespace)}" for item in children]
    return "\n".join([*lines, f"</{_ROOT}>\n"]).encode()


class _Builder(LimitedTree):
    """Builds the tree, of which the part that was read so far can be had."""

    def __init__(self, limits: MediaLimits) -> None:
        super().__init__(COMIC_INFO, limits)
        self._root: Element | None = None

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        """Open an element."""
        element = super().start(tag, attrs)
        self._root = element if self._root is None else self._root
        return element

    def complete_part(self) -> tuple[Element, bool] | None:
        """Return the root with the children that were closed, and whether it was closed itself.

        None if it has no such children.
        """
        if self._root is None:
            return None
        if len(self._open) > 1:
            self._root.remove(self._open[1])
        return (self._root, not self._open) if len(self._root) else None


def _read(text: str, limits: MediaLimits) -> tuple[Element, list[str]]:
    """Return the root of a document, and what was mended to read it."""
    try:
        return _parse(text, _Builder(limits)), []
    except (UnreadableComicInfoError, ForbiddenXmlError) as error:
        mended, remarks = mended_markup(text)
        builder = _Builder(limits)
        try:
            return _parse(mended, builder), remarks
        except UnreadableComicInfoError as rest:
            part = builder.complete_part()
            if part is None:
                raise error from rest
            root, is_closed = part
            lost = "text after its end" if is_closed else f"it breaks off ({rest.reason})"
            return root, [*remarks, lost]


def _parse(text: str, builder: _Builder) -> Element:
    try:
        from defusedxml import DefusedXmlException  # noqa: PLC0415 - an extra
        from defusedxml.ElementTree import DefusedXMLParser, ParseError  # noqa: PLC0415
    except ImportError as error:
        raise_host_limit(error)
        raise MissingExtraError("comics", f"reading {COMIC_INFO}") from error
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    try:
        parser.feed(text)
        root = parser.close()
    except ParseError as error:
        raise UnreadableComicInfoError(str(error)) from error
    except DefusedXmlException as error:
        raise ForbiddenXmlError(COMIC_INFO) from error
    except ValueError as error:  # lone surrogates, names with a NUL
        raise UnreadableComicInfoError("it has characters that XML does not allow") from error
    assert isinstance(root, Element)
    return root


def _name_within(tag: str, namespace: str) -> str:
    """Return the name of an element, without the namespace if that is the root's."""
    own, name = split_name(tag)
    return name if own == namespace else f"{{{own}}}{name}"


def _is_blank(text: str | None) -> bool:
    return not text or text.isspace()


def _append_text(elements: list[ComicInfoElement], text: str | None) -> None:
    if text and not text.isspace():
        elements.append(ComicInfoElement("#text", text.strip()))


def _element(name: str, element: Element, namespace: str) -> ComicInfoElement:
    if len(element) or element.attrib or name == PAGES_NAME:
        return ComicInfoElement(name, markup(element, None if namespace else ""), is_markup=True)
    return ComicInfoElement(name, element.text or "")


def _is_page_list(element: Element, namespace: str) -> bool:
    return (
        not element.attrib
        and _is_blank(element.text)
        and all(
            _name_within(entry.tag, namespace) == "Page"
            and not len(entry)
            and _is_blank(entry.text)
            and _is_blank(entry.tail)
            for entry in element
        )
    )


def _child(item: ComicInfoElement, pages: Sequence[ComicInfoPage], namespace: str) -> str:
    if item.name == "#text":
        return escape(item.value)
    if item.is_page_list:
        return page_list(pages)
    if item.is_markup:
        return item.value
    own, name = split_name(item.name) if "}" in item.name else (namespace, item.name)
    opening = name + attributes_text({"xmlns": own} if own != namespace else {})
    return f"<{opening}>{escape(item.value)}</{name}>" if item.value else f"<{opening} />"
