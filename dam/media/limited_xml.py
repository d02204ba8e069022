"""Reading of XML from anywhere: nothing is expanded or fetched, and limits are kept."""

from xml.etree.ElementTree import Element, TreeBuilder

from dam.errors import (
    ForbiddenXmlError,
    MediaLimitError,
    MissingExtraError,
    UnreadableDocumentError,
    raise_host_limit,
)
from dam.media.limits import MediaLimits


class LimitedTree(TreeBuilder):
    """Builds the tree of a document, and raises as soon as it exceeds a limit.

    Args:
        what: The name of the document, for errors.
        limits: How many elements it may have, and how deep.
    """

    def __init__(self, what: str, limits: MediaLimits) -> None:
        super().__init__()
        self._what = what
        self._limits = limits
        self._elements = 0
        self._open: list[Element] = []

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        """Open an element."""
        self._elements += 1
        most, deepest = self._limits.max_document_elements, self._limits.max_document_depth
        if self._elements > most:
            raise MediaLimitError(f"elements in {self._what}", None, most)
        if len(self._open) >= deepest:
            raise MediaLimitError(f"levels of elements in {self._what}", None, deepest)
        element = super().start(tag, attrs)
        self._open.append(element)
        return element

    def end(self, tag: str, /) -> Element:
        """Close the innermost element."""
        self._open.pop()
        return super().end(tag)


def parse_xml(content: bytes, what: str, limits: MediaLimits) -> Element:
    """Return the root of a document.

    Args:
        content: Its bytes, in any encoding that it declares.
        what: Its name, for errors.
        limits: How large and deep it may be.

    Raises:
        UnreadableDocumentError: It is not well-formed.
        ForbiddenXmlError: It declares entities, which entity bombs and external entities need.
        MediaLimitError: It exceeds a limit.
        MissingExtraError: The extra `documents` is not installed.
    """
    if len(content) > limits.max_document_bytes:
        raise MediaLimitError(f"bytes of {what}", len(content), limits.max_document_bytes)
    try:
        from defusedxml import DefusedXmlException  # noqa: PLC0415 - an extra
        from defusedxml.ElementTree import DefusedXMLParser, ParseError  # noqa: PLC0415
    except ImportError as error:
        raise_host_limit(error)
        raise MissingExtraError("documents", "reading documents") from error
    parser = DefusedXMLParser(target=LimitedTree(what, limits))
    try:
        parser.feed(content)
        root = parser.close()
    except DefusedXmlException as error:
        raise ForbiddenXmlError(what) from error
    except (ParseError, ValueError, LookupError) as error:  # LookupError: an unknown encoding
        raise UnreadableDocumentError("XML", f"{what}: {error}") from error
    assert isinstance(root, Element)
    return root
