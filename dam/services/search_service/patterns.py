r"""Patterns of texts: `*` is any text, `?` one character, and a backslash makes a character plain.

They are never made into regular expressions, which some patterns would keep busy for years.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from dam.media.folding import fold

MOST_CHARACTERS = 10_000
MOST_BYTES = 50_000
"""SQLite takes no longer pattern."""

_GLOB_SPECIAL = "*?["
_LIKE_SPECIAL = "\\%_"

Piece = tuple[Literal["any", "one", "text"], str]


@dataclass(frozen=True)
class Pattern:
    """A pattern that was read: runs of plain text between wildcards."""

    pieces: tuple[Piece, ...]

    @property
    def like(self) -> str:
        """The pattern as SQL's `LIKE` takes it, with a backslash to escape."""
        marks = {"any": "%", "one": "_"}
        return "".join(marks.get(kind) or _escaped(text) for kind, text in self.pieces)

    @property
    def glob(self) -> str:
        """The pattern as SQLite's `GLOB` takes it, which minds the case of letters."""
        marks = {"any": "*", "one": "?"}
        return "".join(
            marks.get(kind) or "".join(f"[{c}]" if c in _GLOB_SPECIAL else c for c in text)
            for kind, text in self.pieces
        )

    @property
    def start(self) -> str:
        """The text with which everything begins that matches; maybe empty."""
        return self.pieces[0][1] if self.pieces and self.pieces[0][0] == "text" else ""

    @property
    def length(self) -> int:
        """The number of characters."""
        return sum(len(text) or 1 for _, text in self.pieces)

    def folded(self) -> "Pattern":
        """Return the pattern that folded texts match."""
        return Pattern(tuple((kind, fold(text)) for kind, text in self.pieces))

    @cached_property
    def _steps(self) -> list[Piece]:
        return [
            (kind, character)
            for kind, run in self.pieces
            for character in (run if kind == "text" else " ")
        ]

    def matches(self, text: str) -> bool:
        """Tell whether the whole text matches, in time proportional to both lengths at worst."""
        wanted = self._steps
        at, place, star, resume = 0, 0, -1, 0
        while place < len(text):
            kind, character = wanted[at] if at < len(wanted) else ("end", "")
            if kind == "any":
                star, resume, at = at, place, at + 1
            elif kind == "one" or (kind == "text" and character == text[place]):
                at, place = at + 1, place + 1
            elif star >= 0:
                resume += 1
                at, place = star + 1, resume
            else:
                return False
        return all(kind == "any" for kind, _ in wanted[at:])


def read_pattern(text: str) -> Pattern:
    r"""Read a pattern; stars that follow each other are one.

    >>> read_pattern("IMG_*.jp?g").like
    'IMG\\_%.jp_g'
    """
    pieces: list[Piece] = []
    run = ""
    characters = iter(text)
    for character in characters:
        if character in "*?":
            if run:
                pieces.append(("text", run))
                run = ""
            if character == "?":
                pieces.append(("one", ""))
            elif not pieces or pieces[-1][0] != "any":
                pieces.append(("any", ""))
        else:
            run += next(characters, "\\") if character == "\\" else character
    if run:
        pieces.append(("text", run))
    return Pattern(tuple(pieces))


def plain_pattern(text: str) -> str:
    """Return the pattern that only this text matches."""
    return "".join(f"\\{c}" if c in "*?\\" else c for c in text)


def _escaped(text: str) -> str:
    return "".join(f"\\{c}" if c in _LIKE_SPECIAL else c for c in text)
