"""Parses the XML of XMP into a small tree, within limits, and as far as it can be read.

Expat of the standard library does it, so that a picture needs no extra. A document type is refused
before anything in it is looked at, so no entity is ever declared.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

from dam.media.camera.tag_names import NAMESPACES
from dam.media.limits import MediaLimits

_MOST_TEXT = 1 << 20
_MOST_ELEMENTS = 30_000
# Not compiled: that takes longer than this module's import, for the few documents to be mended.
_NOT_XML = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_BARE_AND = r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)"


@dataclass
class Node:
    """An element: its name with the usual prefix, such as `dc:title`, its attributes, and content.

    Names of attributes are `prefix:name`, too; without a prefix they have none.
    """

    name: str
    attributes: dict[str, str]
    children: list["Node"] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text in it, without that of its children."""
        return "".join(self.texts)


class ParsedXml(NamedTuple):
    """A document: a node without a name that has its root as the child, and what is wrong with it.

    `fault` is None for a document that is sound, or longer or deeper than what is read of it.
    """

    root: Node
    fault: str | None = None


class _StopError(Exception):
    """Nothing more of the document is read."""


def parse_lenient_xml(block: bytes, limits: MediaLimits) -> ParsedXml:
    """Return the tree of a document.

    Of a document that is malformed, too deep or too large, it has what was read until there; of one
    with a document type it has nothing.
    """
    content, encoding = _from_first_tag(block[: limits.max_document_bytes])
    builder = _Builder(limits)
    if not _parse(content, encoding, builder) and not builder.has_root:
        mended = _Builder(limits)
        _parse(_mended(content), "utf-8", mended)
        builder = mended if mended.has_root or mended.count > builder.count else builder
    is_sound = builder.has_root or builder.is_cut
    return ParsedXml(builder.root, builder.fault or (None if is_sound else "it is not well-formed"))


def _parse(content: bytes, encoding: str | None, builder: "_Builder") -> bool:
    """Parse a document; return whether it may be read better after mending."""
    from xml.parsers.expat import ExpatError, ParserCreate  # noqa: PLC0415 - most files have none

    parser = ParserCreate(encoding)
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = builder.refuse
    try:
        parser.Parse(content, True)  # noqa: FBT003 - it takes no names
    except ExpatError:
        return False
    except (_StopError, ValueError):
        pass
    return True


def _from_first_tag(block: bytes) -> tuple[bytes, str | None]:
    """Return a document from its first tag on, and its encoding unless the document says it."""
    at = block.find(b"<")
    if at < 0:
        return b"", None
    before, behind = block[:at][-3:], block[at + 1 : at + 4]
    if behind == bytes(3) or before == bytes(3):
        encoding, start = ("utf-32-le", at) if behind == bytes(3) else ("utf-32-be", at - 3)
    elif behind[:1] == b"\0":
        encoding, start = ("utf-16-be", at - 1) if before[-1:] == b"\0" else ("utf-16-le", at)
    else:
        return block[at:], None
    return block[start:].decode(encoding, "ignore").encode("utf-8", "ignore"), "utf-8"


def _mended(content: bytes) -> bytes:
    """Return a document as UTF-8, without characters that XML refuses and bare `&`."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return re.sub(_BARE_AND, "&amp;", re.sub(_NOT_XML, "", text)).encode("utf-8")


class _Builder:
    """Builds the tree; expat calls it."""

    def __init__(self, limits: MediaLimits) -> None:
        self.root = Node("", {})
        self._open = [self.root]
        self._scopes: list[Mapping[str, str]] = [{"xml": "xml"}]
        self._limits = limits
        self.count = 0
        self._text_left = _MOST_TEXT
        self.is_cut = False
        self.fault: str | None = None

    @property
    def has_root(self) -> bool:
        """Tell whether the root was read up to its end."""
        return bool(self.root.children) and len(self._open) == 1

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Open an element."""
        self.count += 1
        most = min(_MOST_ELEMENTS, self._limits.max_document_elements)
        if self.count > most or len(self._open) > self._limits.max_document_depth:
            self._cut()
        scope = self._scopes[-1]
        declared = {key: value for key, value in attributes.items() if key.startswith("xmlns:")}
        if declared:
            known = {key[6:]: _prefix(key[6:], value) for key, value in declared.items()}
            scope = {**scope, **known}
        self._scopes.append(scope)
        own = {_named(key, scope): value for key, value in attributes.items() if key[:5] != "xmlns"}
        node = Node(_named(name, scope), own)
        self._open[-1].children.append(node)
        self._open.append(node)

    def end(self, _: str) -> None:
        """Close the innermost element."""
        self._open.pop()
        self._scopes.pop()

    def text(self, text: str) -> None:
        """Take a part of a text."""
        self._text_left -= len(text)
        if self._text_left < 0:
            self._cut()
        self._open[-1].texts.append(text)

    def refuse(self, *_: object) -> None:
        """Stop at a document type."""
        self.fault = "it has a document type"
        raise _StopError

    def _cut(self) -> NoReturn:
        self.is_cut = True
        raise _StopError


def _prefix(own: str, namespace: str) -> str:
    """Return the usual prefix of a namespace, or the one in the document."""
    return NAMESPACES.get(namespace.strip().rstrip("/#:"), own)


def _named(name: str, scope: Mapping[str, str]) -> str:
    prefix, colon, local = name.partition(":")
    return f"{scope.get(prefix, prefix)}:{local}" if colon else name
