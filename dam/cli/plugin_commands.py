"""Commands of plugins: listed without being imported, and loaded when one of them runs."""

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from typer.main import get_command

from dam.cli.toolkit.command import Command, Group, make_group
from dam.cli.toolkit.help_text import PlainGroup
from dam.errors import PluginCommandError, described

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINT_GROUP = "dam.commands"
_SECTION = "Plugins"


class RootGroup(PlainGroup):
    """The group of all commands: those of dam, and behind them those of plugins."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - Typer keeps its types to itself
        """Return a command of dam, or load one of a plugin; None if there is none."""
        found = super().get_command(ctx, cmd_name)
        if found is None and not ctx.params.get("without_plugins"):
            return _load(cmd_name, _offered().get(cmd_name, []))
        return found

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - as above
        """Write the lists of commands, last those of plugins."""
        super().format_commands(ctx, formatter)
        offered = {} if ctx.params.get("without_plugins") else _offered()
        width = max(map(len, self.commands), default=0)
        rows = [
            (name.ljust(width), self._said_of(name, entries)) for name, entries in offered.items()
        ]
        if rows:
            with formatter.section(_SECTION):
                formatter.write_dl(rows)

    def _said_of(self, name: str, entries: Sequence["EntryPoint"]) -> str:
        packages = " and ".join(_package(entry) for entry in entries)
        if name in self.commands:
            return f"Left out: dam has this name ({packages})."
        if len(entries) > 1:
            return f"Left out: offered by {packages}."
        return f"A command of the plugin {packages}."


def _offered() -> Mapping[str, Sequence["EntryPoint"]]:
    """Return the entry points of plugins' commands by name, sorted."""
    from importlib.metadata import entry_points

    offered = defaultdict[str, list["EntryPoint"]](list)
    for entry in sorted(
        entry_points(group=ENTRY_POINT_GROUP), key=lambda one: (one.name, one.value)
    ):
        offered[entry.name].append(entry)
    return offered


def _load(name: str, entries: Sequence["EntryPoint"]) -> Any:  # noqa: ANN401 - as above
    if not entries:
        return None
    if len(entries) > 1:
        raise PluginCommandError(name, f"offered by {' and '.join(map(_package, entries))}")
    try:
        with redirect_stdout(sys.stderr):  # stdout is for results
            found = entries[0].load()
            if isinstance(found, Command | Group):
                root = make_group("")
                replace(found, name=name).add_to(root)
                loaded = get_command(root)
                assert isinstance(loaded, PlainGroup)
                return loaded.commands[name]
    except (Exception, SystemExit) as error:  # the boundary to a plugin's code
        raise PluginCommandError(name, described(error)) from error
    reason = f"{entries[0].value} is of type {type(found).__name__}; expected a Group or a command"
    raise PluginCommandError(name, reason)


def _package(entry: "EntryPoint") -> str:
    return entry.module.partition(".")[0]
