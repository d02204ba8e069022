"""Documents that are zip files: the office formats of today, and EPUB."""

import posixpath
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from dam.errors import (
    MediaLimitError,
    MemberUnreadableError,
    UnreadableArchiveError,
    UnreadableDocumentError,
)
from dam.media.archive.zip_reader import ZipReader
from dam.media.limited_xml import parse_xml
from dam.media.limits import MediaLimits


class ZippedDocument:
    """The members of such a document; a name is looked up among them, and is never a path.

    Args:
        file: The open file.
        document_format: As people write it, such as "EPUB"; for errors.
        limits: How large a member may be.

    Raises:
        UnreadableDocumentError: It is no whole zip file.
        MediaLimitError: It has more members than is accepted.
    """

    def __init__(self, file: BinaryIO, document_format: str, limits: MediaLimits) -> None:
        self._format = document_format
        self._limits = limits
        try:
            self._reader = ZipReader(file, limits)
        except UnreadableArchiveError as error:
            raise UnreadableDocumentError(document_format, error.reason) from error
        self._positions: dict[str, int] = {}
        for position, entry in enumerate(self._reader.entries):
            self._positions.setdefault(entry.raw_name.decode(errors="replace").lower(), position)

    def has(self, name: str) -> bool:
        """Tell whether there is such a member; case does not matter."""
        return name.lower() in self._positions

    def is_encrypted(self, name: str) -> bool:
        """Tell whether a member is there and cannot be read without a password."""
        position = self._positions.get(name.lower())
        return position is not None and self._reader.entries[position].is_encrypted

    def read(self, name: str, most_bytes: int) -> bytes:
        """Return the bytes of a member that is there.

        Raises:
            UnreadableDocumentError: They are corrupt.
            MediaLimitError: There are more than `most_bytes`.
        """
        position = self._positions[name.lower()]
        found = self._reader.entries[position].size_bytes
        if found > most_bytes:
            raise MediaLimitError(f"bytes in the member {name!r}", found, most_bytes)
        try:
            return self._reader.read(position, name)
        except MemberUnreadableError as error:
            reason = f"its member {name!r}: {error.reason}"
            raise UnreadableDocumentError(self._format, reason) from error

    def beginning(self, name: str, most_bytes: int) -> bytes:
        """Return at most so many bytes of a member; none if they cannot be read."""
        position = self._positions.get(name.lower())
        if position is None or self._reader.entries[position].is_encrypted:
            return b""
        try:
            return self._reader.read_beginning(position, name, most_bytes)
        except MemberUnreadableError:
            return b""

    def xml(self, name: str | None) -> Element | None:
        """Return the root of an XML document in it; None if it is not there, or encrypted.

        Raises:
            ItemError: It is corrupt, or exceeds a limit.
        """
        if name is None or not self.has(name) or self.is_encrypted(name):
            return None
        content = self.read(name, self._limits.max_document_bytes)
        return parse_xml(content, name, self._limits)


def member_name(reference: str, base: str = "") -> str:
    """Return the name of the member that a document refers to.

    >>> member_name("../images/a%20b.jpg", "OPS/text/book.opf")
    'OPS/images/a b.jpg'

    Args:
        reference: A relative URL, or one that begins with a slash.
        base: The name of the member that refers to it.
    """
    path = unquote(reference.partition("#")[0])
    whole = posixpath.normpath(posixpath.join("/", posixpath.dirname(base), path))
    return whole.lstrip("/")


def local_name(tag: str) -> str:
    """Return the name of an element or attribute without its namespace."""
    return tag.rpartition("}")[2]


def elements(root: Element | None, *names: str) -> Iterator[Element]:
    """Yield the elements with one of these names, in whatever namespace."""
    if root is not None:
        for element in root.iter():
            if isinstance(element.tag, str) and local_name(element.tag) in names:
                yield element


def texts(root: Element | None, *names: str) -> list[str]:
    """Return the texts of these elements, without blank ones."""
    found = ("".join(element.itertext()).strip() for element in elements(root, *names))
    return [text for text in found if text]


def text(root: Element | None, *names: str) -> str | None:
    """Return the first text of the first of these names that has any."""
    return next((found for name in names for found in texts(root, name)), None)


def attribute(element: Element, name: str) -> str:
    """Return an attribute, in whatever namespace; an empty text if it is not there."""
    return next((value for key, value in element.items() if local_name(key) == name), "")
