"""Cuts the text of a query into tokens, in linear time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from dam.errors import QuerySyntaxError

MOST_CHARACTERS = 1_000_000
REFUSED = re.compile("[\0\ud800-\udfff]")
"""Characters that no database stores, and so no query finds."""

_SPACE = re.compile(r"\s+")
_BARE = re.compile(r'[^\s()"]+')
_QUOTED = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL)
_NEGATION = re.compile(r"-(?=[^\s)])")
_SIGNS: dict[str, "Kind"] = {"(": "(", ")": ")"}
_KEYWORDS: dict[str, "Kind"] = {"and": "and", "or": "or", "not": "not"}

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
        raise QuerySyntaxError("", 0, f"{len(query):,} characters", (limit,))
    if refused := REFUSED.search(query):
        expected = "a character that can be stored"
        raise QuerySyntaxError(query, refused.start(), refused[0], (expected,))
    at = 0
    while True:
        if space := _SPACE.match(query, at):
            at = space.end()
        if at == len(query):
            break
        token = _next(query, at)
        yield token
        at = token.end
    yield Token("end", at, at)


def _next(query: str, at: int) -> Token:
    if kind := _SIGNS.get(query[at]):
        return Token(kind, at, at + 1, query[at])
    if _NEGATION.match(query, at):
        return Token("not", at, at + 1, "-")
    if query[at] == '"':
        text, end = _quoted(query, at)
        return Token("term", at, end, text, "\0" * len(text))
    bare = _bare(query, at)
    keyword = _KEYWORDS.get(bare) or _KEYWORDS.get(bare.lower() if bare.isupper() else "")
    if keyword:
        return Token(keyword, at, at + len(bare), bare)
    if ":" in bare or bare.startswith("@"):
        return _field(query, at)
    return Token("term", at, at + len(bare), bare, bare)


def _field(query: str, start: int) -> Token:
    """Return a field with its value, in which bare and quoted pieces may follow on each other."""
    at = start
    texts, masks = [], []
    while at < len(query):
        if query[at] == '"':
            text, at = _quoted(query, at)
            texts.append(text)
            masks.append("\0" * len(text))
        elif piece := _bare(query, at):
            texts.append(piece)
            masks.append(piece)
            at += len(piece)
        elif query[at] == "(":
            expected = "quotes around a value with brackets, or a space before the bracket"
            raise QuerySyntaxError(query, at, "(", (expected,))
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
