"""What every command has for free: the options that work everywhere, and the state they make."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, TypeAlias

import typer
from typer.core import TyperCommand, TyperGroup

from dam.errors import ExitCode

Body: TypeAlias = Callable[..., ExitCode | None]
Job: TypeAlias = Callable[[], ExitCode | None]

EVERYWHERE = "Everywhere"


@dataclass(frozen=True, kw_only=True)
class State:
    """What the options that work everywhere say; every command body gets one first.

    Args:
        world: The world's name; None is the default one.
        is_json: Exactly one JSON value on stdout instead of words.
        is_jsonl: One JSON object a line on stdout, as results arrive.
        is_dry_run: Change nothing, show the plan.
    """

    world: str | None = None
    is_debug: bool = False
    is_quiet: bool = False
    is_json: bool = False
    is_jsonl: bool = False
    is_dry_run: bool = False
    has_plugins: bool = True


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command: its body, its name, and what `@command` says of it."""

    body: Body
    name: str
    changes: bool
    streams: bool

    def add_to(self, app: typer.Typer, *, section: str | None = None) -> None:
        """Register the command under a section of the help, with the options that go everywhere."""
        app.command(self.name, cls=SectionedCommand, rich_help_panel=section)(self._callback())

    def _callback(self) -> Callable[..., Job]:
        own = list(inspect.signature(self.body, eval_str=True).parameters.values())[1:]
        shared = [_WORLD, _JSON, _QUIET, _DEBUG]
        if self.streams:
            shared.insert(2, _JSONL)
        if self.changes:
            shared.insert(0, _DRY_RUN)

        def prepare(context: typer.Context, **values: object) -> Job:
            given = {parameter.name: values.pop(parameter.name) for parameter in shared}
            return partial(self.body, _merge(context, given), **values)

        return _as_typer_callback(prepare, [*own, *shared], doc=inspect.getdoc(self.body))


def command(
    name: str | None = None, *, changes: bool = False, streams: bool = False
) -> Callable[[Body], Command]:
    """Make a function a command; its first parameter is the `State`, its docstring the help.

    Args:
        name: Where it differs from the function's.
        changes: It changes something, so it takes `--dry-run`.
        streams: It has many results, so it takes `--jsonl`.
    """

    def make(body: Body) -> Command:
        own_name = name or body.__name__.rstrip("_").replace("_", "-")
        return Command(body=body, name=own_name, changes=changes, streams=streams)

    return make


def group_callback(doc: str, *extra: inspect.Parameter) -> Callable[..., None]:
    """Return the callback of a group: it keeps the options given before the command's name.

    Args:
        doc: The help of the group.
        extra: More options of this group; those that take part in the state have its fields' names.
    """
    shared = [_WORLD, _JSON, _QUIET, _DEBUG, *extra]

    def remember(context: typer.Context, **values: object) -> None:
        context.obj = _merge(context, values)
        if context.invoked_subcommand is None:
            typer.echo(context.get_help(), err=True)
            raise typer.Exit(ExitCode.USAGE)

    return _as_typer_callback(remember, shared, doc=doc)


class _SectionedHelp:
    """Help of options in the sections that they name; rich's panels would cost 0.1 s."""
