"""The words of office documents and books, taken from the XML inside as it is parsed."""

import html.entities
import re
from collections.abc import Iterable
from dataclasses import dataclass

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from dam.media.document.facts import TEXT_CHARACTERS, stated
from dam.media.limits import MediaLimits

_CHUNK_BYTES = 64 << 10
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """The elements, by their names without namespace, that hold the words of a kind of document.

    Attributes:
        words: All that is in them counts.
        hidden: Nothing that is in them counts.
        lines: A line of its own each; without an end, such as `br`, they end one.
        blanks: Each stands for a blank.
    """

    words: frozenset[str]
    lines: frozenset[str]
    hidden: frozenset[str] = frozenset()
    blanks: frozenset[str] = frozenset()


OFFICE = Grammar(
    words=frozenset({"t"}),
    lines=frozenset({"p", "br", "cr", "si", "is"}),
    hidden=frozenset({"Fallback", "rPh"}),  # what older programs show instead; how it is read aloud
    blanks=frozenset({"tab"}),
)
OPEN_DOCUMENT = Grammar(
    words=frozenset({"p", "h"}),
    lines=frozenset({"p", "h", "line-break"}),
    hidden=frozenset({"tracked-changes"}),
    blanks=frozenset({"s", "tab"}),
)
_BLOCKS = (
    *("article", "aside", "blockquote", "br", "caption", "dd", "div", "dt", "figcaption", "footer"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "p", "pre", "section", "td", "th"),
)
BOOK = Grammar(
    words=frozenset({"body"}),
    lines=frozenset(_BLOCKS),
    hidden=frozenset({"script", "style"}),
)


class _EnoughError(Exception):
    """No more words are needed, or there are too many elements."""


class _Words:
    """What the parser calls for each element and each piece of text.

    Attributes:
        parts: The words, and ends of lines.
    """

    def __init__(self, grammar: Grammar, limits: MediaLimits) -> None:
        self.parts: list[str] = []
        self._grammar = grammar
        self._left = TEXT_CHARACTERS
        self._elements_left = limits.max_document_elements
        self._shown = self._hidden = 0

    def begin(self) -> None:
        """Begin a new XML document: the one before may have broken off in its midst."""
        self._shown = self._hidden = 0
        self.parts.append("\n")

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        """Open an element."""
        self._elements_left -= 1
        if self._left <= 0 or self._elements_left < 0:
            raise _EnoughError
        self._count(tag, 1)

    def end(self, tag: str) -> None:
        """Close an element."""
        self._count(tag, -1)

    def _count(self, tag: str, step: int) -> None:
        name = tag.rpartition("}")[2]
        self._shown += step * (name in self._grammar.words)
        self._hidden += step * (name in self._grammar.hidden)
        if name in self._grammar.lines:
            self.parts.append("\n")
        elif name in self._grammar.blanks:
            self.parts.append(" ")

    def data(self, text: str) -> None:
        """Take a piece of text."""
        if self._shown and not self._hidden and self._left > 0:
            part = _BLANKS.sub(" ", text)[: self._left]
            self.parts.append(part)
            self._left -= len(part)


def words_of(documents: Iterable[bytes], grammar: Grammar, limits: MediaLimits) -> str | None:
    """Return the words at the beginning of XML documents, a line for each paragraph.

    Of a document that is damaged, cut off or forbidden, they are those before that place.

    Args:
        documents: Each is taken only if words are wanted still.
        grammar: Where the words are.
        limits: How many elements are looked at in all.

    Example: `words_of([b"<p><t>One</t></p>"], OFFICE, limits)` is `One`.
    """
    words = _Words(grammar, limits)
    try:
        for document in documents:
            words.begin()
            _parse(document, words)
    except _EnoughError:
        pass
    lines = (" ".join(line.split()) for line in "".join(words.parts).split("\n"))
    return stated("\n".join(filter(None, lines)), TEXT_CHARACTERS)


def _parse(document: bytes, words: _Words) -> None:
    parser = DefusedXMLParser(target=words)
    parser.entity.update(html.entities.entitydefs)  # books use `&nbsp;` without declaring it
    try:
        for at in range(0, len(document), _CHUNK_BYTES):
            parser.feed(document[at : at + _CHUNK_BYTES])
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        pass  # what came before is good
