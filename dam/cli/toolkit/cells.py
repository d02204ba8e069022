"""Makes texts for people of values: printable, on one line, and paths that are links."""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from dam.cli.toolkit.tables import linked
from dam.errors import printable_text


@dataclass(frozen=True)
class FileLink:
    """A text in a table that is a link to a file, where terminals have links."""

    text: str
    path: str


def one_line(text: str) -> str:
    """Return text as one printable line; what is not printable is escaped, as in Python."""
    return printable_text(
        text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    )


def linked_cell(value: object, column: str) -> str:
    """Return a cell; a path is a link to its file."""
    match value:
        case FileLink():
            path: str | PurePath = value.path
        case PurePath():
            path = value
        case str() if value and column == "path":
            path = value
        case _:
            return cell(value)
    return linked(cell(value), _file_url(path))


def _file_url(path: str | PurePath) -> str:
    """Return the URL of a file, with this machine's name, as terminals want it."""
    from urllib.parse import quote, quote_from_bytes

    whole = os.fsencode(os.path.join(os.getcwd(), path))  # noqa: PTH109, PTH118 - as it is
    return f"file://{quote(os.uname().nodename)}{quote_from_bytes(whole)}"


def cell(value: object) -> str:
    """Return a value as people read it; what is empty is `-`."""
    if value is None or value == "":
        return "-"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, bytes):
        return value.hex()
    return one_line(value.text if isinstance(value, FileLink) else str(value))
