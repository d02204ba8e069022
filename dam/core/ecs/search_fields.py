"""What people search by: fields, which have values, and texts, which have words."""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

ValueKind = Literal[
    "text", "name", "integer", "number", "size", "duration", "ratio", "time", "flag"
]
"""What a field holds, and so how a value is written in a query:

- `text`: compared folded, as a whole or by a pattern with `*` and `?`.
- `name`: a word of the program, such as a media type; compared as it is, also by a pattern.
- `integer`, `number`: a plain number; `3M` and `3k` are possible.
- `size`: a number of bytes, written as `2MB`, `2MiB` or `2000`.
- `duration`: a number of seconds, written as `90`, `90s`, `1m30s` or `1:30`.
- `ratio`: a number, written as `16/9`, `16:9` or `1.78`; equal is what differs by at most 1 %.
- `time`: a point in time, written as a date, a month, a year, or back from now, as `3d`.
- `flag`: `yes` or `no`.
"""

SEARCHED_TEXT = "searched_text"
"""`Column.info` key for a text by whose words its entity is found: `"text"`, or `"path"` if only
the name counts that is after the last slash.

Plugins say it of their columns, too. A column that has been there before must get it by a
migration, even if that does nothing else; then what is there is indexed by `process`. While the
plugin is not installed, its texts are still indexed, and a path as a whole.

Example: `lyrics: Mapped[str] = mapped_column(info={SEARCHED_TEXT: "text"})`."""


@dataclass(frozen=True, kw_only=True)
class SearchField:
    """A value of a component that people search, sort and list by.

    Example: `SearchField(name="width", kind="integer", column=ImageDimensionsComponent.width)`.

    Args:
        name: Its name in queries, in `--fields` and in JSON; with its unit, as in `size_bytes`.
        kind: What it holds.
        column: A column of the component, or an expression of its columns.
        short_names: Further names in queries, such as `size`.
    """

    name: str
    kind: ValueKind
    column: InstrumentedAttribute[Any] | ColumnElement[Any]
    short_names: tuple[str, ...] = ()
