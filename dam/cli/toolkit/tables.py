"""Lays out rows for a terminal: what people copy stays whole, names are shortened, rows wrap."""

import re
from collections.abc import Iterator, Sequence
from unicodedata import combining, east_asian_width

_SHORTENED = frozenset({"name", "comic"})
_SHORTEST_NAME = 24
_GAP = "  "
_INDENT = "    "
_LINK = re.compile(r"\x1b\]8;;[^\x1b]*\x1b\\")


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield each row as one line in aligned columns."""
    widths = _widths(rows)
    for row in rows:
        yield _GAP.join(map(_padded, row, widths)).rstrip()


def fitted(rows: Sequence[Sequence[str]], header: Sequence[str], columns: int) -> Iterator[str]:
    """Yield a header and the rows in lines for a terminal.

    Columns that are empty in all rows are left out. If the lines would be too long, names are
    shortened in the middle. If that is not enough, the last cells of a row go on lines of their
    own, indented. Only names are ever shortened; a cell that is longer than a line stays whole, and
    the terminal breaks it.

    Args:
        rows: The cells; `-` is an empty one.
        header: The names of the columns; those called `name` or `comic` may be shortened.
        columns: The width of the terminal.
    """
    used = [index for index in range(len(header)) if any(row[index] != "-" for row in rows)]
    kept = used or list(range(len(header)))
    names = [index for index, one in enumerate(kept) if header[one] in _SHORTENED]
    table = [[header[index].upper() for index in kept], *([row[i] for i in kept] for row in rows)]
    widths = _widths(table)
    together = _how_many_fit(widths, names, columns)
    _shorten(widths, names, together, columns)
    for row in table:
        cells = [
            shortened(cell, width if index < together else columns - len(_INDENT))
            if index in names
            else cell
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield from _wrapped(cells, widths, together, columns)


def shortened(text: str, width: int) -> str:
    """Return text of at most this width; from a longer one the middle is taken out.

    Example: `shortened("holiday-2024-001.jpg", 12)` returns `holida…1.jpg`.
    """
    if width_of(text) <= width:
        return text
    end = max(0, (width - 1) // 2)
    first, last = text, text[len(text) - end :]
    while width_of(last) > end:
        last = last[1:]
    while first and width_of(first) + 1 + width_of(last) > width:
        first = first[:-1]
    return f"{first}…{last}"


def width_of(text: str) -> int:
    """Return how many columns of a terminal a text takes; a link around it takes none."""
    text = without_links(text)
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 1 + (east_asian_width(c) in "WF") for c in text)


def linked(text: str, url: str) -> str:
    """Return printable text as a hyperlink of terminals (OSC 8)."""
    return f"\x1b]8;;{url}\x1b\\{text}\x1b]8;;\x1b\\"


def without_links(text: str) -> str:
    """Return the text of hyperlinks alone."""
    return _LINK.sub("", text) if "\x1b" in text else text


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(width_of, column)) for column in zip(*rows, strict=True)]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - width_of(text))


def _how_many_fit(widths: Sequence[int], names: Sequence[int], columns: int) -> int:
    """Return how many of the first columns fit in a line when names are as short as may be."""
    total = -len(_GAP)
    for index, width in enumerate(widths):
        total += len(_GAP) + (min(width, _SHORTEST_NAME) if index in names else width)
        if total > columns:
            return max(1, index)
    return len(widths)


def _shorten(widths: list[int], names: Sequence[int], together: int, columns: int) -> None:
    """Take from the widest names what the first columns are too wide."""
    length = sum(widths[:together]) + len(_GAP) * (together - 1)
    for index in sorted(names, key=lambda one: -widths[one]):
        if index < together and length > columns:
            width = max(_SHORTEST_NAME, widths[index] - (length - columns))
            length -= widths[index] - width
            widths[index] = width


def _wrapped(
    cells: Sequence[str], widths: Sequence[int], together: int, columns: int
) -> Iterator[str]:
    """Yield the lines of a row: the first cells aligned, and all others where there is room."""
    line = _GAP.join(map(_padded, cells[:together], widths))
    for cell in cells[together:]:
        longer = f"{line}{_GAP}{cell}"
        if width_of(longer) <= columns:
            line = longer
        elif cell != "-":
            yield line.rstrip()
            line = f"{_INDENT}{cell}"
    yield line.rstrip()
