"""Texts that files state: `decoded_text` makes one of bytes, and each is cleaned once."""

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


def decoded_text(raw: bytes, otherwise: str = "latin-1") -> str:
    r"""Return bytes as UTF-8 if most of what is not ASCII in them is; else in another encoding.

    One bad byte, or an end inside a letter, does not make the whole text another one: there, U+FFFD
    stands for what cannot be read. Give it one value at a time, not a whole file.

    >>> decoded_text(b"Z\xc3\xbcrich, caf\xc3"), decoded_text(b"caf\xe9")
    ('Zürich, caf\ufffd', 'café')

    Args:
        raw: Any bytes.
        otherwise: The encoding of texts that are not UTF-8.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "replace")
    bad = text.count("\ufffd") - raw.count("\ufffd".encode())
    good = sum(letter > "\x7f" for letter in text) - bad
    return text if good >= bad else raw.decode(otherwise, "replace")
