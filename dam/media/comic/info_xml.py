"""Parsing and writing of ComicInfo.xml; reading and writing loses nothing of its content."""

import codecs
import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, TreeBuilder

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
from dam.media.comic.xml_markup import XSI_NAMESPACE, attributes_text, escape, markup, split_name
from dam.media.limits import MediaLimits

_ROOT = "ComicInfo"
_MAX_NAME_LENGTH = 255
_XSD = "http://www.w3.org/2001/XMLSchema"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
)
_DECLARED = re.compile(rb"""\s*<\?xml[^>]{,100}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
# Encodings that are accepted besides those above. Python knows more; some of them do not encode
# text at all.
_ENCODINGS = re.compile(
    r"utf-8|ascii|iso8859-\d+|cp125\d|koi8-[ru]|shift_jis|cp932|euc_jp|gb2312|gbk|gb18030|big5"
    r"|euc_kr|cp949"
)


def parse_comic_info(xml: bytes, limits: MediaLimits | None = None) -> ComicInfo:
    """Return the whole content of the document.

    Raises:
        UnreadableComicInfoError: It is not a well-formed ComicInfo document.
        ForbiddenXmlError: It has a document type declaration, which entity bombs and external
            entities need; nothing is expanded or fetched.
        MediaLimitError: It is larger, deeper, or has more elements than is accepted.
        MissingExtraError: The extra `comics` is not installed.
    """
    limits = limits or MediaLimits()
    if len(xml) > limits.max_document_bytes:
        raise MediaLimitError(f"bytes of {COMIC_INFO}", len(xml), limits.max_document_bytes)
    root = _parse(_decode(xml), limits)
    namespace, name = split_name(root.tag)
    if name != _ROOT:
        raise UnreadableComicInfoError(f"its root is <{name[:80]}>; expected <{_ROOT}>")
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
    return ComicInfo(tuple(elements), pages or ())


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


def _decode(xml: bytes) -> str:
    """Return the text, decoded by its byte order mark, else by its declaration, else as UTF-8."""
    encoding, bom = next(
        ((name, bom) for bom, name in _BOMS if xml.startswith(bom)), ("utf-8", b"")
    )
    declared = _DECLARED.match(xml)
    if declared and not bom:
        # The declaration matched as ASCII, so the text is not UTF-16, whatever it declares.
        name = declared[1].decode("ascii").lower()
        encoding = "utf-8" if name.startswith(("utf-16", "utf-32", "ucs-2")) else name
    try:
        is_known = bool(bom or _ENCODINGS.fullmatch(codecs.lookup(encoding).name))
    except LookupError:
        is_known = False
    if not is_known:
        raise UnreadableComicInfoError(f"its encoding {encoding!r} is not known")
    try:
        return xml.decode(encoding).removeprefix("\ufeff").strip("\0 \t\r\n")
    except UnicodeError as error:
        raise UnreadableComicInfoError(f"it is not text in {encoding}") from error


class _Builder(TreeBuilder):
    """Builds the tree, and raises as soon as it exceeds a limit."""

    def __init__(self, limits: MediaLimits) -> None:
        super().__init__()
        self._limits = limits
        self._elements = self._depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        """Open an element."""
        self._elements += 1
        self._depth += 1
        most, deepest = self._limits.max_document_elements, self._limits.max_document_depth
        if self._elements > most:
            raise MediaLimitError(f"elements in {COMIC_INFO}", None, most)
        if self._depth > deepest:
            raise MediaLimitError(f"levels of elements in {COMIC_INFO}", None, deepest)
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        """Close the innermost element."""
        self._depth -= 1
        return super().end(tag)


def _parse(text: str, limits: MediaLimits) -> Element:
    try:
        from defusedxml import DefusedXmlException  # noqa: PLC0415 - an extra
        from defusedxml.ElementTree import DefusedXMLParser, ParseError  # noqa: PLC0415
    except ImportError as error:
        raise_host_limit(error)
        raise MissingExtraError("comics", f"reading {COMIC_INFO}") from error
    parser = DefusedXMLParser(target=_Builder(limits), forbid_dtd=True)
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
