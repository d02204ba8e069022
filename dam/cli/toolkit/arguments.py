"""Arguments that many commands share: paths and ids, also read from stdin."""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal

import typer

from dam.cli.toolkit.command import EmptyPathError, parse_path
from dam.cli.toolkit.output import one_line
from dam.errors import UsageError

_HASH_PREFIX = re.compile(r"sha256:([0-9a-f]{8,64})")
_ID = re.compile(r"[0-9]{1,18}")
_CHUNK_BYTES = 1 << 16

# Text, because a `Path` no longer tells `./-` from `-`.
PathArguments = Annotated[
    list[str], typer.Argument(metavar="PATH", help="Files or folders; - reads them from stdin.")
]
IdArguments = Annotated[
    list[str],
    typer.Argument(metavar="ID", help="Ids or sha256:… prefixes; - reads them from stdin."),
]
OptionalIdArguments = Annotated[
    list[str] | None,
    typer.Argument(metavar="ID", help="Ids or sha256:… prefixes; - is stdin. Without any: all."),
]
NullSeparated = Annotated[
    bool, typer.Option("-0", "--null", help="With -: separated by NUL, not by lines.")
]
Mode = Annotated[
    Literal["copy", "reference", "hardlink", "move"] | None,
    typer.Option(
        metavar="MODE",
        help="What happens to the bytes: copy (default), reference, hardlink, move.",
        show_default=False,
    ),
]
NoProcess = Annotated[
    bool, typer.Option("--no-process", help="Leave describing and hashing for `process`.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Agree beforehand to what would be asked.")]


class MalformedIdError(UsageError):
    """Neither an id nor the beginning of a hash."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(
            f"{one_line(repr(text))} is no id",
            "an id is digits; a hash is sha256: and 8 or more hex digits",
        )


class NothingToSeparateError(UsageError):
    """`-0` says how stdin is separated, and stdin is not read."""

    def __init__(self) -> None:
        super().__init__("-0 goes with - alone", "give - to read from stdin")


def read_paths(values: Iterable[str], *, null_separated: bool) -> Iterator[Path]:
    """Yield the paths given, those on stdin in the place of `-`."""
    given = list(values)
    if "" in given:  # before anything is read from stdin, or done with the others
        raise EmptyPathError
    return map(parse_path, _items(given, null_separated=null_separated))


def read_ids(values: Iterable[str], *, null_separated: bool = False) -> list[int | str]:
    """Return the ids given, and those on stdin in the place of `-`.

    Returns:
        An integer for an entity's id; 8 to 64 lower-case hex digits for the beginning of a SHA-256.
    """
    return [parse_id(text) for text in _items(values, null_separated=null_separated)]


def parse_id(text: str) -> int | str:
    """Return one id: an integer, or the hex digits with which a SHA-256 begins."""
    text = text.strip()
    if _ID.fullmatch(text):
        return int(text)
    match = _HASH_PREFIX.fullmatch(text.lower())
    if match is None:
        raise MalformedIdError(text)
    return match[1]


def _items(values: Iterable[str], *, null_separated: bool) -> Iterator[str]:
    given = list(values)
    if null_separated and "-" not in given:
        raise NothingToSeparateError
    for value in given:
        if value == "-":
            yield from _from_stdin(b"\0" if null_separated else b"\n")
        else:
            yield value


def _from_stdin(separator: bytes) -> Iterator[str]:
    if sys.stdin is None:
        return
    rest = b""
    while chunk := os.read(sys.stdin.fileno(), _CHUNK_BYTES):
        *items, rest = (rest + chunk).split(separator)
        yield from (os.fsdecode(item) for item in items if item)
    if rest:
        yield os.fsdecode(rest)
