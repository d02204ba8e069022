"""Help pages as plain text in sections; Rich's panels would cost 0.15 s of CPU a page."""

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from typing import Any, Protocol

from typer.core import TyperCommand, TyperGroup

from dam.cli.toolkit.plain_words import COMIC, ROOT
from dam.errors import UsageError

EVERYWHERE = "Options of every command"


class _Formatter(Protocol):
    width: int
    current_indent: int

    def write(self, string: str) -> None: ...

    def section(self, name: str) -> AbstractContextManager[None]: ...

    def write_dl(self, rows: Sequence[tuple[str, str]]) -> None: ...


class PlainCommand(TyperCommand):
    """A command whose help lists its own options apart from the options of every command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - as below
        """Read the arguments; an option whose METAVAR ends with `…` takes all that follow it.

        If an argument's METAVAR is `QUERY…`, whatever is no option belongs to it: `-tag:cat`, too.
        """
        endless = {
            option
            for parameter in self.params
            if str(getattr(parameter, "metavar", "")).endswith("…")
            for option in parameter.opts
            if option.startswith("-")
        }
        if any(getattr(parameter, "metavar", "") == "QUERY…" for parameter in self.params):
            args = _words_last(args, self.get_params(ctx))
        return super().parse_args(ctx, list(_repeated(args, endless)))

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:  # noqa: ANN401 - as below
        """Return what a word may become; one that begins with - may be an option or a condition."""
        found = super().shell_complete(ctx, incomplete)
        if incomplete.startswith("-") and not incomplete.startswith("--"):
            for parameter in self.params:
                if getattr(parameter, "metavar", "") == "QUERY…":
                    found += parameter.shell_complete(ctx, incomplete)
        return found

    def format_epilog(self, ctx: object, formatter: _Formatter) -> None:
        """Write the examples."""
        del ctx
        _write_examples(formatter, self.epilog)

    def collect_usage_pieces(self, ctx: object) -> list[str]:
        """Return the parts of the usage line, with `ID…` for Typer's `{ID}...`."""
        pieces = super().collect_usage_pieces(ctx)  # type: ignore[arg-type]  # as below
        plain = [piece.replace("[[", "[").replace("]]", "]").strip("{}") for piece in pieces]
        return [re.sub(r"[}…]*\.\.\.$", "…", piece) for piece in plain]

    def format_options(self, ctx: object, formatter: _Formatter) -> None:
        """Write the arguments and options."""
        page = _Page(formatter.width)
        super().format_options(ctx, page)  # type: ignore[arg-type]  # Typer keeps its types to itself
        everywhere = {
            option
            for parameter in self.params
            if getattr(parameter, "rich_help_panel", None) == EVERYWHERE
            for option in parameter.opts
        }
        page.write_to(formatter, everywhere | {"--help"})


def _words_last(arguments: Sequence[str], parameters: Sequence[Any]) -> list[str]:
    """Return the options first, each with its value, and behind `--` all that is none."""
    takes_value = {
        option: not getattr(parameter, "is_flag", False)
        for parameter in parameters
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("-")
    }
    options: list[str] = []
    words: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            words += rest
        elif argument in takes_value:
            given = [*islice(rest, int(takes_value[argument]))]
            if len(given) < takes_value[argument]:
                return [*options, argument]  # Typer says what is missing
            options += [argument, *given]
        else:
            (options if argument.startswith("--") else words).append(argument)
    return [*options, "--", *words]


def _repeated(arguments: Sequence[str], endless: Collection[str]) -> Iterator[str]:
    """Yield arguments with such an option before each of its values.

    >>> list(_repeated(["cat", "--to", "1", "2", "--json"], ["--to"]))
    ['cat', '--to', '1', '--to', '2', '--json']
    """
    option = None
    for position, argument in enumerate(arguments):
        if argument == "--":
            yield from arguments[position:]
            return
        if argument.startswith("-") and argument != "-":
            option = argument if argument in endless else None
            if option is None:
                yield argument
            continue
        if option is not None:
            yield option
        yield argument


class PlainGroup(TyperGroup):
    """A group that lists its commands by section, and leads on from plain words such as `list`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - as below
        """Return the command that the first word names.

        Raises:
            UsageError: There is none, but the hint names commands that do what the word means.
        """
        word = args[0] if args else ""
        hint = (COMIC if self.name == "comic" else ROOT if ctx.parent is None else {}).get(word)
        if hint is not None and not ctx.resilient_parsing and self.get_command(ctx, word) is None:
            raise UsageError(f"no such command {word!r}", hint)
        return super().resolve_command(ctx, args)

    def format_epilog(self, ctx: object, formatter: _Formatter) -> None:
        """Write the examples."""
        del ctx
        _write_examples(formatter, self.epilog)

    def format_commands(self, ctx: object, formatter: _Formatter) -> None:
        """Write a list of commands for each section, in the order of registration."""
        del ctx
        width = max(map(len, self.commands), default=0)
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, entry in self.commands.items():
            section = getattr(entry, "rich_help_panel", None)
            text = entry.get_short_help_str(formatter.width - width - 6)
            rows = sections.setdefault(section if isinstance(section, str) else "Commands", [])
            rows.append((name.ljust(width), text))
        for section, rows in sections.items():
            with formatter.section(section):
                formatter.write_dl(rows)


def _write_examples(formatter: _Formatter, examples: str | None) -> None:
    """Write command lines as they are: a line that is broken could not be copied."""
    if examples:
        with formatter.section("Examples"):
            for line in examples.splitlines():
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")


class _Page:
    """Collects what Typer would write, so that it can be written in another order."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._sections: dict[str, list[tuple[str, str]]] = {}
        self._current: list[tuple[str, str]] = []

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        self._current = self._sections.setdefault(name, [])
        yield

    def write_dl(self, rows: Sequence[tuple[str, str]]) -> None:
        self._current.extend(rows)

    def write_to(self, formatter: _Formatter, everywhere: set[str]) -> None:
        """Write all sections; the options of every command get one of their own."""
        arguments = self._sections.get("Arguments", [])
        options = self._sections.get("Options", [])
        shared = [row for row in options if everywhere & set(re.findall(r"-[\w-]+", row[0]))]
        for name, rows in (
            # Typer puts a type such as <str> behind an argument's name; users do not need it.
            (
                "Arguments",
                [_with_range(re.sub(r" <.*>$", "", name), text) for name, text in arguments],
            ),
            ("Options", [_with_range(*row) for row in options if row not in shared]),
            (EVERYWHERE, shared),
        ):
            if rows:
                with formatter.section(name):
                    formatter.write_dl(rows)


def _with_range(name: str, text: str) -> tuple[str, str]:
    """Return a row with a range in terms of its placeholder: `[N>=1]`, not Typer's `[x>=1]`."""
    placeholder = name.rsplit(maxsplit=1)[-1].removesuffix("…")
    return name, re.sub(r"\[([\d<=>.]*)x([\d<=>.]*)(?=[;\]])", rf"[\1{placeholder}\2", text)
