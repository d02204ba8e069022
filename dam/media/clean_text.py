"""Cleaning of texts that files state: every such text goes through `clean_text` once."""

import re

MOST_CHARACTERS = 10_000
"""A text is cut behind this many characters, unless the caller gives another number."""

# Control characters but tab and line feed, and halves of surrogate pairs. PostgreSQL stores no NUL,
# and neither database stores such a half.
_REFUSED = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_ENDS = re.compile("\r\n?")


def clean_text(text: str, most: int = MOST_CHARACTERS) -> str:
    r"""Return a text that both databases can store and that has no surprises for terminals.

    NUL, half surrogate pairs and control characters are left out, ends of lines become `\n`, and
    white space at both ends is removed. A longer text is cut.

    >>> clean_text("\x00 a\r\nb\ud800 ")
    'a\nb'

    Args:
        text: Any text.
        most: How many characters of it are kept.
    """
    if text.isascii() and text.isprintable():
        return text[:most].strip()
    # What is left out may be nearly everything, so more than `most` characters are looked at.
    return _REFUSED.sub("", _LINE_ENDS.sub("\n", text[: 4 * most]))[:most].strip()
