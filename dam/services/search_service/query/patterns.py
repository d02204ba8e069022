"""Backslashes, wildcards and quotes in the values of a query."""

import re

_ESCAPE = re.compile(r'\\([*?\\"])')
_PIECES = re.compile(r"\\.|.", re.DOTALL)
_WILDCARD = re.compile(r"(?:[^\\*?]|\\.)*+[*?]", re.DOTALL)
_CONTAINS = re.compile(r"\*((?:[^\\*?]|\\.)++)\*", re.DOTALL)
_BARE = re.compile(r'[^\s()"<>=][^\s()"]*')


def unescaped(text: str) -> str:
    r"""Return a text without the backslashes of `\*`, `\?`, `\"` and `\\`; others are plain."""
    return _ESCAPE.sub(r"\1", text)


def escaped(text: str) -> str:
    """Return what `unescaped` makes this text of."""
    return re.sub(r'([\\"])', r"\\\1", text)


def pattern_of(text: str) -> str:
    """Return the value of a query as a pattern in the form of `Glob`."""
    pieces = []
    for piece in _PIECES.findall(text):
        if piece == '\\"':
            pieces.append('"')
        elif piece[0] == "\\" and piece[1:] not in {"*", "?", "\\"}:
            pieces.append(f"\\\\{piece[1:]}")
        else:
            pieces.append(piece)
    return "".join(pieces)


def exact_pattern(text: str) -> str:
    """Return the pattern that matches this text alone."""
    return re.sub(r"([*?\\])", r"\\\1", text)


def has_wildcard(pattern: str) -> bool:
    """Tell whether a pattern matches more than one text."""
    return _WILDCARD.match(pattern) is not None


def containing(pattern: str) -> str:
    """Return a pattern as it is if it has a wildcard, else the one for texts that contain it."""
    return pattern if has_wildcard(pattern) else f"*{pattern}*"


def contained(pattern: str) -> str | None:
    """Return what `containing` made a pattern of, or None if it has other wildcards."""
    match = _CONTAINS.fullmatch(pattern)
    return match[1] if match else None


def quoted(text: str) -> str:
    """Return a value as it is if it can stand in a query so, else in quotes."""
    return text if not text or _BARE.fullmatch(text) else f'"{text}"'


def literal(text: str) -> str:
    """Return the value that is read as this text, also where it could be a pattern."""
    return quoted(_without_wildcards(text))


def tag_value(name: str, *, is_glob: bool = False) -> str:
    """Return the value of `tag:` that is read as the name of this tag, or as this pattern."""
    text = name.replace('"', '\\"') if is_glob else _without_wildcards(name)
    return f'"{text}"' if set(text) & set("<>=") else quoted(text)


def _without_wildcards(text: str) -> str:
    return re.sub(r'([*?\\"])', r"\\\1", text)
