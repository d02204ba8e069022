"""Lays out rows for a terminal: what people copy stays whole, names are shortened, rows wrap."""

import re
from collections.abc import Iterator, Sequence

_SHORTENED = frozenset({"name", "comic"})
_SHORTEST_NAME = 24
_WIDEST_PADDED = 40
_GAP = "  "
_INDENT = "    "
_LINK = re.compile(r"\x1b\]8;;[^\x1b]*\x1b\\")


class PlainTable:
    """Lays out rows for pipes and files, in portions: each row is one line, in aligned columns.

    A cell of more than 40 columns does not widen the other rows, but moves the rest of its own.
    """

    def __init__(self) -> None:
        """Begin a table."""
        self._widths: list[int] = []

    def lines(self, rows: Sequence[Sequence[str]]) -> Iterator[str]:
        """Yield the lines of some more rows."""
        self._widths = _widened(self._widths, rows, _WIDEST_PADDED)
        for row in rows:
            yield _GAP.join(map(_padded, row, self._widths)).rstrip()


class TerminalTable:
    """Lays out a header and rows, in portions, in lines for a terminal.

    Columns that are empty in all rows are left out. If the lines would be too long, names are
    shortened in the middle. If that is not enough, the last cells of a row go on lines of their
    own, indented. Only names are ever shortened; a cell that is longer than a line stays whole, and
    the terminal breaks it.

    Args:
        header: The names of the columns; those called `name` or `comic` may be shortened.
        columns: The width of the terminal.
    """

    def __init__(self, header: Sequence[str], columns: int) -> None:
        self._header = header
        self._columns = columns
        self._widths = [width_of(name) for name in header]
        self._shown: list[int] = []

    def lines(self, rows: Sequence[Sequence[str]]) -> Iterator[str]:
        """Yield the lines of some more rows; the header comes first, and where columns are new.

        Args:
            rows: The cells; `-` is an empty one.
        """
        every = range(len(self._header))
        used = {index for index in every if any(row[index] != "-" for row in rows)}
        before, self._shown = self._shown, sorted(used.union(self._shown)) or list(every)
        self._widths = _widened(self._widths, rows)
        if self._shown != before:
            yield from self._laid_out([[name.upper() for name in self._header]])
        yield from self._laid_out(rows)

    def _laid_out(self, rows: Sequence[Sequence[str]]) -> Iterator[str]:
        names = [at for at, one in enumerate(self._shown) if self._header[one] in _SHORTENED]
        widths = [self._widths[index] for index in self._shown]
        together = _how_many_fit(widths, names, self._columns)
        _shorten(widths, names, together, self._columns)
        room = self._columns - len(_INDENT)
        for row in rows:
            cells = [row[index] for index in self._shown]
            for at in names:
                cells[at] = shortened(cells[at], widths[at] if at < together else room)
            yield from _wrapped(cells, widths, together, self._columns)


def shortened(text: str, width: int) -> str:
    """Return text of at most this width; from a longer one the middle is taken out.

    Example: `shortened("holiday-2024-001.jpg", 12)` returns `holida…1.jpg`.
    """
    if width_of(text) <= width:
        return text
    pieces = _letters(text)
    end = max(0, (width - 1) // 2)
    first, last = pieces, pieces[len(pieces) - end :]
    while width_of("".join(last)) > end:
        last = last[1:]
    rest = width - 1 - width_of("".join(last))
    first = first[: max(0, rest)]
    while first and width_of("".join(first)) > rest:
        first = first[:-1]
    return f"{''.join(first)}…{''.join(last)}"


def width_of(text: str) -> int:
    """Return how many columns of a terminal a text takes; a link around it takes none.

    Characters of East Asia and emoji take two, marks on letters none, and an emoji that is joined
    of several as many as one.
    """
    text = without_links(text)
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # its tables cost 20 ms

    return cell_len(text)


def _letters(text: str) -> list[str]:
    """Return the parts of a text that a terminal shows as one letter each."""
    if text.isascii():
        return list(text)
    from rich.cells import split_graphemes

    spans, _ = split_graphemes(text)
    return [text[start:end] for start, end, _ in spans]


def linked(text: str, url: str) -> str:
    """Return printable text as a hyperlink of terminals (OSC 8)."""
    return f"\x1b]8;;{url}\x1b\\{text}\x1b]8;;\x1b\\"


def without_links(text: str) -> str:
    """Return the text of hyperlinks alone."""
    return _LINK.sub("", text) if "\x1b" in text else text


def _widened(
    widths: Sequence[int], rows: Sequence[Sequence[str]], most: int | None = None
) -> list[int]:
    """Return the widths of columns with some more rows; cells of more than `most` are left out."""
    found = [list(map(width_of, column)) for column in zip(*rows, strict=True)]
    before = widths or [0] * len(found)
    return [
        max([old, *(width for width in column if most is None or width <= most)])
        for old, column in zip(before, found or [[]] * len(before), strict=True)
    ]


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
