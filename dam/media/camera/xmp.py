"""Reads XMP: the tags of its groups, such as `XMP-dc`, as plain values."""

import re
from collections.abc import Mapping

from dam.media.camera.tag_names import XMP_NAMES
from dam.media.camera.values import Groups, TagValue
from dam.media.camera.xml_tree import (
    DOCUMENT_TYPE,
    MOST_ITEMS,
    STATED,
    Node,
    parse_lenient_xml,
)
from dam.media.clean_text import clean_text
from dam.media.limits import MediaLimits

_MOST_TAGS = 2000
_MOST_VALUES = 100_000
_LETTERS_OF_A_VALUE = 100  # longer texts count as several
_LONGEST_NAME = 200
_AROUND = frozenset({"x:xmpmeta", "x:xapmeta", "rdf:RDF"})
_ARRAYS = frozenset({"rdf:Bag", "rdf:Seq", "rdf:Alt"})
_SYNTAX = ("rdf:", "xml:")
_OF_NUMBERS = ("exif:", "tiff:", "aux:", "exifEX:")
_FRACTION = re.compile(r"(-?[0-9]{1,15})/([0-9]{1,15})")
_DATE = re.compile(
    r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2})(?:T([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?)?)?"
)
_DEGREES = re.compile(
    r"([0-9]{1,3}(?:\.[0-9]+)?)(?:,\s*([0-9]{1,2}(?:\.[0-9]+)?))?(?:,\s*([0-9]{1,2}(?:\.[0-9]+)?))?"
    r"\s*([NSEW])",
    re.IGNORECASE,
)
_COORDINATES = ("GPSLatitude", "GPSLongitude", "GPSDestLatitude", "GPSDestLongitude")
_APERTURES = ("ApertureValue", "MaxApertureValue")
_MOST_STOPS = 100
_DEFAULT_LANGUAGE = "x-default"


def read_xmp(block: bytes, groups: Groups, limits: MediaLimits) -> str | None:
    """Add the tags of an XMP document to groups; tags that are there stay.

    Return what is wrong with the document; its tags up to there are added. What is for people is
    added first, so that none of it is lost behind too many others.
    """
    root, fault = parse_lenient_xml(block, limits)
    descriptions: list[Node] = []
    shared: dict[str, Node] = {}
    _find(root, descriptions, shared)
    reader = _Reader(shared)
    for is_stated in (True, False):
        for description in descriptions:
            for name, text in description.attributes.items():
                if _is_property(name) and (name in STATED) is is_stated:
                    _put(groups, name, _plain(name, text))
            for child in description.children:
                name = child.name
                if _is_property(name) and (name in STATED) is is_stated and reader.left > 0:
                    for language, value in reader.values(child).items():
                        _put(groups, name, value, language)
    is_xmp = descriptions or any(child.name in _AROUND for child in root.children)
    return fault if is_xmp or fault == DOCUMENT_TYPE else _why_none(block)


def _why_none(block: bytes) -> str:
    """Return why a document without a description is no XMP."""
    return "it is no XMP" if block.strip(b"\0\t\r\n ") else "it has nothing but zeros or spaces"


def _find(node: Node, descriptions: list[Node], shared: dict[str, Node]) -> None:
    """Collect the descriptions of the picture itself, and what they refer to by name."""
    for child in node.children:
        if child.name in _AROUND or node.name == "":
            _find(child, descriptions, shared)
        if child.name == "x:xmpmeta":
            descriptions.append(Node("", {"x:xmptk": child.attributes.get("x:xmptk", "")}))
        if "rdf:nodeID" in child.attributes:
            shared[child.attributes["rdf:nodeID"]] = child
        if child.name == "rdf:Description":
            descriptions.append(child)


def _is_property(name: str) -> bool:
    return ":" in name and not name.startswith(_SYNTAX)


def _put(groups: Groups, name: str, value: TagValue, language: str = "") -> None:
    """Add a tag, or the tags that the fields of a structure become."""
    prefix, _, local = name.partition(":")
    shown = XMP_NAMES.get(name) or _shown(local)
    tags = groups.setdefault(f"XMP-{clean_text(prefix, 40)}", {})
    _put_parts(tags, shown, value, f"-{language}" if language else "")


def _put_parts(tags: dict[str, TagValue], name: str, value: TagValue, ending: str) -> None:
    if isinstance(value, dict):
        for key, each in value.items():
            _put_parts(tags, _joined_name(name, key), each, ending)
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        fields: dict[str, list[TagValue]] = {}
        for item in value:
            for key, each in item.items() if isinstance(item, dict) else ():
                fields.setdefault(key, []).append(each)
        for key, some in fields.items():
            _put_parts(tags, _joined_name(name, key), _joined(some), ending)
    elif value is not None and len(tags) < _MOST_TAGS:
        tags.setdefault(f"{XMP_NAMES.get(name, name)}{ending}"[:_LONGEST_NAME], value)


def _joined_name(name: str, key: str) -> str:
    """Return the name of a field of a structure; what it would say twice is said once."""
    if key.startswith(name):
        return key
    return XMP_NAMES.get(name + key, name + key)


def _joined(values: list[TagValue]) -> TagValue:
    """Return the values of one field of several structures, of which each may have a list."""
    if len(values) == 1:
        return values[0]
    parts: list[TagValue] = []
    for value in values:
        parts += value if isinstance(value, list) else [value]
    return parts[:MOST_ITEMS]


def _shown(local: str) -> str:
    name = clean_text(local, _LONGEST_NAME)
    return name[:1].upper() + name[1:]


class _Reader:
    """Reads the values of properties.

    Invariant: each shared element is read once, and its values count each time that it is named, so
    that the time and the values are linear to the size of the document.

    Attributes:
        left: How many values may still be read.
    """

    def __init__(self, shared: Mapping[str, Node]) -> None:
        self._shared = shared
        self._read: dict[str, tuple[TagValue, int]] = {}
        self.left = _MOST_VALUES

    def values(self, node: Node) -> dict[str, TagValue]:
        """Return the value of a property by language; that of no or of the first by an empty text.

        Only a property itself may refer to another element by its name, so that none leads back.
        """
        if not node.children and "rdf:nodeID" in node.attributes:
            return {"": self._shared_value(node)}
        if len(node.children) == 1 and node.children[0].name == "rdf:Alt":
            return self._languages(node.name, node.children[0])
        return {"": self.value(node.name, node)}

    def _shared_value(self, node: Node) -> TagValue:
        key = node.attributes["rdf:nodeID"]
        if key not in self._shared:
            return self.value(node.name, node)
        if key in self._read:
            value, cost = self._read[key]
            self.left -= cost
            return value if self.left >= 0 else None
        before = self.left
        value = self.value(node.name, self._shared[key])
        self._read[key] = value, before - self.left
        return value

    def _languages(self, name: str, node: Node) -> dict[str, TagValue]:
        found: dict[str, TagValue] = {}
        for item in node.children[:MOST_ITEMS]:
            language = item.attributes.get("xml:lang", _DEFAULT_LANGUAGE)
            found.setdefault(clean_text(language, 20), self.value(name, item))
        default = next((each for each in found if each.lower() == _DEFAULT_LANGUAGE), None)
        if default is None:
            return {"": next(iter(found.values()), None), **found}
        return {"": found.pop(default), **found}

    def value(self, name: str, node: Node) -> TagValue:
        """Return a text or number, a list, or the fields of a structure; None of too many."""
        self.left -= _cost(node)
        if self.left < 0:
            return None
        if node.name in _ARRAYS:
            return [self.value(name, each) for each in node.children[:MOST_ITEMS]]
        if len(node.children) == 1 and node.children[0].name in _ARRAYS:
            return self.value(name, node.children[0])
        fields = self._fields(node)
        if "rdf:value" in fields:
            return fields["rdf:value"]
        if named := {key: each for key, each in fields.items() if _is_property(key)}:
            shown = {_shown(key.partition(":")[2]): each for key, each in named.items()}
            return {key: each for key, each in shown.items() if each is not None}
        return _plain(name, node.attributes.get("rdf:resource", node.text))

    def _fields(self, node: Node) -> dict[str, TagValue]:
        """Return the fields that a structure has as attributes, as children, or one level down."""
        is_wrapped = len(node.children) == 1 and node.children[0].name == "rdf:Description"
        inner = node.children[0] if is_wrapped else node
        self.left -= _cost(inner) if is_wrapped else 0
        fields: dict[str, TagValue] = {
            name: _plain(name, text)
            for name, text in inner.attributes.items()
            if _is_property(name) or name == "rdf:value"
        }
        for child in inner.children[:MOST_ITEMS]:
            fields.setdefault(child.name, self.value(child.name, child))
        return fields


def _cost(node: Node) -> int:
    letters = sum(map(len, (*node.texts, *node.attributes.values())))
    return 1 + len(node.attributes) + letters // _LETTERS_OF_A_VALUE


def _plain(name: str, text: str) -> TagValue:
    """Return a text, or the number or the date that it is, in the form that EXIF has."""
    local = name.partition(":")[2]
    clean = clean_text(text)
    if local in _COORDINATES and (degrees := _DEGREES.fullmatch(clean)):
        whole, minutes, seconds, direction = degrees.groups()
        value = float(whole) + float(minutes or 0) / 60 + float(seconds or 0) / 3600
        return -value if direction.upper() in "SW" else value
    if name.startswith(_OF_NUMBERS) and "/" in clean:
        numbers = [_number(part) for part in clean.split()]
        return _of_stops(local, numbers[0]) if len(numbers) == 1 else numbers
    if date := _DATE.fullmatch(clean):
        day = ":".join(part for part in date.groups()[:3] if part)
        return f"{day} {date[4]}{date[5] or ''}" if date[4] else day
    return clean


def _number(text: str) -> TagValue:
    """Return the number that a fraction is; None with zero below; any other text as it is."""
    fraction = _FRACTION.fullmatch(text)
    if fraction is None:
        return text
    above, below = int(fraction[1]), int(fraction[2])
    return above / below if below else None


def _of_stops(name: str, value: TagValue) -> TagValue:
    """Return seconds and f-numbers for what EXIF counts in stops."""
    if not isinstance(value, float) or abs(value) > _MOST_STOPS:
        return value
    if name == "ShutterSpeedValue":
        return float(2.0**-value)
    return float(2.0 ** (value / 2)) if name in _APERTURES else value
