"""Makes functions commands: `@command`, and the options of every command, gathered in `State`."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeAlias, get_args

import typer

import dam
from dam.cli.toolkit import completion
from dam.cli.toolkit.help_text import EVERYWHERE, PlainCommand, PlainGroup
from dam.cli.toolkit.hints import remember_world
from dam.errors import ExitCode, UsageError

Body: TypeAlias = Callable[..., ExitCode | None]
Job: TypeAlias = Callable[[], ExitCode | None]


@dataclass(frozen=True, kw_only=True)
class State:
    """The values of the options of every command; the first argument of each command's body.

    Args:
        world: The world's name; None is the default one.
        is_json: Write exactly one JSON value to stdout instead of words.
        is_jsonl: Write one JSON object a line to stdout, as results arrive.
        is_quiet: Write nothing but results and errors.
        is_debug: Log everything, and show tracebacks.
        is_dry_run: Change nothing, show the plan.
        without_plugins: Load no plugins of other packages.
        changes: `@command` says that the command changes something.
    """

    world: str | None = None
    is_json: bool = False
    is_jsonl: bool = False
    is_quiet: bool = False
    is_debug: bool = False
    is_dry_run: bool = False
    without_plugins: bool = False
    changes: bool = False


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command: its body, its name, and the arguments of `@command`."""

    body: Body
    name: str
    changes: bool
    streams: bool
    examples: Sequence[str] = ()

    def add_to(self, app: typer.Typer, section: str | None = None) -> None:
        """Register the command, listed under `section` in the help of its group."""
        shared = _EVERYWHERE
        if self.streams:
            shared = ("is_jsonl", *shared)
        if self.changes:
            shared = ("is_dry_run", *shared)
        own = self.parameters()

        def prepare(context: typer.Context, **values: object) -> Job:
            given = {name: values.pop(name) for name in shared}
            state = replace(_merged(context, given), changes=self.changes)
            remember_world(state.world)
            return partial(self.body, state, **values)

        callback = _shaped(prepare, [*own, *(_SHARED[name] for name in shared)])
        app.command(
            self.name,
            cls=PlainCommand,
            help=inspect.getdoc(self.body),
            epilog="\n".join(self.examples),
            rich_help_panel=section,
        )(callback)

    def parameters(self) -> list[inspect.Parameter]:
        """Return the arguments and options of its own."""
        named = inspect.signature(self.body, eval_str=True).parameters.values()
        return [_without_empty_path(parameter) for parameter in list(named)[1:]]


@dataclass(frozen=True, kw_only=True)
class Group:
    """Commands that share a first word, such as `comic`.

    `default` runs if the first word stands alone; it takes options only.
    """

    name: str
    doc: str
    commands: Sequence[Command]
    default: Command | None = None
    examples: Sequence[str] = ()

    def add_to(self, app: typer.Typer, section: str | None = None) -> None:
        """Register the group with its commands, listed under `section` in the help."""
        group = make_group(self.doc, default=self.default, examples=self.examples)
        for entry in self.commands:
            entry.add_to(group)
        app.add_typer(group, name=self.name, help=self.doc, rich_help_panel=section)


def command(
    name: str | None = None,
    *,
    changes: bool = False,
    streams: bool = False,
    examples: Sequence[str] = (),
) -> Callable[[Body], Command]:
    """Make a function a command: its first parameter is the `State`, its docstring the help.

    Args:
        name: By default the function's own, with hyphens.
        changes: The command changes something, so it takes `--dry-run`.
        streams: Its results arrive one by one, so it takes `--jsonl`.
        examples: Whole command lines of at most 76 characters, which its help shows.
    """

    def make(body: Body) -> Command:
        own_name = name or body.__name__.replace("_", "-")
        return Command(
            body=body, name=own_name, changes=changes, streams=streams, examples=examples
        )

    return make


def make_group(
    doc: str,
    *,
    is_root: bool = False,
    kind: type[PlainGroup] = PlainGroup,
    default: Command | None = None,
    examples: Sequence[str] = (),
) -> typer.Typer:
    """Return an empty group; the options of every command may also stand behind its name.

    Args:
        doc: Its help.
        is_root: It is the group of all commands, with the options that concern the program.
        kind: The class that lists and finds its commands.
        default: Runs if none of its commands is named.
        examples: Whole command lines, which its help shows.
    """
    names = (*_EVERYWHERE, "without_plugins", "version") if is_root else _EVERYWHERE

    own = default.parameters() if default else []

    def remember(context: typer.Context, **values: object) -> Job | None:
        given = {one.name: values.pop(one.name) for one in own}
        context.obj = _merged(context, values)
        if context.invoked_subcommand is None:
            if default is not None:
                return partial(default.body, context.obj, **given)
            if context.obj.is_json:
                raise UsageError("no command given", "see dam-cli --help")
            typer.echo(context.get_help(), err=True)
            raise typer.Exit(ExitCode.USAGE)
        return None

    group = typer.Typer(
        cls=kind,
        add_completion=is_root,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    shaped = _shaped(remember, [*own, *(_SHARED[name] for name in names)])
    group.callback(invoke_without_command=True, help=doc, epilog="\n".join(examples))(shaped)
    return group


def _print_version(is_asked: bool) -> None:  # noqa: FBT001  (Typer passes it so)
    if is_asked:
        typer.echo(f"dam-cli {dam.__version__}")
        raise typer.Exit


def _declare(
    *,
    world: Annotated[
        str | None,
        typer.Option(
            "--world",
            "-w",
            metavar="NAME",
            help="Use this world, not the default.",
            autocompletion=completion.worlds,
            rich_help_panel=EVERYWHERE,
        ),
    ] = None,
    is_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print the result as one JSON value.", rich_help_panel=EVERYWHERE
        ),
    ] = False,
    is_jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Print one JSON object a line, as results arrive.")
    ] = False,
    is_quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", "-q", help="Print only results and errors.", rich_help_panel=EVERYWHERE
        ),
    ] = False,
    is_debug: Annotated[
        bool,
        typer.Option(
            "--debug",
            help="Log settings, stages, retries, times; show tracebacks.",
            rich_help_panel=EVERYWHERE,
        ),
    ] = False,
    is_dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; show what would be done.")
    ] = False,
    without_plugins: Annotated[
        bool,
        # Eager, so that it is known when --help behind it lists the commands.
        typer.Option("--no-plugins", is_eager=True, help="Do not load plugins of other packages."),
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
) -> None:
    """Declare the shared options by the signature alone; each has the name of its `State` field."""


_SHARED: Mapping[str, inspect.Parameter] = inspect.signature(_declare).parameters
_EVERYWHERE: tuple[str, ...] = ("world", "is_json", "is_quiet", "is_debug")


def _shaped(
    function: Callable[..., Job | None], parameters: Sequence[inspect.Parameter]
) -> Callable[..., Job | None]:
    """Give a function that takes any keywords the signature from which Typer makes the options."""
    context = inspect.Parameter(
        "context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context
    )
    keywords = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    function.__signature__ = inspect.Signature([context, *keywords])  # type: ignore[attr-defined]  # inspect reads it
    return function


class EmptyPathError(UsageError):
    """An empty path; `Path` would make it the current folder."""

    def __init__(self) -> None:
        super().__init__(
            "found '', expected a path",
            "check your script for an empty variable; . is the current folder",
        )


def parse_path(text: str) -> Path:
    """Return one path."""
    if not text:
        raise EmptyPathError
    return Path(text)


def _without_empty_path(parameter: inspect.Parameter) -> inspect.Parameter:
    """Return the parameter with a parser that refuses an empty path, if it takes a path."""
    kind, *metadata = get_args(parameter.annotation) or (parameter.annotation,)
    if Path not in (kind, *get_args(kind)):
        return parameter
    (info,) = map(copy, metadata)
    info.parser = parse_path
    return parameter.replace(annotation=Annotated[kind, info])


def _merged(context: typer.Context, given: Mapping[str, object]) -> State:
    """Return the state so far, with the options given at this place of the command line."""
    state = context.obj if isinstance(context.obj, State) else State()
    names = {field.name for field in fields(State)}
    said: dict[str, Any] = {
        name: value for name, value in given.items() if name in names and value not in (None, False)
    }
    return replace(state, **said)
