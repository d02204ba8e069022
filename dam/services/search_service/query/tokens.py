"""Cuts the text of a query into tokens, in linear time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from dam.errors import QuerySyntaxError

MOST_CHARACTERS = 1_000_000
MOST_TERMS = 10_000

_SPACE = re.compile(r"\s+")
_BARE = re.compile(r'[^\s()"]+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_REFUSED = re.compile("[\0\ud800-\udfff]")
_KEYWORDS = {"and", "or", "not", "AND", "OR", "NOT"}

Kind = Literal["(", ")", "and", "or", "not", "term", "end"]


@dataclass(frozen=True)
class Token:
    """A bracket, a keyword or a term: `text` without quotes, its backslashes kept.

    `mask` is as long as `text`, with NUL for each character that was quoted.
    """

    kind: Kind
    start: int
    end: int
    text: str = ""
    mask: str = ""

    @property
    def is_phrase(self) -> bool:
        """Tell whether all of it was quoted."""
        return not self.mask.strip("\0")


def tokens_of(query: str) -> Iterator[Token]:
    """Yield the tokens of a query, and at last one of the kind `end`."""
    if len(query) > MOST_CHARACTERS:
        limit = f"at most {MOST_CHARACTERS:,} characters"
        raise QuerySyntaxError("", MOST_CHARACTERS, f"{len(query):,} characters", (limit,))
    if refused := _REFUSED.search(query):
        raise QuerySyntaxError(query, refused.start(), refused[0], ("a character of Unicode text",))
    at, terms = 0, 0
    while True:
        if space := _SPACE.match(query, at):
            at = space.end()
        if at == len(query):
            break
        token = _next(query, at)
        terms += token.kind == "term"
        if terms > MOST_TERMS:
            raise QuerySyntaxError(query, at, token.text, (f"at most {MOST_TERMS:,} terms",))
        yield token
        at = token.end
    yield Token("end", at, at)


def _next(query: str, at: int) -> Token:
    if query[at] == "(":
        return Token("(", at, at + 1, "(")
    if query[at] == ")":
        return Token(")", at, at + 1, ")")
    if query[at] == '"':
        text, end = _quoted(query, at)
        return Token("term", at, end, text, "\0" * len(text))
    if query[at] == "-" and at + 1 < len(query) and query[at + 1] not in ") \t\n\r":
        return Token("not", at, at + 1, "-")
    bare = _bare(query, at)
    if bare in _KEYWORDS:
        return Token(_keyword(bare), at, at + len(bare), bare)
    return _term(query, at, bare)


def _keyword(text: str) -> Kind:
    low = text.lower()
    return "and" if low == "and" else "or" if low == "or" else "not"


def _term(query: str, start: int, bare: str) -> Token:
    """Return a word, or a field with its value, which may go on with quoted pieces."""
    at = start + len(bare)
    texts, masks = [bare], [bare]
    while ":" in bare and at < len(query):
        if query[at] == '"':
            text, at = _quoted(query, at)
            texts.append(text)
            masks.append("\0" * len(text))
        elif piece := _bare(query, at):
            texts.append(piece)
            masks.append(piece)
            at += len(piece)
        else:
            break
    return Token("term", start, at, "".join(texts), "".join(masks))


def _bare(query: str, at: int) -> str:
    match = _BARE.match(query, at)
    return match[0] if match else ""


def _quoted(query: str, at: int) -> tuple[str, int]:
    match = _QUOTED.match(query, at)
    if match is None:
        raise QuerySyntaxError(query, at, query[at:], ('a second " that ends the phrase',))
    return match[1], match.end()
