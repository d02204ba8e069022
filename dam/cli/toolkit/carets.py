"""Points at a character of a text, such as the one at which a query cannot be read."""

from dam.cli.toolkit.tables import width_of
from dam.errors import printable_text

_BEFORE, _AFTER = 40, 30


def pointed(text: str, position: int) -> tuple[str, str]:
    """Return a line with a part of the text, and one with a caret below the character there.

    Args:
        text: Of any length, on any number of lines.
        position: The character, counted from 0; the length of the text points behind it.
    """
    start, end = max(0, position - _BEFORE), position + _AFTER
    before = ("…" if start else "") + _line(text[start:position])
    after = _line(text[position:end]) + ("…" if end < len(text) else "")
    return before + after, f"{' ' * width_of(before)}^"


def _line(text: str) -> str:
    """Return a text with one printable character for each of its characters."""
    return printable_text(text, lambda letter: " " if letter.isspace() else "\ufffd")
