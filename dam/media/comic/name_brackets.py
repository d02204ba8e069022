"""Brackets in the file names of comics."""

import re
from dataclasses import dataclass

from dam.media.comic.name_numbers import MARK

_BRACKETS = re.compile(
    r"\(([^()\[\]]*(?:\([^()]*\)[^()\[\]]*)*)\)|\[([^\[\]]*)\]|\{([^{}]*)\}", re.DOTALL
)
VERSION = re.compile(r"^\s*v\d\s*$")


@dataclass(frozen=True, slots=True)
class Bracket:
    """A text in brackets.

    Attributes:
        is_leading: Whether only brackets stand before it.
        is_trailing: Whether only brackets, or a version such as `v2`, stand after it.
    """

    text: str
    is_square: bool
    is_leading: bool
    is_trailing: bool


def without_brackets(text: str) -> tuple[str, list[Bracket]]:
    """Return the text with marks in place of brackets, and the brackets."""
    brackets = []
    for match in _BRACKETS.finditer(text):
        before, after = _BRACKETS.sub("", text[: match.start()]), text[match.end() :]
        brackets.append(
            Bracket(
                next(part for part in match.groups() if part is not None).strip(),
                is_square=match.group().startswith("["),
                is_leading=not before.strip(),
                is_trailing=not VERSION.sub("", _BRACKETS.sub("", after)).strip(),
            )
        )
    return _BRACKETS.sub(f" {MARK} ", text).strip(), brackets
