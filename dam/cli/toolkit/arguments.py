"""Arguments that many commands share: paths and ids, also read from stdin."""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dam.cli.toolkit import completion
from dam.cli.toolkit.command import EmptyPathError, parse_path
from dam.errors import UsageError, echoed

if TYPE_CHECKING:
    from dam.app import World
    from dam.services.import_service import FileSelection

_HASH_PREFIX = re.compile(r"sha256:([0-9a-f]{8,64})")
_ID = re.compile(r"[0-9]{1,18}")
_CHUNK_BYTES = 1 << 16

# Strings, because as a `Path`, `./-` is the same as `-`.
PathArguments = Annotated[
    list[str], typer.Argument(metavar="PATH", help="Files or folders; - reads them from stdin.")
]
IdArguments = Annotated[
    list[str],
    typer.Argument(
        metavar="ID",
        help="Ids or sha256:… prefixes; - reads them from stdin.",
        autocompletion=completion.ids("asset"),
    ),
]
OptionalIdArguments = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ID",
        help="Ids or sha256:… prefixes; - reads them from stdin. Default: all.",
        autocompletion=completion.ids("asset"),
    ),
]
AssetArguments = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ID",
        help="Ids or sha256:… prefixes; - reads them from stdin.",
        autocompletion=completion.ids("asset"),
    ),
]
QueryOption = Annotated[
    str | None,
    typer.Option(
        "--query",
        metavar="QUERY",
        help="In the place of ids: all that this query finds.",
        autocompletion=completion.query,
    ),
]
NullSeparated = Annotated[
    bool,
    typer.Option(
        "-0", "--null", help="With -: items on stdin end with NUL, not with a line break."
    ),
]
Mode = Annotated[
    Literal["copy", "reference", "hardlink", "move"] | None,
    typer.Option(
        metavar="MODE",
        help="How to keep the bytes: copy (default), reference, hardlink, move.",
        show_default=False,
    ),
]
NoProcess = Annotated[
    bool, typer.Option("--no-process", help="Only import; `process` describes and hashes later.")
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        metavar="GLOB",
        help="Leave out what matches in folders, as in .gitignore: '*.tmp', 'cache/', '/raw'.",
    ),
]
Extensions = Annotated[
    list[str] | None,
    typer.Option("--ext", metavar="EXT", help="In folders, take only these endings: jpg,png."),
]
NoDefaultExcludes = Annotated[
    bool,
    typer.Option(
        "--no-default-excludes",
        help="Take .git, @eaDir, .Trash-* and the like, too, and what .damignore says.",
    ),
]
RespectNomedia = Annotated[
    bool, typer.Option("--respect-nomedia", help="Leave out folders with a file named .nomedia.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Answer yes to prompts.")]


class MalformedIdError(UsageError):
    """Neither an id nor the beginning of a hash."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(
            f"not a valid id: {echoed(text)}",
            "give at most 18 digits, or sha256: and at least 8 hex digits",
        )


class NothingToSeparateError(UsageError):
    """`-0` was given without `-`, so that nothing is read from stdin."""

    def __init__(self) -> None:
        super().__init__("-0 works only with -", "add - to read from stdin")


class OneOfTwoError(UsageError):
    """Both or neither of two alternatives were given; exactly one is needed."""

    def __init__(self, first: str, second: str) -> None:
        self.first, self.second = first, second
        super().__init__(f"expected either {first} or {second}", "give exactly one of them")


def read_paths(values: Iterable[str], *, null_separated: bool) -> Iterator[Path]:
    """Yield the given paths; in the place of `-`, those on stdin."""
    given = list(values)
    if "" in given:  # before stdin is read or any other path is used
        raise EmptyPathError
    return map(parse_path, _items(given, null_separated=null_separated))


def read_selection(
    exclude: list[str] | None,
    extensions: list[str] | None,
    *,
    no_default_excludes: bool,
    respect_nomedia: bool,
) -> "FileSelection":
    """Return which files in folders an import takes.

    Raises:
        UsageError: A pattern or an ending is not valid.
    """
    from dam.services.import_service import FileSelection

    endings = [one.strip() for text in extensions or () for one in text.split(",")]
    for ending in endings:
        if not ending.strip(".") or "/" in ending or "*" in ending:
            raise UsageError(
                f"--ext is {ending!r}; expected the ending of names, such as jpg",
                "patterns are for --exclude",
            )
    return FileSelection(
        exclude=tuple(exclude or ()),
        extensions=tuple(endings),
        has_default_excludes=not no_default_excludes,
        respects_nomedia=respect_nomedia,
    )


def read_ids(values: Iterable[str], *, null_separated: bool = False) -> list[int | str]:
    """Return the given ids; in the place of `-`, those on stdin.

    Returns:
        An integer for an entity's id; 8 to 64 lower-case hex digits for the beginning of a SHA-256.
    """
    return [parse_id(text) for text in _items(values, null_separated=null_separated)]


@dataclass(frozen=True)
class Chosen:
    """The assets that a command is for: named by ids, or found by a query."""

    ids: tuple[int | str, ...]
    query: str | None

    async def in_world(self, world: "World") -> Sequence[int]:
        """Return the ids of these assets, each once; those that a query finds in a compact array.

        Raises:
            EntityNotFoundError, AmbiguousIdError: Some of those named do not exist.
            QuerySyntaxError: The query cannot be read.
        """
        from dam.services.asset_service import resolve_ids
        from dam.services.search_service import search_ids

        if self.query is None:
            return await world.read(resolve_ids, self.ids)
        return await world.read(search_ids, self.query)


def read_chosen(
    ids: Iterable[str] | None,
    query: str | None,
    *,
    null_separated: bool = False,
    option: str = "ID",
) -> Chosen:
    """Return the assets of a command that takes ids or `--query`.

    Args:
        ids: What was given for the ids.
        query: What was given for `--query`.
        null_separated: `-0` was given.
        option: How an error names the ids.

    Raises:
        UsageError: Both or neither were given, or a text is no id.
    """
    given = list(ids or ())
    if bool(given) == (query is not None):
        raise OneOfTwoError(option, "--query")
    return Chosen(tuple(read_ids(given, null_separated=null_separated)), query)


def read_chosen_or_all(
    ids: Iterable[str] | None, query: str | None, *, null_separated: bool = False
) -> Chosen | None:
    """Return the same as `read_chosen`; None, for all assets, if neither was given."""
    given = list(ids or ())
    if not given and query is None:
        return None
    return read_chosen(given, query, null_separated=null_separated)


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
