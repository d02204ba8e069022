"""Parses the XML of XMP into a small tree, within limits, and as far as it can be read.

Expat of the standard library does it, so that a picture needs no extra. A document type is refused
before anything in it is looked at, so no entity is ever declared.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple, NoReturn

from dam.media.camera.tag_names import NAMESPACES
from dam.media.limits import MediaLimits

_MOST_TEXT = 1 << 20
_MOST_ELEMENTS = 30_000
_MOST_IN_ALL = 1_000_000  # elements, with those that are passed over
_AROUND = frozenset({"x:xmpmeta", "x:xapmeta", "rdf:RDF", "rdf:Description"})
_KEYWORDS = frozenset(
    {"dc:subject", "lr:hierarchicalSubject", "digiKam:TagsList", "microsoft:LastKeywordXMP"}
)
# Not compiled: that takes longer than this module's import, for the few documents to be mended.
_NOT_XML = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_BARE_AND = r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)"
_BY_NUMBER = r"&#(?:([0-9]{1,7})|x([0-9a-fA-F]{1,6}));"

DOCUMENT_TYPE = "it has a document type"
MOST_ITEMS = 1000
"""Items of one list that are read; those behind them are passed over."""
STATED = _KEYWORDS | {
    *("dc:title", "dc:description", "dc:creator", "tiff:Artist", "xmp:Rating"),
    *("microsoft:Rating", "photoshop:DateCreated", "photoshop:SidecarForExtension"),
    *("exif:DateTimeOriginal", "exif:DateTimeDigitized", "xmp:CreateDate"),
    *("exif:GPSLatitude", "exif:GPSLongitude", "exif:GPSAltitude", "exif:GPSAltitudeRef"),
}
"""Properties that say something for people, which are read behind any number of others."""


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

    `fault` is None for a document that is sound. Limits count as faults only if something that is
    `STATED` is behind them.
    """

    root: Node
    fault: str | None = None


class _StopError(Exception):
    """Nothing more of the document is read."""


def parse_lenient_xml(block: bytes, limits: MediaLimits) -> ParsedXml:
    """Return the tree of a document.

    Of a document that is malformed it has what was read until there; of one with a document type it
    has nothing. What is nested too deep, and what is too much, is passed over; behind the latter
    only what is `STATED` is read.
    """
    content, encoding = _from_first_tag(block[: limits.max_metadata_bytes])
    builder = _Builder(limits)
    if not _parse(content, encoding, builder) and not builder.has_root:
        mended = _Builder(limits)
        _parse(_mended(content), "utf-8", mended)
        builder = mended if mended.has_root or mended.count > builder.count else builder
    whole = None if builder.has_root else "it is not well-formed"
    return ParsedXml(builder.root, builder.fault or whole)


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
    text = re.sub(_BY_NUMBER, _sound_reference, re.sub(_NOT_XML, "", _decoded(content)))
    return re.sub(_BARE_AND, "&amp;", text).encode("utf-8")


def _decoded(content: bytes) -> str:
    """Return UTF-8, of which at most every second letter beyond ASCII is bad; or else Latin-1."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("utf-8", "replace")
    other = len(text) - len(text.encode("ascii", "ignore"))
    good = other - text.count("\ufffd")
    return text if len(re.findall("\ufffd+", text)) <= good else content.decode("latin-1")


def _sound_reference(found: re.Match[str]) -> str:
    code = int(found[1]) if found[1] else int(found[2], 16)
    is_sound = code <= sys.maxunicode and not re.match(_NOT_XML, chr(code))
    return found[0] if is_sound else ""


class _Place(IntEnum):
    """Where an element is: around the properties, in one that is `STATED`, or in another one."""

    AROUND = 0
    STATED = 1
    OTHER = 2

    def of_child(self, name: str) -> "_Place":
        """Return the place of a child with this name."""
        if self is not _Place.AROUND or name in _AROUND:
            return self
        return _Place.STATED if name in STATED else _Place.OTHER


class _Builder:
    """Builds the tree; expat calls it."""

    def __init__(self, limits: MediaLimits) -> None:
        self.root = Node("", {})
        self._open = [self.root]
        self._scopes: list[Mapping[str, str]] = [{"xml": "xml"}]
        self._places = [_Place.AROUND]
        self._passed_over = 0
        self._most_levels = limits.max_document_depth
        self._most_elements = min(_MOST_ELEMENTS, limits.max_document_elements)
        self._elements = [0] * len(_Place)
        self._letters = [0] * len(_Place)
        self.count = 0
        self.fault: str | None = None

    @property
    def has_root(self) -> bool:
        """Tell whether the root was read up to its end."""
        return bool(self.root.children) and len(self._open) == 1

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Open an element, or pass over it."""
        self.count += 1
        if self.count > _MOST_IN_ALL:
            self._stop(f"it has more than {_MOST_IN_ALL:,} elements")
        if self._passed_over or self._is_full():
            self._passed_over += 1
            return
        scope = self._scopes[-1]
        declared = {
            key: value for key, value in attributes.items() if key.partition(":")[0] == "xmlns"
        }
        if declared:
            known = {key[6:]: _prefix(key[6:], value) for key, value in declared.items()}
            scope = {**scope, **known}
        full_name = _named(name, scope)
        place = self._places[-1].of_child(full_name)
        if not self._has_room(place):
            self._passed_over = 1
            return
        own = {
            _named(key, scope) if ":" in key else key: value
            for key, value in attributes.items()
            if key not in declared
        }
        node = Node(full_name, own)
        self._open[-1].children.append(node)
        self._open.append(node)
        self._scopes.append(scope)
        self._places.append(place)

    def _is_full(self) -> bool:
        """Tell whether the innermost element takes no child any more."""
        if len(self._open) > self._most_levels:
            return True
        place = self._places[-1]
        if place is _Place.AROUND or len(self._open[-1].children) < MOST_ITEMS:
            return False
        if place is _Place.STATED:
            self.fault = f"it has a list of more than {MOST_ITEMS:,} keywords or names"
        return True

    def _has_room(self, place: _Place) -> bool:
        """Count an element."""
        self._elements[place] += 1
        if self._elements[place] <= self._most_elements:
            return True
        if place is not _Place.OTHER:
            self._stop(f"it has more than {self._most_elements:,} elements that are read")
        return False

    def end(self, _: str) -> None:
        """Close the innermost element."""
        if self._passed_over:
            self._passed_over -= 1
            return
        self._open.pop()
        self._scopes.pop()
        self._places.pop()

    def text(self, text: str) -> None:
        """Take a part of a text, or pass over it."""
        place = self._places[-1]
        if self._passed_over or place is _Place.AROUND:
            return
        self._letters[place] += len(text)
        if self._letters[place] <= _MOST_TEXT:
            self._open[-1].texts.append(text)
        elif place is _Place.STATED:
            self._stop(f"it has more than {_MOST_TEXT:,} letters of words for people")

    def refuse(self, *_: object) -> None:
        """Stop at a document type."""
        self._stop(DOCUMENT_TYPE)

    def _stop(self, fault: str) -> NoReturn:
        self.fault = fault
        raise _StopError


def _prefix(own: str, namespace: str) -> str:
    """Return the usual prefix of a namespace, or the one in the document."""
    return NAMESPACES.get(namespace.strip().rstrip("/#:"), own)


def _named(name: str, scope: Mapping[str, str]) -> str:
    """Return a name with its usual prefix; one without a prefix is in the default namespace."""
    prefix, colon, local = name.partition(":")
    if not colon:
        return f"{scope['']}:{name}" if scope.get("") else name
    return f"{scope.get(prefix, prefix)}:{local}"
