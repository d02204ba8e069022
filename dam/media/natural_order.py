"""The order of names and titles as people and file managers have it: `2` before `10`.

The keys of this module are texts that compare character by character. Each character of a name
becomes two: its class (space, punctuation or letter), and itself. A number becomes its class, the
count of its digits, and its digits. So the end of a name comes before any character, then space,
punctuation, numbers and letters.
"""

import re
import unicodedata
from collections.abc import Sequence

_SPACE, _PUNCTUATION, _NUMBER, _LETTER, _FRACTION = "\x01", "\x02", "\x03", "\x04", "\x05"
_ACCENTS = re.compile(r"([a-z])[\u0300-\u036f]+")
# A decimal stands alone: neither the `1.2` in `v1.2`, nor that in the date `1.2.2020`.
_TOKEN = re.compile(r"(?<![^\W_])(?<!\.)(\d+)\.(\d+)(?![^\W_]|\.)|(\d+)|(.)", re.DOTALL)


def text_key(text: str) -> str:
    """Return the sort key of one name or title; case, width and accents are ignored.

    Example: `"Ch 1"`, `"Ch 1 - Extra"`, `"Ch 1.5"`, `"ch 2"` and `"Ch 10"` are in order.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = _ACCENTS.sub(r"\1", unicodedata.normalize("NFD", folded))
    plain = unicodedata.normalize("NFC", plain)
    return "".join(map(_token_key, _TOKEN.finditer(plain)))


def path_key(parts: Sequence[str]) -> tuple[tuple[bool, str], ...]:
    """Return the sort key of a file's path: folder by folder, files before folders.

    Args:
        parts: The folders and the file's name, whose extension is ignored.
    """
    *folders, name = parts or [""]
    stem, dot, _ = name.rpartition(".")
    return (
        *((True, text_key(folder)) for folder in folders),
        (False, text_key(stem if dot else name)),
    )


def _token_key(token: re.Match[str]) -> str:
    whole, fraction, number, character = token.groups()
    if whole is not None:
        digits = _digits(fraction).rstrip("0")
        return _number_key(whole) + (_FRACTION + digits if digits else "")
    if number is not None:
        return _number_key(number)
    category = unicodedata.category(character)
    if category.startswith(("L", "M", "N")):
        return _LETTER + character
    return (_SPACE if character.isspace() else _PUNCTUATION) + character


def _number_key(text: str) -> str:
    digits = _digits(text).lstrip("0")
    return _NUMBER + chr(len(digits)) + digits


def _digits(text: str) -> str:
    """Return digits of any script as those of ASCII."""
    return "".join(str(unicodedata.decimal(digit)) for digit in text)
